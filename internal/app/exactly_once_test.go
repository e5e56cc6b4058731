package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/people"
	"regia/internal/registry"
	"regia/internal/stream"
	"regia/internal/testkit"
	"regia/internal/weave"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// books opens an empty registry and ledger on each pair of engines.
func books(t *testing.T, f func(t *testing.T, open func(testing.TB) (*registry.DB, *ledger.Ledger))) {
	t.Helper()
	run := func(name string, r func(testing.TB, string) registry.Options, l func(testing.TB, string) ledger.Options) {
		t.Run(name, func(t *testing.T) {
			f(t, func(tb testing.TB) (*registry.DB, *ledger.Ledger) {
				dir := tb.TempDir()
				db, err := registry.Open(context.Background(), r(tb, dir))
				if err != nil {
					tb.Fatal(err)
				}
				tb.Cleanup(func() { db.Close() })
				book, err := ledger.Open(context.Background(), l(tb, dir))
				if err != nil {
					tb.Fatal(err)
				}
				tb.Cleanup(func() { book.Close() })
				return db, book
			})
		})
	}
	run("embedded",
		func(_ testing.TB, dir string) registry.Options {
			return registry.Options{Path: filepath.Join(dir, "r.db")}
		},
		func(_ testing.TB, dir string) ledger.Options {
			return ledger.Options{Path: filepath.Join(dir, "l.duckdb")}
		})
	run("postgres",
		func(tb testing.TB, _ string) registry.Options { return registry.Options{URL: testkit.Postgres(tb)} },
		func(tb testing.TB, _ string) ledger.Options { return ledger.Options{URL: testkit.Postgres(tb)} })
}

// identity adapts the People room's book as app does.
type identity struct{ book *people.Book }

func (i identity) Learn(ctx context.Context, tx registry.Tx, facts []experience.Fact) (weave.Lesson, error) {
	l, err := i.book.Learn(ctx, tx, facts)
	return weave.Lesson{Persons: l.Persons, Commit: func() { i.book.Committed(l) }}, err
}

func (i identity) Recall(ctx context.Context, tx registry.Tx, facts []experience.Fact) (weave.Lesson, error) {
	l, err := i.book.Recall(ctx, tx, facts)
	return weave.Lesson{Persons: l.Persons, Commit: func() { i.book.Committed(l) }}, err
}

func (i identity) Forget(ctx context.Context, tx registry.Tx, f weave.Forgetting) error {
	return i.book.Forget(ctx, tx, people.Forgetting(f))
}

func (i identity) Moves(ctx context.Context, tx registry.Tx, after int64) ([]ledger.Move, error) {
	moves, err := i.book.Moves(ctx, tx, after)
	var out []ledger.Move
	for _, m := range moves {
		out = append(out, ledger.Move(m))
	}
	return out, err
}

func (i identity) ForgetMoves(ctx context.Context, tx registry.Tx, upTo int64) error {
	return i.book.ForgetMoves(ctx, tx, upTo)
}

// one is a catalogue in which every named event has a touchpoint.
type one struct{ version int64 }

func (o one) Version(context.Context, registry.Tx) (int64, error) { return o.version, nil }
func (o one) Load(context.Context, registry.Tx) (weave.Catalogue, error) {
	return weave.Catalogue{Version: o.version, Bindings: []experience.Binding{{Touchpoint: "site"}},
		Match: func(string, experience.Kind, string, json.RawMessage) string { return "site" }}, nil
}
func (o one) Changed(context.Context, registry.Tx, int64) ([]string, error) { return nil, nil }

// errCrash is what the ledger gives instead of an answer when the machine dies.
var errCrash = errors.New("the machine died")

// crashing is a ledger whose machine dies before or after a commit.
type crashing struct {
	*ledger.Ledger
	before, after bool
}

func (c *crashing) Append(ctx context.Context, b ledger.Batch) error {
	if c.before {
		return errCrash
	}
	if err := c.Ledger.Append(ctx, b); err != nil {
		return err
	}
	if c.after {
		return errCrash
	}
	return nil
}

// deaf is a log of which only the bus is used, and that hears nothing.
type deaf struct{}

