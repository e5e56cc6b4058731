// Package voice is the room that answers "what do they say?": it reads every
// text of people that enters Regia with the models of package language, keeps
// what they tell about it, and shows it, corrigible, on pages and by API.
package voice

import (
	"context"
	"database/sql"
	"embed"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"regia/internal/experience"
	"regia/internal/language"
	"regia/internal/ledger"
	"regia/internal/registry"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// Ledger is what this room asks of the book of what happened.
type Ledger interface {
	Head(ctx context.Context) (ledger.Head, error)
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	Property(name string) string
	Number(expr string) string
	Micros(expr string) string
	Mentions(texts []string, text func(string) string) string
}

// Book is the registry.
type Book interface {
	Read(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
	Write(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
	Lease(ctx context.Context, name, holder string, now, until time.Time) (bool, error)
}

// Bus tells of what was woven a moment ago, and takes what others may hear.
type Bus interface {
	Subscribe(subject string, f func(data []byte)) (cancel func(), err error)
	Publish(subject string, data []byte) error
}

// People gives people's names, by the ids of the ledger.
type People interface {
	Names(ctx context.Context, ids []experience.ID) (map[experience.ID]string, error)
}

// Options say what the room needs.
type Options struct {
	Ledger      Ledger
	Book        Book
	Bus         Bus
	Touchpoints func(context.Context) ([]experience.Touchpoint, error) // the whole catalogue
	Sources     func(context.Context) ([]experience.Source, error)
	People      People
	// Title names an event for people; nil: by its own name.
	Title func(l *web.Locale, kind experience.Kind, name string) string
	// Name tells this Regia from others on the same books: one of them reads. "" =
	// there are no others.
	Name   string
	Clock  experience.Clock
	Logger *slog.Logger
	// Pause is the least time between two looks at the ledger; 0 is one second.
	Pause time.Duration
}

// Room reads what people say, and is the pages and the API of it.
type Room struct {
	Options
	site    *web.Site
	reading sync.Mutex // held by who reads the ledger
	reader  *reader    // of the holder of reading
	used    atomic.Pointer[language.Reader]
	tree    atomic.Pointer[topicTree]
	amiss   chan struct{}
	anew    chan struct{} // told when texts must be read anew
	trials  trials
	themes  themesFound
	choices choices
	taught  atomic.Pointer[taught]
	turn    time.Time // until when this Regia alone reads; of the holder of reading
	back    lookBack  // of the holder of reading
	models  atomic.Pointer[[]language.Card]
}

// New makes the room; Register opens it, Run keeps it up with the ledger.
func New(o Options) *Room {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	if o.Pause <= 0 {
		o.Pause = time.Second
	}
	return &Room{Options: o, amiss: make(chan struct{}, 1), anew: make(chan struct{}, 1)}
}

// otherTopic is that of texts that no other fits.
const otherTopic = "other"

const homePath = "/voice"

// Who may put labels right.
func correctors() []experience.Role {
	return []experience.Role{experience.Owner, experience.Manager, experience.Agent}
}

// Register puts the room's texts, pages and operations on the site.
func (r *Room) Register(s *web.Site) error {
	r.site = s
	if err := s.Messages(messages); err != nil {
		return err
	}
	s.Room(web.Room{Key: "voice", Path: homePath, Icon: "voice", Order: 20})
	r.registerPages(s)
	r.registerAPI(s)
	return nil
}
