package journey

import (
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"regia/internal/experience"
)

func TestReadyMadeMapsAreWholeInBothLanguages(t *testing.T) {
	files := must[[]string](t)(func() ([]string, error) {
		list, err := readyFiles.ReadDir("ready")
		var names []string
		for _, f := range list {
			names = append(names, strings.TrimSuffix(path.Base(f.Name()), ".yaml"))
		}
		return names, err
	}())
	if diff := cmp.Diff(files, ReadyMades(), cmpopts.SortSlices(strings.Compare)); diff != "" {
		t.Errorf("files and list differ: %s", diff)
	}
	for _, name := range ReadyMades() {
		italian, english := must[Map](t)(Ready(name, "it")), must[Map](t)(Ready(name, "en"))
		for language, m := range map[string]Map{"it": italian, "en": english} {
			if err := m.clean().Check(); err != nil {
				t.Errorf("%s in %s: %v", name, language, err)
			}
		}
		truth, expected := 0, 0
		for i, s := range italian.Steps() {
			other := english.Steps()[i]
			if s.Name == other.Name || s.Name == "" || other.Name == "" {
				t.Errorf("%s: %q is %q in English", name, s.Name, other.Name)
			}
			for what, pair := range map[string][2][]string{"pains": {s.Pains, other.Pains}, "opportunities": {s.Opportunities, other.Opportunities}, "backstage": {s.Backstage, other.Backstage}} {
				for k := range pair[0] {
					if pair[0][k] == "" || pair[1][k] == "" || pair[0][k] == pair[1][k] {
						t.Errorf("%s: %s of %q: %q and %q", name, what, s.Name, pair[0][k], pair[1][k])
					}
				}
			}
			if len(s.Matches()) == 0 {
				t.Errorf("%s: %q is bound to nothing", name, s.Name)
			}
			if s.MomentOfTruth {
				truth++
			}
			if s.Expectation != nil {
				expected++
				if s.Expectation.Text == "" || other.Expectation.Text == "" {
					t.Errorf("%s: the expectation of %q has no words", name, s.Name)
				}
			}
		}
		if truth < 2 || expected < 2 {
			t.Errorf("%s has %d moments of truth and %d expectations", name, truth, expected)
		}
	}
	if _, err := Ready("../map", "it"); experience.CodeOf(err) != experience.NotFound {
		t.Errorf("a map of no name gives %v", err)
	}
}
