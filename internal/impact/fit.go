package impact

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"regia/internal/experience"
	"regia/internal/stats"
)

// Hand is what somebody decided about a rule: off, or of a weight of their own.
type Hand struct {
	Off    bool     `json:"off"`
	Weight *float64 `json:"weight" doc:"From -1 to 1; null: fitted on answers"`
}

// with gives the book with the weights its designer and some hands gave it.
func (b *Book) with(hands map[string]Hand) *Book {
	fresh := *b
	fresh.Weights = make([]Weight, len(b.Rules))
	for i, r := range b.Rules {
		w := Weight{Value: r.Weight, Error: r.Error}
		h := hands[r.Key]
		w.Off = h.Off
		if h.Weight != nil {
			w.Value, w.Error, w.Hand = math.Max(-1, math.Min(1, *h.Weight)), 0, true
		}
		fresh.Weights[i] = w
	}
	return &fresh
}

// Fit tells how weights were fitted, and how far to trust them.
type Fit struct {
	N       int64 // answers
	Scales  []ScaleFit
	Sigma   float64 // how much answers differ beyond what the rules tell, in [-1, 1] units
	HoldOut HoldOut
}

// ScaleFit is how people answer on a scale where no rule fired before.
type ScaleFit struct {
	Scale experience.Scale
	N     int64
	Base  float64 // in [-1, 1]
}

// HoldOut says how well answers were foretold that the weights had not seen:
// fitted on the earlier three quarters, tried on the last.
type HoldOut struct {
	Learned, Tried int64
	Error          float64 // root of the mean squared error, in [-1, 1] units
	MeanError      float64 // the same for foretelling each scale's mean
	Explained      float64 // 1 − (Error/MeanError)²: what part of the differences is foretold; 0 or less: nothing
}

// earlier is the part of answers, by time, that the hold-out learns from.
const earlier = 0.75

// fit sets the weights of the book by what people stated after the rules held:
//
//	value = base(scale) + Σ weight·strength + noise
//
// Each scale has a base of its own, so that scales are never mixed: an answer
// is held only against others of its scale. It is a ridge regression towards
// the designer's weights (stats.Ridge; Hoerl and Kennard 1970, Swindel 1976),
// each held back as strongly as its designer was sure of it: the penalty of a
// weight is noise variance / designer's error², so that it is the mean of a
// normal posterior (Lindley and Smith 1972). With few answers the designer's
// weight stands, with many it gives way. A rule that fired before fewer than
// experience.TooFew answers keeps its designer's weight; behavioural rules
// always do, and those set by hand.
func (b *Book) fit(known []Known) Fit {
	f := Fit{N: int64(len(known))}
	m := b.learn(known)
	f.Sigma, f.Scales = m.sigma, m.scales
	copy(b.Weights, m.weights)
	f.HoldOut = b.holdOut(known)
	return f
}

// model is weights and bases as they were learned.
type model struct {
	weights []Weight
	speaks  []bool // the rule says something of what people state
	scales  []ScaleFit
	sigma   float64
}

// foretell gives what an answer would be.
func (m model) foretell(k *Known) (value, base float64) {
	for _, s := range m.scales {
		if s.Scale == k.Scale {
			value, base = s.Base+m.told(k), s.Base
		}
	}
	return math.Max(-1, math.Min(1, value)), base
}

// learn fits weights without changing the book.
func (b *Book) learn(known []Known) model {
	m := model{weights: slices.Clone(b.Weights), speaks: make([]bool, len(b.Rules))}
	for i := range m.weights {
		m.weights[i].N, m.speaks[i] = 0, b.Rules[i].Fitted()
	}
	groups := map[experience.Scale][]int{}
	for i := range known {
		groups[known[i].Scale] = append(groups[known[i].Scale], i)
		for _, x := range known[i].before {
			if x.strength > 0 {
				m.weights[x.rule].N++
			}
		}
	}
	var columns []int // rules to be fitted
	for i, w := range m.weights {
		if b.Rules[i].Fitted() && !w.Hand && !w.Off && w.N >= experience.TooFew {
			columns = append(columns, i)
		}
	}
	x, y := b.design(known, groups, columns)
	m.sigma = m.solve(b, x, y, columns)
	for s, list := range groups {
		m.scales = append(m.scales, ScaleFit{Scale: s, N: int64(len(list)), Base: m.base(known, list)})
	}
	slices.SortFunc(m.scales, func(a, b ScaleFit) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Scale.Key, b.Scale.Key)) })
	return m
}

// told is how much the rules that fired before an answer move it.
func (m model) told(k *Known) (sum float64) {
	for _, x := range k.before {
		if w := m.weights[x.rule]; m.speaks[x.rule] && !w.Off {
			sum += w.Value * float64(x.strength)
		}
	}
	return sum
}

