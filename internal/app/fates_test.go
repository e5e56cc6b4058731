package app_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"regia/internal/app"
)

// fate is one row of the table of odd values in docs/collect.md.
type fate struct {
	name  string
	sent  string // members of an event
	words string // what becomes of it
}

// fates reads the table, so that the document cannot say what is not so.
func fates(t *testing.T) []fate {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "collect.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "### Odd values\n")
	if !found {
		t.Fatal("docs/collect.md has no table of odd values")
	}
	var list []fate
	for line := range strings.Lines(table) {
		if strings.HasPrefix(line, "#") {
			break
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if len(cells) != 3 || !strings.Contains(cells[1], "`") {
			continue
		}
		list = append(list, fate{strings.TrimSpace(cells[0]), strings.Trim(strings.TrimSpace(cells[1]), "`"), cells[2]})
	}
	return list
}

var fact = regexp.MustCompile("`([a-z_.]+) = ([^`]*)`")

// TestOddValues: every odd value has the fate that the document says.
func TestOddValues(t *testing.T) {
	h := openHouse(t, app.Config{})
	h.furnish()
	list := fates(t)
	if len(list) < 20 {
		t.Fatalf("the table has %d rows", len(list))
	}
	kept := map[string]fate{}
	for n, f := range list {
		id := fmt.Sprintf("odd-%d", n)
		event := `{"type":"track","messageId":"` + id + `","userId":"odd","event":"Order Completed",` + strings.ReplaceAll(f.sent, "<1 MB>", strings.Repeat("x", 1<<20)) + `}`
		status, a := h.knock("/v1/track", event)
		switch {
		case strings.HasPrefix(f.words, "**rejected**"):
			if status < 400 || status > 499 || a.Error == "" {
				t.Errorf("%s is not rejected: %d %+v", f.name, status, a)
			}
		case strings.HasPrefix(f.words, "**kept**"):
			kept[id] = f
			if status != 200 || a.Accepted != 1 {
				t.Errorf("%s is not taken: %d %+v", f.name, status, a)
			}
		default:
			t.Errorf("%s: %q says neither rejected nor kept", f.name, f.words)
		}
	}
	h.must(h.Caught(t.Context()))
	for id, f := range kept {
		row := h.row(id)
		for _, m := range fact.FindAllStringSubmatch(f.words, -1) {
			if got := fmt.Sprint(row[m[1]]); got != m[2] {
				t.Errorf("%s: %s is %q, the document says %q", f.name, m[1], got, m[2])
			}
		}
	}
	if rows := h.count(`SELECT COUNT(*) FROM interactions WHERE message_id LIKE 'odd-%'`); rows != len(kept) {
		t.Errorf("%d rows, want %d", rows, len(kept))
	}
}

func (h *house) count(query string) (n int) {
	h.t.Helper()
	rows, err := h.Ledger.Query(h.t.Context(), query)
	h.must(err)
	defer rows.Close()
	rows.Next()
	h.must(rows.Scan(&n))
	return n
}

// row gives what the ledger holds of an event, by the names of the document.
func (h *house) row(messageID string) map[string]any {
	h.t.Helper()
	rows, err := h.Ledger.Query(h.t.Context(), `SELECT name, time, COALESCE(revenue, 0), COALESCE(currency, ''), COALESCE(CAST(properties AS TEXT), '{}')
		FROM interactions WHERE message_id = $1`, messageID)
	h.must(err)
	defer rows.Close()
	if !rows.Next() {
		h.t.Errorf("%s is not in the ledger", messageID)
		return nil
	}
	var name, currency, properties string
	var at time.Time
	var minor int64
	h.must(rows.Scan(&name, &at, &minor, &currency, &properties))
	out := map[string]any{"name": name, "time": at.UTC().Format(time.RFC3339Nano), "revenue": "none"}
	if currency != "" {
		out["revenue"] = fmt.Sprintf("%.2f %s", float64(minor)/100, currency)
	}
	var members map[string]json.RawMessage
	h.must(json.Unmarshal([]byte(properties), &members))
	for key, value := range members {
		out["properties."+key] = string(value)
	}
	return out
}
