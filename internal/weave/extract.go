package weave

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"regia/internal/experience"
)

// IdentityDecision is the name of the events by which humans decide who is who.
// They count only from Regia's own source, which the front door does not serve.
const (
	IdentityDecision = "Identity Decision"

	// ImportTakenBack is the event by which a human takes a whole import back;
	// its properties say which ("import"), "by" whom and when ("at").
	ImportTakenBack = "Import taken back"

	OwnSource = "regia"
)

// extractor turns what the log holds into rows and facts. It is a pure function
// of the record, the company and the key: a replay gives the same.
type extractor struct {
	ids     *experience.Hasher
	company experience.Company
	numbers *numbers // nil: none are remembered
}

// extract fills the row and the fact of a record.
func (x extractor) extract(r *experience.Record, row *experience.Interaction, fact *experience.Fact) error {
	var e experience.Event
	if !scanEvent(r.Event, &e) {
		e = experience.Event{}
		if err := json.Unmarshal(r.Event, &e); err != nil {
			return fmt.Errorf("read an event of source %s: %w", r.Source, err)
		}
	}
	traits, context := traitsOf(&e), contextOf(e.Context)
	ids := x.identifiers(&e, traits, &context)
	subject := x.ids.SubjectID(ids)
	*row = experience.Interaction{
		ID:        x.ids.HashID("interaction", r.Source, e.MessageID),
		MessageID: e.MessageID, Source: r.Source, Kind: e.Kind, Name: e.Name, Time: e.Time, ReceivedAt: r.ReceivedAt,
		Subject: subject, Visit: text(context.SessionID), Flags: r.Flags, Imported: e.Imported, Import: e.Import,
		Properties: e.Properties, Context: e.Context,
	}
	*fact = experience.Fact{Subject: subject, Identifiers: ids, Source: r.Source, Time: e.Time, Consents: context.consents(), Import: e.Import}
	if record(r.Source, &e) {
		row.Flags |= experience.FlagRecord
	}
	if e.Kind == experience.Identify || e.Kind == experience.Group {
		row.Properties = e.Traits
	}
	if e.Kind != experience.Group { // a group's traits describe a company, not the person
		fact.Traits = traits
	}
	x.commerce(row)
	var err error
	fact.Decisions, err = x.decisions(r.Source, &e)
	return err
}

// record tells whether an event is no contact (experience.FlagRecord): somebody
// is described who was not there, or Regia notes what a human decided.
func record(source string, e *experience.Event) bool {
	if e.Kind == experience.Identify {
		return e.Imported
	}
	return source == OwnSource && (e.Name == IdentityDecision || e.Name == ImportTakenBack)
}

// identifier normalises one name.
func (x extractor) identifier(kind experience.IdentifierKind, value string) (experience.Identifier, bool) {
	if kind == experience.PhoneID && x.numbers != nil {
		return x.numbers.normal(value, x.company.Region)
	}
	return experience.NewIdentifier(kind, value, x.company.Region)
}

// numbers remembers how phone numbers are normalised: their rules take longer
// than all the rest of an event. It is safe for use by many goroutines.
type numbers struct {
	mu    sync.Mutex
	known map[[2]string]normalised // region, number as written
}

type normalised struct {
	id experience.Identifier
	ok bool
}

// manyNumbers is how many are remembered: about 2 MB.
const manyNumbers = 10_000

