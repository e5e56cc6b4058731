package experience

import "cmp"

// Touchpoint is what rooms need to know of one: what it is called and where it
// stands. All about it is known by the room of touchpoints.
type Touchpoint struct {
	Key     string
	Name    map[string]string // by language, "it" and "en"
	Channel Channel
	Stage   Stage
	Retired bool // offered no more; what happened at it stands
}

// Called is the touchpoint's name in a language, in another where it has none,
// or else its key.
func (t Touchpoint) Called(lang string) string {
	return cmp.Or(t.Name[lang], t.Name["en"], t.Name["it"], t.Key)
}

// Source is what rooms need to know of a system that sends interactions.
type Source struct {
	ID      string
	Name    string
	Channel Channel // where its interactions take place unless they belong to a touchpoint
}

// Channel is where an interaction takes place.
type Channel string

// The channels. Every touchpoint belongs to one.
const (
	Web         Channel = "web"
	App         Channel = "app"
	Shop        Channel = "shop"
	Phone       Channel = "phone"
	Email       Channel = "email"
	Chat        Channel = "chat"
	Post        Channel = "post"
	Marketplace Channel = "marketplace"
	Social      Channel = "social"
	Reviews     Channel = "reviews"
	Device      Channel = "device"
	Messaging   Channel = "messaging" // SMS, WhatsApp and the like
	Server      Channel = "server"    // systems speaking for people: order management, CRM
)

// Channels lists every channel in the order pages show them.
var Channels = []Channel{Web, App, Shop, Phone, Email, Chat, Messaging, Post, Marketplace, Social, Reviews, Device, Server}

// Stage is the part of the journey a touchpoint serves.
type Stage string

// The stages, in the order people go through them.
const (
	Awareness     Stage = "awareness"
	Consideration Stage = "consideration"
	Purchase      Stage = "purchase"
	Delivery      Stage = "delivery"
	Use           Stage = "use"
	Care          Stage = "care"
	Advocacy      Stage = "advocacy"
)

// Stages lists every stage in order.
var Stages = []Stage{Awareness, Consideration, Purchase, Delivery, Use, Care, Advocacy}

// Ownership says whose hands a touchpoint is in.
type Ownership string

// Who may own a touchpoint. Partner, customer and external touchpoints are not
// under the brand's control.
const (
	Brand    Ownership = "brand"
	Partner  Ownership = "partner"
	Customer Ownership = "customer"
	External Ownership = "external"
)

// Ownerships lists every ownership.
var Ownerships = []Ownership{Brand, Partner, Customer, External}

// Evidence says how a figure about people came to be. The three are never
// averaged together without saying so.
type Evidence string

// The kinds of evidence.
const (
	Stated   Evidence = "stated"   // the person said so
	Inferred Evidence = "inferred" // a rule or model concluded it from behaviour
	Assumed  Evidence = "assumed"  // a designer supposed it
)
