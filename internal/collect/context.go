package collect

import (
	"slices"
	"strings"

	"regia/internal/experience"
)

// context makes an event's context and notes what it tells. Mostly the event's
// own stays as it is.
func (c *checker) context(it *item, e *event) {
	own, integrations := present(it.context), present(it.integrations)
	if e.told = it.told; own == nil {
		e.told = told{} // of an earlier context that does not count
	}
	if e.told.ip == nil && integrations == nil && len(c.shared.context)+len(c.shared.integrations) == 0 {
		e.context = own
	} else {
		c.join(own, integrations, e)
	}
	e.told.userAgent, e.told.traits = agentOf(e.told.userAgent), present(e.told.traits)
	if !c.source.Kind.Browser() {
		c.externalIDs(present(e.told.externalIDs), e)
	}
}

// join joins an event's own context with its batch's (its own wins, one level
// deep) and with the integrations, and takes out what is used and forgotten.
func (c *checker) join(own, integrations []byte, e *event) {
	list := c.list[:0]
	if own != nil {
		list = appendMembers(list, own)
	}
	list = merge(list, c.shared.context)
	changed := len(c.shared.context) > 0
	e.told = told{}
	for i, m := range list {
		if string(m.key) == "ip" { // used and forgotten
			e.told.ip = m.value
			list, changed = append(list[:i], list[i+1:]...), true
			break
		}
	}
	if joined := c.integrations(integrations); joined != nil && find(list, "integrations") == nil {
		list, changed = append(list, member{[]byte("integrations"), joined}), true
	}
	e.told.userAgent, e.told.traits, e.told.externalIDs = find(list, "userAgent"), find(list, "traits"), find(list, "externalIds")
	c.list = list
	switch {
	case !changed:
		e.context = own
	case len(list) > 0:
		c.joined = appendObject(c.joined[:0], list)
		e.context = c.joined
	}
}

// agentOf gives the user agent that a context tells, nil when it is none.
func agentOf(raw []byte) []byte {
	if len(raw) > 0 && string(raw) != `""` && (raw[0] == '"' || raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') {
		return raw
	}
	return nil
}

func (c *checker) integrations(own []byte) []byte {
	var list []member
	if own != nil {
		list = members(own)
	}
	if list = merge(list, c.shared.integrations); len(list) == 0 {
		return nil
	}
	return appendObject(nil, list)
}

// externalIDs reads identifiers as Segment's libraries send them. What is not
// understood stays in the context and names nobody.
func (c *checker) externalIDs(raw []byte, e *event) {
	if len(raw) == 0 || raw[0] != '[' {
		return
	}
	s := scanner{data: raw}
	_ = s.array(func() error { // was walked over before
		one, err := s.value()
		if !isObject(one) || len(e.identifiers) >= maxIdentifiers {
			return err
		}
		list := members(one)
		kind, value := asKind(textOf(find(list, "type"))), strings.TrimSpace(textOf(find(list, "id")))
		if isKind(kind) && value != "" && len(value) <= maxID {
			e.identifiers = append(e.identifiers, experience.Identifier{Kind: experience.IdentifierKind(kind), Value: value})
		}
		return err
	})
}

// asKind turns "android.idfa" into "android_idfa".
func asKind(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, text)
}

// merge adds to own what only shared has; where both have an object, so with
// its members.
func merge(own, shared []member) []member {
	before := own
	known := placesOf(before)
	for _, m := range shared {
		i := known.of(before, m.key)
		switch {
		case i < 0:
			own = append(own, m)
		case isObject(m.value) && isObject(own[i].value):
			own[i].value = appendObject(nil, adopt(members(own[i].value), members(m.value)))
		}
	}
	return own
}

// adopt adds to own the members of shared whose keys it lacks.
func adopt(own, shared []member) []member {
	before := own
	known := placesOf(before)
	for _, m := range shared {
		if known.of(before, m.key) < 0 {
			own = append(own, m)
		}
	}
	return own
}

// withMember adds a member to an object (nil = an empty one) that lacks it.
func withMember(object []byte, key string, value []byte) []byte {
	var list []member
	if object != nil {
		list = members(object)
	}
	if find(list, key) != nil {
		return object
	}
	return appendObject(nil, adopt([]member{{[]byte(key), value}}, list))
}

// appendObject writes an object of these members.
func appendObject(b []byte, list []member) []byte {
	size := 2
	for _, m := range list {
		size += len(m.key) + len(m.value) + 4
	}
	b = append(slices.Grow(b, size), '{')
	for i, m := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, m.key), ':')
		b = append(b, m.value...)
	}
	return append(b, '}')
}

const hexDigits = "0123456789abcdef"

// appendText writes valid UTF-8 as a JSON string.
func appendText(b, text []byte) []byte {
	b = append(b, '"')
	for {
		n := plain(text)
		b = append(b, text[:n]...)
		if n == len(text) {
			return append(b, '"')
		}
		if c := text[n]; c < ' ' {
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		} else {
			b = append(b, '\\', c)
		}
		text = text[n+1:]
	}
}
