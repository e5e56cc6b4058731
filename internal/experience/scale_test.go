package experience_test

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"regia/internal/experience"
)

func TestScaleNamed(t *testing.T) {
	for _, c := range []struct {
		name, outOf string
		key         string // "" = refused
		low, high   float64
		measure     experience.Measure
		dimension   experience.Dimension
		poor, good  float64
	}{
		{"nps", "", "nps", 0, 10, experience.NetPromoter, experience.Emotional, 6, 9},
		{" NPS ", "10", "nps", 0, 10, experience.NetPromoter, experience.Emotional, 6, 9},
		{"nps", "5", "nps/5", 0, 5, experience.Mean, experience.Emotional, 1.25, 3.75},
		{"csat", "", "csat", 1, 5, experience.TopBox, experience.Emotional, 2, 4},
		{"csat", "7", "csat/7", 1, 7, experience.TopBox, experience.Emotional, 2.5, 6},
		{"ces", "", "ces", 1, 7, experience.Mean, experience.Cognitive, 2.5, 5.5},
		{"stars", "5.0", "stars", 1, 5, experience.Mean, experience.Emotional, 2, 4},
		{"stars/10", "", "stars/10", 1, 10, experience.Mean, experience.Emotional, 3.25, 7.75},
		{"stars/10", "10", "stars/10", 1, 10, experience.Mean, experience.Emotional, 3.25, 7.75},
		{"stars/10", "5", "", 0, 0, "", "", 0, 0},
		{"stars", "1", "", 0, 0, "", "", 0, 0},
		{"stars", "nan", "", 0, 0, "", "", 0, 0},
		{"stars", "inf", "", 0, 0, "", "", 0, 0},
		{"stars", "1001", "", 0, 0, "", "", 0, 0},
		{"stars", "many", "", 0, 0, "", "", 0, 0},
		{"smiley", "", "smiley", 1, 5, experience.TopBox, experience.Emotional, 2, 4},
		{"agree", "5", "agree/5", 1, 5, experience.Mean, experience.Emotional, 2, 4},
		{"thumb", "", "thumb", 0, 1, experience.TopBox, experience.Emotional, 0.25, 1},
		{"percent", "", "percent", 0, 100, experience.Mean, experience.Emotional, 25, 75},
		{"mood", "", "", 0, 0, "", "", 0, 0},
		{"", "10", "", 0, 0, "", "", 0, 0},
	} {
		s, ok := experience.ScaleNamed(c.name, c.outOf)
		if ok != (c.key != "") || s.Key != c.key || s.Low != c.low || s.High != c.high || s.Measure != c.measure || s.Dimension != c.dimension {
			t.Errorf("%q out of %q is %+v, %v", c.name, c.outOf, s, ok)
		}
		if ok && (s.PoorTo() != c.poor || s.GoodFrom() != c.good) {
			t.Errorf("%s: poor to %v, good from %v; want %v, %v", s.Key, s.PoorTo(), s.GoodFrom(), c.poor, c.good)
		}
	}
}

// anyScale is a scale that is known, as somebody may name it.
func anyScale(t *rapid.T) experience.Scale {
	s := rapid.SampledFrom(experience.Scales()).Draw(t, "scale")
	if rapid.Bool().Draw(t, "other end") {
		var ok bool
		if s, ok = experience.ScaleNamed(s.Key, strconv.Itoa(rapid.IntRange(int(s.Low)+1, 1000).Draw(t, "best"))); !ok {
			t.Fatal("a best answer above the worst is refused")
		}
	}
	return s
}

// What is not known is refused, and never taken for something alike.
func TestUnknownScalesAreRefused(t *testing.T) {
	names := experience.Scales()
	rapid.Check(t, func(t *rapid.T) {
		name, outOf := rapid.String().Draw(t, "name"), rapid.SampledFrom([]string{"", "5", "10", "x"}).Draw(t, "out of")
		s, ok := experience.ScaleNamed(name, outOf)
		base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(name)), "/")
		if known := slices.ContainsFunc(names, func(k experience.Scale) bool { return k.Key == base }); ok && !known || !ok && s != (experience.Scale{}) {
			t.Fatalf("%q is taken for %+v", name, s)
		}
	})
}

// A scale is found again by its key, and two scales are equal exactly if their
// keys are: answers that end elsewhere never come together.
func TestScalesAreTheirKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyScale(t), anyScale(t)
		again, ok := experience.ScaleNamed(strings.ToUpper(a.Key), "")
		if !ok || again != a {
			t.Fatalf("%+v is found again as %+v", a, again)
		}
		if (a == b) != (a.Key == b.Key) || (a == b) != (a.Name() == b.Name() && a.High == b.High) {
			t.Fatalf("%+v and %+v", a, b)
		}
		if a.Usual() != (a.Key == a.Name()) {
			t.Fatalf("%s ends where it usually does: %v", a.Key, a.Usual())
		}
	})
}

// Values keep the order of scores, reach from −1 to 1 and lead back; a better
// answer never has a worse verdict, and both ends have theirs.
func TestValuesAndVerdicts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyScale(t)
		x := s.Low + rapid.Float64Range(0, 1).Draw(t, "x")*(s.High-s.Low)
		y := s.Low + rapid.Float64Range(0, 1).Draw(t, "y")*(s.High-s.Low)
		x, y = min(x, y), max(x, y)
		v, ok := s.Value(x)
		w, fits := s.Value(y)
		if !ok || !fits || v > w || v < -1 || w > 1 || math.Abs(s.Score(v)-x) > 1e-9*s.High || s.Verdict(x) > s.Verdict(y) {
			t.Fatalf("%s: %v is %v, %v is %v", s.Key, x, v, y, w)
		}
		if s.Verdict(s.Low) != experience.Poor || s.Verdict(s.High) != experience.Good || s.PoorTo() >= s.GoodFrom() {
			t.Fatalf("%s: poor to %v, good from %v", s.Key, s.PoorTo(), s.GoodFrom())
		}
		for _, off := range []float64{s.Low - 1, s.High + 1, math.NaN()} {
			if _, ok := s.Value(off); ok {
				t.Fatalf("%v lies on %s", off, s.Key)
			}
		}
	})
}

func TestAnswerEvents(t *testing.T) {
	events := experience.AnswerEvents()
	if !slices.IsSorted(events) || !slices.Contains(events, experience.SurveyAnswered) {
		t.Errorf("%v", events)
	}
	for _, e := range events {
		key, ok := experience.AnswerScale(e)
		if _, known := experience.ScaleNamed(key, ""); !ok || key != "" && !known {
			t.Errorf("%s is on %q", e, key)
		}
	}
	if _, ok := experience.AnswerScale("Order Completed"); ok {
		t.Error("an order says what somebody thinks")
	}
}
