package house

import (
	"fmt"
	"slices"
	"strings"
)

const module = "regia"

// The floors of the house, from the ground up. A package of internal/ that is
// not named is a capability room, on the floor between the books and app.
const (
	ground = iota // the shared language
	books         // log, books, page frame, plain requests, what files mean, how sure a figure is
	study         // what several capabilities do with the books: ask questions, send mail
	rooms         // capabilities
	roof          // the composition root
	yard          // what stands outside and measures
	street        // commands
)

var floorOf = map[string]int{
	"experience": ground,
	"stream":     books,
	"ledger":     books,
	"registry":   books,
	"web":        books,
	"lane":       books,
	"mapping":    books,
	"stats":      books,
	"language":   books,
	"analytics":  study,
	"mail":       study,
	"app":        roof,
	"bench":      yard,
	"cli":        street,
}

// Engines stay behind the package that owns them, so that a room can never
// come to depend on one. Tests may reach past.
var engines = []struct {
	module string   // import path, or the head of it
	owners []string // of internal/
}{
	{"github.com/duckdb/", []string{"ledger"}},
	{"modernc.org/sqlite", []string{"registry"}},
	{"github.com/jackc/pgx/", []string{"ledger", "registry", "testkit"}},
	{"github.com/nats-io/", []string{"stream", "testkit"}},
	{"github.com/pressly/goose/", []string{"ledger", "registry"}},
}

// An imp is one import: who imports what, and whether only a test does.
type imp struct {
	from string // path of the importing folder in the repository: internal/weave
	to   string // import path
	test bool
}

// room gives the package of internal/ that path is or lies in, "" when it is elsewhere.
func room(path string) string {
	rest, ok := strings.CutPrefix(path, "internal/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

func floor(room string) int {
	if f, named := floorOf[room]; named {
		return f
	}
	return rooms
}

// wrong says why an import breaks the rules, "" when it keeps them.
func (i imp) wrong() string {
	if why := i.wrongEngine(); why != "" {
		return why
	}
	to, ours := strings.CutPrefix(i.to, module+"/")
	if !ours {
		return ""
	}
	from, into := room(i.from), room(to)
	switch {
	case into == "testkit" && from != "testkit" && !i.test:
		return "testkit is for tests only"
	case into == "testkit":
		return ""
	case from == "testkit" && into != "experience" && (i.from == "internal/testkit" || floor(into) > books):
		return "testkit imports nothing of ours but experience, its folders at most the books: what it helps to test imports it"
	case strings.HasPrefix(i.from, "cmd/") && into != "cli":
		return "commands in cmd/ call internal/cli and nothing else of ours"
	case i.from == "e2e":
		return "e2e drives the binary from outside: it imports testkit only"
	case from == "" || from == into || from == "testkit":
		return ""
	case floor(into) == floor(from):
		return "they are on the same floor: declare a small interface in " + from + " and let app wire it"
	case floor(into) > floor(from):
		return "imports go down only"
	}
	return ""
}

func (i imp) wrongEngine() string {
	if i.test {
		return ""
	}
	for _, engine := range engines {
		if strings.HasPrefix(i.to, engine.module) && !slices.Contains(engine.owners, room(i.from)) {
			return fmt.Sprintf("engines stay in their package: this one belongs to %s", strings.Join(engine.owners, " and "))
		}
	}
	return ""
}
