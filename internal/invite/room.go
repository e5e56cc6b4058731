package invite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"regia/internal/experience"
	"regia/internal/mail"
	"regia/internal/registry"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// Book is the registry.
type Book interface {
	Read(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
	Write(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
	Secret(ctx context.Context) ([]byte, error)
}

// Ledger is what this room asks of the book of what happened.
type Ledger interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
}

// People tells how people can be asked, in the caller's transaction.
type People interface {
	// Contact is of whoever an id belongs to now. NotFound: nobody.
	Contact(ctx context.Context, tx registry.Tx, person experience.ID) (Contact, error)
	// Holder gives who goes by an identifier alone; zero: nobody, or several.
	Holder(ctx context.Context, tx registry.Tx, i experience.Identifier) (experience.ID, error)
	// Names gives what to call people in a list.
	Names(ctx context.Context, ids []experience.ID) (map[experience.ID]string, error)
}

// Survey is what this room needs to know of one.
type Survey struct {
	Key       string
	Name      map[string]string // by language, for the company's own people
	Open      bool              // may be answered
	Languages []string
	Accent    string            // #rrggbb; "" = Regia's own
	Logo      string            // the name on top; "" = the company's
	Title     map[string]string // by language, as the three below
	Intro     map[string]string
	Question  map[string]string // the first one
	Low, High map[string]string // what the ends of its scale mean
	Scale     string            // of the first question, as in the log; "" = it has none
	From, To  int               // its worst and best score
}

// name is what the company's own people call it.
func (s Survey) name(language string) string {
	if n := s.Name[language]; n != "" {
		return n
	}
	for _, l := range s.Languages {
		if n := s.Name[l]; n != "" {
			return n
		}
	}
	return s.Key
}

// Link is what a link to a survey says.
type Link struct {
	Survey     string
	Invitation string // "" = an open door
	Channel    string // email, sms, widget, api, qr, kiosk, link
	About
	Language string
}

// Surveys gives surveys, and signs links to them.
type Surveys interface {
	List(ctx context.Context) ([]Survey, error)
	Get(ctx context.Context, key string) (Survey, error) // NotFound
	Path(l Link) (string, error)                         // "/s/…"
}

// Touchpoint is one that a question may be about.
type Touchpoint struct {
	Key  string
	Name map[string]string
}

// Bus tells of what was woven a moment ago.
type Bus interface {
	Subscribe(subject string, f func(data []byte)) (cancel func(), err error)
}

// Options say what the room needs.
type Options struct {
	Book        Book
	Ledger      Ledger
	Bus         Bus
	Mail        *mail.Outbox
	People      People
	Surveys     Surveys
	Touchpoints func(ctx context.Context) ([]Touchpoint, error)
	// Log appends to the log what happens to invitations; Source is whose it is.
	Log    func(ctx context.Context, records []experience.Record) error
	Source string
	// TakenBack tells whether an import was taken back; nil = none ever is.
	TakenBack func(ctx context.Context, tx registry.Tx, imported experience.ID) (bool, error)
	// Site tells whether a write key is that of a site.
	Site    func(ctx context.Context, writeKey string) (bool, error)
	Company func(context.Context) experience.Company
	BaseURL string       // how others reach this Regia
	Client  *http.Client // reaches the gateway of text messages; nil = a usual one
	Clock   experience.Clock
	Logger  *slog.Logger
}

// Room asks people, and is the pages and the API where one says whom.
type Room struct {
	Options
	site *web.Site
	key  []byte
	soon chan struct{}
}

// New makes the room; Register opens it, Run asks.
func New(ctx context.Context, o Options) (*Room, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	if o.Client == nil {
		o.Client = gatewayClient()
	}
	key, err := o.Book.Secret(ctx)
	if err != nil {
		return nil, err
	}
	r := &Room{Options: o, key: key, soon: make(chan struct{}, 1)}
	if o.Mail != nil {
		o.Mail.Listen(mailPrefix, r.mailFate)
	}
	return r, nil
}

// Who may look at figures, who at whom was asked, and who may say whom to ask.
var (
	readers  = []experience.Role{experience.Owner, experience.Manager, experience.Agent}
	steerers = []experience.Role{experience.Owner, experience.Manager}
)

// Register puts the room's texts, pages and operations on the site.
func (r *Room) Register(s *web.Site) error {
	r.site = s
	if err := s.Messages(messages); err != nil {
		return err
	}
	s.Room(web.Room{Key: "invite", Parent: "voice", Path: "/voice/invitations", Icon: "outreach", Order: 3})
	r.registerPages()
	r.registerDoors()
	r.registerPublic()
	r.registerAPI()
	return nil
}

// Speak has the room write as a site does on which another one is registered.
func (r *Room) Speak(s *web.Site) { r.site = s }

const (
	wovenSubject = "regia.woven"
	followPause  = 2 * time.Second
	lookEvery    = 15 * time.Second
)

// Run follows what is woven, and asks whoever is due, until ctx ends.
func (r *Room) Run(ctx context.Context) error {
	cancel, err := r.Bus.Subscribe(wovenSubject, func([]byte) { r.hurry() })
	if err != nil {
		return err
	}
	defer cancel()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		if err := r.Step(ctx); err != nil && ctx.Err() == nil {
			r.Logger.WarnContext(ctx, "invitations are held up and will be tried again", "error", err)
		}
		rest := time.NewTimer(followPause)
		select {
		case <-ctx.Done():
			rest.Stop()
			return nil
		case <-rest.C:
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.soon:
		case <-look.C:
		}
	}
}

// Step does all that can be done now: follow, and pursue. What cannot be done
// keeps nothing else from being done.
func (r *Room) Step(ctx context.Context) error {
	return errors.Join(r.follow(ctx), r.Pursue(ctx))
}

// Pursue does what is due about invitations: hold back, ask, remind, end, tell.
func (r *Room) Pursue(ctx context.Context) (failed error) {
	for _, f := range []func(context.Context) error{r.hold, r.sendDue, r.remindDue, r.postDue, r.expire, r.tell} {
		failed = errors.Join(failed, f(ctx))
	}
	return failed
}

func (r *Room) hurry() {
	select {
	case r.soon <- struct{}{}:
	default:
	}
}
