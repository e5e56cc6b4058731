package ledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// walked gives each case of a walk as "name: message ids", with two visitors.
func walked(b *book, w ledger.Walk) []string {
	b.t.Helper()
	words := ledger.NewWords()
	var mu sync.Mutex
	var lines []string
	visit := func(c ledger.Case) error {
		line := c.Name() + ":"
		for _, e := range c.Events {
			line += fmt.Sprintf(" %s/%d", words.Text(e.Texts[0]), e.Code)
		}
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, line)
		return nil
	}
	b.check(b.Walk(context.Background(), w, words, []ledger.Visitor{visit, visit}))
	slices.Sort(lines)
	return lines
}

// manyRows brings in enough people for several sorted parts, with merges that
// are folded and merges that are not, and gives what each person did, in order.
func manyRows(b *book) map[string][]string {
	b.t.Helper()
	var rows []experience.Interaction
	for n := range 4000 {
		r := row(fmt.Sprint("m", n), fmt.Sprint("s", n%97), fmt.Sprint("p", n%97), n/300) // many at one moment
		r.ReceivedAt = day0.AddDate(0, 0, 1).Add(-1 * r.Time.Sub(day0)).Truncate(1000)
		r.Name = fmt.Sprint("a name that is rather long ", n%5)
		if n%7 == 0 {
			r.Name = "short"
		}
		r.Visit = []string{"", "v" + fmt.Sprint(n%11), "a visit with a long name " + fmt.Sprint(n%13)}[n%3]
		rows = append(rows, r)
	}
	moves := map[int]ledger.Move{1200: move(1, "s2", "p2", "p1"), 3100: move(2, "s5", "p5", "p4"), 3900: move(3, "s96", "p96", "p50")}
	now := map[string]string{}
	for from := 0; from < len(rows); from += 100 {
		batch := ledger.Batch{Rows: rows[from : from+100]}
		if m, ok := moves[from]; ok {
			batch.Moves = []ledger.Move{m}
		}
		for k, r := range batch.Rows {
			if to, ok := now[r.Person.String()]; ok {
				batch.Rows[k].Person = experience.ID(mustID(b, to))
			}
		}
		for _, m := range batch.Moves {
			now[m.Was.String()] = m.Person.String()
		}
		b.append(batch)
		if from%1500 == 0 {
			_, err := b.CompactAll(context.Background())
			b.check(err)
		}
	}
	out := map[string][]string{}
	slices.SortStableFunc(rows, func(a, b experience.Interaction) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		if c := a.ReceivedAt.Compare(b.ReceivedAt); c != 0 {
			return c
		}
		return cmpText(code(a), code(b), a.MessageID, b.MessageID)
	})
	for _, r := range rows {
		who := r.Person.String()
		if to, ok := now[who]; ok {
			who = to
		}
		out[who] = append(out[who], fmt.Sprintf("%s/%d", r.MessageID, code(r)))
	}
	return out
}

func mustID(b *book, text string) experience.ID {
	b.t.Helper()
	id, err := experience.ParseID(text)
	b.check(err)
	return id
}

func cmpText(a, b int, x, y string) int {
	switch {
	case a != b:
		return a - b
	case x < y:
		return -1
	}
	return 1
}

// code is what codeSQL gives.
func code(r experience.Interaction) int {
	if r.Name == "short" {
		return 2
	}
	return 1
}

const codeSQL = `CASE name WHEN 'short' THEN 2 ELSE 1 END`

func TestWalkGivesEachCaseOnceAndInOrder(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		var want []string
		for who, list := range manyRows(b) {
			line := who + ":"
			for _, one := range list {
				line += " " + one
			}
			want = append(want, line)
		}
		slices.Sort(want)
		got := walked(b, ledger.Walk{Code: codeSQL, Texts: []ledger.Text{{SQL: "message_id"}}})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("people: %s", diff)
		}
		if b.Engine() == "DuckDB" {
			ledger.ByValue(b.Ledger)
			if diff := cmp.Diff(want, walked(b, ledger.Walk{Code: codeSQL, Texts: []ledger.Text{{SQL: "message_id"}}})); diff != "" {
				t.Errorf("people, value by value: %s", diff)
			}
		}
	})
}

func TestWalkOfOtherCases(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		manyRows(b)
		want := b.ask(`SELECT visit || ': ' || string_agg(name || '/2', ' ' ORDER BY time, received_at) FROM interactions
			WHERE visit <> '' AND name = 'short' AND time > $1 GROUP BY visit`, day0)
		got := walked(b, ledger.Walk{Case: "nullif(visit, '')", Where: "time > $1", Args: []any{day0},
			Code: "CASE name WHEN 'short' THEN 2 ELSE 0 END", Texts: []ledger.Text{{SQL: "name"}}})
		if diff := cmp.Diff(sorted(want), got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWalkGivesNumbersAndIDs(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		manyRows(b)
		words := ledger.NewWords()
		text := ledger.Text{Number: true, SQL: "CASE name WHEN 'short' THEN " + strconv.Itoa(int(words.Number("short"))) + " ELSE 0 END"}
		seen := map[experience.ID]bool{}
		b.check(b.Walk(context.Background(), ledger.Walk{Code: "1", Texts: []ledger.Text{text}, IDs: true}, words, []ledger.Visitor{func(c ledger.Case) error {
			for i, e := range c.Events {
				if words.Text(e.Texts[0]) != "short" || seen[c.IDs[i]] {
					t.Errorf("%s: %+v", c.IDs[i], e)
				}
				seen[c.IDs[i]] = true
			}
			return nil
		}}))
		for _, message := range b.ask(`SELECT message_id FROM interactions WHERE name = 'short'`) {
			if !seen[id("row "+message)] {
				t.Errorf("%s was left out", message)
			}
			delete(seen, id("row "+message))
		}
		if len(seen) > 0 {
			t.Errorf("%d are too many", len(seen))
		}
	})
}

func TestWalkEndsWithItsVisitorsErrorAndItsContext(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		b.rows(row("m", "s", "p", 0))
		enough := errors.New("enough")
		w := ledger.Walk{Code: "1"}
		if err := b.Walk(context.Background(), w, ledger.NewWords(), []ledger.Visitor{func(ledger.Case) error { return enough }}); !errors.Is(err, enough) {
			t.Errorf("the visitor's error became %v", err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := b.Walk(ctx, w, ledger.NewWords(), []ledger.Visitor{func(ledger.Case) error { return nil }}); err == nil {
			t.Error("a walk went on after its context had ended")
		}
	})
}

// What was escaped, and numbers, may be written in several ways.
func TestMentionsNeverLeavesOutWhatIsMeant(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		for i, raw := range []string{`{"c":"perché"}`, `{"c":"perch\u00e9"}`, `{"c":"a/b"}`, `{"c":"a\/b"}`, `{"c":1.10}`, `{"c":true}`, `{"c":"\"x\""}`, `{}`} {
			r := row(fmt.Sprint("m", i), "s", "p", i)
			r.Properties = json.RawMessage(raw)
			b.rows(r)
		}
		for value, want := range map[string]int{"perché": 2, "a/b": 2, "true": 1, `"x"`: 1, "nothing": 0} {
			literal := func(s string) string { return "'" + s + "'" }
			got := b.ask(`SELECT count(*) FROM interactions WHERE CASE WHEN ` + b.Mentions([]string{value}, literal) + ` THEN ` + b.Property("c") + ` = '` + value + `' ELSE FALSE END`)
			if got[0] != fmt.Sprint(want) {
				t.Errorf("%s is in %s, want %d", value, got[0], want)
			}
		}
	})
}
