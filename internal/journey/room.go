package journey

import (
	"context"
	"embed"
	"log/slog"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// Room is the API and the pages of maps.
type Room struct {
	Store       *Store
	Ledger      *ledger.Ledger
	Company     func(context.Context) experience.Company
	Touchpoints func(context.Context) ([]experience.Touchpoint, error) // the whole catalogue, by stage
	// UserName gives the name of a user by id, "" when there is none.
	UserName func(ctx context.Context, id string) string
	// Title names an event for people; nil: by its own name.
	Title  func(l *web.Locale, kind experience.Kind, name string) string
	Clock  experience.Clock
	Logger *slog.Logger
	Alive  Alive

	site *web.Site
}

// steerers draw; everybody looks.
var steerers = []experience.Role{experience.Owner, experience.Manager}

// Register puts the room's texts, pages and operations on the site.
func (r *Room) Register(s *web.Site) error {
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	if r.Clock == nil {
		r.Clock = experience.SystemClock
	}
	r.site = s
	if err := s.Messages(messages); err != nil {
		return err
	}
	s.Room(web.Room{Key: "journeys", Path: "/journeys", Icon: "journeys", Order: 12})
	r.registerAPI()
	r.registerPages()
	return r.registerAlive()
}

func (r *Room) title(l *web.Locale, kind experience.Kind, name string) string {
	if r.Title != nil {
		return r.Title(l, kind, name)
	}
	if name == "" {
		return string(kind)
	}
	return name
}

// catalogue gives the touchpoints by their keys.
func (r *Room) catalogue(ctx context.Context) (map[string]experience.Touchpoint, error) {
	list, err := r.Touchpoints(ctx)
	all := make(map[string]experience.Touchpoint, len(list))
	for _, t := range list {
		all[t.Key] = t
	}
	return all, err
}

// by gives the id of who is asking.
func by(ctx context.Context) string {
	if u := web.UserFrom(ctx); u != nil {
		return u.ID
	}
	return ""
}
