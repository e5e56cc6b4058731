package collect

import (
	"context"
	"embed"
	"log/slog"

	"regia/internal/experience"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// Listener is the live bus, as the page of a source listens to it.
type Listener interface {
	Subscribe(subject string, f func(data []byte)) (cancel func(), err error)
}

// Touchpoints tells what a touchpoint is called, by language, and where it is.
type Touchpoints interface {
	Touchpoint(ctx context.Context, key string) (names map[string]string, channel experience.Channel)
}

// RoomOptions say what the pages and the API of sources stand on.
type RoomOptions struct {
	Sources     *Sources
	Recent      Recent      // what came in; NewRecent reads it from the ledger
	Bus         Listener    // nil = pages do not move by themselves
	Touchpoints Touchpoints // nil = touchpoints are named by their keys
	// Title says what an event is in the reader's words; nil = as it was sent.
	Title func(l *web.Locale, kind experience.Kind, name string) string
	// Changed is told when a source was made or got another channel; nil = nobody is.
	Changed func(context.Context) error
	BaseURL string // how others reach this Regia; "" = as the reader does
	MQTT    string // where devices connect, host:port as it is listened on; "" = nowhere
	Limits  Limits // those of the door, for the texts
	Clock   experience.Clock
	Logger  *slog.Logger
}

// Room is the API and the pages of the sources.
type Room struct {
	RoomOptions
	site *web.Site
}

// NewRoom makes the room; Register opens it.
func NewRoom(o RoomOptions) *Room {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	o.Limits = o.Limits.withDefaults()
	return &Room{RoomOptions: o}
}

// Who may do what: those who work with single people look, those who steer
// change and see keys.
var (
	lookers  = []experience.Role{experience.Owner, experience.Manager, experience.Agent}
	steerers = []experience.Role{experience.Owner, experience.Manager}
)

// Register puts the room's texts, pages and operations on the site.
func (r *Room) Register(site *web.Site) error {
	r.site = site
	if err := site.Messages(messages); err != nil {
		return err
	}
	site.Room(web.Room{Key: "collect", Path: homePath, Icon: "sources", Order: 80, Allow: lookers})
	r.registerAPI()
	r.registerPages()
	return nil
}

// create makes a source and tells whoever must follow.
func (r *Room) create(ctx context.Context, name string, kind SourceKind, channel experience.Channel) (Source, error) {
	made, err := r.Sources.Create(ctx, name, kind, channel)
	if err == nil {
		r.announce(ctx, made)
	}
	return made, err
}

// change changes a source and tells whoever must follow its channel.
func (r *Room) change(ctx context.Context, id string, c Change) (Source, error) {
	changed, err := r.Sources.Update(ctx, id, c)
	if err == nil && c.Channel != nil {
		r.announce(ctx, changed)
	}
	return changed, err
}

func (r *Room) announce(ctx context.Context, x Source) {
	if r.Changed == nil {
		return
	}
	if err := r.Changed(ctx); err != nil {
		// The source stands; the catalogue follows with its next change.
		r.Logger.WarnContext(ctx, "a changed source was not announced", "source", x.ID, "error", err)
	}
}
