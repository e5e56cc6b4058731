package language

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A company's own words are learnt, also for a topic that only it has; what was
// not corrected stays; the same corrections give the same.
func TestLearn(t *testing.T) {
	r, err := NewReader()
	if err != nil {
		t.Fatal(err)
	}
	var list []Correction
	for k := range 30 {
		list = append(list,
			Correction{fmt.Sprintf("Il braciere numero %d non si accende", k), "topics", []string{"braciere"}},
			Correction{fmt.Sprintf("Oggi %d clienti mi hanno smarmellato", k), "sentiment", []string{"negative"}})
	}
	learnt, report, err := r.Learn(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range report.Fields {
		if g.HeldBack != 30 || g.After < 28 || g.Before > 10 || !g.Adopted || g.Won-g.Lost != g.After-g.Before {
			t.Errorf("%+v", g)
		}
	}
	got := learnt.Read("Il mio braciere fa fumo")
	if !slices.ContainsFunc(got.Topics, func(t Told) bool { return t.Label == "braciere" }) {
		t.Errorf("%+v", got.Topics)
	}
	if _, felt := learnt.Feel("Ieri mi hanno smarmellato"); felt.Label != "negative" {
		t.Errorf("%+v", felt)
	}
	const delivery, complaint = "Il corriere non ha consegnato il pacco", "Pessimo servizio, sono molto deluso e arrabbiato"
	if got := learnt.Read(delivery).Topics; len(got) == 0 || got[0].Label != "delivery" {
		t.Errorf("%s: %+v", delivery, got)
	}
	if _, felt := learnt.Feel(complaint); felt.Label != "negative" {
		t.Errorf("%s: %+v", complaint, felt)
	}
	again, second, err := r.Learn(t.Context(), list)
	if err != nil || again.Version() != learnt.Version() || cmp.Diff(report, second) != "" ||
		cmp.Diff(again.Read("Il mio braciere fa fumo"), got) != "" {
		t.Errorf("another reader came of the same corrections: %v", err)
	}
	if r.Version() == learnt.Version() {
		t.Error("what was learnt has no version of its own")
	}
}

func TestLearnRefuses(t *testing.T) {
	r, err := NewReader()
	if err != nil {
		t.Fatal(err)
	}
	const text = "Il pacco non è arrivato"
	for _, c := range []Correction{
		{text, "sentiment", []string{"glad"}}, {text, "sentiment", nil}, {text, "weather", []string{"rain"}},
		{text, "language", []string{"it"}}, {text, "topics", []string{""}},
	} {
		if _, _, err := r.Learn(t.Context(), []Correction{c}); err == nil {
			t.Errorf("%+v was learnt", c)
		}
	}
	if _, report, err := r.Learn(t.Context(), []Correction{
		{"My parcel has not been delivered and nobody answers the phone", "topics", []string{"delivery"}},
	}); err != nil || len(report.Fields) != 0 {
		t.Errorf("topics of an English text, which no model tells: %+v, %v", report, err)
	}
	if _, report, err := r.Learn(t.Context(), []Correction{
		{"boh", "sentiment", []string{"negative"}}, {"boh", "sentiment", []string{"positive"}},
	}); err != nil || report.Fields[0].Corrections != 1 || report.Fields[0].HeldBack != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}
