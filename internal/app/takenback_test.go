package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/registry"
	"regia/internal/stream"
	"regia/internal/weave"
)

// TestImportTakenBackNeverWas: a world in which an import came and was taken
// back, before, after or amid its rows, in any order, with the machine dying
// between the commits, is the world without it: people, identifiers, traits,
// consents, decisions and timelines.
func TestImportTakenBackNeverWas(t *testing.T) {
	books(t, func(t *testing.T, open func(testing.TB) (*registry.DB, *ledger.Ledger)) {
		db, book := open(t)
		told := 0
		rapid.Check(t, func(rt *rapid.T) {
			events := story(rt)
			imported := make([]bool, len(events))
			for k := range events {
				imported[k] = rapid.Bool().Draw(rt, "imported")
				if rapid.IntRange(0, 3).Draw(rt, "consents") == 0 {
					events[k].Context = json.RawMessage(fmt.Sprintf(`{"consent":{"categoryPreferences":{"marketing":%t}}}`, rapid.Bool().Draw(rt, "given")))
				}
			}
			decided := decisions(rt)
			var worlds [2]map[string]string
			for world := range worlds {
				told++
				mark := fmt.Sprintf("-%d", told)
				var records []experience.Record
				for k, e := range elsewhere(events, mark) {
					if imported[k] && world == 1 {
						continue
					}
					if imported[k] {
						e.Imported, e.Import = true, experience.HashID([]byte("import"), mark)
					}
					records = append(records, recordOf(rt, "site"+mark, e))
				}
				for _, d := range decided {
					records = append(records, recordOf(rt, weave.OwnSource, d(mark)))
				}
				if world == 0 {
					records = append(records, recordOf(rt, weave.OwnSource, experience.Event{MessageID: "back" + mark, Kind: experience.Track, Name: weave.ImportTakenBack, Time: start,
						Properties: json.RawMessage(fmt.Sprintf(`{"import":%q}`, experience.HashID([]byte("import"), mark)))}))
				}
				at := headOf(rt, book).Position
				weaveAll(rt, db, book, at, blocksOf(rt, at, rapid.Permutation(records).Draw(rt, "order")))
				if rapid.IntRange(0, 4).Draw(rt, "compact") == 0 {
					if _, err := book.Compact(context.Background(), ledger.Beside{}); err != nil {
						rt.Fatalf("compact: %v", err)
					}
				}
				got := owners(rt, book, "site"+mark)
				timelines(rt, book, got)
				worlds[world] = inhabitants(rt, db, mark)
				for m, first := range companions(got) {
					worlds[world]["message "+m] = first
				}
			}
			if diff := cmp.Diff(worlds[1], worlds[0]); diff != "" {
				rt.Fatalf("the import left something behind (-never came +taken back):\n%s", diff)
			}
		})
	})
}

// decisions draws what humans decide.
func decisions(t *rapid.T) (out []func(mark string) experience.Event) {
	name := rapid.SampledFrom([]string{"user_id:u1", "user_id:u2", "user_id:u3", "anonymous_id:a1", "anonymous_id:a2"})
	for k := range rapid.IntRange(0, 2).Draw(t, "decisions") {
		action := rapid.SampledFrom([]experience.DecisionAction{experience.SamePerson, experience.DifferentPeople, experience.SharedByMany}).Draw(t, "action")
		a, b := name.Draw(t, "a"), name.Draw(t, "b")
		out = append(out, func(mark string) experience.Event {
			side := func(s string) experience.Identifier {
				kind, value, _ := strings.Cut(s, ":")
				return experience.Identifier{Kind: experience.IdentifierKind(kind), Value: value + mark}
			}
			d := experience.Decision{ID: experience.HashID([]byte("decision"), mark, fmt.Sprint(k)), Action: action, A: side(a)}
			if action != experience.SharedByMany {
				d.B = side(b)
			}
			raw, err := json.Marshal(d)
			if err != nil {
				t.Fatal(err)
			}
			return experience.Event{MessageID: fmt.Sprint("decision", k, mark), Kind: experience.Track, Name: weave.IdentityDecision, Time: start, Properties: raw}
		})
	}
	return out
}

func recordOf(t *rapid.T, source string, e experience.Event) experience.Record {
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	return experience.Record{Source: source, ReceivedAt: start, Event: raw}
}

// blocksOf cuts records into blocks that follow a position, some twice.
func blocksOf(t *rapid.T, at experience.Position, records []experience.Record) []stream.Block {
	var blocks []stream.Block
	for len(records) > 0 {
		n := rapid.IntRange(1, len(records)).Draw(t, "cut")
		b := stream.Block{Records: slices.Clone(records[:n])}
		if rapid.IntRange(0, 3).Draw(t, "retry") == 0 {
			b.Records = append(b.Records, b.Records[0])
		}
		seq := at.Sequence + uint64(len(blocks)) + 1
		b.Position = experience.Position{Sequence: seq, Hash: fmt.Sprintf("block %d", seq)}
		blocks, records = append(blocks, b), records[n:]
	}
	return blocks
}

