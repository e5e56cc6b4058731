package collect

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"regia/internal/experience"
	"regia/internal/registry"
)

// SourceKind says what a source is.
type SourceKind string

// The kinds of source.
const (
	Site              SourceKind = "site"
	App               SourceKind = "app"
	Shop              SourceKind = "shop"   // a shop's till
	DeviceSource      SourceKind = "device" // what counts, weighs or opens: it often knows nobody
	PhoneLine         SourceKind = "phone"
	MarketplaceSource SourceKind = "marketplace"
	ReviewsSource     SourceKind = "reviews"
	SocialSource      SourceKind = "social"
	EmailSource       SourceKind = "email"
	ServerSource      SourceKind = "server"
	ImportSource      SourceKind = "import"
	WebhookSource     SourceKind = "webhook" // a shop system that pushes: see docs/webhooks.md
	DemoSource        SourceKind = "demo"
	RegiaSource       SourceKind = "regia" // Regia itself: it has no key
)

// RegiaID is the id of the source that Regia itself is.
const RegiaID = "regia"

// Kinds lists the kinds people may create, in the order pages show them.
var Kinds = []SourceKind{Site, App, Shop, DeviceSource, PhoneLine, MarketplaceSource, ReviewsSource, SocialSource, EmailSource, ServerSource, WebhookSource, ImportSource}

// Browser tells whether events of this kind come straight from people's own
// devices, where a key is public and anybody may claim anything.
func (k SourceKind) Browser() bool { return k == Site || k == App }

func (k SourceKind) known() bool {
	return slices.Contains(Kinds, k) || k == DemoSource || k == RegiaSource
}

// Channel is where interactions of this kind usually take place.
func (k SourceKind) Channel() experience.Channel {
	switch k {
	case Site, DemoSource, WebhookSource:
		return experience.Web
	case App:
		return experience.App
	case Shop:
		return experience.Shop
	case DeviceSource:
		return experience.Device
	case PhoneLine:
		return experience.Phone
	case MarketplaceSource:
		return experience.Marketplace
	case ReviewsSource:
		return experience.Reviews
	case SocialSource:
		return experience.Social
	case EmailSource:
		return experience.Email
	}
	return experience.Server
}

// Source is one thing that sends interactions.
type Source struct {
	ID        string // lower-case letters, digits and hyphens; never changes
	Name      string
	Kind      SourceKind
	Channel   experience.Channel
	WriteKey  string // "" for Regia itself
	Disabled  bool
	CreatedAt time.Time
}

// MaxSourceName is the longest name of a source, in characters.
const MaxSourceName = 80

// Sources keeps the sources in the registry, and the front door's copy of them.
type Sources struct {
	book  Book
	clock experience.Clock

	mu   sync.Mutex // held to make the copy anew
	copy atomic.Pointer[sourcesCopy]

	changed chan struct{} // one token: something was changed here
}

