package listen

import (
	"context"
	"crypto/x509"
	"embed"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"regia/internal/experience"
	"regia/internal/mapping"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// Taken is what became of items at the front door.
type Taken struct {
	Accepted int
	Rejected []string // why, one for each that was refused
}

// Door is the front door: Take returns once what it accepts is on disk. What
// was taken before counts once. Unavailable and TooMany: later; Forbidden: the
// source was switched off.
type Door interface {
	Take(ctx context.Context, source string, items []mapping.Item) (Taken, error)
}

// SourceKind is what kind of source a post's voices come from.
type SourceKind string

// The kinds, in the words of the Sources page.
const (
	FromReviews SourceKind = "reviews"
	FromSocial  SourceKind = "social"
	FromWeb     SourceKind = "web"
	FromEmail   SourceKind = "email"
)

// Options say what the room needs.
type Options struct {
	Book    Book
	Door    Door
	Source  func(ctx context.Context, id, name string, kind SourceKind) error // makes a source where it is not there
	Ledger  Ledger                                                            // with People: for suggestions of who authors are; nil = none
	People  People
	Folder  string         // where files that were brought wait; made when needed
	Own     []netip.Prefix // networks of one's own that posts may reach; others that are not public are refused
	Version string         // of Regia, for the name it gives itself outside
	URL     string         // how others reach this Regia, for the same; "" = not said
	Clock   experience.Clock
	Logger  *slog.Logger
	Jitter  func() float64 // 0 to 1; nil = by chance. It spreads the looks
	// Report is asked about what mail servers report: whether it is about a mail
	// that Regia sent itself, and was told to whoever sent it. nil: it never is.
	Report func(ctx context.Context, raw []byte) (ours bool, err error)
	Roots  *x509.CertPool // who may vouch for mail servers; nil = those the system trusts
}

// Room has the listening posts, looks by them, and is their pages and API.
type Room struct {
	Options
	site  *web.Site
	fetch *fetcher

	appStoreHost string        // "" = Apple's
	silence      time.Duration // that a mail server may keep

	ctx  context.Context // of looks under way; ends at Close
	stop context.CancelFunc
	mu   sync.Mutex
	end  bool
	wg   sync.WaitGroup
}

// New makes the room; Register opens its pages, Run has it look by itself.
func New(o Options) *Room {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	r := &Room{Options: o, silence: time.Minute}
	r.fetch = newFetcher(o)
	r.ctx, r.stop = context.WithCancel(context.Background())
	return r
}

// Who may see how posts are, and who may set them up.
var (
	lookers  = []experience.Role{experience.Owner, experience.Manager, experience.Agent}
	steerers = []experience.Role{experience.Owner, experience.Manager}
)

const homePath = "/voice/sources"

// Register puts the room's texts, pages and operations on the site.
func (r *Room) Register(s *web.Site) error {
	r.site = s
	if err := s.Messages(messages); err != nil {
		return err
	}
	s.Room(web.Room{Key: "listen", Parent: "voice", Path: homePath, Order: 4, Allow: lookers})
	r.registerPages()
	r.registerAPI()
	r.registerAuthors()
	return nil
}

// Close ends the looks under way. What they had heard is in the log; what they
// had not counted yet is heard again.
func (r *Room) Close() {
	r.mu.Lock()
	r.end = true
	r.mu.Unlock()
	r.stop()
	r.wg.Wait()
}

// create sets a post up. It looks for the first time at the next occasion.
func (r *Room) create(ctx context.Context, p Post, by string) (Post, error) {
	if err := p.normalise(); err != nil {
		return p, err
	}
	if err := p.checkSecret(p.Kind == Mailbox); err != nil {
		return p, err
	}
	if p.Kind != Mailbox {
		p.secret = ""
	}
	if err := r.Source(ctx, p.Source, sourceName(p), p.sourceKind()); err != nil {
		return p, err
	}
	p.ID = experience.NewID().String()
	return p, r.insert(ctx, &p, by)
}

func (p *Post) checkSecret(needed bool) error {
	if n := len(p.secret); needed && n == 0 || n > maxPassword {
		return invalid("listen.error.password")
	}
	return nil
}

// sourceName is what the source of a post is called when it is made.
func sourceName(p Post) string {
	if p.Kind == Google {
		return "Google"
	}
	return p.Name
}

func (p *Post) sourceKind() SourceKind {
	switch p.Kind {
	case Mailbox, Archive:
		return FromEmail
	case Feed:
		switch p.Config.Hears {
		case Mentions:
			return FromSocial
		case Forum:
			return FromWeb
		}
	}
	return FromReviews
}

// change gives a post another name, pace or password.
func (r *Room) change(ctx context.Context, id, name, password string, every time.Duration) error {
	p, err := r.get(ctx, id)
	if err != nil {
		return err
	}
	p.Name, p.Every, p.secret = name, every, password
	if err := p.normalise(); err != nil {
		return err
	}
	if err := p.checkSecret(false); err != nil {
		return err
	}
	if p.Kind != Mailbox {
		p.secret = ""
	}
	return r.update(ctx, id, p.Name, p.secret, p.Every)
}
