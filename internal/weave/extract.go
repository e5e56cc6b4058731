package weave

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

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

// thread is one interaction on its way into the books.
type thread struct {
	row  experience.Interaction
	fact experience.Fact
}

// extractor turns what the log holds into rows and facts. It is a pure function
// of the record, the company and the key: a replay gives the same.
type extractor struct {
	key     []byte
	company experience.Company
}

func (x extractor) thread(r experience.Record) (thread, error) {
	var e experience.Event
	if err := json.Unmarshal(r.Event, &e); err != nil {
		return thread{}, fmt.Errorf("read an event of source %s: %w", r.Source, err)
	}
	traits, context := traitsOf(e), contextOf(e.Context)
	ids := x.identifiers(e, traits, context)
	subject := experience.SubjectID(x.key, ids)
	t := thread{
		row: experience.Interaction{
			ID:        experience.HashID(x.key, "interaction", r.Source, e.MessageID),
			MessageID: e.MessageID, Source: r.Source, Kind: e.Kind, Name: e.Name, Time: e.Time, ReceivedAt: r.ReceivedAt,
			Subject: subject, Visit: text(context.SessionID), Flags: r.Flags, Imported: e.Imported, Import: e.Import,
			Properties: e.Properties, Context: e.Context,
		},
		fact: experience.Fact{Subject: subject, Identifiers: ids, Source: r.Source, Time: e.Time, Consents: context.consents()},
	}
	if e.Kind == experience.Identify || e.Kind == experience.Group {
		t.row.Properties = e.Traits
	}
	if e.Kind != experience.Group { // a group's traits describe a company, not the person
		t.fact.Traits = traits
	}
	x.commerce(&t.row)
	decisions, err := x.decisions(r.Source, e)
	t.fact.Decisions = decisions
	return t, err
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

// contextOf reads what it can: a field of an unexpected type is as if absent,
// for senders write all sorts of things there.
func contextOf(raw json.RawMessage) eventContext {
	var c eventContext
	if json.Unmarshal(raw, &c) == nil {
		return c
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return eventContext{}
	}
	c = eventContext{SessionID: fields["sessionId"]}
	for name, into := range map[string]any{"traits": &c.Traits, "device": &c.Device, "consent": &c.Consent} {
		_ = json.Unmarshal(fields[name], into)
	}
	return c
}

// consents reads Segment's consent preferences: purpose -> given.
func (c eventContext) consents() map[string]bool {
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
func traitsOf(e experience.Event) map[string]json.RawMessage {
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
func (x extractor) identifiers(e experience.Event, traits map[string]json.RawMessage, c eventContext) []experience.Identifier {
	var out []experience.Identifier
	add := func(kind experience.IdentifierKind, value string) {
		if id, ok := experience.NewIdentifier(kind, value, x.company.Region); ok {
			out = append(out, id)
		}
	}
	add(experience.UserID, e.UserID)
	add(experience.AnonymousID, e.AnonymousID)
	add(experience.DeviceID, text(c.Device.ID))
	for _, t := range []map[string]json.RawMessage{traits, c.Traits} {
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
func (x extractor) decisions(source string, e experience.Event) ([]experience.Decision, error) {
	switch {
	case e.Kind == experience.Alias:
		now, ok := experience.NewIdentifier(experience.UserID, e.UserID, x.company.Region)
		if !ok {
			return nil, nil
		}
		var out []experience.Decision
		for _, kind := range []experience.IdentifierKind{experience.UserID, experience.AnonymousID} {
			if before, ok := experience.NewIdentifier(kind, e.PreviousID, x.company.Region); ok && before != now {
				out = append(out, experience.Decision{
					ID:     experience.HashID(x.key, "alias", source, e.MessageID, string(kind)),
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
			n, ok := experience.NewIdentifier(side.Kind, side.Value, x.company.Region)
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
		var s string
		_ = json.Unmarshal(raw, &s)
		return s
	}
	if _, err := strconv.ParseFloat(string(raw), 64); err == nil {
		return strings.TrimSpace(string(raw))
	}
	return ""
}
