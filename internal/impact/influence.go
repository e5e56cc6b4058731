package impact

import (
	"cmp"
	"math"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/stats"
)

// Influence is how differently people answer according to how much of
// something happened to them.
type Influence struct {
	Measure string // what happened: the key of a rule, or "delivery"
	Rules   []string
	Scale   experience.Scale
	N       int64
	Levels  []Level
	// Share is what part of the differences between all answers goes with the
	// levels, 0 to 1: ε² = (SSb − (k−1)·MSw)/SSt (Kelley 1935, PNAS 21), which
	// chance alone does not raise above 0 on the average.
	Share float64
}

// Level is one degree of what happened, with the answers of those it happened
// to, in the units of their scale.
type Level struct {
	Key string // of the words: delivery.late, none, some, …
	stats.Interval
}

// cuts part amounts into levels: above each of them, up to the next.
var cuts = []float64{0, 1, 3}

// Influences gives what goes with how people answer on a scale, the strongest
// first. What happened to an order or a case is taken as it is known now, also
// where it came after the answer: this describes; what foretells reads only
// what was known before (see Known). Influences that fewer than
// experience.TooFew answers tell of are left out.
func (p *Picture) Influences(scale experience.Scale) []Influence {
	samples := map[string]map[string][]float64{}
	rules := map[string][]string{}
	add := func(measure, level string, score float64) {
		if samples[measure] == nil {
			samples[measure] = map[string][]float64{}
		}
		samples[measure][level] = append(samples[measure][level], score)
	}
	for _, r := range p.Book.Rules {
		rules[r.Measure] = append(rules[r.Measure], r.Key)
	}
	for i := range p.known {
		k := &p.known[i]
		if k.Scale != scale {
			continue
		}
		if k.After.Known {
			add(delivery, k.After.level(), k.Score)
		}
		for n, r := range p.Book.Rules {
			if r.Measure != delivery && r.Fitted() && !p.Book.Weights[n].Off {
				add(r.Measure, levelOf(&r, k.amount(n)), k.Score)
			}
		}
	}
	var out []Influence
	for measure, levels := range samples {
		f := Influence{Measure: measure, Rules: rules[measure], Scale: scale}
		for key, scores := range levels {
			l := Level{Key: key, Interval: stats.Mean(scores).Within(scale.Low, scale.High)}
			f.Levels = append(f.Levels, l)
			f.N += l.N
		}
		if happened := f.N - int64(len(levels[levelNone])); happened < experience.TooFew || len(levels) < 2 {
			continue
		}
		slices.SortFunc(f.Levels, func(a, b Level) int { return slices.Index(levelOrder, a.Key) - slices.Index(levelOrder, b.Key) })
		f.Share = explained(levels)
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Influence) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Measure, b.Measure))
	})
	return out
}

// delivery is the measure of several rules, which part its days among them.
const delivery = "delivery"

// The levels, and the order in which pages show them.
const (
	levelNone = "none"
	levelSome = "some"
)

var levelOrder = []string{"early-7", "early", "late-3", "late-7", "late", "never", levelNone, levelSome, "up-1", "up-3", "more"}

// level is where a delivery stands against the promise.
func (d Delivery) level() string {
	switch {
	case d.Overdue:
		return "never"
	case d.DaysLate < -7:
		return "early-7"
	case d.DaysLate <= 0:
		return "early"
	case d.DaysLate <= 3:
		return "late-3"
	case d.DaysLate <= 7:
		return "late-7"
	}
	return "late"
}

// amount is how much of a rule happened, as it is known now.
func (k *Known) amount(rule int) float64 {
	for _, f := range k.after {
		if int(f.rule) == rule {
			return float64(f.amount)
		}
	}
	return 0
}

// levelOf parts what is measured in days or minutes by how much, the rest by
// whether.
func levelOf(r *Rule, amount float64) string {
	switch {
	case amount <= 0:
		return levelNone
	case !r.measured && r.Pattern != answers:
		return levelSome
	case amount <= cuts[1]:
		return "up-1"
	case amount <= cuts[2]:
		return "up-3"
	}
	return "more"
}

// explained is ε² of groups of values.
func explained(groups map[string][]float64) float64 {
	var n, sum float64
	for _, g := range groups {
		for _, v := range g {
			n++
			sum += v
		}
	}
	mean := sum / n
	var between, total float64
	for _, g := range groups {
		var own float64
		for _, v := range g {
			own += v / float64(len(g))
			total += (v - mean) * (v - mean)
		}
		between += float64(len(g)) * (own - mean) * (own - mean)
	}
	k := float64(len(groups))
	if total == 0 || n <= k {
		return 0
	}
	return math.Max(0, (between-(k-1)*(total-between)/(n-k))/total)
}

// Answered gives the answers on one scale as that scale is read: their mean in
// its own units and, for NPS, promoters less detractors. Scales are never mixed.
type Answered struct {
	Scale  experience.Scale
	Mean   stats.Interval  // in the scale's units
	NPS    *stats.Interval // −100 to 100; only of nps
	People int64
}

// Scales gives what people answered from a moment, included, up to another, left
// out (zero: no limit), scale by scale, the most used first.
func (p *Picture) Scales(from, to time.Time) []Answered {
	scores := map[experience.Scale][]float64{}
	people := map[experience.Scale]map[experience.ID]bool{}
	for i := range p.known {
		k := &p.known[i]
		if k.Time.Before(from) || !to.IsZero() && !k.Time.Before(to) {
			continue
		}
		scores[k.Scale] = append(scores[k.Scale], k.Score)
		if people[k.Scale] == nil {
			people[k.Scale] = map[experience.ID]bool{}
		}
		people[k.Scale][k.Person] = true
	}
	var out []Answered
	for s, list := range scores {
		a := Answered{Scale: s, Mean: stats.Mean(list).Within(s.Low, s.High), People: int64(len(people[s]))}
		if s.Measure == experience.NetPromoter {
			t := stats.Tally{Scale: s}
			for _, score := range list {
				t.Add(score)
			}
			n := t.Figure()
			a.NPS = &n
		}
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b Answered) int {
		return cmp.Or(cmp.Compare(b.Mean.N, a.Mean.N), cmp.Compare(a.Scale.Key, b.Scale.Key))
	})
	return out
}
