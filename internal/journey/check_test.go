package journey

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regia/internal/analytics"
	"regia/internal/experience"
)

func TestWhatIsWrongIsNamedWithItsPlace(t *testing.T) {
	home := func(m *Map) *Step { return &m.Stages[1].Steps[1] }
	for name, c := range map[string]struct {
		spoil func(*Map)
		place string
		key   string
	}{
		"no name":               {func(m *Map) { m.Name = "" }, "name", "name"},
		"a long name":           {func(m *Map) { m.Name = strings.Repeat("é", maxTitle+1) }, "name", "long"},
		"a kind of its own":     {func(m *Map) { m.Kind = "dream" }, "kind", "kind"},
		"a case of its own":     {func(m *Map) { m.Case = "moon" }, "case", "case"},
		"the editor's address":  {func(m *Map) { m.Key = newPath }, "key", "key"},
		"no stages":             {func(m *Map) { m.Stages = nil }, "stages", "empty"},
		"a stage without name":  {func(m *Map) { m.Stages[0].Name = "" }, "stages[0].name", "stage.name"},
		"a step without name":   {func(m *Map) { home(m).Name = " " }, "stages[1].steps[1].name", "step.name"},
		"an id twice":           {func(m *Map) { m.Stages[1].Steps[0].ID = "ordine" }, "stages[1].steps[0].id", "twice"},
		"an id with spaces":     {func(m *Map) { home(m).ID = "a b" }, "stages[1].steps[1].id", "id"},
		"a zero":                {func(m *Map) { home(m).Pains = []string{"a\x00"} }, "stages[1].steps[1].pains", "zero"},
		"a match of everything": {func(m *Map) { home(m).Match = []analytics.Match{{}} }, "stages[1].steps[1].match[0]", "match"},
		"a match of nothing": {func(m *Map) {
			home(m).Match = []analytics.Match{{Event: "x", Where: []analytics.Filter{{Field: "colour", Is: "equal", Values: []string{"red"}}}}}
		}, "stages[1].steps[1].match[0]", "match"},
		"an assumption too large": {func(m *Map) { home(m).Assumed[experience.Emotional] = 1.5 }, "stages[1].steps[1].assumed", "assumed"},
		"an assumption of none":   {func(m *Map) { home(m).Assumed[experience.Emotional] = math.NaN() }, "stages[1].steps[1].assumed", "assumed"},
		"a sixth sense":           {func(m *Map) { home(m).Assumed["spiritual"] = 0 }, "stages[1].steps[1].assumed", "dimension"},
		"no length of time":       {func(m *Map) { home(m).Expectation.Within = "soon" }, "stages[1].steps[1].expectation.within", "within"},
		"from nowhere":            {func(m *Map) { home(m).Expectation.From = "nowhere" }, "stages[1].steps[1].expectation.from", "from"},
		"from itself":             {func(m *Map) { home(m).Expectation.From = "home" }, "stages[1].steps[1].expectation.from", "from"},
		"first, from before": {func(m *Map) { m.Stages[0].Steps[0].Expectation = &Expectation{Within: "1d"} },
			"stages[0].steps[0].expectation.from", "from.none"},
		"a measure of nothing": {func(m *Map) {
			home(m).Expectation.Measure = &analytics.Filter{Field: "properties.x", Is: "above", Values: []string{"many"}}
		},
			"stages[1].steps[1].expectation.measure", "measure"},
	} {
		t.Run(name, func(t *testing.T) {
			m := sample().clean()
			if err := m.Check(); err != nil {
				t.Fatalf("the sample itself: %v", err)
			}
			c.spoil(&m)
			err := m.clean().Check()
			var all *FaultsError
			if experience.CodeOf(err) != experience.Invalid || !errors.As(err, &all) {
				t.Fatalf("gives %v", err)
			}
			if got := all.Faults[0]; got.Place != c.place || got.Key != "journey.error."+c.key || len(all.Faults) != 1 {
				t.Errorf("faults are %v", all)
			}
		})
	}
}

func TestCleaningLeavesWhatItWasCalledOn(t *testing.T) {
	before, given := sample(), sample()
	given.clean().Stages[0].Steps[0].Name = "Altro"
	cleaned := given.clean()
	cleaned.Stages[1].Steps[1].Assumed[experience.Emotional] = 1
	if diff := cmp.Diff(before, given); diff != "" {
		t.Error(diff)
	}
}

func TestSlugs(t *testing.T) {
	for name, want := range map[string]string{
		"Dall'acquisto alla consegna": "dall-acquisto-alla-consegna", "Perché no": "perche-no", "": "otherwise", "日本": "otherwise", "new": "otherwise",
		"  Caffè & tè  ": "caffe-te", "café 24h": "cafe-24h", strings.Repeat("ab ", 40): strings.Trim(strings.Repeat("ab-", 40)[:50], "-"), "ˢ x": "x",
	} {
		if got := slug(name, "otherwise"); got != want {
			t.Errorf("%q gives %q, not %q", name, got, want)
		}
	}
}

func TestWhenAnExpectationRuns(t *testing.T) {
	m := sample().clean()
	m.Stages[1].Steps[0].Expectation = &Expectation{Within: "2d"}
	for id, want := range map[string]string{"home": "ordine", "spedizione": "ordine", "ordine": "", "nothing": ""} {
		if got := m.ExpectedFrom(id); got != want {
			t.Errorf("%s runs from %q, not %q", id, got, want)
		}
	}
	m.Stages[1].Steps[1].Expectation.From = ""
	if got := m.ExpectedFrom("home"); got != "spedizione" {
		t.Errorf("home runs from %q", got)
	}
}

func TestAStepMeansItsEventsOrElseItsTouchpoints(t *testing.T) {
	s := Step{Touchpoints: []string{"till", "online-order"}}
	if diff := cmp.Diff([]analytics.Match{{Touchpoint: "till"}, {Touchpoint: "online-order"}}, s.Matches()); diff != "" {
		t.Error(diff)
	}
	s.Match = []analytics.Match{{Event: "Order Completed"}}
	if diff := cmp.Diff(s.Match, s.Matches()); diff != "" {
		t.Error(diff)
	}
}