func (deaf) Next(context.Context, experience.Position, int) ([]stream.Block, error) {
	return nil, errors.New("blocks are handed over by the test")
}
func (deaf) Trim(context.Context, experience.Position) error           { return nil }
func (deaf) Publish(string, []byte) error                              { return nil }
func (deaf) Subscribe(string, func([]byte)) (cancel func(), err error) { return func() {}, nil }

func weaver(t fataler, db *registry.DB, l weave.Ledger) *weave.Weaver {
	secret, err := db.Secret(context.Background())
	if err != nil {
		t.Fatalf("secret: %v", err)
	}
	w, err := weave.New(context.Background(), weave.Options{
		Log: deaf{}, Registry: db, Ledger: l, Identity: identity{people.NewBook(secret)}, Touchpoints: one{1},
		Clock: experience.SystemClock, Logger: slog.New(slog.DiscardHandler), Alone: true,
	})
	if err != nil {
		t.Fatalf("weaver: %v", err)
	}
	return w
}

type fataler interface{ Fatalf(string, ...any) }

// story draws what may happen at a small company: few people, who meet often.
func story(t *rapid.T) []experience.Event {
	pick := func(label string, values ...string) string { return rapid.SampledFrom(values).Draw(t, label) }
	n := rapid.IntRange(3, 25).Draw(t, "events")
	out := make([]experience.Event, n)
	for k := range out {
		e := experience.Event{
			MessageID: fmt.Sprintf("m%d", k), Kind: experience.Kind(pick("kind", "track", "track", "page", "identify", "identify", "alias")),
			Name: "Product Viewed", Time: start.Add(time.Duration(k) * time.Minute),
			UserID: pick("user", "", "u1", "u2", "u3"), AnonymousID: pick("visitor", "", "a1", "a2", "a3", "a4"),
		}
		switch e.Kind {
		case experience.Identify:
			e.Traits = json.RawMessage(fmt.Sprintf(`{"email":%q,"firstName":%q}`, pick("email", "x@x.it", "y@x.it", "null"), pick("name", "Anna", "Bruno")))
		case experience.Alias:
			e.PreviousID = pick("previous", "u1", "u2", "a1")
		}
		out[k] = e
	}
	return out
}

// elsewhere is the same story among other people, told by another source: so
// that many rounds share one pair of books.
func elsewhere(events []experience.Event, mark string) []experience.Event {
	named := func(s string) string {
		if s == "" {
			return ""
		}
		return s + mark
	}
	out := slices.Clone(events)
	for k := range out {
		e := &out[k]
		e.UserID, e.AnonymousID, e.PreviousID = named(e.UserID), named(e.AnonymousID), named(e.PreviousID)
		e.Traits = json.RawMessage(strings.ReplaceAll(string(e.Traits), "@x.it", mark+"@x.it"))
	}
	return out
}

// cut writes events as blocks that follow a position, some events twice, as
// retries are.
func cut(t *rapid.T, at experience.Position, source string, events []experience.Event) []stream.Block {
	var blocks []stream.Block
	for len(events) > 0 {
		n := rapid.IntRange(1, len(events)).Draw(t, "cut")
		var b stream.Block
		for _, e := range events[:n] {
			raw, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			r := experience.Record{Source: source, ReceivedAt: start, Event: raw}
			b.Records = append(b.Records, r)
			if rapid.IntRange(0, 5).Draw(t, "retry") == 0 {
				b.Records = append(b.Records, r)
			}
		}
		seq := at.Sequence + uint64(len(blocks)) + 1
		b.Position = experience.Position{Sequence: seq, Hash: fmt.Sprintf("hash %d of %s", seq, source)}
		blocks = append(blocks, b)
		events = events[n:]
	}
	return blocks
}

