package language

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// calibrate finds how sure scores make it, from scores of texts that had not
// been seen: for each label the logistic curve that fits best (Platt 1999), or
// for labels that exclude each other the softmax that does; and from which
// confidence on a label is given so that F1 is highest.
func (m *Model) calibrate(examples []Example, unseen [][]float32, in []int) {
	n := len(m.Labels)
	m.slope, m.shift = make([]float32, n), make([]float32, n)
	for k := range n {
		m.slope[k] = 1
	}
	const steps, rate = 400, 2.0
	for range steps { // gradient ascent of the likelihood, averaged over texts: two numbers a label
		slope, shift, texts := make([]float64, n), make([]float64, n), 0.0
		for i, scores := range unseen {
			if scores == nil {
				continue
			}
			texts++
			for k, p := range m.confident(scores) {
				off := -float64(p)
				if slices.Contains(examples[i].Labels, k) {
					off++
				}
				slope[k] += off * float64(scores[k])
				shift[k] += off
			}
		}
		for k := range n {
			m.slope[k] += float32(rate * slope[k] / texts)
			m.shift[k] += float32(rate * shift[k] / texts)
		}
	}
	all := m.answers(examples, unseen, in)
	for f := range folds { // each part is told by what the others say
		m.cutoff = m.cut(all, f)
		for i, a := range all {
			if a.fold == f {
				all[i].told = m.tell(a.confidence)
			}
		}
	}
	m.cutoff = m.cut(all, folds)
	if !m.Many {
		m.trust(all)
	}
	m.judge(all)
}

// answer is what was told of a text by a model that had not seen it.
type answer struct {
	confidence []float32
	told, are  []int // numbers of labels
	fold       int
	argued     bool // the same words stand with other labels elsewhere
}

func (m *Model) answers(examples []Example, unseen [][]float32, in []int) []answer {
	var out []answer
	labels, argued, words := map[string][]int{}, map[string]bool{}, []string{}
	for i, scores := range unseen {
		if scores == nil {
			continue
		}
		key, are := wording(examples[i].Text), slices.Sorted(slices.Values(examples[i].Labels))
		if others, known := labels[key]; known && !slices.Equal(others, are) {
			argued[key] = true
		}
		labels[key], words = are, append(words, key)
		out = append(out, answer{confidence: m.confident(scores), are: examples[i].Labels, fold: in[i]})
	}
	for i := range out {
		out[i].argued = argued[words[i]]
	}
	return out
}

// trust finds how sure the model must be for what it tells to be right as often
// as its card asks (Card.Trust), and writes on the card of how many texts it
// then tells something, and how often that is right.
func (m *Model) trust(all []answer) {
	surest := slices.Clone(all)
	slices.SortStableFunc(surest, func(a, b answer) int { return cmp.Compare(b.confidence[b.told[0]], a.confidence[a.told[0]]) })
	right, best, bestRight := 0.0, 0, 0.0
	for n, a := range surest {
		if slices.Contains(a.are, a.told[0]) {
			right++
		}
		if right/float64(n+1) >= m.Trust {
			best, bestRight, m.sure = n+1, right, a.confidence[a.told[0]]
		}
	}
	m.Told, m.Right = float64(best)/float64(len(all)), bestRight/float64(max(best, 1))
}

// confident turns scores into confidences without touching them.
func (m *Model) confident(scores []float32) []float32 { return squash(m.calibrated(scores), m.Many) }

// calibrated gives scores as logarithms of odds.
func (m *Model) calibrated(scores []float32) []float32 {
	out := make([]float32, len(scores))
	for k, s := range scores {
		out[k] = m.slope[k]*s + m.shift[k]
	}
	return out
}

// squash turns logarithms of odds into confidences, in place: each by itself
// where many labels may hold, else such that they sum to one.
func squash(odds []float32, many bool) []float32 {
	sum := 0.0
	for k, x := range odds {
		if many {
			odds[k] = logistic(x)
			continue
		}
		odds[k] = float32(math.Exp(float64(x)))
		sum += float64(odds[k])
	}
	if !many {
		for k := range odds {
			odds[k] /= float32(sum)
		}
	}
	return odds
}

// cut finds the cutoffs of labels for macro F1 to be highest, on all parts but
// one.
func (m *Model) cut(all []answer, without int) []float32 {
	var seen []answer
	for _, a := range all {
		if a.fold != without {
			seen = append(seen, a)
		}
	}
	if !m.Many {
		return m.lean(seen)
	}
	cutoff := make([]float32, len(m.Labels))
	for k := range m.Labels {
		best := -1.0
		for c := float32(0.05); c < 0.95; c += 0.01 {
			var t tally
			for _, a := range seen {
				t.add(a.confidence[k] >= c, slices.Contains(a.are, k))
			}
			if f := t.f1(); f > best {
				best, cutoff[k] = f, c
			}
		}
	}
	return cutoff
}

