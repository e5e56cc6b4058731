// Package pulse is the room that answers "what is happening?": figures over a
// period against the one before, what comes in right now, and where nothing is
// measured yet.
package pulse

import (
	"context"
	"database/sql"
	"embed"
	"log/slog"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// Ledger is what this room asks of the book of what happened.
type Ledger interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Bus tells of what was woven a moment ago.
type Bus interface {
	Subscribe(subject string, f func(data []byte)) (cancel func(), err error)
}

// Source is what this room needs to know of one.
type Source struct {
	ID       string
	Name     string
	Channel  experience.Channel
	Browser  bool   // events come straight from pages: what a snippet is for
	WriteKey string // shown to those who may connect things; "" = none
}

// People gives people's names, by the ids of the ledger.
type People interface {
	Names(ctx context.Context, ids []experience.ID) (map[experience.ID]string, error)
}

// Room is the Pulse room: its figures, its API and its pages.
type Room struct {
	Ledger      Ledger
	Bus         Bus
	Touchpoints func(context.Context) ([]experience.Touchpoint, error) // the whole catalogue
	Sources     func(context.Context) ([]Source, error)                // where events come from
	People      People
	Perception  Perception // nil: nobody reckons it
	FollowUps   FollowUps  // nil: nobody looks after what people say
	// Maps gives the addresses of the journey maps that draw a touchpoint, by
	// its key; nil: there are none.
	Maps    func(context.Context) (map[string]string, error)
	Company func(context.Context) experience.Company
	Clock   experience.Clock
	Logger  *slog.Logger
	// Title names an event for people; nil: by its own name.
	Title func(l *web.Locale, kind experience.Kind, name string) string
	// BaseURL is how the company's pages reach this Regia, for the snippet;
	// "" is as the reader reached it.
	BaseURL string
	// Patience is how long a page waits for a part before it is sent without
	// it, and the part follows by itself; 0 is 800 ms.
	Patience time.Duration

	site      *web.Site
	remembers remembered
}

// Who may connect sources, and so sees a key in the snippet.
var steerers = []experience.Role{experience.Owner, experience.Manager}

// Register puts the room's texts, pages and operation on the site.
func (r *Room) Register(s *web.Site) error {
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	if r.Patience <= 0 {
		r.Patience = 800 * time.Millisecond
	}
	r.site = s
	if err := s.Messages(messages); err != nil {
		return err
	}
	s.Room(web.Room{Key: "pulse", Path: "/", Icon: "pulse", Order: 10})
	r.registerAPI(s)
	r.registerPerception(s)
	s.Page("GET /{$}", nil, r.page)
	s.Page("GET /pulse", nil, r.page)
	s.Page("GET /pulse/events", nil, r.events)
	s.Page("GET /pulse/parts/{part}", nil, r.part)
	return nil
}

// title names an event for people.
func (r *Room) title(l *web.Locale, kind experience.Kind, name string) string {
	if r.Title != nil {
		return r.Title(l, kind, name)
	}
	if name == "" {
		return string(kind)
	}
	return name
}
