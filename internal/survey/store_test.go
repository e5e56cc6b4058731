package survey

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/testkit"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// watch is a clock that is set by hand.
type watch struct {
	mu  sync.Mutex
	now time.Time
}

func (w *watch) read() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *watch) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// stores runs one test on both engines of the registry.
func stores(t *testing.T, f func(t *testing.T, s *Store, w *watch)) {
	t.Helper()
	run := func(name string, options func(t *testing.T) registry.Options) {
		t.Run(name, func(t *testing.T) {
			db, err := registry.Open(t.Context(), options(t))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			w := &watch{now: noon}
			f(t, NewStore(db, w.read), w)
		})
	}
	run("sqlite", func(t *testing.T) registry.Options { return registry.Options{Path: filepath.Join(t.TempDir(), "r.db")} })
	run("postgres", func(t *testing.T) registry.Options { return registry.Options{URL: testkit.Postgres(t)} })
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

func both(it, en string) Words { return Words{"it": it, "en": en} }

func score(n int) Answer { return Answer{Score: &n} }

// sample is a survey that uses every type and branches.
func sample() Survey {
	return Survey{
		Name: both("Dopo la consegna", "After delivery"), Languages: []string{"it", "en"}, About: "delivery",
		Questions: []Question{
			{Key: "q1", Type: NPS, Text: both("Consiglierebbe?", "Would you recommend us?"), Required: true,
				Rules: []Rule{{Op: AtLeast, Value: "9", Go: "q3"}}},
			{Key: "q2", Type: OpenText, Text: both("Che cosa non ha funzionato?", "What went wrong?")},
			{Key: "q3", Type: Multiple, Text: both("Che cosa è piaciuto?", "What did you like?"), Choices: []Choice{
				{Key: "fast", Text: both("La velocità", "The speed")}, {Key: "kind", Text: both("La gentilezza", "The kindness")}}},
			{Key: "q4", Type: Matrix, Text: both("Quanto è vero?", "How true is it?"), Points: 5, Dimension: experience.Sensory, Joined: true, Items: []Choice{
				{Key: "look", Text: both("Bello da vedere", "Good to look at")}, {Key: "feel", Text: both("Bello al tatto", "Good to touch")}}},
		},
	}
}

func TestVersionsKeepWordingAndScale(t *testing.T) {
	stores(t, func(t *testing.T, s *Store, w *watch) {
		ctx := t.Context()
		made := must[Record](t)(s.Create(ctx, "anna", sample()))
		if made.Draft.Key != "dopo-la-consegna" || made.Status != Draft {
			t.Fatalf("made %q, %s", made.Draft.Key, made.Status)
		}
		if again := must[Record](t)(s.Create(ctx, "anna", sample())); again.Draft.Key != "dopo-la-consegna-2" {
			t.Errorf("a second one of the same name has the key %q", again.Draft.Key)
		}
		key := made.Draft.Key
		if _, _, err := s.Current(ctx, key); experience.CodeOf(err) != experience.NotFound {
			t.Errorf("a draft can be answered: %v", err)
		}
		if r := must[Record](t)(s.Publish(ctx, "anna", key)); r.Version != 1 || r.Status != Open {
			t.Fatalf("published as %d, %s", r.Version, r.Status)
		}
		if r := must[Record](t)(s.Publish(ctx, "anna", key)); r.Version != 1 {
			t.Errorf("what was not changed was published as version %d", r.Version)
		}
		w.pass(time.Minute)
		next := made.Draft
		next.Questions = append([]Question(nil), next.Questions...)
		next.Questions[0].Type, next.Questions[0].Rules = Stars, nil
		next.Questions = append(next.Questions, Question{Type: OpenText, Text: both("Altro?", "Anything else?")})
		saved := must[Record](t)(s.Save(ctx, "berta", next, time.Time{}))
		if k := saved.Draft.Questions[4].Key; k != "q5" {
			t.Errorf("a new question has the key %q", k)
		}
		if _, err := s.Save(ctx, "carla", next, made.ChangedAt); experience.CodeOf(err) != experience.Conflict {
			t.Errorf("what another has changed was overwritten: %v", err)
		}
		if r := must[Record](t)(s.Publish(ctx, "berta", key)); r.Version != 2 {
			t.Fatalf("published as version %d", r.Version)
		}
		versions := must[[]*Version](t)(s.Versions(ctx, key))
		if a, b := versions[0].Questions[0].Scale(), versions[1].Questions[0].Scale(); a != "nps" || b != "stars" {
			t.Errorf("scales %s and %s", a, b)
		}
		if err := s.Delete(ctx, key); experience.CodeOf(err) != experience.Conflict {
			t.Errorf("what was published can be deleted: %v", err)
		}
		if err := s.Delete(ctx, key+"-2"); err != nil {
			t.Error(err)
		}
		if list := must[[]Record](t)(s.List(ctx)); len(list) != 1 {
			t.Errorf("%d surveys are left", len(list))
		}
	})
}

func TestResponsesAreKeptStepByStep(t *testing.T) {
	stores(t, func(t *testing.T, s *Store, w *watch) {
		ctx := t.Context()
		draft := sample()
		draft.Key = "consegna"
		must[Record](t)(s.Create(ctx, "anna", draft))
		must[Record](t)(s.Publish(ctx, "anna", "consegna"))
		v, _, err := s.Current(ctx, "consegna")
		if err != nil {
			t.Fatal(err)
		}
		who := []experience.Identifier{{Kind: experience.AnonymousID, Value: "a-1"}}
		first := Step{ID: experience.NewID(), Ticket: Ticket{Survey: "consegna", Channel: ByWidget, Shop: "Trento"}, Language: "it", Who: who, Answers: Answers{"q1": score(3)}}
		must[Response](t)(s.Keep(ctx, v, first))
		w.pass(time.Minute)
		must[Response](t)(s.Keep(ctx, v, first)) // again, as after a crash
		must[Response](t)(s.Keep(ctx, v, Step{ID: first.ID, Answers: Answers{"q2": {Text: "tardi"}}}))
		r := must[Response](t)(s.Keep(ctx, v, Step{ID: first.ID, Answers: Answers{"q1": score(10)}})) // went back
		if r.SettledAt != (time.Time{}) || !r.BegunAt.Equal(noon) || r.Shop != "Trento" || r.About != "delivery" {
			t.Errorf("under way it is %+v", r)
		}
		r = must[Response](t)(s.Keep(ctx, v, Step{ID: first.ID, Answers: Answers{"q3": {Choice: []string{"fast"}}, "q4": {Items: map[string]int{"look": 4}}}, Finish: true}))
		want := Answers{"q1": score(10), "q3": {Choice: []string{"fast"}}, "q4": {Items: map[string]int{"look": 4}}}
		if diff := cmp.Diff(want, r.Answers); diff != "" {
			t.Errorf("what lies off the way was not left out (-want +got):\n%s", diff)
		}
		if _, err := s.Keep(ctx, v, first); !errors.Is(err, ErrAnswered) {
			t.Errorf("a settled response took another answer: %v", err)
		}
		got := must[Response](t)(s.Response(ctx, first.ID))
		if diff := cmp.Diff(r, got); diff != "" {
			t.Errorf("read back (-kept +read):\n%s", diff)
		}
		s.Opened("consegna", ByWidget)
		s.Opened("consegna", ByWidget)
		if err := s.writeOpens(ctx); err != nil {
			t.Fatal(err)
		}
		results := must[*Results](t)(s.Results(ctx, "consegna"))
		if diff := cmp.Diff([]Reach{{ByWidget, 2, 1, 1}}, results.Funnel); diff != "" || results.Figures[0].N != 1 || results.Finished != 1 {
			t.Errorf("results %+v (-want +got):\n%s", results, diff)
		}
		if n := must[map[string]Answered](t)(s.Counts(ctx))["consegna"].N; n != 1 {
			t.Errorf("%d have answered", n)
		}
		list, next, err := s.Settled(ctx, "consegna", "", false, 1)
		if err != nil || len(list) != 1 || next == "" {
			t.Fatalf("settled are %d, %q, %v", len(list), next, err)
		}
		if list, _, err = s.Settled(ctx, "consegna", next, false, 1); err != nil || len(list) != 0 {
			t.Errorf("after them %d, %v", len(list), err)
		}
		if list, _, err = s.Settled(ctx, "consegna", "", true, 1); err != nil || len(list) != 0 {
			t.Errorf("with texts %d, %v", len(list), err)
		}
	})
}

func TestWhatIsLeftUnfinishedIsSettled(t *testing.T) {
	stores(t, func(t *testing.T, s *Store, w *watch) {
		ctx := t.Context()
		draft := sample()
		draft.Key = "consegna"
		must[Record](t)(s.Create(ctx, "anna", draft))
		must[Record](t)(s.Publish(ctx, "anna", "consegna"))
		v, _, err := s.Current(ctx, "consegna")
		if err != nil {
			t.Fatal(err)
		}
		step := Step{ID: experience.NewID(), Ticket: Ticket{Survey: "consegna", Channel: ByLink}, Answers: Answers{"q1": score(3)}}
		must[Response](t)(s.Keep(ctx, v, step))
		w.pass(Abandoned - time.Second)
		if n := must[int](t)(s.settle(ctx, 10)); n != 0 {
			t.Errorf("%d were settled too early", n)
		}
		w.pass(time.Second)
		if n := must[int](t)(s.settle(ctx, 10)); n != 1 {
			t.Errorf("%d were settled", n)
		}
		r := must[Response](t)(s.Response(ctx, step.ID))
		if r.SettledAt.IsZero() || !r.FinishedAt.IsZero() {
			t.Errorf("settled %v, finished %v", r.SettledAt, r.FinishedAt)
		}
	})
}

// TestManyAtOnce: of many who answer at one time, one of them twice and one to
// a version that is not theirs, each gets what is theirs.
func TestManyAtOnce(t *testing.T) {
	stores(t, func(t *testing.T, s *Store, _ *watch) {
		ctx := t.Context()
		draft := sample()
		draft.Key = "consegna"
		must[Record](t)(s.Create(ctx, "anna", draft))
		must[Record](t)(s.Publish(ctx, "anna", "consegna"))
		v, _, err := s.Current(ctx, "consegna")
		if err != nil {
			t.Fatal(err)
		}
		other := *v
		other.Number = 2
		first := Step{ID: experience.NewID(), Ticket: Ticket{Survey: "consegna", Channel: ByLink}, Answers: Answers{"q1": score(1)}}
		must[Response](t)(s.Keep(ctx, v, first))
		var wait sync.WaitGroup
		ids := make([]experience.ID, 150)
		for i := range ids {
			ids[i] = experience.NewID()
			wait.Go(func() {
				step := Step{ID: ids[i], Ticket: first.Ticket, Answers: Answers{"q1": score(i % 11)}, Finish: i%2 == 0}
				switch r, err := s.Keep(ctx, v, step); {
				case err != nil:
					t.Error(err)
				case r.ID != ids[i] || *r.Answers["q1"].Score != i%11:
					t.Errorf("%d was given the answer of another: %+v", i, r)
				}
				if i%2 == 0 {
					if _, err := s.Keep(ctx, v, step); !errors.Is(err, ErrAnswered) {
						t.Errorf("finished twice: %v", err)
					}
				}
				if _, err := s.Keep(ctx, &other, first); experience.CodeOf(err) != experience.Conflict {
					t.Errorf("to another version: %v", err)
				}
			})
		}
		wait.Wait()
		for i, id := range ids {
			if r := must[Response](t)(s.Response(ctx, id)); *r.Answers["q1"].Score != i%11 || r.FinishedAt.IsZero() == (i%2 == 0) {
				t.Errorf("%d is kept as %+v", i, r)
			}
		}
	})
}