// Book is the registry as this room uses it.
type Book interface {
	Read(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
	Write(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error
}

// NewSources gives the sources that book holds.
func NewSources(book Book, clock experience.Clock) *Sources {
	return &Sources{book: book, clock: clock, changed: make(chan struct{}, 1)}
}

// Changed tells one listener that sources were changed through here. What other
// nodes change it does not tell.
func (s *Sources) Changed() <-chan struct{} { return s.changed }

// Keys gives the keys that are let in now.
func (s *Sources) Keys(ctx context.Context) ([]string, error) {
	all, err := s.List(ctx)
	var keys []string
	for _, x := range all {
		if x.WriteKey != "" && !x.Disabled {
			keys = append(keys, x.WriteKey)
		}
	}
	return keys, err
}

// NewWriteKey makes a key nobody can guess.
func NewWriteKey() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return "wk_" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// Create adds a source and gives it a key. An empty channel becomes the kind's
// own. Its id is made from its name.
func (s *Sources) Create(ctx context.Context, name string, kind SourceKind, channel experience.Channel) (Source, error) {
	if !slices.Contains(Kinds, kind) && kind != DemoSource {
		return Source{}, experience.Errorf(experience.Invalid, "%q is not a kind of source", kind)
	}
	made := Source{Name: name, Kind: kind, Channel: channel, WriteKey: NewWriteKey()}
	if err := s.complete(&made); err != nil {
		return Source{}, err
	}
	err := s.write(ctx, func(ctx context.Context, tx registry.Tx) error {
		base := slug(made.Name)
		for n := 1; ; n++ {
			made.ID = base
			if n > 1 {
				made.ID += "-" + strconv.Itoa(n)
			}
			if made.ID == RegiaID {
				continue
			}
			inserted, err := insertSource(ctx, tx, made)
			if err != nil || inserted {
				return err
			}
		}
	})
	return made, err
}

// Ensure makes the source with this id where it is not there yet, and gives it
// as it is. A source that can have a key and has none given gets one.
func (s *Sources) Ensure(ctx context.Context, want Source) (Source, error) {
	if want.ID == "" || want.ID != slug(want.ID) || !want.Kind.known() || (want.Kind == RegiaSource) != (want.ID == RegiaID) {
		return Source{}, experience.Errorf(experience.Invalid, "%q cannot be a source of the kind %q", want.ID, want.Kind)
	}
	if want.WriteKey == "" && want.Kind != RegiaSource {
		want.WriteKey = NewWriteKey()
	}
	if err := s.complete(&want); err != nil {
		return Source{}, err
	}
	var got Source
	err := s.write(ctx, func(ctx context.Context, tx registry.Tx) error {
		if _, err := insertSource(ctx, tx, want); err != nil {
			return err
		}
		var err error
		got, err = selectSource(ctx, tx, want.ID)
		return err
	})
	return got, err
}

// EnsureRegia makes the source that Regia itself is.
func (s *Sources) EnsureRegia(ctx context.Context) error {
	_, err := s.Ensure(ctx, Source{ID: RegiaID, Name: "Regia", Kind: RegiaSource})
	return err
}

// complete checks a source and fills what follows from its kind.
func (s *Sources) complete(x *Source) error {
	x.Name = strings.TrimSpace(x.Name)
	if x.Channel == "" {
		x.Channel = x.Kind.Channel()
	}
	x.CreatedAt = s.clock()
	return checkSource(*x)
}

func checkSource(x Source) error {
	switch n := len([]rune(x.Name)); {
	case n == 0:
		return experience.Errorf(experience.Invalid, "a source needs a name")
	case n > MaxSourceName:
		return experience.Errorf(experience.Invalid, "the name of a source has at most %d characters", MaxSourceName)
	case strings.ContainsFunc(x.Name, unicode.IsControl):
		return experience.Errorf(experience.Invalid, "the name of a source is plain text")
	case !slices.Contains(experience.Channels, x.Channel):
		return experience.Errorf(experience.Invalid, "%q is not a channel", x.Channel)
	}
	return nil
}

// Change is what may be changed about a source; nil leaves it as it is.
type Change struct {
	Name     *string
	Channel  *experience.Channel
	Disabled *bool
}

// Update changes a source. Regia itself cannot be disabled.
func (s *Sources) Update(ctx context.Context, id string, c Change) (Source, error) {
	return s.edit(ctx, id, func(x *Source) error {
		if c.Name != nil {
			x.Name = strings.TrimSpace(*c.Name)
		}
		if c.Channel != nil {
			x.Channel = *c.Channel
		}
		if c.Disabled != nil {
			x.Disabled = *c.Disabled
		}
		if x.Kind == RegiaSource && x.Disabled {
			return experience.Errorf(experience.Invalid, "what Regia itself does is always recorded")
		}
		return checkSource(*x)
	})
}

// Rotate gives a source a new key. The old one is refused from now on.
func (s *Sources) Rotate(ctx context.Context, id string) (Source, error) {
	key := NewWriteKey()
	return s.edit(ctx, id, func(x *Source) error {
		if x.Kind == RegiaSource {
			return experience.Errorf(experience.Invalid, "Regia itself has no key")
		}
		x.WriteKey = key
		return nil
	})
}

func (s *Sources) edit(ctx context.Context, id string, f func(*Source) error) (Source, error) {
	var x Source
	err := s.write(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		if x, err = selectSource(ctx, tx, id); err != nil {
			return err
		}
		if err := f(&x); err != nil {
			return err
		}
		return updateSource(ctx, tx, x)
	})
	if err != nil {
		return Source{}, named(err)
	}
	return x, nil
}

// Get gives one source.
func (s *Sources) Get(ctx context.Context, id string) (Source, error) {
	var x Source
	err := s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		x, err = selectSource(ctx, tx, id)
		return err
	})
	return x, named(err)
}

