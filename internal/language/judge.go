package language

import (
	"cmp"
	"math"
	"slices"
)

// calibrate finds how sure scores make it, from scores of texts that had not
// been seen: for each label the logistic curve that fits best (Platt 1999), or
// for labels that exclude each other the softmax that does; and from which
// confidence on a label is given so that F1 is highest.
func (m *Model) calibrate(examples []Example, unseen [][]float32) {
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
	if m.Many {
		m.cut(examples, unseen)
	} else {
		m.trust(examples, unseen)
	}
}

// trust finds how sure the model must be for what it tells to be right as often
// as its card asks (Card.Trust), and writes on the card of how many texts it
// then tells something, and how often that is right.
func (m *Model) trust(examples []Example, unseen [][]float32) {
	type told struct {
		confidence float32
		right      bool
	}
	var all []told
	for i, scores := range unseen {
		if scores != nil {
			c := m.confident(scores)
			k := m.tell(c)[0]
			all = append(all, told{c[k], slices.Contains(examples[i].Labels, k)})
		}
	}
	slices.SortStableFunc(all, func(a, b told) int { return cmp.Compare(b.confidence, a.confidence) })
	right, best, bestRight := 0.0, 0, 0.0
	for n, t := range all {
		if t.right {
			right++
		}
		if right/float64(n+1) >= m.Trust {
			best, bestRight, m.sure = n+1, right, t.confidence
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

// cut finds from which confidence on each label is given.
func (m *Model) cut(examples []Example, unseen [][]float32) {
	m.cutoff = make([]float32, len(m.Labels))
	for k := range m.Labels {
		best := -1.0
		for c := float32(0.05); c < 0.95; c += 0.01 {
			if f := m.countLabel(examples, unseen, k, c).f1(); f > best {
				best, m.cutoff[k] = f, c
			}
		}
	}
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

func (m *Model) countLabel(examples []Example, unseen [][]float32, k int, cutoff float32) tally {
	var t tally
	for i, scores := range unseen {
		if scores != nil {
			t.add(logistic(m.slope[k]*scores[k]+m.shift[k]) >= cutoff, slices.Contains(examples[i].Labels, k))
		}
	}
	return t
}

// judge gives the F1 of each label, and their mean, on texts not seen.
func (m *Model) judge(examples []Example, unseen [][]float32) map[string]float64 {
	counts := make([]tally, len(m.Labels))
	for i, scores := range unseen {
		if scores == nil {
			continue
		}
		told := m.tell(m.confident(scores))
		for k := range counts {
			counts[k].add(slices.Contains(told, k), slices.Contains(examples[i].Labels, k))
		}
	}
	out, sum := map[string]float64{}, 0.0
	for k, t := range counts {
		out["f1."+m.Labels[k]] = t.f1()
		sum += t.f1()
	}
	out["f1"] = sum / float64(len(counts))
	return out
}

// tell gives the labels that confidences speak for.
func (m *Model) tell(confidences []float32) []int {
	if !m.Many {
		best := 0
		for k, c := range confidences {
			if c > confidences[best] {
				best = k
			}
		}
		return []int{best}
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
