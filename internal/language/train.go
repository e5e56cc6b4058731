package language

import (
	"context"
	"math"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Example is a text with the labels that hold for it.
type Example struct {
	Text     string
	Language string
	Labels   []int   // numbers of labels; one where labels exclude each other
	Weight   float64 // how much its error counts; 1 is usual
	Borrowed bool    // of another kind than what the model is for: learnt from, never measured on
}

// Lesson is what a model learns from.
type Lesson struct {
	Card
	Examples []Example
	Cost     float64 // of an error: more follows the examples closer
	// Balance is how much more rare labels count: by the power of it of how many
	// more texts do not have them. 0: not more; 1: as much as all others together.
	Balance float64
	// Ratios above 0 scales each feature by how differently it occurs with a label
	// and without, smoothed by this many texts; see ratios.
	Ratios float64
	// Loud is how many times more than usual the signs weigh beside the hashed
	// features; 0 for once.
	Loud float64
}

// folds is into how many parts the examples are cut for cross-validation.
const folds = 5

// minTexts is in how many texts a feature must stand to be kept.
const minTexts = 2

// Train makes a model: cross-validated, so that its confidences and figures
// come from texts it had not seen, then fitted on all of them.
func Train(ctx context.Context, lesson Lesson) (*Model, error) {
	texts := make([]vector, len(lesson.Examples))
	eye := newEye()
	for i, e := range lesson.Examples {
		texts[i] = eye.see(e.Text, e.Language).copy()
		switch {
		case lesson.Blind:
			texts[i].signs = nil
		case lesson.Glance:
			texts[i].signs = slices.DeleteFunc(texts[i].signs, func(f feature) bool { return f.at >= firstCue })
		}
	}
	in := foldsOf(lesson.Examples)
	unseen := make([][]float32, len(texts)) // scores of texts by a model that had not seen them
	group, ctx := errgroup.WithContext(ctx)
	for f := range folds {
		group.Go(func() error {
			var learn, test []int
			for i, e := range lesson.Examples {
				switch {
				case in[i] != f:
					learn = append(learn, i)
				case !e.Borrowed:
					test = append(test, i)
				}
			}
			m := lesson.fit(texts, learn)
			for _, i := range test {
				unseen[i] = m.scores(nil, texts[i])
			}
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	all := make([]int, len(texts))
	for i := range all {
		all[i] = i
	}
	m := lesson.fit(texts, all)
	m.Texts = len(texts)
	m.calibrate(lesson.Examples, unseen, in)
	return m, nil
}

// foldsOf gives the part of cross-validation that each example belongs to. The
// same words are in the same part, so that no text is told by having been
// learnt; borrowed texts are in none, unless they say the same as one measured.
func foldsOf(examples []Example) []int {
	keys, groups := make([]string, len(examples)), map[string]int{}
	for i, e := range examples {
		keys[i] = wording(e.Text)
		if _, known := groups[keys[i]]; !known && !e.Borrowed {
			groups[keys[i]] = len(groups) % folds
		}
	}
	out := make([]int, len(examples))
	for i, key := range keys {
		f, measured := groups[key]
		if !measured {
			f = -1
		}
		out[i] = f
	}
	return out
}

// wording gives a text's words alone: it is the same for texts that say the same
// in the same words.
func wording(text string) string {
	var key strings.Builder
	for _, t := range tokens(text) {
		if t.kind != punctuation && t.kind != symbol && t.kind != face {
			key.WriteString(t.text + " ")
		}
	}
	return key.String()
}

// fit makes a model from some of the examples, without confidences.
func (l Lesson) fit(texts []vector, learn []int) *Model {
	rarity := rarities(texts, learn)
	x := make([][]feature, len(learn))
	for k, i := range learn {
		x[k] = weigh(texts[i], rarity)
	}
	m := &Model{Card: l.Card}
	row := m.row()
	table := make([]int8, row<<bits)
	m.table = func() []int8 { return table }
	for at, r := range rarity {
		table[at*row] = int8(r)
	}
	m.scale, m.bias = make([]float32, len(m.Labels)), make([]float32, len(m.Labels))
	for k := range m.Labels {
		yes, cost := l.sides(learn, k)
		w := l.weights(x, yes, cost)
		largest := float32(1e-9)
		for _, v := range w[:len(w)-1] {
			largest = max(largest, float32(math.Abs(float64(v))))
		}
		m.scale[k], m.bias[k] = largest, w[len(w)-1]
		for at, v := range w[:len(w)-1] {
			table[at*row+1+k] = int8(math.Round(float64(v / largest * 127)))
		}
	}
	return m
}

// weights gives what tells the texts of a label from the others.
func (l Lesson) weights(x [][]feature, yes []bool, cost []float64) []float32 {
	by := l.scales(x, yes)
	if by == nil {
		return fit(x, yes, cost).weights
	}
	scaled := make([][]feature, len(x))
	for i, text := range x {
		scaled[i] = slices.Clone(text)
		for j, f := range text {
			scaled[i][j].value *= by[f.at]
		}
	}
	w := fit(scaled, yes, cost).weights
	for at, r := range by {
		w[at] *= r
	}
	return w
}

// scales gives by how much each feature counts more than it would by itself; nil
// where none does.
func (l Lesson) scales(x [][]feature, yes []bool) []float32 {
	if l.Ratios <= 0 && l.Loud <= 0 {
		return nil
	}
	by := slices.Repeat([]float32{1}, 1<<bits)
	if l.Ratios > 0 {
		by = ratios(x, yes, l.Ratios)
	}
	for at := firstSign; at < len(by) && l.Loud > 0; at++ {
		by[at] = float32(l.Loud)
	}
	return by
}

// ratios gives for each feature the logarithm of how many times likelier it
// stands in a text that has a label than in one that has not, or the reverse
// (Wang & Manning 2012, "Baselines and bigrams", NB-SVM, there with its sign).
// Signs keep theirs.
func ratios(x [][]feature, yes []bool, smooth float64) []float32 {
	var in [2][]float64 // texts with a feature: without the label, and with it
	in[0], in[1] = make([]float64, 1<<bits), make([]float64, 1<<bits)
	texts := [2]float64{smooth, smooth}
	for i, text := range x {
		side := 0
		if yes[i] {
			side = 1
		}
		texts[side]++
		for _, f := range text {
			in[side][f.at]++
		}
	}
	out := make([]float32, 1<<bits)
	for at := range out {
		out[at] = 1
		if at < firstSign {
			out[at] = float32(math.Abs(math.Log((in[1][at] + smooth) / texts[1] * texts[0] / (in[0][at] + smooth))))
		}
	}
	return out
}

// sides tells which examples have a label, and what an error costs at each.
func (l Lesson) sides(learn []int, label int) (yes []bool, cost []float64) {
	yes, cost = make([]bool, len(learn)), make([]float64, len(learn))
	have := 0.0
	for k, i := range learn {
		for _, x := range l.Examples[i].Labels {
			if x == label {
				yes[k] = true
				have++
			}
		}
	}
	rare := 1.0
	if have > 0 {
		rare = math.Pow(math.Max(1, (float64(len(learn))-have)/have), l.Balance)
	}
	for k, i := range learn {
		cost[k] = l.Cost * l.Examples[i].Weight
		if yes[k] {
			cost[k] *= rare
		}
	}
	return yes, cost
}

// rarities gives how rare each feature is among texts, in units of rarityUnit
// and at least 1; 0 where it is too rare to learn from: the logarithm of how
// few texts have it (Spärck Jones 1972), smoothed.
func rarities(texts []vector, learn []int) []uint8 {
	in := make([]int, 1<<bits)
	for _, i := range learn {
		for _, f := range texts[i].hashed {
			in[f.at]++
		}
	}
	out := make([]uint8, 1<<bits)
	for at, n := range in {
		if n >= minTexts {
			out[at] = uint8(min(255, max(1, math.Round((math.Log(float64(1+len(learn))/float64(1+n))+1)/rarityUnit))))
		}
	}
	return out
}

// weigh gives a text as the machine sees it: features by rarity, of length one,
// and the signs beside them.
func weigh(v vector, rarity []uint8) []feature {
	out := make([]feature, 0, len(v.hashed)+len(v.signs))
	length := 0.0
	for _, f := range v.hashed {
		if r := rarity[f.at]; r > 0 {
			f.value *= float32(r) * rarityUnit
			length += float64(f.value) * float64(f.value)
			out = append(out, f)
		}
	}
	for i := range out {
		out[i].value /= float32(math.Sqrt(length))
	}
	return append(out, v.signs...)
}
