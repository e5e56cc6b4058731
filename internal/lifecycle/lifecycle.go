// Package lifecycle is the room that answers "do they come back?": at which
// stage of the relationship each person is, by rules that the company can read
// and change, how many buy a second and a third time, and how people move from
// stage to stage over the months.
package lifecycle

import (
	"bytes"
	"context"
	"embed"
	"log/slog"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/registry"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// People gives people's names, by the ids of the ledger.
type People interface {
	Names(ctx context.Context, ids []experience.ID) (map[experience.ID]string, error)
	// Anonymous lists people known by nothing but a cookie, a device or a
	// receipt, in the order of their ids: those after one, so many at most.
	Anonymous(ctx context.Context, after experience.ID, limit int) ([]experience.ID, error)
}

// Room is the Life-cycle room: its figures, its API and its pages.
type Room struct {
	Ledger      *ledger.Ledger
	Book        *registry.DB // where the rules stand
	Company     func(context.Context) experience.Company
	Touchpoints func(context.Context) ([]experience.Touchpoint, error)
	Sources     func(context.Context) ([]experience.Source, error)
	People      People
	Clock       experience.Clock
	Logger      *slog.Logger
	// Patience is how long a page waits for its figures before it is sent
	// without them, and they follow by themselves; 0 is 2 s.
	Patience time.Duration

	site  *web.Site
	desks desks
}

// Who may change the rules.
func stewards() []experience.Role { return []experience.Role{experience.Owner, experience.Manager} }

// Register puts the room's texts, pages and operations on the site.
func (r *Room) Register(s *web.Site) error {
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	if r.Patience <= 0 {
		r.Patience = 2 * time.Second
	}
	r.site = s
	if err := s.Messages(messages); err != nil {
		return err
	}
	r.registerAPI(s)
	r.registerPages(s)
	return nil
}

func compareIDs(a, b experience.ID) int { return bytes.Compare(a[:], b[:]) }