// List gives all sources, the oldest first.
func (s *Sources) List(ctx context.Context) ([]Source, error) {
	var list []Source
	err := s.book.Read(ctx, func(ctx context.Context, tx registry.Tx) (err error) {
		list, err = selectSources(ctx, tx)
		return err
	})
	return list, err
}

func named(err error) error {
	if experience.CodeOf(err) == experience.NotFound {
		return experience.Errorf(experience.NotFound, "there is no such source")
	}
	return err
}

func (s *Sources) write(ctx context.Context, f func(ctx context.Context, tx registry.Tx) error) error {
	err := s.book.Write(ctx, f)
	s.forget()
	return err
}

const (
	sourcesFresh = 5 * time.Second // a change made by another node is known after this
	keysFresh    = time.Second     // a key made by another node is
)

// errNoSource says that a key belongs to nobody.
var errNoSource = errors.New("no source has this key")

// byKey finds who a key belongs to: errNoSource, or trouble with the registry
// when there is nothing older to go by.
func (s *Sources) byKey(ctx context.Context, key string, now time.Time) (Source, error) {
	x, known, fresh := s.copy.Load().find(key, now)
	if !fresh {
		var err error
		if x, known, err = s.reread(ctx, key, now); err != nil {
			return Source{}, err
		}
	}
	if !known || key == "" {
		return Source{}, errNoSource
	}
	return x, nil
}

// reread finds who a key belongs to once the registry was read, unless somebody
// did that meanwhile.
func (s *Sources) reread(ctx context.Context, key string, now time.Time) (x Source, known bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	x, known, fresh := s.copy.Load().find(key, now)
	if fresh {
		return x, known, nil
	}
	list, err := s.List(ctx)
	switch {
	case err == nil:
		s.copy.Store(copyOf(list, now))
	case s.copy.Load() == nil:
		return Source{}, false, err
	}
	x, known, _ = s.copy.Load().find(key, now)
	return x, known, nil
}

// sourcesCopy is what the front door knows of the sources. It is never changed.
type sourcesCopy struct {
	byKey  map[string]Source
	loaded time.Time
}

func copyOf(list []Source, now time.Time) *sourcesCopy {
	c := &sourcesCopy{byKey: make(map[string]Source, len(list)), loaded: now}
	for _, x := range list {
		if x.WriteKey != "" {
			c.byKey[x.WriteKey] = x
		}
	}
	return c
}

// find looks for a key, and tells whether what it says is fresh enough.
func (c *sourcesCopy) find(key string, now time.Time) (x Source, known, fresh bool) {
	if c == nil {
		return Source{}, false, false
	}
	x, known = c.byKey[key]
	age := now.Sub(c.loaded)
	return x, known, age <= keysFresh || known && age <= sourcesFresh
}

// forget makes the next look-up read the registry.
func (s *Sources) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.copy.Load(); c != nil {
		s.copy.Store(&sourcesCopy{byKey: c.byKey})
	}
	select {
	case s.changed <- struct{}{}:
	default: // it is going to look anyway
	}
}

// slug turns a name into an id: "Negozio di Milano" becomes "negozio-di-milano".
func slug(name string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(name)) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // the accent of the letter before
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 40 {
			break
		}
	}
	if id := strings.Trim(b.String(), "-"); id != "" {
		return id
	}
	return "source"
}
