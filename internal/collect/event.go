package collect

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"regia/internal/experience"
)

const (
	maxDepth       = 64  // an event's own braces count as one
	maxName        = 200 // characters of an event's or a page's name
	maxID          = experience.MaxIdentifierLength
	maxIdentifiers = 50 // of one event
)

// refusal says why an event cannot be taken. class is for counting, reason for
// people: it repeats no value that the sender sent.
type refusal struct {
	class  string
	reason string
}

func refuse(class, format string, args ...any) *refusal {
	return &refusal{class, fmt.Errorf(format, args...).Error()}
}

// fields are the parts of an event, or of a body around events, that the door
// looks at: as they were sent, nil when they were not.
type fields struct {
	kind, event, name, category              []byte
	userID, anonymousID, previousID, groupID []byte
	messageID                                []byte
	timestamp, originalTimestamp, sentAt     []byte
	properties, traits, context              []byte
	integrations, identifiers                []byte
	writeKey                                 []byte
	importID                                 []byte // around a batch, at /v1/import only
	told                                     told   // by the context
}

// place gives where the value of a key goes, nil for keys the door ignores.
func (f *fields) place(key []byte) *[]byte {
	switch string(key) {
	case "type":
		return &f.kind
	case "event":
		return &f.event
	case "name":
		return &f.name
	case "category":
		return &f.category
	case "userId":
		return &f.userID
	case "anonymousId":
		return &f.anonymousID
	case "previousId":
		return &f.previousID
	case "groupId":
		return &f.groupID
	case "messageId":
		return &f.messageID
	case "timestamp":
		return &f.timestamp
	case "originalTimestamp":
		return &f.originalTimestamp
	case "sentAt":
		return &f.sentAt
	case "properties":
		return &f.properties
	case "traits":
		return &f.traits
	case "context":
		return &f.context
	case "integrations":
		return &f.integrations
	case "identifiers":
		return &f.identifiers
	case "writeKey":
		return &f.writeKey
	case "importId":
		return &f.importID
	}
	return nil
}

// item is one event as it was sent.
type item struct {
	fields
	raw    []byte
	notes  notes
	object bool
}

// checker turns the items of one request into events.
type checker struct {
	source   Source
	path     experience.Kind // "" = each item says its own
	imported bool
	received time.Time
	limit    int // bytes of an item
	shared   surroundings
	visitor  visitor
	staff    *staff
	bots     *bots
	list     []member // used again
	joined   []byte   // likewise
	idRoot   string   // what ids are made of where an item has none; "" = chance
	made     int      // ids made so far
}

// surroundings is what a batch says once for all its items.
type surroundings struct {
	context      []member
	integrations []member
	sentAt       []byte
	importID     experience.ID
	notes        notes
	size         int // bytes of context and integrations, which become part of each event
}

// check makes e the event that an item is, with its marks, or says why it is
// none.
func (c *checker) check(it *item, e *event) *refusal {
	*e = event{imported: c.imported, importID: c.shared.importID, identifiers: e.identifiers[:0]}
	for _, step := range [...]func(*checker, *item, *event) *refusal{
		(*checker).shape, (*checker).kind, (*checker).ids, (*checker).who, (*checker).objects, (*checker).when, (*checker).marks,
	} {
		if no := step(c, it, e); no != nil {
			return no
		}
	}
	return nil
}

// shape also finds the message id first, so that a refusal can name it.
func (c *checker) shape(it *item, e *event) *refusal {
	if !it.object {
		return refuse("shape", "an event must be an object")
	}
	id, ok := scalar(present(it.messageID))
	e.messageID = bytes.TrimSpace(id)
	switch {
	case !ok || len(e.messageID) > maxID:
		e.messageID = nil
		return refuse("id", "messageId must be a text of at most %d bytes", maxID)
	case len(it.raw)+c.shared.size > c.limit:
		return refuse("size", "the event has %d bytes, at most %d are taken", len(it.raw)+c.shared.size, c.limit)
	case max(it.notes.depth+1, c.shared.notes.depth+2) > maxDepth:
		return refuse("depth", "the event is nested deeper than %d levels", maxDepth)
	case it.notes.number || c.shared.notes.number:
		return refuse("number", "a number in the event is too large or too long to be kept")
	case len(e.messageID) == 0 && c.imported:
		return refuse("id", "an imported event needs a messageId: it tells a repetition from a new event")
	case len(e.messageID) == 0:
		e.messageID, e.made = []byte(c.newID()), true
	}
	return nil
}

// newID makes the id of an item that has none: by chance, or the same each time
// a delivery is repeated.
func (c *checker) newID() string {
	if c.idRoot == "" {
		return experience.NewID().String()
	}
	c.made++
	return c.idRoot + "-" + strconv.Itoa(c.made)
}

