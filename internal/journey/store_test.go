package journey

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regia/internal/analytics"
	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/testkit/books"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

// stores runs one test on both engines of the registry.
func stores(t *testing.T, f func(t *testing.T, s *Store)) {
	t.Helper()
	books.EachRegistry(t, func(t *testing.T, db *registry.DB) { f(t, NewStore(db, clock)) })
}

// sample is a map that uses everything.
func sample() Map {
	return Map{
		Name: "Dall'acquisto alla consegna", About: "Come va un ordine", Owner: "Logistica", Persona: "Chi compra la prima volta", Case: "order",
		Stages: []Stage{
			{Name: "Acquisto", Steps: []Step{
				{Name: "Ordine", Touchpoints: []string{"online-order"}, Match: []analytics.Match{{Event: "Order Completed"}}},
			}},
			{Name: "Consegna", Steps: []Step{
				{Name: "Spedizione", Touchpoints: []string{"dispatch"}},
				{Name: "Pacco a casa", ID: "home", MomentOfTruth: true,
					Match:       []analytics.Match{{Event: "Order Delivered", Where: []analytics.Filter{{Field: "order", Is: "present"}}}},
					Expectation: &Expectation{Text: "Entro cinque giorni", Within: "5d", From: "ordine", Measure: &analytics.Filter{Field: "properties.delay_days", Is: "at_most", Values: []string{"0"}}},
					Pains:       []string{"In ritardo"}, Opportunities: []string{"Avvisare prima"}, Backstage: []string{"Corriere"},
					Assumed: map[experience.Dimension]float64{experience.Emotional: 0.5, experience.Sensory: -0.25},
				},
			}},
		},
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestAMapIsKeptAsItWasDrawn(t *testing.T) {
	stores(t, func(t *testing.T, s *Store) {
		made := must[Map](t)(s.Create(t.Context(), "anna", sample()))
		if made.Key != "dall-acquisto-alla-consegna" || made.Version != 1 || made.Kind != AsIs || made.Origin != Drawn || made.ID.IsZero() {
			t.Errorf("the new map is %+v", made)
		}
		if ids := []string{made.Stages[0].ID, made.Stages[0].Steps[0].ID, made.Stages[1].Steps[1].ID}; cmp.Diff(ids, []string{"acquisto", "ordine", "home"}) != "" {
			t.Errorf("ids are %q", ids)
		}
		read := must[Map](t)(s.Get(t.Context(), made.Key))
		if diff := cmp.Diff(made, read); diff != "" {
			t.Error(diff)
		}
		if list := must[[]Map](t)(s.List(t.Context())); len(list) != 1 || cmp.Diff(list[0], made) != "" {
			t.Errorf("the list is %+v", list)
		}
	})
}

func TestEverySaveIsAVersionThatCanBeBroughtBack(t *testing.T) {
	stores(t, func(t *testing.T, s *Store) {
		first := must[Map](t)(s.Create(t.Context(), "anna", sample()))
		second := first
		second.Name = "Un altro nome"
		second = must[Map](t)(s.Save(t.Context(), "bruno", second))
		if second.Version != 2 || second.Key != first.Key {
			t.Errorf("saved as %s, version %d", second.Key, second.Version)
		}
		if again := must[Map](t)(s.Save(t.Context(), "bruno", second)); again.Version != 2 {
			t.Errorf("saving what is there makes version %d", again.Version)
		}
		third := must[Map](t)(s.Restore(t.Context(), "carla", first.Key, 1, 2))
		want := first
		want.Version = 3
		if diff := cmp.Diff(want, third); diff != "" {
			t.Error(diff)
		}
		if old := must[Map](t)(s.Version(t.Context(), first.Key, 2)); old.Name != "Un altro nome" || old.Version != 2 {
			t.Errorf("version 2 is %+v", old)
		}
		versions := must[[]Saved](t)(s.Versions(t.Context(), first.Key))
		wanted := []Saved{{3, noon, "carla", 1}, {2, noon, "bruno", 0}, {1, noon, "anna", 0}}
		if diff := cmp.Diff(wanted, versions); diff != "" {
			t.Error(diff)
		}
		if _, err := s.Version(t.Context(), first.Key, 9); experience.CodeOf(err) != experience.NotFound {
			t.Errorf("a version that never was gives %v", err)
		}
	})
}

func TestASaveOnAnOldVersionChangesNothing(t *testing.T) {
	stores(t, func(t *testing.T, s *Store) {
		first := must[Map](t)(s.Create(t.Context(), "anna", sample()))
		mine, yours := first, first
		mine.Name, yours.Name = "Mio", "Tuo"
		must[Map](t)(s.Save(t.Context(), "bruno", yours))
		if _, err := s.Save(t.Context(), "anna", mine); !errors.Is(err, ErrStale) {
			t.Fatalf("a save on an old version gives %v", err)
		}
		if _, err := s.Restore(t.Context(), "anna", first.Key, 1, 1); !errors.Is(err, ErrStale) {
			t.Errorf("bringing back over an old version gives %v", err)
		}
		if now := must[Map](t)(s.Get(t.Context(), first.Key)); now.Name != "Tuo" || now.Version != 2 {
			t.Errorf("the map is %q, version %d", now.Name, now.Version)
		}
	})
}

func TestOfManyWhoSaveTheSameVersionOneWins(t *testing.T) {
	stores(t, func(t *testing.T, s *Store) {
		first := must[Map](t)(s.Create(t.Context(), "anna", sample()))
		const savers = 8
		errs := make([]error, savers)
		var wait sync.WaitGroup
		for i := range savers {
			wait.Go(func() {
				m := first
				m.Name = "Nome " + string(rune('a'+i))
				_, errs[i] = s.Save(t.Context(), "x", m)
			})
		}
		wait.Wait()
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case !errors.Is(err, ErrStale):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d savers won", won)
		}
		if versions := must[[]Saved](t)(s.Versions(t.Context(), first.Key)); len(versions) != 2 {
			t.Errorf("there are %d versions", len(versions))
		}
	})
}

func TestKeysAreUniqueAndStay(t *testing.T) {
	stores(t, func(t *testing.T, s *Store) {
		first := must[Map](t)(s.Create(t.Context(), "", sample()))
		second := must[Map](t)(s.Create(t.Context(), "", sample()))
		if second.Key != first.Key+"-2" {
			t.Errorf("the second of the name has the key %q", second.Key)
		}
		third := sample()
		third.Key = first.Key
		if _, err := s.Create(t.Context(), "", third); experience.CodeOf(err) != experience.Conflict {
			t.Errorf("a key that is taken gives %v", err)
		}
	})
}

func TestWhatWasTakenAwayCanBePutBack(t *testing.T) {
	stores(t, func(t *testing.T, s *Store) {
		made := must[Map](t)(s.Create(t.Context(), "", sample()))
		if err := s.Remove(t.Context(), made.Key); err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"get": second(s.Get(t.Context(), made.Key)), "versions": second(s.Versions(t.Context(), made.Key)),
			"save": second(s.Save(t.Context(), "", made)), "remove": s.Remove(t.Context(), made.Key), "remove nothing": s.Remove(t.Context(), "nothing"),
			"put back nothing": s.PutBack(t.Context(), "nothing"),
		} {
			if experience.CodeOf(err) != experience.NotFound || !strings.HasPrefix(experience.MessageOf(err), "journey.") {
				t.Errorf("%s gives %v", name, err)
			}
		}
		if list := must[[]Map](t)(s.List(t.Context())); len(list) != 0 {
			t.Errorf("the list is %+v", list)
		}
		if err := s.PutBack(t.Context(), made.Key); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(made, must[Map](t)(s.Get(t.Context(), made.Key))); diff != "" {
			t.Error(diff)
		}
	})
}

func second[T any](_ T, err error) error { return err }
