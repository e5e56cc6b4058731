package connect

import (
	"embed"
	"log/slog"

	"regia/internal/experience"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// RoomOptions say what the pages and the API of imports stand on.
type RoomOptions struct {
	Jobs      *Jobs
	MaxUpload int64 // bytes of the files of one import
	Clock     experience.Clock
	Logger    *slog.Logger
}

// Room is the pages and the API of imports.
type Room struct {
	RoomOptions
	site *web.Site
}

// NewRoom makes the room; Register opens it.
func NewRoom(o RoomOptions) *Room {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Room{RoomOptions: o}
}

const homePath = "/imports"

// importers bring the past in, and take it back: files hold whole lists of
// people, so nobody else sees them.
var importers = []experience.Role{experience.Owner, experience.Manager}

// Register puts the room's texts, pages and operations on the site.
func (r *Room) Register(site *web.Site) error {
	r.site = site
	if err := site.Messages(messages); err != nil {
		return err
	}
	site.Room(web.Room{Key: "connect", Path: homePath, Icon: "upload", Order: 85, Allow: importers})
	r.registerPages()
	r.registerAPI()
	return nil
}
