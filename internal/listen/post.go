package listen

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"regia/internal/experience"
)

// Kind says where a post listens.
type Kind string

// The kinds of post.
const (
	Feed     Kind = "feed"      // RSS, Atom or JSON Feed at an address
	AppStore Kind = "app_store" // Apple's public feed of an app's reviews in one country
	Google   Kind = "google"    // files of a Google Business Profile's reviews
	Mailbox  Kind = "mailbox"   // a mailbox over IMAP
	Archive  Kind = "archive"   // mbox files of a mailbox
)

// Kinds lists them in the order pages show them.
var Kinds = []Kind{Feed, AppStore, Google, Mailbox, Archive}

// Files tells whether people bring files to such a post, instead of its going
// and looking.
func (k Kind) Files() bool { return k == Google || k == Archive }

// Hears is what is said at a feed.
type Hears string

// What may be said at a feed; each is an event of its own.
const (
	Reviews  Hears = "reviews"
	Mentions Hears = "mentions"
	Forum    Hears = "forum"
)

// AllHears lists them in the order pages show them.
var AllHears = []Hears{Mentions, Reviews, Forum}

// Security is how a mailbox is reached.
type Security string

// How a mailbox may be reached. Plain is for one's own networks only.
const (
	TLS      Security = "tls"
	StartTLS Security = "starttls"
	Plain    Security = "plain"
)

// Securities lists them in the order pages show them.
var Securities = []Security{TLS, StartTLS, Plain}

// Config says what a post listens to. Which fields count depends on the kind.
type Config struct {
	Address  string   `json:"address,omitempty"`  // feed: URL; mailbox: host or host:port
	Hears    Hears    `json:"hears,omitempty"`    // feed
	Platform string   `json:"platform,omitempty"` // feed: whose it is, as people call it; "" = the address's host
	App      string   `json:"app,omitempty"`      // app_store: the number in the app's address
	Country  string   `json:"country,omitempty"`  // app_store: ISO 3166, lower case
	Place    string   `json:"place,omitempty"`    // google: the shop, where files do not say
	Mailbox  string   `json:"mailbox,omitempty"`  // mailbox, archive: its e-mail address
	User     string   `json:"user,omitempty"`     // mailbox: "" = the e-mail address
	Folder   string   `json:"folder,omitempty"`   // mailbox: "" = INBOX
	Since    string   `json:"since,omitempty"`    // mailbox: YYYY-MM-DD; older letters are left alone
	Security Security `json:"security,omitempty"` // mailbox
}

// Post is one listening post.
type Post struct {
	ID     string
	Kind   Kind
	Name   string
	Source string // id of the source that what it hears comes from
	Config Config
	Every  time.Duration // between two looks
	Paused bool
	Health Health

	secret   string
	position string // JSON, as the kind's listener writes it
}

// Health is how a post is.
type Health struct {
	LastLook time.Time // zero: never
	LastNew  time.Time // when something new was last heard; zero: never
	NextLook time.Time // zero: only when files are brought, or paused
	Until    time.Time // the other side asked to be left alone until then; zero: it did not
	Heard    int64     // interactions so far
	LeftOut  int64     // what was there and is nobody's voice: see docs/listen.md
	Failures int       // looks that failed, one after the other
	Fault    string    // what the last look failed of; "" = nothing. The message listen.fault.<fault> says it
	Detail   string    // what belongs to the fault, such as a status; "" = nothing
	Looking  bool
}

// Bounds of what is set up.
const (
	maxName     = 80   // characters
	maxAddress  = 2000 // bytes
	maxPosts    = 200
	minEvery    = 5 * time.Minute
	maxEvery    = 7 * 24 * time.Hour
	feedEvery   = time.Hour
	storeEvery  = 6 * time.Hour
	mailEvery   = 5 * time.Minute
	minPassword = 1
	maxPassword = 1000
)

var (
	appNumber   = regexp.MustCompile(`^[0-9]{3,15}$`)
	appInURL    = regexp.MustCompile(`^https://apps\.apple\.com/(?:([a-z]{2})/)?(?:[^?#]*/)?id([0-9]{3,15})(?:[/?#].*)?$`)
	countryCode = regexp.MustCompile(`^[a-z]{2}$`)
)

func invalid(key string) error { return experience.Errorf(experience.Invalid, "%s", key) }

