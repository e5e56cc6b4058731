package stats_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/stats"
)

// A tally gives what the figure of its scale gives of the same answers counted
// by hand, and nothing is lost between its parts.
func TestTally(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scale := rapid.SampledFrom(experience.Scales()).Draw(t, "scale")
		answers := rapid.SliceOfN(rapid.IntRange(int(scale.Low), int(scale.High)), 2, 60).Draw(t, "answers")
		tally, other := stats.Tally{Scale: scale}, stats.Tally{Scale: scale}
		var values []float64
		var promoters, detractors, top int64
		for _, a := range answers {
			v := float64(a)
			tally.Add(v)
			other.Add(scale.Low + scale.High - v)
			values = append(values, v)
			if a >= 9 {
				promoters++
			}
			if a <= 6 {
				detractors++
			}
			if a >= int(scale.High)-1 && scale.High == 5 || scale.High == 1 && a == 1 {
				top++
			}
		}
		n := int64(len(answers))
		want := stats.Mean(values).Within(scale.Low, scale.High)
		switch scale.Measure {
		case experience.NetPromoter:
			want = stats.NPS(promoters, n-promoters-detractors, detractors)
		case experience.TopBox:
			want = stats.Share(top, n)
		}
		got := tally.Figure()
		if tally.N() != n || tally.Parts[0]+tally.Parts[1]+tally.Parts[2] != n || got.N != n || math.Abs(got.Value-want.Value) > 1e-9 || math.Abs(got.Low-want.Low) > 1e-9 || math.Abs(got.High-want.High) > 1e-9 {
			t.Fatalf("%s of %v is %+v, want %+v", scale.Key, answers, got, want)
		}
		if d := tally.Minus(&other).Value; math.Abs(d-(got.Value-other.Figure().Value)) > 1e-9 {
			t.Fatalf("%s: less the other it is %v", scale.Key, d)
		}
	})
}
