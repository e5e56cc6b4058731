package touchpoint

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/testkit/books"
)

// bus remembers what was published.
type bus struct {
	mu   sync.Mutex
	sent []string
}

func (b *bus) Publish(subject string, data []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, subject+" "+string(data))
	return nil
}

// onEach runs one test on both engines of the registry.
func onEach(t *testing.T, f func(t *testing.T, s *Store, db *registry.DB, b *bus)) {
	t.Helper()
	books.EachRegistry(t, func(t *testing.T, db *registry.DB) {
		b := &bus{}
		clock := func() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }
		f(t, NewStore(db, b, clock, slog.New(slog.DiscardHandler)), db, b)
	})
}

func catalogue(t *testing.T, s *Store) Catalogue {
	t.Helper()
	c, err := s.Catalogue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func changed(t *testing.T, db *registry.DB, since int64) []string {
	t.Helper()
	var names []string
	err := db.Read(t.Context(), func(ctx context.Context, tx registry.Tx) (err error) {
		names, err = ChangedNames(ctx, tx, since)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func must(t *testing.T) func(version int64, err error) int64 {
	return func(version int64, err error) int64 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return version
	}
}

func code(t *testing.T, err error, want experience.Code) {
	t.Helper()
	if experience.CodeOf(err) != want {
		t.Errorf("error %v has code %q, want %q", err, experience.CodeOf(err), want)
	}
}

func TestSeedKeepsTheDefaultsAsWritten(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, db *registry.DB, b *bus) {
		for range 2 { // a second start changes nothing
			if err := s.Seed(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		got, want := catalogue(t, s), mustDefaults(t)
		if got.Version != 1 {
			t.Errorf("version %d, want 1", got.Version)
		}
		want.Version = got.Version
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{`regia.catalogue {"version":1}`}, b.sent); diff != "" {
			t.Error(diff)
		}
		if names := changed(t, db, 0); names != nil {
			t.Errorf("seeding touches %v, want any name", names)
		}
	})
}

func TestUpgradeLeavesAloneWhatPeopleChanged(t *testing.T) {
	bound := func(key, name string) Binding {
		b := experience.Binding{Touchpoint: key, Kind: experience.Track, Name: name}
		b.ID = stableID(b)
		return Binding{Binding: b}
	}
	point := func(key, name string) Touchpoint {
		tp := kiosk()
		tp.Key, tp.Name.EN = key, name
		return tp
	}
	first := Catalogue{Version: 1, Touchpoints: []Touchpoint{point("a", "A"), point("b", "B"), point("c", "C")},
		Bindings: []Binding{bound("a", "One"), bound("a", "Two"), bound("b", "Three"), bound("c", "Four")}}
	second := Catalogue{Version: 2, Touchpoints: []Touchpoint{point("a", "A2"), point("b", "B2"), point("d", "D"), point("mine", "Theirs")},
		Bindings: []Binding{bound("a", "One"), bound("a", "Two"), bound("a", "Five"), bound("d", "Three"), bound("mine", "Six")}}
	first.sort()
	second.sort()

	onEach(t, func(t *testing.T, s *Store, _ *registry.DB, _ *bus) {
		ctx, v := t.Context(), must(t)
		if err := s.seed(ctx, first); err != nil {
			t.Fatal(err)
		}
		_, _, err := s.Create(ctx, "u", point("mine", "Mine"))
		v(0, err)
		_, _, err = s.Update(ctx, "u", "b", func(tp *Touchpoint) { tp.Name.EN = "Ours" })
		v(0, err)
		v(s.RemoveBinding(ctx, "u", "a", bound("a", "Two").ID))
		_, _, err = s.AddBinding(ctx, "u", experience.Binding{Touchpoint: "a", Name: "Own"})
		v(0, err)
		for range 2 {
			if err := s.seed(ctx, second); err != nil {
				t.Fatal(err)
			}
		}

		var got []string
		c := catalogue(t, s)
		for _, tp := range c.Touchpoints {
			line := fmt.Sprint(tp.Key, " ", tp.Name.EN)
			for _, b := range c.Of(tp.Key) {
				line += " " + b.Name
			}
			if tp.Retired {
				line += " retired"
			}
			got = append(got, line)
		}
		slices.Sort(got)
		want := []string{"a A2 Own Five One", "b Ours", "c C retired", "d D Three", "mine Mine Six"}
		slices.Sort(want)
		sortBindings := cmp.Transformer("words", func(s string) map[string]bool {
			m := map[string]bool{}
			for _, w := range strings.Fields(s) {
				m[w] = true
			}
			return m
		})
		if diff := cmp.Diff(want, got, sortBindings); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTouchpointsChange(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, db *registry.DB, _ *bus) {
		ctx := t.Context()
		if err := s.Seed(ctx); err != nil {
			t.Fatal(err)
		}
		tp := kiosk()
		tp.Key, tp.Order, tp.Name = "", 0, Bilingual{IT: " Totem all'ingresso ", EN: "Kiosk at the door"}
		made, version, err := s.Create(ctx, "u1", tp)
		if err != nil {
			t.Fatal(err)
		}
		if made.Key != "kiosk-at-the-door" || made.Name.IT != "Totem all'ingresso" || !made.Own || version != 2 {
			t.Errorf("made %+v, version %d", made, version)
		}
		c := catalogue(t, s)
		if got, _ := c.Touchpoint(made.Key); got != made || c.Version != 2 {
			t.Errorf("kept %+v (version %d), want %+v", got, c.Version, made)
		}
		if made.Order <= 0 || made.Order != lastOrder(c, made.Stage) {
			t.Errorf("order %d is not last in its stage", made.Order)
		}
		if names := changed(t, db, 1); names == nil || len(names) != 0 {
			t.Errorf("making a touchpoint touches %v, want no name", names)
		}

		_, _, err = s.Create(ctx, "u1", tp)
		code(t, err, experience.Conflict)
		tp.Channel = "telex"
		_, _, err = s.Create(ctx, "u1", tp)
		code(t, err, experience.Invalid)
		_, _, err = s.Update(ctx, "u1", "nowhere", func(*Touchpoint) {})
		code(t, err, experience.NotFound)
		_, _, err = s.Update(ctx, "u1", made.Key, func(t *Touchpoint) { t.Stage = "limbo" })
		code(t, err, experience.Invalid)

		_, version, err = s.Update(ctx, "u1", "till", func(t *Touchpoint) { t.Retired, t.Key, t.Own = true, "other", true })
		if err != nil || version != 3 {
			t.Fatalf("version %d, %v", version, err)
		}
		till, ok := catalogue(t, s).Touchpoint("till")
		if !ok || !till.Retired || till.Own {
			t.Errorf("till %+v", till)
		}
		if len(catalogue(t, s).Of("till")) == 0 {
			t.Error("a retired touchpoint lost its bindings")
		}
		if _, version, err = s.Update(ctx, "u1", "till", func(*Touchpoint) {}); err != nil || version != 3 {
			t.Errorf("a change of nothing gave version %d, %v", version, err)
		}
	})
}

func TestBindingsChange(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, db *registry.DB, b *bus) {
		ctx, v := t.Context(), must(t)
		if err := s.Seed(ctx); err != nil {
			t.Fatal(err)
		}
		match := func(name string) string {
			key, _ := NewMatcher(catalogue(t, s).Rules(nil)).Match("site", experience.Track, name, json.RawMessage(`{"p":"x"}`))
			return key
		}
		want := func(name, key string) {
			t.Helper()
			if got := match(name); got != key {
				t.Errorf("%q comes to %q, want %q", name, got, key)
			}
		}
		add := func(key, name string, c ...experience.Condition) Binding {
			t.Helper()
			got, _, err := s.AddBinding(ctx, "u", experience.Binding{Touchpoint: key, Name: name, Conditions: c})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}

		want("Kettle Boiled", "")
		kettle := add("product-use", "Kettle Boiled")
		want("KETTLE boiled", "product-use")
		add("review", "kettle boiled") // the same events: it takes over
		want("Kettle Boiled", "review")
		if n := len(catalogue(t, s).Bindings); n != len(mustDefaults(t).Bindings)+1 {
			t.Errorf("%d bindings, want one more than the defaults", n)
		}
		_, err := s.RemoveBinding(ctx, "u", "product-use", kettle.ID)
		code(t, err, experience.NotFound)
		_, _, err = s.AddBinding(ctx, "u", experience.Binding{Touchpoint: "review", Name: "Kettle Boiled"})
		code(t, err, experience.Conflict)
		_, _, err = s.AddBinding(ctx, "u", experience.Binding{Touchpoint: "nowhere", Name: "E"})
		code(t, err, experience.NotFound)
		_, _, err = s.AddBinding(ctx, "u", experience.Binding{Touchpoint: "review"})
		code(t, err, experience.Invalid)

		before := catalogue(t, s).Version
		over := add("mention", "Order Completed") // own ones go before defaults
		want("Order Completed", "mention")
		v(s.RemoveBinding(ctx, "u", "mention", over.ID))
		want("Order Completed", "online-order")
		if diff := cmp.Diff([]string{"order completed"}, changed(t, db, before)); diff != "" {
			t.Error(diff)
		}

		exists := func(p string) experience.Condition {
			return experience.Condition{Property: p, Op: experience.Exists}
		}
		one := add("case", "Tea Made", exists("p"))
		two := add("chat", "Tea Made", experience.Condition{Property: "p", Op: experience.Is, Value: "x"})
		want("Tea Made", "chat") // the latest made first
		v(s.MoveBinding(ctx, "u", "chat", two.ID, false))
		want("Tea Made", "case")
		_, err = s.MoveBinding(ctx, "u", "case", one.ID, true)
		code(t, err, experience.Conflict)
		_, err = s.MoveBinding(ctx, "u", "chat", one.ID, true)
		code(t, err, experience.NotFound)
		v(s.MoveBinding(ctx, "u", "chat", two.ID, true))
		want("Tea Made", "chat")

		gone := catalogue(t, s).Of("till")[0]
		v(s.RemoveBinding(ctx, "u", "till", gone.ID))
		if slices.ContainsFunc(catalogue(t, s).Of("till"), func(b Binding) bool { return b.ID == gone.ID }) {
			t.Error("a removed default is still there")
		}
		if last := catalogue(t, s).Version; len(b.sent) != int(last) || b.sent[last-1] != fmt.Sprintf(`regia.catalogue {"version":%d}`, last) {
			t.Errorf("version %d, but published %v", last, b.sent)
		}
	})
}

func TestSourcesChangedTouchesBindingsForKinds(t *testing.T) {
	onEach(t, func(t *testing.T, s *Store, db *registry.DB, _ *bus) {
		if err := s.Seed(t.Context()); err != nil {
			t.Fatal(err)
		}
		must(t)(s.SourcesChanged(t.Context(), "u"))
		names := changed(t, db, 1)
		if !slices.Contains(names, "order completed") || slices.Contains(names, "letter sent") {
			t.Errorf("changed names: %v", names)
		}
	})
}