func (c *checker) kind(it *item, e *event) *refusal {
	e.kind = c.path
	if e.kind == "" {
		e.kind = kindOf(present(it.fields.kind))
	}
	raw := present(it.name)
	switch e.kind {
	case experience.Track:
		raw = present(it.event)
	case experience.PageView, experience.Screen:
		if raw == nil {
			raw = present(it.event) // where some senders put it
		}
	case experience.Identify, experience.Group, experience.Alias:
		raw = nil
	default:
		e.kind = ""
		return refuse("type", "type must be identify, track, page, screen, group or alias")
	}
	name, ok := scalar(raw)
	e.name = bytes.TrimSpace(name)
	switch {
	case !ok:
		return refuse("name", "the name of the event must be a text")
	case len(e.name) == 0 && e.kind == experience.Track:
		return refuse("name", "event is missing: a track call needs the name of what happened")
	case utf8.RuneCount(e.name) > maxName:
		e.name = nil
		return refuse("name", "the name of the event is longer than %d characters", maxName)
	}
	return nil
}

// kindOf reads a kind of event, "" when it is none.
func kindOf(raw []byte) experience.Kind {
	for _, k := range experience.Kinds { // most write it plainly
		if len(raw) == len(k)+2 && raw[0] == '"' && string(raw[1:len(raw)-1]) == string(k) {
			return k
		}
	}
	return experience.Kind(textOf(raw))
}

func (c *checker) ids(it *item, e *event) *refusal {
	for _, id := range []struct {
		name string
		raw  []byte
		to   *[]byte
	}{
		{"userId", it.userID, &e.userID},
		{"anonymousId", it.anonymousID, &e.anonymousID},
		{"previousId", it.previousID, &e.previousID},
		{"groupId", it.groupID, &e.groupID},
	} {
		text, ok := scalar(present(id.raw))
		if !ok || len(text) > maxID {
			return refuse("id", "%s must be a text or a number of at most %d bytes", id.name, maxID)
		}
		*id.to = bytes.TrimSpace(text)
	}
	return nil
}

func (c *checker) who(it *item, e *event) *refusal {
	if no := c.identifiers(present(it.identifiers), e); no != nil {
		return no
	}
	switch {
	case e.kind == experience.Alias && (len(e.previousID) == 0 || len(e.userID) == 0):
		return refuse("who", "who? an alias call needs previousId and userId")
	case e.kind == experience.Group && len(e.groupID) == 0:
		return refuse("who", "which group? a group call needs groupId")
	}
	return nil
}

// identifiers reads further names of the person. From a browser or an app they
// are refused: a key that is public must not claim other people's cards.
func (c *checker) identifiers(raw []byte, e *event) *refusal {
	switch {
	case raw == nil:
		return nil
	case c.source.Kind.Browser():
		return refuse("identifiers", "identifiers are not taken from a site or an app, whose key is public: send them from a server")
	case raw[0] != '[':
		return refuse("identifiers", "identifiers must be a list of {kind, value}")
	}
	bad := false
	s := scanner{data: raw}
	_ = s.array(func() error { // was walked over before
		one, err := s.value()
		kind, value := c.identifier(one, "kind", "value")
		bad = bad || kind == "" || value == ""
		e.identifiers = append(e.identifiers, experience.Identifier{Kind: experience.IdentifierKind(kind), Value: value})
		return err
	})
	switch {
	case bad:
		return refuse("identifiers", "each of identifiers needs a kind (a word of lower-case letters, digits and _) and a value")
	case len(e.identifiers) > maxIdentifiers:
		return refuse("identifiers", "an event has at most %d identifiers", maxIdentifiers)
	}
	return nil
}

func (c *checker) identifier(raw []byte, kindKey, valueKey string) (kind, value string) {
	if !isObject(raw) {
		return "", ""
	}
	list := members(raw)
	kind, value = textOf(find(list, kindKey)), strings.TrimSpace(textOf(find(list, valueKey)))
	if !isKind(kind) || len(value) > maxID {
		return "", ""
	}
	return kind, value
}

// isKind tells whether text can be a kind of identifier.
func isKind(text string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return text != "" && len(text) <= 40
}

func (c *checker) objects(it *item, e *event) *refusal {
	for _, o := range []struct {
		name string
		raw  []byte
	}{
		{"properties", present(it.properties)}, {"traits", present(it.traits)},
		{"context", present(it.context)}, {"integrations", present(it.integrations)},
	} {
		if o.raw != nil && !isObject(o.raw) {
			return refuse("shape", "%s must be an object", o.name)
		}
	}
	e.properties, e.traits = present(it.properties), present(it.traits)
	if category := present(it.category); category != nil && (e.kind == experience.PageView || e.kind == experience.Screen) {
		e.properties = withMember(e.properties, "category", category)
	}
	c.context(it, e)
	if e.kind == experience.Identify && e.traits == nil && isObject(e.told.traits) {
		e.traits = e.told.traits // where RudderStack's libraries say them
	}
	if len(e.userID) == 0 && len(e.anonymousID) == 0 && len(e.identifiers) == 0 && c.source.Kind != DeviceSource {
		return refuse("who", "who? an event needs a userId or an anonymousId")
	}
	return nil
}

func (c *checker) when(it *item, e *event) (no *refusal) {
	e.time, no = moment(&it.fields, c.shared.sentAt, c.imported, c.received)
	return no
}

func (c *checker) marks(_ *item, e *event) *refusal {
	if c.bot(e) {
		e.flags |= experience.FlagBot
	}
	if c.staff.is(e, c.address(e)) {
		e.flags |= experience.FlagStaff
	}
	return nil
}
