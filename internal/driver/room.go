package driver

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// People gives people's names and what is known of them, by the ids of the
// ledger.
type People interface {
	Names(ctx context.Context, ids []experience.ID) (map[experience.ID]string, error)
	CommonTraits(ctx context.Context) ([]string, error)
	TraitValues(ctx context.Context, name string) (map[experience.ID]string, error)
}

// Moment is a person at a time.
type Moment struct {
	Person experience.ID
	At     time.Time
}

// Standing is how far a person's relationship had come at a moment, and what
// came next.
type Standing struct {
	Known  bool
	Stage  string // key of a life-cycle stage
	Orders int    // that stood then
	Spent  int64  // what those came to, in the company's currency, minor units
	Next   int64  // when they ordered next, microseconds since 1970; 0: they did not
}

// Relationships tells how far people had come at moments.
type Relationships interface {
	// Standings gives one standing for each moment, in their order.
	Standings(ctx context.Context, moments []Moment) ([]Standing, error)
	// StageName names a stage in the reader's language.
	StageName(l *web.Locale, stage string) string
}

// Room tells what people think, and what matters most for it.
type Room struct {
	Ledger        *ledger.Ledger
	Company       func(context.Context) experience.Company
	Touchpoints   func(context.Context) ([]experience.Touchpoint, error)
	Sources       func(context.Context) ([]experience.Source, error)
	Surveys       func(ctx context.Context, language string) (map[string]string, error) // names by key; nil: they go by their keys
	People        People
	Relationships Relationships
	Past          Past   // nil: what happened to people is not known
	Topics        Topics // nil: nothing reads texts
	Clock         experience.Clock
	Logger        *slog.Logger
	Patience      time.Duration // how long the page of drivers waits for what is being reckoned; 0 = a second

	site *web.Site
	desk desk
	kept kept
}

// Who may see the people behind figures.
func lookers() []experience.Role {
	return []experience.Role{experience.Owner, experience.Manager, experience.Agent}
}

// Register puts the room's texts, pages and operations on the site.
func (r *Room) Register(s *web.Site) error {
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	r.site = s
	if err := s.Messages(messages); err != nil {
		return err
	}
	s.Room(web.Room{Key: "opinion", Parent: "voice", Path: opinionsPath, Order: 1})
	r.registerOpinionsAPI(s)
	s.Page("GET "+opinionsPath, nil, r.opinionsPage)
	s.Page("GET "+opinionsPath+"/people", lookers(), r.peoplePage)
	s.Room(web.Room{Key: "driver", Parent: "voice", Path: driversPath, Order: 5})
	r.registerDriversAPI(s)
	s.Page("GET "+driversPath, nil, r.driversPage)
	return nil
}

const (
	opinionsPath = "/voice/opinions"
	driversPath  = "/voice/drivers"
)

// desk keeps the book that was read last.
type desk struct {
	mu     sync.Mutex
	book   *book
	head   experience.Position
	moved  int64
	readAt time.Time
	took   time.Duration
}

// restFactor: reading takes at most one part in so many of the time.
const restFactor = 20

// book gives what people were asked and answered. It is read anew when the
// ledger went on, but not so often that reading is all that is done.
func (r *Room) book(ctx context.Context) (*book, error) {
	head, err := r.Ledger.Head(ctx)
	if err != nil {
		return nil, err
	}
	r.desk.mu.Lock()
	defer r.desk.mu.Unlock()
	d := &r.desk
	if d.book != nil && (d.head == head.Position && d.moved == head.Move || time.Since(d.readAt) < min(restFactor*d.took, time.Minute)) {
		return d.book, nil
	}
	began := time.Now()
	b, err := newReader(r.Ledger).read(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.fill(ctx, b); err != nil {
		return nil, err
	}
	b.of = fmt.Sprint(head.Position.Sequence, " ", head.Move)
	d.book, d.head, d.moved, d.readAt, d.took = b, head.Position, head.Move, time.Now(), time.Since(began)
	return b, nil
}

// fill says by which channel people answered where the answer does not: that of
// its touchpoint, else that of its source.
func (r *Room) fill(ctx context.Context, b *book) error {
	touchpoints, err := r.Touchpoints(ctx)
	if err != nil {
		return err
	}
	sources, err := r.Sources(ctx)
	if err != nil {
		return err
	}
	places, of := map[string]string{}, map[string]string{}
	for _, t := range touchpoints {
		places[t.Key] = string(t.Channel)
	}
	for _, s := range sources {
		of[s.ID] = string(s.Channel)
	}
	for i := range b.responses {
		if one := &b.responses[i]; one.Channel == "" {
			one.Channel = first(places[one.own], of[one.source])
		}
	}
	return nil
}