// inhabitants tells what the registry holds of those whose names end in a mark,
// without ids.
func inhabitants(t *rapid.T, db *registry.DB, mark string) map[string]string {
	out := map[string]string{}
	err := db.Read(context.Background(), func(ctx context.Context, tx registry.Tx) error {
		clear(out)
		persons := map[experience.ID]string{} // the first name each holds
		read := func(query string, f func(scan func(...any) error) error, args ...any) error {
			rows, err := tx.Query(ctx, query, args...)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				if err := f(rows.Scan); err != nil {
					return err
				}
			}
			return rows.Err()
		}
		of := fmt.Sprintf("%%%s%%", mark)
		plain := func(s string) string { return strings.ReplaceAll(s, mark, "") }
		names, subjects := map[experience.ID]string{}, map[experience.ID]string{}
		err := read(`SELECT id, kind, value, state, person_id FROM identifiers WHERE value LIKE $1 ORDER BY value, kind`, func(scan func(...any) error) error {
			var id, person experience.ID
			var kind, value string
			var state int
			err := scan(&id, &kind, &value, &state, &person)
			if value != plain(value)+mark && value != plain(value) && !strings.Contains(value, mark+"@") {
				return err // of a mark that begins alike
			}
			name := plain(kind + ":" + value)
			names[id] = name
			if _, ok := persons[person]; !ok && !person.IsZero() {
				persons[person] = name
			}
			out["identifier "+name] = fmt.Sprint(state, " with ", persons[person])
			return err
		}, of)
		if err != nil {
			return err
		}
		err = read(`SELECT id, person_id, torn, members FROM subjects`, func(scan func(...any) error) error {
			var id, person experience.ID
			var torn bool
			var members []byte
			err := scan(&id, &person, &torn, &members)
			var of []string
			for m := members; len(m) >= 16; m = m[16:] {
				of = append(of, names[experience.ID(m[:16])])
			}
			if slices.Contains(of, "") {
				return err
			}
			slices.Sort(of)
			whose := persons[person]
			if person == id && whose == "" {
				whose = "themselves"
			}
			subjects[id] = strings.Join(of, "+")
			out["subject "+subjects[id]] = fmt.Sprint(whose, torn)
			return err
		})
		if err != nil {
			return err
		}
		for _, query := range []string{`SELECT subject, name, value, at FROM traits`, `SELECT subject, purpose, CASE WHEN given THEN 'yes' ELSE 'no' END, at FROM consents`} {
			err := read(query, func(scan func(...any) error) error {
				var subject experience.ID
				var name, value string
				var at int64
				err := scan(&subject, &name, &value, &at)
				if of, ok := subjects[subject]; ok {
					out[of+" says of "+name] = fmt.Sprint(plain(value), " at ", at)
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		err = read(`SELECT id, known, name, email, terms FROM people WHERE terms LIKE $1`, func(scan func(...any) error) error {
			var id experience.ID
			var known bool
			var name, email, terms string
			err := scan(&id, &known, &name, &email, &terms)
			if whose, ok := persons[id]; ok {
				out["person "+whose] = fmt.Sprint(known, name, plain(email), len(strings.Fields(terms)))
			}
			return err
		}, of)
		return err
	})
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return out
}

// TestSubjectComesAgain: somebody whom only an import knew, and who had become
// somebody else's, is forgotten and then seen again.
func TestSubjectComesAgain(t *testing.T) {
	books(t, func(t *testing.T, open func(testing.TB) (*registry.DB, *ledger.Ledger)) {
		db, book := open(t)
		ctx := context.Background()
		of := experience.HashID([]byte("import"), "1")
		n := 0
		tell := func(source string, e experience.Event) {
			t.Helper()
			n++
			e.MessageID, e.Time = fmt.Sprint("m", n), start.Add(time.Duration(n)*time.Minute)
			raw, err := json.Marshal(e)
			check(t, err)
			w := weaver(t, db, &crashing{Ledger: book})
			check(t, w.Refresh(ctx))
			head, err := book.Head(ctx)
			check(t, err)
			check(t, w.Weave(ctx, head, []stream.Block{{Position: experience.Position{Sequence: uint64(n), Hash: fmt.Sprint(n)},
				Records: []experience.Record{{Source: source, ReceivedAt: start, Event: raw}}}}))
		}
		people := func() (list []string) {
			rows, err := book.Query(ctx, `SELECT DISTINCT coalesce(person_id::TEXT, '') FROM interactions WHERE source = 'site'`)
			check(t, err)
			defer rows.Close()
			for rows.Next() {
				var s string
				check(t, rows.Scan(&s))
				list = append(list, s)
			}
			return list
		}
		visit := experience.Event{Kind: experience.PageView, AnonymousID: "a1"}
		imported := visit
		imported.Imported, imported.Import = true, of
		tell("site", imported)
		joins := experience.Event{Kind: experience.Identify, UserID: "u1", AnonymousID: "a1", Imported: true, Import: of}
		tell("site", joins)
		tell(weave.OwnSource, experience.Event{Kind: experience.Track, Name: weave.ImportTakenBack, Properties: json.RawMessage(fmt.Sprintf(`{"import":%q}`, of))})
		if left := people(); len(left) != 0 {
			t.Fatalf("the import left interactions of %v", left)
		}
		tell("site", visit)
		tell("site", experience.Event{Kind: experience.Identify, UserID: "u2"})
		if all := people(); len(all) != 2 || all[0] == "" || all[1] == "" {
			t.Errorf("the visitor and another customer are %v", all)
		}
		tell("site", imported) // late: it was taken back
		if all := people(); len(all) != 2 {
			t.Errorf("a late row of the import was woven: %v", all)
		}
	})
}