// normalise makes what people wrote what a post is kept by, or says what is wrong.
func (p *Post) normalise() error {
	p.Name = strings.TrimSpace(p.Name)
	if !slices.Contains(Kinds, p.Kind) {
		return invalid("listen.error.kind")
	}
	c := &p.Config
	for _, text := range []*string{&c.Address, &c.Platform, &c.App, &c.Country, &c.Place, &c.Mailbox, &c.User, &c.Folder, &c.Since} {
		*text = strings.TrimSpace(*text)
		if len(*text) > maxAddress || strings.ContainsFunc(*text, unicode.IsControl) || !utf8.ValidString(*text) {
			return invalid("listen.error.text")
		}
	}
	check := map[Kind]func(*Config) error{Feed: (*Config).feed, AppStore: (*Config).appStore, Google: (*Config).google, Mailbox: (*Config).mailbox, Archive: (*Config).archive}[p.Kind]
	if err := check(c); err != nil {
		return err
	}
	switch {
	case p.Name == "":
		p.Name = c.called(p.Kind)
	case utf8.RuneCountInString(p.Name) > maxName || strings.ContainsFunc(p.Name, unicode.IsControl):
		return invalid("listen.error.name")
	}
	if p.Every == 0 {
		p.Every = map[Kind]time.Duration{Feed: feedEvery, AppStore: storeEvery, Mailbox: mailEvery}[p.Kind]
	}
	if !p.Kind.Files() && (p.Every < minEvery || p.Every > maxEvery) {
		return invalid("listen.error.every")
	}
	p.Source = p.sourceID()
	return nil
}

func (c *Config) feed() error {
	*c = Config{Address: c.Address, Hears: c.Hears, Platform: c.Platform}
	if !strings.Contains(c.Address, "://") {
		c.Address = "https://" + c.Address
	}
	u, err := url.Parse(c.Address)
	if err != nil || checkURL(u) != nil {
		return invalid("listen.error.address")
	}
	u.Fragment = ""
	c.Address = u.String()
	if c.Hears == "" {
		c.Hears = Mentions
	}
	if !slices.Contains(AllHears, c.Hears) {
		return invalid("listen.error.hears")
	}
	if c.Platform == "" {
		c.Platform = strings.TrimPrefix(u.Hostname(), "www.")
	}
	return tooLong(c.Platform)
}

func (c *Config) appStore() error {
	*c = Config{App: c.App, Country: strings.ToLower(c.Country)}
	if m := appInURL.FindStringSubmatch(c.App); m != nil {
		c.App = m[2]
		if c.Country == "" {
			c.Country = m[1]
		}
	}
	c.App = strings.TrimPrefix(c.App, "id")
	switch {
	case !appNumber.MatchString(c.App):
		return invalid("listen.error.app")
	case !countryCode.MatchString(c.Country):
		return invalid("listen.error.country")
	}
	return nil
}

func (c *Config) google() error {
	*c = Config{Place: c.Place}
	return tooLong(c.Place)
}

func (c *Config) archive() error {
	*c = Config{Mailbox: c.Mailbox}
	return c.address()
}

// address checks the e-mail address of the mailbox.
func (c *Config) address() error {
	a, err := mail.ParseAddress(c.Mailbox)
	if err != nil || a.Name != "" {
		return invalid("listen.error.mailbox")
	}
	c.Mailbox = strings.ToLower(a.Address)
	return nil
}

func (c *Config) mailbox() error {
	*c = Config{Address: c.Address, Mailbox: c.Mailbox, User: c.User, Folder: c.Folder, Since: c.Since, Security: c.Security}
	if err := c.address(); err != nil {
		return err
	}
	if c.Security == "" {
		c.Security = TLS
	}
	if !slices.Contains(Securities, c.Security) {
		return invalid("listen.error.security")
	}
	if _, _, err := net.SplitHostPort(c.Address); err != nil {
		c.Address = net.JoinHostPort(strings.Trim(c.Address, "[]"), map[Security]string{TLS: "993", StartTLS: "143", Plain: "143"}[c.Security])
	}
	if host, port, err := net.SplitHostPort(c.Address); err != nil || host == "" || port == "" || strings.ContainsAny(host, "/@ ") {
		return invalid("listen.error.server")
	}
	if c.User == "" {
		c.User = c.Mailbox
	}
	if c.Folder == "" {
		c.Folder = "INBOX"
	}
	if c.Since != "" {
		if _, err := time.Parse(time.DateOnly, c.Since); err != nil {
			return invalid("listen.error.since")
		}
	}
	return nil
}

func tooLong(text string) error {
	if utf8.RuneCountInString(text) > maxName {
		return invalid("listen.error.name")
	}
	return nil
}

// called is a name for a post that was given none.
func (c *Config) called(k Kind) string {
	name := c.Mailbox
	switch k {
	case Feed:
		name = c.Platform
	case AppStore:
		name = "App Store " + c.App + " " + strings.ToUpper(c.Country)
	case Google:
		name = strings.TrimSpace("Google " + c.Place)
	}
	if r := []rune(name); len(r) > maxName {
		name = string(r[:maxName])
	}
	return name
}

// sourceID names the source of what is heard. It follows from the place alone:
// whoever sets a post up again, or reads a mailbox by file as well, hears
// nothing twice.
func (p *Post) sourceID() string {
	c := p.Config
	place := map[Kind][]string{
		Feed: {"feed", c.Address}, AppStore: {"app-store", c.App, c.Country}, Google: {"google"}, Mailbox: {"mail", c.Mailbox}, Archive: {"mail", c.Mailbox},
	}[p.Kind]
	return "heard-" + place[0] + "-" + hash(place...)[:12]
}

// hash gives 32 hexadecimal digits that stand for texts.
func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}
