package ledger_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// world is the slow and obvious ledger: every row with its subject, and for
// every subject the one person it has now.
type world struct {
	namespace string
	rows      []experience.Interaction
	person    map[experience.ID]experience.ID // of each subject
	subjects  []experience.ID
	persons   []experience.ID // the zero id among them
}

func newWorld(namespace string) *world {
	w := &world{namespace: namespace, person: map[experience.ID]experience.ID{}}
	for i := range 5 {
		w.subjects = append(w.subjects, id(fmt.Sprint(namespace, " subject ", i)))
		w.persons = append(w.persons, id(fmt.Sprint(namespace, " person ", i)))
	}
	w.persons = append(w.persons, experience.ID{})
	for i, s := range w.subjects {
		w.person[s] = w.persons[i]
	}
	return w
}

// batch draws rows and moves in any mixture. A row is cached under whoever its
// subject was at that point, or (as on a replay) at the end of the batch.
func (w *world) batch(t *rapid.T, number *int64) ledger.Batch {
	var b ledger.Batch
	replayed := rapid.Bool().Draw(t, "replayed")
	for range rapid.IntRange(0, 30).Draw(t, "steps") {
		s := rapid.SampledFrom(w.subjects).Draw(t, "subject")
		if rapid.IntRange(0, 4).Draw(t, "step") == 0 {
			*number++
			p := rapid.SampledFrom(w.persons).Draw(t, "person")
			b.Moves = append(b.Moves, ledger.Move{Number: *number, Subject: s, Was: w.person[s], Person: p})
			w.person[s] = p
			continue
		}
		at := day0.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "minute")) * time.Minute)
		m := fmt.Sprintf("%s row %d", w.namespace, len(w.rows)+len(b.Rows))
		b.Rows = append(b.Rows, experience.Interaction{ID: id(m), MessageID: m, Source: w.namespace, Time: at, ReceivedAt: at, Subject: s,
			Person: w.person[s], Flags: rapid.SampledFrom([]experience.Flags{0, 0, experience.FlagBot, experience.FlagRecord}).Draw(t, "flags")})
	}
	for i := range b.Rows {
		if replayed {
			b.Rows[i].Person = w.person[b.Rows[i].Subject]
		}
	}
	w.rows = append(w.rows, b.Rows...)
	return b
}

// effective gives every row with the person it has now, as "message person".
func (w *world) effective() []string {
	var out []string
	for _, r := range w.rows {
		out = append(out, r.MessageID+" "+w.person[r.Subject].String())
	}
	slices.Sort(out)
	return out
}

func (w *world) timeline(person experience.ID, flagged bool) []string {
	var rows []experience.Interaction
	for _, r := range w.rows {
		if w.person[r.Subject] == person && (flagged || r.Flags != experience.FlagBot) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b experience.Interaction) int {
		if c := b.Time.Compare(a.Time); c != 0 {
			return c
		}
		return bytes.Compare(b.ID[:], a.ID[:])
	})
	var out []string
	for _, r := range rows {
		out = append(out, r.MessageID)
	}
	return out
}

// pages walks a person's timeline to its end.
func pages(t *rapid.T, l *ledger.Ledger, q ledger.TimelineQuery) []string {
	var out []string
	for {
		items, next, err := l.Timeline(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range items {
			out = append(out, r.MessageID)
		}
		if next == "" {
			return out
		}
		q.Before = next
	}
}

func TestEveryRowAlwaysHasItsPerson(t *testing.T) {
	everyEngine(t, func(t *testing.T, b *book) {
		ctx := context.Background()
		run, number, all := 0, int64(0), 0
		rapid.Check(t, func(t *rapid.T) {
			run++
			w := newWorld(fmt.Sprint("run ", run))
			for range rapid.IntRange(1, 6).Draw(t, "batches") {
				batch := w.batch(t, &number)
				b.append(batch)
				switch rapid.IntRange(0, 9).Draw(t, "between") {
				case 0, 1:
					_, err := b.Compact(ctx, ledger.Beside{})
					b.check(err)
				case 2, 3, 4:
					_, err := b.CompactAll(ctx)
					b.check(err)
				case 5:
					if run%10 == 0 {
						b.reopen()
					}
				}
				got := b.ask(`SELECT message_id || ' ' || coalesce(person_id::TEXT, '') FROM interactions WHERE source = $1`, w.namespace)
				slices.Sort(got)
				if diff := cmp.Diff(w.effective(), got); diff != "" {
					t.Fatalf("persons: %s", diff)
				}
				all += len(batch.Rows)
				if head, err := b.Head(ctx); err != nil || head.Rows != int64(all) {
					t.Fatalf("the head tells of %d rows, and there are %d (%v)", head.Rows, all, err)
				}
			}
			for _, p := range w.persons[:5] {
				flagged := rapid.Bool().Draw(t, "flagged")
				q := ledger.TimelineQuery{Person: p, Limit: rapid.IntRange(1, 12).Draw(t, "limit"), IncludeFlagged: flagged}
				if diff := cmp.Diff(w.timeline(p, flagged), pages(t, b.Ledger, q)); diff != "" {
					t.Fatalf("timeline: %s", diff)
				}
			}
		})
		if b.Engine() == "DuckDB" {
			_, err := b.CompactAll(ctx)
			b.check(err)
			got := b.ask(`SELECT (SELECT count(*) FROM overrides), count(*) FILTER (kind = 'sealed'), count(*) FILTER (kind = 'cold') > 1,
				count(*) FILTER (kind = 'nobody') FROM parts`)
			if got[0] != "0|0|true|1" {
				t.Fatalf("after all: overrides|sealed|several cold|nobody = %s, want 0|0|true|1", got[0])
			}
		}
	})
}
