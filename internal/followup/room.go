// Package followup is the room that closes the loop: rules that can be read and
// changed open a follow-up where somebody must hear from the company, a named
// person does something about it by a deadline, what was done is recorded, and
// whether the person's opinion turned is measured by their next answer.
package followup

import (
	"context"
	"embed"
	"log/slog"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/stream"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// Book is the registry.
type Book interface {
	Read(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
	Write(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
}

// Voice is what somebody said, as this room needs to know it.
type Voice struct {
	ID         experience.ID
	Number     int64 // in which order Regia heard it
	Time       time.Time
	Person     experience.ID // zero: nobody known
	Touchpoint string
	Text       string // "" = an answer without words
	Sentiment  string // negative, neutral, positive; "" = not sure
	Urgency    int    // 0 to 3; below 0: nobody knows
	Scale      string // key of an experience.Scale; "" = no answer on one
	Score      float64
	Signals    []string // said outright, as package language names it: leave, legal, danger
}

// Voices gives what people say.
type Voices interface {
	// After gives voices heard after a number, in that order, and the last number
	// looked at.
	After(ctx context.Context, number int64, limit int) ([]Voice, int64, error)
	// Between gives do all voices of a time, the oldest first.
	Between(ctx context.Context, from, to time.Time, do func(Voice) error) error
	// Get gives one. NotFound where it is there no more.
	Get(ctx context.Context, id experience.ID) (Voice, error)
	// Answer gives a person's first answer on a scale after a moment; false when
	// there is none.
	Answer(ctx context.Context, person experience.ID, scale string, after time.Time) (Voice, bool, error)
}

// User is somebody who works with Regia.
type User struct {
	ID    string
	Name  string
	Email string
	Role  experience.Role
	Lang  string // "it", "en" or ""
}

// Users gives who may be asked to do something: those who may come in.
type Users func(ctx context.Context) ([]User, error)

// People gives people's names, by the ids of the ledger.
type People interface {
	Names(ctx context.Context, ids []experience.ID) (map[experience.ID]string, error)
}

// Letter is what a colleague is told by mail. It names nobody: who it is about
// is read on the page.
type Letter struct {
	Reference string // whose it is
	To        User
	Subject   string
	Text      string
}

// Mailer sends letters.
type Mailer interface {
	// Put queues a letter in the caller's transaction. Conflict where the address
	// takes no mail.
	Put(ctx context.Context, tx registry.Tx, l Letter) error
}

// Bus carries what others may hear, and tells what was heard.
type Bus interface {
	Subscribe(subject string, f func(data []byte)) (cancel func(), err error)
	Publish(subject string, data []byte) error
}

// Options say what the room needs.
type Options struct {
	Book   Book
	Bus    Bus
	Voices Voices
	Users  Users
	People People
	Mailer Mailer // nil: nobody is told by mail
	// Place names a touchpoint by its key; nil: by the key.
	Place   func(ctx context.Context, l *web.Locale, key string) string
	BaseURL string // how colleagues reach this Regia, for mails; "" = mails have no link
	Company func(context.Context) experience.Company
	Clock   experience.Clock
	Logger  *slog.Logger
}

// Room opens follow-ups, and is their pages and API.
type Room struct {
	Options
	site *web.Site
}

// New makes the room; Register opens it, Run has it follow what people say.
func New(o Options) *Room {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	return &Room{Options: o}
}

// Bus subjects: what this room hears, and what it tells.
const (
	heardSubject = "regia.heard"
	// Changed is told whenever a follow-up was opened, became late or was closed.
	Changed = "regia.followup"
)

// Who works on follow-ups, and who may change the rules.
func workers() []experience.Role {
	return []experience.Role{experience.Owner, experience.Manager, experience.Agent, experience.Store}
}

func stewards() []experience.Role { return []experience.Role{experience.Owner, experience.Manager} }

// Register puts the room's texts, pages and operations on the site.
func (r *Room) Register(s *web.Site) error {
	r.site = s
	if err := s.Messages(messages); err != nil {
		return err
	}
	s.Room(web.Room{Key: "followup", Parent: "voice", Path: homePath, Order: 6, Allow: workers()})
	r.registerPages(s)
	r.registerAPI(s)
	return nil
}

// Run looks at what people say as it is heard, and at deadlines, until ctx ends.
func (r *Room) Run(ctx context.Context) error {
	told, cancel, err := stream.Woken(r.Bus, heardSubject)
	if err != nil {
		return err
	}
	defer cancel()
	clock := time.NewTicker(30 * time.Second)
	defer clock.Stop()
	for {
		if err := r.Work(ctx); err != nil && ctx.Err() == nil {
			r.Logger.WarnContext(ctx, "follow-ups could not be looked after; it will be tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-told:
		case <-clock.C:
		}
	}
}

// Work opens follow-ups for what was heard since, passes on what is late, and
// tells those who are concerned.
func (r *Room) Work(ctx context.Context) error {
	for more := true; more; {
		var err error
		if more, err = r.open(ctx); err != nil {
			return err
		}
	}
	if err := r.passOn(ctx); err != nil {
		return err
	}
	return r.tell(ctx)
}
