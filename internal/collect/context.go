package collect

import (
	"strings"

	"regia/internal/experience"
)

// context joins an event's own context with its batch's (its own wins, one
// level deep), takes out what is used and forgotten, and notes what it tells.
func (c *checker) context(own, integrations []byte, e *event) {
	list := c.list[:0]
	if own != nil {
		list = appendMembers(list, own)
		c.list = list
	}
	e.told.userAgent = agentOf(list)
	changed := false
	if len(c.shared.context) > 0 {
		list, changed = merge(list, c.shared.context), true
		e.told.userAgent = agentOf(list)
	}
	for i, m := range list {
		if string(m.key) == "ip" { // used and forgotten
			e.told.ip, _ = scalar(m.value)
			list, changed = append(list[:i], list[i+1:]...), true
			break
		}
	}
	if joined := c.integrations(integrations); joined != nil && find(list, "integrations") == nil {
		list, changed = append(list, member{[]byte("integrations"), joined}), true
	}
	e.told.traits = find(list, "traits")
	if !c.source.Kind.Browser() {
		c.externalIDs(find(list, "externalIds"), e)
	}
	switch {
	case !changed:
		e.context = own
	case len(list) > 0:
		e.context = writeObject(list)
	}
}

// agentOf gives the user agent a context tells, as it was written; nil when it
// tells none.
func agentOf(list []member) []byte {
	raw := find(list, "userAgent")
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
	return writeObject(list)
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
		kind, _ := scalar(find(list, "type"))
		value, _ := scalar(find(list, "id"))
		kind, value = asKind(kind), strings.TrimSpace(value)
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
	if len(shared) == 0 {
		return own
	}
	out := append(make([]member, 0, len(own)+len(shared)), own...)
	place := make(map[string]int, len(own))
	for i, m := range own {
		place[string(m.key)] = i
	}
	for _, m := range shared {
		i, both := place[string(m.key)]
		switch {
		case !both:
			out = append(out, m)
		case isObject(m.value) && isObject(out[i].value):
			out[i].value = writeObject(adopt(members(out[i].value), members(m.value)))
		}
	}
	return out
}

// adopt adds to own the members of shared whose keys it lacks.
func adopt(own, shared []member) []member {
	has := make(map[string]bool, len(own))
	for _, m := range own {
		has[string(m.key)] = true
	}
	for _, m := range shared {
		if !has[string(m.key)] {
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
	return writeObject(adopt([]member{{[]byte(key), value}}, list))
}

func writeObject(list []member) []byte {
	size := 2
	for _, m := range list {
		size += len(m.key) + len(m.value) + 4
	}
	b := append(make([]byte, 0, size), '{')
	for i, m := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, m.key)
		b = append(b, ':')
		b = append(b, m.value...)
	}
	return append(b, '}')
}

const hexDigits = "0123456789abcdef"

// appendText writes valid UTF-8 as a JSON string.
func appendText[T string | []byte](b []byte, text T) []byte {
	b = append(b, '"')
	start := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, text[start:i]...)
		if c < ' ' {
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		} else {
			b = append(b, '\\', c)
		}
		start = i + 1
	}
	return append(append(b, text[start:]...), '"')
}