// lean finds the cutoffs of labels that exclude each other: of them the one is
// told whose confidence is the largest multiple of its cutoff. Rare labels have
// a lower one, so that they are told at all.
func (m *Model) lean(seen []answer) []float32 {
	cutoff := make([]float32, len(m.Labels))
	for k := range cutoff {
		cutoff[k] = 1
	}
	const sweeps, worth = 2, 0.0005 // less gain than that is chance
	best := m.leaning(seen, cutoff)
	for range sweeps {
		for k := range cutoff {
			was := cutoff[k]
			for _, by := range []float32{0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.1, 1.25, 1.4} {
				kept := cutoff[k]
				cutoff[k] = was * by
				if f := m.leaning(seen, cutoff); f > best+worth {
					best = f
				} else {
					cutoff[k] = kept
				}
			}
		}
	}
	return cutoff
}

// leaning is the macro F1 with some cutoffs.
func (m *Model) leaning(seen []answer, cutoff []float32) float64 {
	counts := make([]tally, len(m.Labels))
	for _, a := range seen {
		told := likeliest(a.confidence, cutoff)
		for k := range counts {
			counts[k].add(k == told, slices.Contains(a.are, k))
		}
	}
	return meanF1(counts)
}

// likeliest gives the label whose confidence is the largest multiple of its
// cutoff.
func likeliest(confidences, cutoff []float32) int {
	best, most := 0, float32(-1)
	for k, c := range confidences {
		if k < len(cutoff) {
			c /= cutoff[k]
		}
		if c > most {
			best, most = k, c
		}
	}
	return best
}

// tally counts how a label was told.
type tally struct{ right, wrong, missed float64 }

// f1 is the harmonic mean of how many of those told are right and of how many
// that are there were told; 0 where there is none of either.
func (t tally) f1() float64 {
	if t.right == 0 {
		return 0
	}
	return 2 * t.right / (2*t.right + t.wrong + t.missed)
}

func (t *tally) add(told, is bool) {
	switch {
	case told && is:
		t.right++
	case told:
		t.wrong++
	case is:
		t.missed++
	}
}

// resamples is how often texts are drawn anew for an interval.
const resamples = 500

// judge writes on the card the F1 of each label, their mean, and its 95 %
// interval by the percentiles of resampled texts (Efron & Tibshirani 1993).
func (m *Model) judge(all []answer) {
	m.Measured, m.Figures = len(all), map[string]float64{}
	counts := m.count(all)
	for k, t := range counts {
		m.Figures["f1."+m.Labels[k]] = t.f1()
	}
	m.Figures["f1"] = meanF1(counts)
	if m.Many {
		m.judgeOtherwise(all)
	}
	random := rand.New(rand.NewPCG(3, 4))
	drawn, means := make([]answer, len(all)), make([]float64, resamples)
	for r := range means {
		for i := range drawn {
			drawn[i] = all[random.IntN(len(all))]
		}
		means[r] = meanF1(m.count(drawn))
	}
	slices.Sort(means)
	m.Figures["f1.low"], m.Figures["f1.high"] = means[resamples*25/1000], means[resamples*975/1000]
}

func (m *Model) count(all []answer) []tally {
	counts := make([]tally, len(m.Labels))
	for _, a := range all {
		for k := range counts {
			counts[k].add(slices.Contains(a.told, k), slices.Contains(a.are, k))
		}
	}
	return counts
}

// meanF1 is the mean of the labels' F1: macro F1.
func meanF1(counts []tally) float64 {
	sum := 0.0
	for _, t := range counts {
		sum += t.f1()
	}
	return sum / float64(len(counts))
}

// tell gives the labels that confidences speak for.
func (m *Model) tell(confidences []float32) []int {
	if !m.Many {
		return []int{likeliest(confidences, m.cutoff)}
	}
	var out []int
	for k, c := range confidences {
		if c >= m.from(k) {
			out = append(out, k)
		}
	}
	return out
}

// from gives from which confidence on a label is given; one that came by
// corrections, where it is likelier than not.
func (m *Model) from(k int) float32 {
	if k < len(m.cutoff) {
		return m.cutoff[k]
	}
	return 0.5
}
