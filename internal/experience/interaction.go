package experience

import (
	"encoding/json"
	"time"
)

// Kind is the sort of call an event came by, in the vocabulary of Segment's
// API, which Regia speaks.
type Kind string

// The kinds of interaction.
const (
	Identify Kind = "identify"
	Track    Kind = "track"
	PageView Kind = "page"
	Screen   Kind = "screen"
	Group    Kind = "group"
	Alias    Kind = "alias"
)

// Kinds lists every kind.
var Kinds = []Kind{Identify, Track, PageView, Screen, Group, Alias}

// Flags mark interactions that figures leave out unless asked for. 0 counts.
type Flags int16

// The marks an interaction may carry.
const (
	FlagBot   Flags = 1 << iota // a known crawler or monitor
	FlagStaff                   // the company's own people or addresses
	// FlagRecord marks what is no contact at all, nobody's: a file or another
	// system describes somebody, or a human decided who is who. It belongs to no
	// touchpoint and is counted nowhere; what it says of people stands.
	FlagRecord
)

// Event is an interaction as it stands in the log: checked and clock-corrected
// by the front door, not yet joined to a person or a touchpoint. Its JSON is
// the log's format.
type Event struct {
	MessageID   string          `json:"messageId"`
	Kind        Kind            `json:"type"`
	Name        string          `json:"event,omitempty"` // track: the event; page and screen: the page's name
	UserID      string          `json:"userId,omitempty"`
	AnonymousID string          `json:"anonymousId,omitempty"`
	PreviousID  string          `json:"previousId,omitempty"` // alias only
	GroupID     string          `json:"groupId,omitempty"`    // group only
	Time        time.Time       `json:"time"`                 // when it happened, corrected, UTC, microseconds
	Properties  json.RawMessage `json:"properties,omitempty"` // an object, or absent
	Traits      json.RawMessage `json:"traits,omitempty"`     // an object, or absent
	Context     json.RawMessage `json:"context,omitempty"`    // an object, or absent
	// Subject identifiers beyond the three above (importers, webhooks, devices).
	Identifiers []Identifier `json:"identifiers,omitempty"`
	// Imported events deduplicate for ever, live ones for 24 hours.
	Imported bool `json:"imported,omitempty"`
	// The import it came with, so that the import can be taken back; zero for
	// live events.
	Import ID `json:"import,omitzero"`
}

// Record is one event as the log carries it: with the door it came through and
// the moment it came.
type Record struct {
	Source     string    // id of the source
	ReceivedAt time.Time // UTC, microseconds
	Flags      Flags
	Event      []byte // JSON of an Event
}

// Position is a place in the log. The hash is that of the block at Sequence,
// so that a log which was damaged and reuses its numbers is noticed.
type Position struct {
	Sequence uint64
	Hash     string // hex SHA-256 of the block's bytes; "" at the very beginning
}

// Interaction is one row of the ledger.
type Interaction struct {
	ID         ID        // from source and message id: the same on every replay
	MessageID  string    // the sender's
	Source     string    // id of the source
	Kind       Kind      //
	Name       string    // event or page name; "" for identify, group, alias
	Time       time.Time // when it happened
	ReceivedAt time.Time // when the door took it
	Subject    ID        // hash of the exact set of normalised identifiers; zero: nobody
	Person     ID        // cache of subject -> person; zero: nobody
	Touchpoint string    // key of the touchpoint; "" = unbound
	Visit      string    // the sender's own session id, when it gave one
	Revenue    int64     // minor units, refunds negative
	Currency   string    // ISO 4217; "" = no money in it
	OrderID    string
	ProductID  string
	Flags      Flags
	Imported   bool
	Import     ID              // what it was imported with; zero: it came live, or nobody said
	Properties json.RawMessage // object; traits for identify and group
	Context    json.RawMessage // object
}