// weaveAll weaves the blocks, with crashes before and after the ledger's
// commit, after each of which everything is opened anew.
func weaveAll(t *rapid.T, db *registry.DB, book *ledger.Ledger, at experience.Position, blocks []stream.Block) {
	ctx := context.Background()
	for {
		c := &crashing{Ledger: book}
		w := weaver(t, db, c)
		if err := w.Refresh(ctx); err != nil {
			t.Fatalf("refresh: %v", err)
		}
		head := headOf(t, book)
		left := blocks[head.Position.Sequence-at.Sequence:]
		if len(left) == 0 {
			return
		}
		switch rapid.IntRange(0, 5).Draw(t, "crash") {
		case 0:
			c.before = true
		case 1:
			c.after = true
		}
		n := rapid.IntRange(1, len(left)).Draw(t, "blocks at once")
		if err := w.Weave(ctx, head, left[:n]); err != nil && !errors.Is(err, errCrash) {
			t.Fatalf("weave: %v", err)
		}
	}
}

func headOf(t *rapid.T, book *ledger.Ledger) ledger.Head {
	head, err := book.Head(context.Background())
	if err != nil {
		t.Fatalf("head: %v", err)
	}
	return head
}

// TestOrderAndCrashesCannotMatter: the same facts in any order, cut anyhow,
// sent twice, with the machine dying between the two commits: who is who and
// every timeline come out the same, each interaction once.
func TestOrderAndCrashesCannotMatter(t *testing.T) {
	books(t, func(t *testing.T, open func(testing.TB) (*registry.DB, *ledger.Ledger)) {
		db, book := open(t)
		told := 0
		rapid.Check(t, func(rt *rapid.T) {
			events := story(rt)
			var want map[string]string
			for round := range 2 {
				told++
				mark := fmt.Sprintf("-%d", told)
				at := headOf(rt, book).Position
				order := rapid.Permutation(elsewhere(events, mark)).Draw(rt, "order")
				weaveAll(rt, db, book, at, cut(rt, at, "site"+mark, order))
				if rapid.IntRange(0, 4).Draw(rt, "compact") == 0 {
					if _, err := book.Compact(context.Background(), ledger.Beside{}); err != nil {
						rt.Fatalf("compact: %v", err)
					}
				}
				got := owners(rt, book, "site"+mark)
				if len(got) != len(events) {
					rt.Fatalf("%d interactions, want %d", len(got), len(events))
				}
				timelines(rt, book, got)
				together := companions(got)
				if round == 0 {
					want = together
				}
				if diff := cmp.Diff(want, together); diff != "" {
					rt.Fatalf("another order gives other people (-one +other):\n%s", diff)
				}
			}
		})
	})
}

// companions gives, for each message, the first message of the same person:
// who is with whom, without ids.
func companions(owners map[string]string) map[string]string {
	first := map[string]string{}
	for m, p := range owners {
		if f, ok := first[p]; p != "" && (!ok || m < f) {
			first[p] = m
		}
	}
	out := map[string]string{}
	for m, p := range owners {
		out[m] = first[p]
	}
	return out
}

// owners gives message -> person, failing on an interaction that is there twice.
func owners(t *rapid.T, book *ledger.Ledger, source string) map[string]string {
	rows, err := book.Query(context.Background(), `SELECT message_id, coalesce(person_id::TEXT, '') FROM interactions WHERE source = $1`, source)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var m, p string
		if err := rows.Scan(&m, &p); err != nil {
			t.Fatalf("scan: %v", err)
		}
		if _, twice := out[m]; twice {
			t.Fatalf("%s is there twice", m)
		}
		out[m] = p
	}
	return out
}

// timelines checks that each person's timeline is exactly their interactions,
// the latest first.
func timelines(t *rapid.T, book *ledger.Ledger, owners map[string]string) {
	count := map[string]int{}
	for _, p := range owners {
		count[p]++
	}
	for p, n := range count {
		if p == "" {
			continue
		}
		id, err := experience.ParseID(p)
		if err != nil {
			t.Fatalf("%v", err)
		}
		items, _, err := book.Timeline(context.Background(), ledger.TimelineQuery{Person: id, Limit: 1000})
		if err != nil {
			t.Fatalf("timeline: %v", err)
		}
		if len(items) != n {
			t.Fatalf("%d on the timeline of %s, want %d", len(items), p, n)
		}
		for k, i := range items {
			if owners[i.MessageID] != p || k > 0 && i.Time.After(items[k-1].Time) {
				t.Fatalf("%s does not belong there on the timeline of %s", i.MessageID, p)
			}
		}
	}
}
