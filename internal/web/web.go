// Package web is the page frame that every room shares: routes and who may
// walk them, the languages, the look, the errors, the assets and the API.
package web

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"sort"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/nicksnyder/go-i18n/v2/i18n"

	"regia/internal/experience"
)

// User is who is asking.
type User struct {
	ID       string
	Name     string
	Email    string
	Role     experience.Role
	Language string // "it", "en", or "" when the user never chose
	Token    bool   // came by API token, not by session cookie
}

// SeesPeople tells whether u may read names, e-mail addresses and phone
// numbers. Who may only look at figures sees them masked.
func (u *User) SeesPeople() bool { return u != nil && u.Role != experience.Viewer && u.Role.Known() }

// May tells whether u has one of the roles; an empty list means any role.
func (u *User) May(allow []experience.Role) bool {
	if u == nil || !u.Role.Known() {
		return false
	}
	if len(allow) == 0 {
		return true
	}
	for _, r := range allow {
		if r == u.Role {
			return true
		}
	}
	return false
}

// Authenticator finds out who is asking, by session cookie or bearer token.
// Nobody is nil and no error; an error is trouble on our side.
type Authenticator interface {
	Authenticate(r *http.Request) (*User, error)
}

// Options says what a Site needs. Auth may be nil: then nobody is ever signed in.
type Options struct {
	Auth    Authenticator
	Logger  *slog.Logger
	Clock   experience.Clock
	Version string
	Company func(context.Context) experience.Company
	// SaveLanguage keeps the language a signed-in user chose. Without it the
	// choice lives in a cookie, which a stored user setting overrides.
	SaveLanguage func(ctx context.Context, u *User, language string) error
	// Libraries keeps former versions of regia.js; nil = only the present one is served.
	Libraries Libraries
	// Gallery registers the component gallery at /_gallery: for tests and for looking at it.
	Gallery bool
}

// Room is one entry of the navigation. Its label is the message "<key>.room".
// Rooms with a Parent share its entry: on their pages, and on its own, the
// frame shows the family side by side, each with the message "<key>.tab".
type Room struct {
	Key    string
	Parent string // key of the room whose entry it shares; "" = it has one of its own
	Path   string
	Icon   string            // a name that Icon knows; a room with a Parent needs none
	Order  int               // in the navigation, or in the family
	Allow  []experience.Role // empty: every role
}

// Route is one way in, for the walk over all routes.
type Route struct {
	Method  string
	Pattern string
	Kind    string            // "page", "api" or "public"
	Allow   []experience.Role // empty on a page or api: every role, but somebody
}

// Site is the whole web face of Regia: rooms register on it before it serves.
type Site struct {
	options Options
	log     *slog.Logger
	mux     *http.ServeMux
	direct  map[string]http.Handler // by path: what programs ask for all the time
	origin  *http.CrossOriginProtection
	assets  *assets
	bundle  *i18n.Bundle
	api     huma.API
	rooms   []Room
	routes  []Route
	close   sync.Once
	closed  chan struct{}
}

// New makes a Site with its own routes: assets, language choice, API documents.
func New(o Options) (*Site, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = experience.SystemClock
	}
	if o.Company == nil {
		o.Company = func(context.Context) experience.Company { return experience.DefaultCompany() }
	}
	a, err := loadAssets(distFiles())
	if err != nil {
		return nil, err
	}
	s := &Site{
		options: o, log: o.Logger, mux: http.NewServeMux(), direct: map[string]http.Handler{}, assets: a,
		origin: http.NewCrossOriginProtection(), bundle: newBundle(), closed: make(chan struct{}),
	}
	if a.missing {
		s.log.Info("pages have no styles: the assets were not built (make build)")
	}
	if err := s.Messages(ownMessages); err != nil {
		return nil, err
	}
	s.api = s.newAPI()
	s.ownRoutes()
	return s, nil
}

// Messages adds a room's texts: messages.it.json and messages.en.json at the
// root of fsys, flat objects of "room.key": "text" or a plural object.
func (s *Site) Messages(fsys fs.FS) error { return addMessages(s.bundle, fsys) }

// Room adds an entry to the navigation.
func (s *Site) Room(r Room) {
	s.rooms = append(s.rooms, r)
	sort.SliceStable(s.rooms, func(i, j int) bool { return s.rooms[i].Order < s.rooms[j].Order })
}

// Routes lists every way in, in the order of registration.
func (s *Site) Routes() []Route { return append([]Route(nil), s.routes...) }

// API is the huma API behind Operation, for the document and its golden file.
func (s *Site) API() huma.API { return s.api }

// CloseStreams ends all open event streams. Call it when the server begins to
// shut down (http.Server.RegisterOnShutdown): a stream never ends by itself.
func (s *Site) CloseStreams() { s.close.Do(func() { close(s.closed) }) }

// visibleRooms are the entries of the navigation that lead where the user may
// enter, the key of the one that holds the room here, and that one with its
// family: empty where it stands alone.
func (s *Site) visibleRooms(u *User, here string) (rooms []Room, entry string, family []Room) {
	entry = here
	if i := slices.IndexFunc(s.rooms, func(r Room) bool { return r.Key == here && r.Parent != "" }); i >= 0 {
		entry = s.rooms[i].Parent
	}
	for _, r := range s.rooms {
		if !u.May(r.Allow) {
			continue
		}
		if r.Parent == "" {
			rooms = append(rooms, r)
		}
		switch entry {
		case "":
		case r.Key:
			family = slices.Insert(family, 0, r)
		case r.Parent:
			family = append(family, r)
		}
	}
	if len(family) < 2 {
		family = nil
	}
	return rooms, entry, family
}
