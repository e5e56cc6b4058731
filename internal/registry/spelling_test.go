package registry

import (
	"fmt"
	"slices"
	"testing"
)

func TestSpelling(t *testing.T) {
	args := []any{"a", "b", "c"}
	for _, c := range []struct{ query, want, args string }{
		{"SELECT 1", "SELECT 1", "[a b c]"},
		{"SELECT $1, $2, $3", "SELECT ?, ?, ?", "[a b c]"},
		{"SELECT $3 WHERE x = $1 OR y = $1", "SELECT ? WHERE x = ? OR y = ?", "[c a a]"},
		{"SELECT '$1', \"$2\", $3", "SELECT '$1', \"$2\", ?", "[c]"},
		{"SELECT 'it''s $1', $2", "SELECT 'it''s $1', ?", "[b]"},
		{"SELECT $x, $, $0", "SELECT $x, $, $0", "[a b c]"},
		{"SELECT 'open $1", "SELECT 'open $1", "[a b c]"},
	} {
		text, got := spell(c.query).apply(slices.Clone(args))
		if text != c.want || fmt.Sprint(got) != c.args {
			t.Errorf("%s: %s %v, want %s %s", c.query, text, got, c.want, c.args)
		}
	}
}
