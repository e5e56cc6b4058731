package collect

import (
	"bytes"
	"slices"
)

// members gives the keys and values of an object that was walked over before,
// each key once: the last one counts.
func members(object []byte) []member { return appendMembers(make([]member, 0, fewMembers), object) }

// appendMembers puts them into list, which must be empty.
func appendMembers(list []member, object []byte) []member {
	var known places
	s := scanner{data: object}
	_ = s.object(func(key []byte) error { // was walked over before
		raw, err := s.value()
		if at := known.of(list, key); at >= 0 {
			list[at].value = raw
			return err
		}
		list = append(list, member{key, raw})
		if known != nil {
			known[string(key)] = len(list) - 1
		} else if len(list) == manyMembers {
			known = placesOf(list)
		}
		return err
	})
	return list
}

// places tells where the members of a list are, by key, once there are many;
// nil while looking through the list is faster.
type places map[string]int

func placesOf(list []member) places {
	if len(list) < manyMembers {
		return nil
	}
	p := make(places, 2*len(list))
	for i, m := range list {
		p[string(m.key)] = i
	}
	return p
}

// of gives the place of a key, -1 when there is none.
func (p places) of(list []member, key []byte) int {
	if p == nil {
		return slices.IndexFunc(list, func(m member) bool { return bytes.Equal(m.key, key) })
	}
	if at, ok := p[string(key)]; ok {
		return at
	}
	return -1
}

const (
	fewMembers  = 8 // most objects have no more
	manyMembers = 32
)

// member is part of an object: its parts are parts of the object's text, but
// for keys with escapes.
type member struct {
	key, value []byte
}

// find gives the value of a key, nil when it is not there or null.
func find(list []member, key string) []byte {
	for _, m := range list {
		if string(m.key) == key {
			return present(m.value)
		}
	}
	return nil
}

// present gives nil for null.
func present(raw []byte) []byte {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

// scalar reads a text or a number as text; it tells when raw is neither. What
// it gives may be part of raw.
func scalar(raw []byte) ([]byte, bool) {
	switch {
	case len(raw) == 0:
		return nil, true
	case raw[0] == '"':
		return unquote(raw), true
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		return raw, true
	}
	return nil, false
}

// textOf reads a text or a number as text, "" when raw is neither.
func textOf(raw []byte) string {
	text, _ := scalar(raw)
	return string(text)
}

func isObject(raw []byte) bool { return len(raw) > 0 && raw[0] == '{' }
