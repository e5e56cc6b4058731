package demo

import (
	"encoding/json"
	"strconv"

	"regia/internal/experience"
)

// object is a JSON object being written, without its closing brace. Writing
// by hand costs a tenth of what reflection does, and the order of the keys is
// the one in the story.
type object []byte

func props() object { return append(make(object, 0, 160), '{') }

func (o object) key(k string) object {
	if len(o) > 1 {
		o = append(o, ',')
	}
	return append(quote(o, k), ':')
}

func (o object) text(k, v string) object { return quote(o.key(k), v) }

func (o object) number(k string, v int64) object { return strconv.AppendInt(o.key(k), v, 10) }

func (o object) flag(k string, v bool) object { return strconv.AppendBool(o.key(k), v) }

// money writes cents as a decimal number of euros.
func (o object) money(k string, cents int64) object {
	return strconv.AppendFloat(o.key(k), float64(cents)/100, 'f', 2, 64)
}

func (o object) raw(k string, v []byte) object { return append(o.key(k), v...) }

func (o object) end() json.RawMessage {
	if len(o) <= 1 {
		return nil
	}
	return json.RawMessage(append(o, '}'))
}

func quote(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = append(b, ' ')
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// as says by which names somebody is known in a moment, and in what context.
type as struct {
	user, anonymous string
	ids             []experience.Identifier
	context         json.RawMessage
}

func (a as) event(kind experience.Kind) experience.Event {
	return experience.Event{Kind: kind, UserID: a.user, AnonymousID: a.anonymous, Identifiers: a.ids, Context: a.context}
}

func (w *world) track(source, name string, who as, p object) {
	e := who.event(experience.Track)
	e.Name, e.Properties = name, p.end()
	w.say(source, e)
}

// look is a page of the site, or a screen of the app.
func (w *world) look(source, name string, who as, p object) {
	e := who.event(experience.PageView)
	if source == sourceApp {
		e.Kind = experience.Screen
	}
	e.Name, e.Properties = name, p.end()
	w.say(source, e)
}

func (w *world) identify(source string, who as, traits object) {
	e := who.event(experience.Identify)
	e.Traits = traits.end()
	w.say(source, e)
}

func email(v string) experience.Identifier {
	return experience.Identifier{Kind: experience.EmailID, Value: v}
}

func phone(v string) experience.Identifier {
	return experience.Identifier{Kind: experience.PhoneID, Value: v}
}

func card(v string) experience.Identifier {
	return experience.Identifier{Kind: experience.LoyaltyCard, Value: v}
}

func device(v string) experience.Identifier {
	return experience.Identifier{Kind: experience.DeviceID, Value: v}
}

// handle is a custom kind: the name somebody goes by on a social network.
func handle(v string) experience.Identifier {
	return experience.Identifier{Kind: "social_handle", Value: v}
}
