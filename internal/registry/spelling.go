package registry

import (
	"strconv"
	"strings"
	"sync"
)

// To SQLite, $1 is a name. Names are looked up one by one, so a statement with
// 400 of them spends its time there (measured: half of a weaving transaction).
// spelling puts a plain ? in the place of each and the arguments in their order.
type spelling struct {
	text  string
	order []int // argument of each ?, from 0; nil when there is none
}

func (s spelling) apply(args []any) (string, []any) {
	if s.order == nil {
		return s.text, args
	}
	out := make([]any, len(s.order))
	for k, n := range s.order {
		if n >= len(args) {
			return s.text, args // the driver says that one is missing
		}
		out[k] = args[n]
	}
	return s.text, out
}

// spell reads a statement. What stands in quotes is text.
func spell(query string) spelling {
	var b strings.Builder
	var order []int
	for i := 0; i < len(query); {
		c := query[i]
		switch {
		case c == '\'' || c == '"':
			end := strings.IndexByte(query[i+1:], c)
			if end < 0 {
				b.WriteString(query[i:])
				return spelling{b.String(), order}
			}
			b.WriteString(query[i : i+end+2])
			i += end + 2
		case c == '$':
			j := i + 1
			for j < len(query) && query[j] >= '0' && query[j] <= '9' {
				j++
			}
			n, err := strconv.Atoi(query[i+1 : j])
			if err != nil || n == 0 {
				b.WriteByte(c)
				i++
				continue
			}
			b.WriteByte('?')
			order = append(order, n-1)
			i = j
		default:
			b.WriteByte(c)
			i++
		}
	}
	return spelling{b.String(), order}
}

// spellings remembers how statements are spelt.
type spellings struct {
	mu    sync.Mutex
	known map[string]spelling
}

// manySpellings is far more than the program has statements; lists of every
// length may reach it.
const manySpellings = 2000

func (s *spellings) get(query string) spelling {
	s.mu.Lock()
	defer s.mu.Unlock()
	if got, ok := s.known[query]; ok {
		return got
	}
	if s.known == nil || len(s.known) >= manySpellings {
		s.known = map[string]spelling{}
	}
	got := spell(query)
	s.known[query] = got
	return got
}