func (n *numbers) normal(value, region string) (experience.Identifier, bool) {
	at := [2]string{region, value}
	n.mu.Lock()
	got, ok := n.known[at]
	n.mu.Unlock()
	if ok {
		return got.id, got.ok
	}
	got.id, got.ok = experience.NewIdentifier(experience.PhoneID, value, region)
	if len(value) > experience.MaxIdentifierLength {
		return got.id, got.ok
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil || len(n.known) >= manyNumbers {
		n.known = map[[2]string]normalised{}
	}
	n.known[at] = got
	return got.id, got.ok
}

// eventContext is what Regia reads of Segment's context.
type eventContext struct {
	Traits    map[string]json.RawMessage `json:"traits"`
	SessionID json.RawMessage            `json:"sessionId"`
	Device    struct {
		ID json.RawMessage `json:"id"`
	} `json:"device"`
	Consent struct {
		Categories map[string]json.RawMessage `json:"categoryPreferences"`
	} `json:"consent"`
}

// contextNames are the members of a context that eventContext reads.
var contextNames = []string{"traits", "sessionId", "device", "consent"}

// contextOf reads what it can: a field of an unexpected type is as if absent,
// for senders write all sorts of things there.
func contextOf(raw json.RawMessage) (c eventContext) {
	var found [4]json.RawMessage
	if !pick(raw, contextNames, found[:]) {
		return oddContext(raw)
	}
	c.SessionID = found[1]
	c.take(found[0], found[2], found[3])
	return c
}

// oddContext reads a context in an unusual form.
func oddContext(raw json.RawMessage) eventContext {
	var c eventContext
	if len(raw) == 0 || json.Unmarshal(raw, &c) == nil {
		return c
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return eventContext{}
	}
	c = eventContext{SessionID: fields["sessionId"]}
	c.take(fields["traits"], fields["device"], fields["consent"])
	return c
}

// take reads each by itself; what is not of its type leaves nothing.
func (c *eventContext) take(traits, device, consent json.RawMessage) {
	if traits != nil {
		_ = json.Unmarshal(traits, &c.Traits)
	}
	if device != nil {
		_ = json.Unmarshal(device, &c.Device)
	}
	if consent != nil {
		_ = json.Unmarshal(consent, &c.Consent)
	}
}

// consents reads Segment's consent preferences: purpose -> given.
func (c *eventContext) consents() map[string]bool {
	var out map[string]bool
	for purpose, raw := range c.Consent.Categories {
		var given bool
		if json.Unmarshal(raw, &given) != nil || purpose == "" || len(purpose) > 100 {
			continue
		}
		if out == nil {
			out = map[string]bool{}
		}
		out[purpose] = given
	}
	return out
}

// traitsOf gives what an event says of its person. An alias call and a group
// call say nothing.
func traitsOf(e *experience.Event) map[string]json.RawMessage {
	if e.Kind != experience.Identify || len(e.Traits) == 0 {
		return nil
	}
	var traits map[string]json.RawMessage
	if json.Unmarshal(e.Traits, &traits) != nil {
		return nil
	}
	for name := range traits {
		if name == "" || len(name) > 100 {
			delete(traits, name)
		}
	}
	return traits
}

// identifiers gives the normalised set of names the event carries.
func (x extractor) identifiers(e *experience.Event, traits map[string]json.RawMessage, c *eventContext) []experience.Identifier {
	var room [8]experience.Identifier
	out := room[:0]
	add := func(kind experience.IdentifierKind, value string) {
		if value == "" {
			return
		}
		if id, ok := x.identifier(kind, value); ok {
			out = append(out, id)
		}
	}
	add(experience.UserID, e.UserID)
	add(experience.AnonymousID, e.AnonymousID)
	add(experience.DeviceID, text(c.Device.ID))
	for _, t := range []map[string]json.RawMessage{traits, c.Traits} {
		if len(t) == 0 {
			continue
		}
		add(experience.EmailID, text(t["email"]))
		add(experience.PhoneID, text(t["phone"]))
		add(experience.LoyaltyCard, text(t["loyaltyCard"]))
		add(experience.LoyaltyCard, text(t["loyalty_card"]))
	}
	for _, id := range e.Identifiers {
		add(id.Kind, id.Value)
	}
	return experience.Canonical(out)
}

// decisions gives what an alias call, or a human by Regia's own source, says of
// who is who. The previous id of an alias may be a user's or a visitor's: it is
// taken for whichever was ever seen.
func (x extractor) decisions(source string, e *experience.Event) ([]experience.Decision, error) {
	switch {
	case e.Kind == experience.Alias:
		now, ok := x.identifier(experience.UserID, e.UserID)
		if !ok {
			return nil, nil
		}
		var out []experience.Decision
		for _, kind := range []experience.IdentifierKind{experience.UserID, experience.AnonymousID} {
			if before, ok := x.identifier(kind, e.PreviousID); ok && before != now {
				out = append(out, experience.Decision{
					ID:     x.ids.HashID("alias", source, e.MessageID, string(kind)),
					Action: experience.SamePerson, A: before, B: now, At: e.Time,
				})
			}
		}
		return out, nil
	case source == OwnSource && e.Name == IdentityDecision:
		var d experience.Decision
		if err := json.Unmarshal(e.Properties, &d); err != nil {
			return nil, fmt.Errorf("read a decision about identity: %w", err)
		}
		d.At = e.Time
		for _, side := range []*experience.Identifier{&d.A, &d.B} {
			if side.Kind == "" {
				continue
			}
			n, ok := x.identifier(side.Kind, side.Value)
			if !ok {
				return nil, nil // about somebody who cannot be named: nothing to decide
			}
			*side = n
		}
		return []experience.Decision{d}, nil
	}
	return nil, nil
}

// text gives a JSON scalar as text: strings without quotes, numbers as written;
// "" for anything else.
func text(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	if raw[0] == '"' {
		s := scan{data: raw}
		t, _ := s.text()
		return t
	}
	if _, err := strconv.ParseFloat(string(raw), 64); err == nil {
		return strings.TrimSpace(string(raw))
	}
	return ""
}
