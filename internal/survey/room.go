package survey

import (
	"context"
	"embed"
	"log/slog"
	"net/http"

	"regia/internal/experience"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// Options say what the room needs.
type Options struct {
	Store   *Store
	Tickets *Tickets
	// Log appends to the log what people answered; Source is whose it is.
	Log    func(ctx context.Context, records []experience.Record) error
	Source string
	// Invitations is asked whom invitations are for; nil = there are none, and
	// only open doors lead in.
	Invitations Invitations
	// Address gives where a request comes from; nil = open doors may be answered
	// as often as anybody likes.
	Address func(*http.Request) string
	BaseURL string // how others reach this Regia; "" = as the reader does
	Clock   experience.Clock
	Logger  *slog.Logger
}

// Room asks: the public pages, and the pages and the API where surveys are
// made and read.
type Room struct {
	Options
	site     *web.Site
	pace     pace
	phrases  phrases
	answered chan struct{} // something waits to be told
}

// New makes the room; Register opens it, Run tells the log what is answered.
func New(o Options) *Room {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	return &Room{Options: o, answered: make(chan struct{}, 1)}
}

// Who may look at figures, who at what people wrote, and who may make surveys.
var (
	lookers  []experience.Role // everybody
	readers  = []experience.Role{experience.Owner, experience.Manager, experience.Agent, experience.Store}
	steerers = []experience.Role{experience.Owner, experience.Manager}
)

// Register puts the room's texts, pages and operations on the site.
func (r *Room) Register(s *web.Site) (err error) {
	r.site = s
	if r.phrases, err = loadPhrases(); err != nil {
		return err
	}
	if err := s.Messages(messages); err != nil {
		return err
	}
	r.registerPublic()
	r.registerPages()
	r.registerAPI()
	return nil
}

// hurry has Run tell soon.
func (r *Room) hurry() {
	select {
	case r.answered <- struct{}{}:
	default: // it will, anyway
	}
}
