package hooks

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"log/slog"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/mapping"
	"regia/internal/registry"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// Book is the registry.
type Book interface {
	Read(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
	Write(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
}

// Source is what this room needs to know of one.
type Source struct {
	ID       string
	Name     string
	Webhook  bool // is of the kind that takes webhooks
	Disabled bool
}

// Taken is what became of the items of a delivery.
type Taken struct {
	Accepted int
	Rejected []string // why, one for each that was refused
}

// Door is the front door: Take returns once what it accepts is on disk.
type Door interface {
	Take(ctx context.Context, source string, items []mapping.Item) (Taken, error)
	// Refused counts a delivery that was refused as a rejection of the source.
	Refused(source, class, reason string)
}

// Options say what the room needs.
type Options struct {
	Book    Book
	Source  func(ctx context.Context, id string) (Source, error)
	Door    Door
	BaseURL string // how others reach this Regia; "" = as the reader does
	Clock   experience.Clock
	Logger  *slog.Logger
}

// Room takes webhooks, and is the pages and the API that set them up.
type Room struct {
	Options
	site  *web.Site
	slots chan struct{}
}

// atOnce is how many deliveries may be in memory at one time.
const atOnce = 16

// New makes the room; Register opens it.
func New(o Options) *Room {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	return &Room{Options: o, slots: make(chan struct{}, atOnce)}
}

// Who may look, and who may set up and see secrets.
var (
	lookers  = []experience.Role{experience.Owner, experience.Manager, experience.Agent}
	steerers = []experience.Role{experience.Owner, experience.Manager}
)

// Register puts the room's address for deliveries, texts, pages and operations
// on the site.
func (r *Room) Register(s *web.Site) error {
	r.site = s
	if err := s.Messages(messages); err != nil {
		return err
	}
	s.Handle("/hooks/{id}", r.receiver())
	r.registerAPI()
	r.registerPages()
	return nil
}

const (
	// secretPrefix begins the secrets that Regia makes, as Standard Webhooks wants.
	secretPrefix = "whsec_"
	minSecret    = 16 // characters of a secret of the sender's
	maxSecret    = 200
	// formerStays is how long a secret is valid after it was replaced.
	formerStays = 48 * time.Hour
)

// hook is what a source takes webhooks by.
type hook struct {
	source      string
	preset      Preset
	mapping     string // "" = the preset's
	secret      string
	former      string // "" = none
	formerUntil time.Time
}

// secrets are those that are valid now.
func (h hook) secrets(now time.Time) []string {
	if h.former != "" && now.Before(h.formerUntil) {
		return []string{h.secret, h.former}
	}
	return []string{h.secret}
}

// setUp says how a source takes webhooks, keeping the secret where there is
// one. The secret it gives is "" unless it is new.
func (r *Room) setUp(ctx context.Context, source string, preset Preset, text, secret string) (made string, err error) {
	x, err := r.Source(ctx, source)
	if err != nil {
		return "", err
	}
	switch {
	case !x.Webhook:
		return "", experience.Errorf(experience.Invalid, "hooks.error.kind")
	case !preset.known():
		return "", experience.Errorf(experience.Invalid, "hooks.error.preset")
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if strings.TrimSpace(text) == strings.TrimSpace(preset.mapping()) {
		text = "" // so that it follows what the preset becomes
	}
	if _, err := preset.compile(text); err != nil {
		return "", err
	}
	if secret, err = checkSecret(secret); err != nil {
		return "", err
	}
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		made = ""
		h, err := selectHook(ctx, tx, source)
		switch experience.CodeOf(named(err)) {
		case "":
			if secret != "" && secret != h.secret {
				h.replace(secret, r.Clock())
			}
		case experience.NotFound:
			h = hook{source: source, secret: secret}
			if secret == "" {
				made = newSecret()
				h.secret = made
			}
		default:
			return err
		}
		h.preset, h.mapping = preset, text
		return saveHook(ctx, tx, h)
	})
	return made, err
}

// rotate gives a source another secret; the one before stays valid for two days.
func (r *Room) rotate(ctx context.Context, source, secret string) (made string, err error) {
	if secret, err = checkSecret(secret); err != nil {
		return "", err
	}
	if secret == "" {
		secret = newSecret()
		made = secret
	}
	err = r.Book.Write(ctx, func(ctx context.Context, tx registry.Tx) error {
		h, err := selectHook(ctx, tx, source)
		if err != nil {
			return named(err)
		}
		h.replace(secret, r.Clock())
		return saveHook(ctx, tx, h)
	})
	return made, err
}

func (h *hook) replace(secret string, now time.Time) {
	h.former, h.formerUntil, h.secret = h.secret, now.Add(formerStays), secret
}

func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return secretPrefix + base64.StdEncoding.EncodeToString(b[:])
}

func checkSecret(secret string) (string, error) {
	secret = strings.TrimSpace(secret)
	if n := len(secret); n > 0 && n < minSecret || n > maxSecret {
		return "", experience.Errorf(experience.Invalid, "hooks.error.secret")
	}
	return secret, nil
}

// documentOf reads a delivery's body for its mapping, which finds what the
// headers told under the name hook.
func documentOf(p Preset, topic string, body []byte) (map[string]any, error) {
	document, err := mapping.ParseDocument(body)
	if err != nil {
		return nil, err
	}
	document["hook"] = map[string]any{"topic": topic, "preset": string(p)}
	return document, nil
}