// base is the mean of a scale's answers less what the rules tell.
func (m model) base(known []Known, list []int) float64 {
	var sum float64
	for _, i := range list {
		sum += known[i].Value - m.told(&known[i])
	}
	return sum / float64(len(list))
}

// design gives a row for each answer, with the means of its scale taken out (so
// that each scale has its own base: Frisch and Waugh 1933). Columns are in
// units of the designer's error. What rules tell that are not fitted is taken
// out of y.
func (b *Book) design(known []Known, groups map[experience.Scale][]int, columns []int) (x [][]float64, y []float64) {
	place := make(map[uint16]int, len(columns))
	for j, rule := range columns {
		place[uint16(rule)] = j
	}
	for _, s := range sortedScales(groups) {
		list := groups[s]
		mean, meanY := make([]float64, len(columns)), 0.0
		first := len(x)
		for _, i := range list {
			row, value := make([]float64, len(columns)), known[i].Value
			for _, f := range known[i].before {
				if j, ok := place[f.rule]; ok {
					row[j] += float64(f.strength) * b.Rules[f.rule].Error
				} else if w := b.Weights[f.rule]; !w.Off && b.Rules[f.rule].Fitted() {
					value -= w.Value * float64(f.strength)
				}
			}
			x, y = append(x, row), append(y, value)
			for j, v := range row {
				mean[j] += v / float64(len(list))
			}
			meanY += value / float64(len(list))
		}
		for k := first; k < len(x); k++ {
			for j := range mean {
				x[k][j] -= mean[j]
			}
			y[k] -= meanY
		}
	}
	return x, y
}

func sortedScales(groups map[experience.Scale][]int) []experience.Scale {
	var list []experience.Scale
	for s := range groups {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b experience.Scale) int { return cmp.Compare(a.Key, b.Key) })
	return list
}

// solve fits the columns' weights and gives the noise.
func (m *model) solve(b *Book, x [][]float64, y []float64, columns []int) float64 {
	prior := make([]float64, len(columns))
	for j, rule := range columns {
		prior[j] = b.Rules[rule].Weight / b.Rules[rule].Error
	}
	sigma := spreadOf(y)
	if len(columns) == 0 || sigma == 0 {
		return sigma
	}
	var line stats.Linear
	for range 3 { // the penalty needs the noise, and the noise the weights
		var err error
		if line, err = stats.Ridge(x, y, sigma*sigma, prior); err != nil {
			return sigma // fewer answers than rules: the designer's weights stand
		}
		sigma = line.Sigma
	}
	for j, rule := range columns {
		w := &m.weights[rule]
		w.Value = math.Max(-1, math.Min(1, line.Coefficients[j]*b.Rules[rule].Error))
		w.Error, w.Fitted = line.Errors[j]*b.Rules[rule].Error, true
	}
	return sigma
}

func spreadOf(y []float64) float64 {
	var squares float64
	for _, v := range y {
		squares += v * v
	}
	if len(y) < 2 {
		return 0
	}
	return math.Sqrt(squares / float64(len(y)-1))
}

// holdOut learns from the earlier answers and tries itself on the later.
func (b *Book) holdOut(known []Known) HoldOut {
	cut := int(float64(len(known)) * earlier)
	if len(known)-cut < experience.TooFew {
		return HoldOut{}
	}
	m := b.learn(known[:cut])
	means := map[experience.Scale]float64{}
	counts := map[experience.Scale]float64{}
	for i := range known[:cut] {
		means[known[i].Scale] += known[i].Value
		counts[known[i].Scale]++
	}
	h := HoldOut{Learned: int64(cut)}
	var ours, mean float64
	for i := cut; i < len(known); i++ {
		k := &known[i]
		if counts[k.Scale] == 0 {
			continue // a scale that nobody had used before
		}
		value, _ := m.foretell(k)
		usual := means[k.Scale] / counts[k.Scale]
		ours += (k.Value - value) * (k.Value - value)
		mean += (k.Value - usual) * (k.Value - usual)
		h.Tried++
	}
	if h.Tried > 0 && mean > 0 {
		h.Error, h.MeanError = math.Sqrt(ours/float64(h.Tried)), math.Sqrt(mean/float64(h.Tried))
		h.Explained = 1 - ours/mean
	}
	return h
}

// latest keeps the n latest answers, oldest first.
func latest(known []Known, n int) []Known {
	slices.SortFunc(known, func(a, b Known) int {
		return cmp.Or(a.Time.Compare(b.Time), bytes.Compare(a.Interaction[:], b.Interaction[:]))
	})
	if len(known) > n {
		known = slices.Clone(known[len(known)-n:])
	}
	return known
}
