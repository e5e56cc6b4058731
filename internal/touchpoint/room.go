package touchpoint

import (
	"context"
	"embed"
	"log/slog"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// Sources tells which sources of events there are.
type Sources interface {
	Sources(ctx context.Context) ([]Source, error)
}

// Applier tells when the past has been assigned anew.
type Applier interface {
	// Applied waits until the ledger has taken over a version of the catalogue.
	Applied(ctx context.Context, version int64) error
}

// Options say what the room stands on.
type Options struct {
	Store   *Store
	Ledger  Ledger
	Sources Sources // nil: none
	Applier Applier // nil: nobody waits
	Logger  *slog.Logger
	// Patience is how long a request waits for the past to be assigned anew
	// before it answers that this is still under way; 0 is 4 seconds.
	Patience time.Duration
}

// Room is the API and the pages of the catalogue.
type Room struct {
	Options
	site *web.Site
}

// NewRoom makes the room; Register opens it.
func NewRoom(o Options) *Room {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Patience <= 0 {
		o.Patience = 4 * time.Second
	}
	return &Room{Options: o}
}

// Who may do what: everybody looks, those who steer change.
var (
	lookers  = experience.Roles
	steerers = []experience.Role{experience.Owner, experience.Manager}
)

// Register puts the room's texts, pages and operations on the site.
func (r *Room) Register(site *web.Site) error {
	r.site = site
	if err := site.Messages(messages); err != nil {
		return err
	}
	site.Room(web.Room{Key: "touchpoint", Path: "/touchpoints", Icon: "touchpoints", Order: 30, Allow: lookers})
	r.registerAPI()
	r.registerPages()
	return nil
}

func (r *Room) sources(ctx context.Context) ([]Source, error) {
	if r.Sources == nil {
		return nil, nil
	}
	return r.Sources.Sources(ctx)
}

// applied waits for the past to follow a change, as long as the room's
// patience; false: it is still under way.
func (r *Room) applied(ctx context.Context, version int64) bool {
	if r.Applier == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	if err := r.Applier.Applied(ctx, version); err != nil {
		r.Logger.DebugContext(ctx, "the past still follows a change of the catalogue", "version", version, "error", err)
		return false
	}
	return true
}

// by gives the id of who is asking.
func by(ctx context.Context) string {
	if u := web.UserFrom(ctx); u != nil {
		return u.ID
	}
	return ""
}
