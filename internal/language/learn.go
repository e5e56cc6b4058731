package language

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strconv"

	"regia/internal/experience"
)

// Correction is what a person says that a text should have been told.
type Correction struct {
	Text  string
	Field string // name of the model: sentiment, emotions, topics, urgency, effort, politeness or actionability
	// Labels that hold: one where labels exclude each other, "0" … "3" for
	// grades. Topics may be the company's own.
	Labels []string
}

// Report tells what was learnt from corrections, a field at a time.
type Report struct {
	Fields []Gain `json:"fields"`
}

// Gain compares a model before and after learning, on corrections that were
// held back: each was judged by a model that had learnt from four fifths of the
// others (5-fold cross-validation). Where labels may hold together, all of them
// must be right.
type Gain struct {
	Field       string `json:"field"` // or field and language, for a model of another than Italian: politeness-en
	Corrections int    `json:"corrections"`
	HeldBack    int    `json:"held_back"` // n of what follows; 0 where there are fewer than five corrections
	Before      int    `json:"before"`    // how many of them were told rightly before
	After       int    `json:"after"`     // ... and after
	Won         int    `json:"won"`       // wrong before, right after
	Lost        int    `json:"lost"`      // right before, wrong after
	// Adopted says that the new reader uses what was learnt: unless it got worse.
	Adopted bool `json:"adopted"`
}

// layer is what corrections add to a model's scores.
type layer struct {
	extra   []string         // labels the model does not have
	places  map[uint32]int32 // of features among the weights
	weights []float32        // of each feature, one a label
	digest  uint32           // of the corrections
}

// How a layer learns: by stochastic gradient descent on the logistic loss, from
// the model's own confidences on, so that what is not corrected stays.
const (
	layerRounds = 12
	layerRate   = 1.5 // the vectors have length one
	// unknown is the score of a label that the model has never heard of.
	unknown = -3
	// ballast is how many messages are learnt along, so that corrections, which
	// are of mistakes only, do not turn everything else.
	ballast = 300
)

// lesson is one text that a layer learns from.
type lesson struct {
	x      []feature
	scores []float32 // the model's, calibrated, before
	holds  []bool    // by label
	fold   int       // -1: ballast
}

// Learn gives a reader that minds corrections, and how much better it got. Of
// several corrections of one text in one field the last counts; one of a text in
// a language in which no model tells the field is passed over. The reader itself
// stays as it is; the same corrections always give the same.
func (r *Reader) Learn(ctx context.Context, corrections []Correction) (*Reader, Report, error) {
	out := &Reader{maps.Clone(r.models), r.tree, newEye()}
	report := Report{Fields: []Gain{}}
	byModel := map[string][]Correction{}
	for _, c := range corrections {
		if r.models[c.Field] == nil || c.Field == "language" {
			return nil, Report{}, experience.Errorf(experience.Invalid, "nothing is learnt about %q", c.Field)
		}
		if m := r.of(c.Field, r.languageOf(c.Text)); m != nil {
			byModel[m.Name] = append(byModel[m.Name], c)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byModel)) {
		m, gain, err := r.relearn(ctx, name, lastOf(byModel[name]))
		if err != nil {
			return nil, Report{}, err
		}
		out.models[name] = m
		report.Fields = append(report.Fields, gain)
	}
	return out, report, nil
}

// lastOf gives the last correction of each text, in order.
func lastOf(corrections []Correction) []Correction {
	at := map[string]int{}
	var out []Correction
	for _, c := range corrections {
		if k, twice := at[c.Text]; twice {
			out[k] = c
			continue
		}
		at[c.Text] = len(out)
		out = append(out, c)
	}
	return out
}

// relearn teaches one model, and judges it.
func (r *Reader) relearn(ctx context.Context, field string, corrections []Correction) (*Model, Gain, error) {
	base := *r.models[field]
	base.layer = nil
	labels, err := base.labelsWith(corrections)
	if err != nil {
		return nil, Gain{}, err
	}
	lessons, digest, err := r.lessons(&base, labels, corrections)
	if err != nil {
		return nil, Gain{}, err
	}
	places := placed(lessons)
	gain := Gain{Field: field, Corrections: len(corrections)}
	for f := range folds {
		if len(corrections) < folds {
			break
		}
		if err := ctx.Err(); err != nil {
			return nil, gain, err
		}
		learnt := fitLayer(lessons, places, len(labels), f, base.Many)
		for _, l := range lessons {
			if l.fold == f {
				gain.count(base.agrees(l, nil), base.agrees(l, learnt))
			}
		}
	}
	gain.Adopted = gain.After >= gain.Before
	if !gain.Adopted {
		return &base, gain, nil
	}
	base.layer = fitLayer(lessons, places, len(labels), folds, base.Many)
	base.layer.extra, base.layer.digest = labels[len(base.Labels):], digest
	return &base, gain, nil
}

func (g *Gain) count(before, after bool) {
	g.HeldBack++
	if before {
		g.Before++
	}
	if after {
		g.After++
	}
	if after && !before {
		g.Won++
	}
	if before && !after {
		g.Lost++
	}
}

// labelsWith gives the model's labels, and behind them those that corrections
// bring: topics only.
func (m *Model) labelsWith(corrections []Correction) ([]string, error) {
	labels := slices.Clone(m.Labels)
	for _, c := range corrections {
		if !m.Many && len(c.Labels) != 1 {
			return nil, experience.Errorf(experience.Invalid, "%s has one label, not %d", m.Name, len(c.Labels))
		}
		for _, l := range c.Labels {
			if slices.Contains(labels, l) {
				continue
			}
			if m.Name != "topics" || l == "" {
				return nil, experience.Errorf(experience.Invalid, "%q is no label of %s", l, m.Name)
			}
			labels = append(labels, l)
		}
	}
	return labels, nil
}

// lessons gives what is learnt from: the corrections, and messages as ballast.
func (r *Reader) lessons(m *Model, labels []string, corrections []Correction) ([]lesson, uint32, error) {
	digest := fnv.New32a()
	var out []lesson
	add := func(text string, holds []string, fold int) {
		v := r.vectorOf(text)
		l := lesson{x: layered(m, v), scores: m.calibrated(m.scores(nil, v)), holds: make([]bool, len(labels)), fold: fold}
		for range labels[len(m.Labels):] {
			l.scores = append(l.scores, unknown)
		}
		for k, label := range labels {
			l.holds[k] = slices.Contains(holds, label)
		}
		out = append(out, l)
	}
	for k, c := range corrections {
		fmt.Fprintf(digest, "%q%q", c.Text, c.Labels)
		add(c.Text, c.Labels, k%folds)
	}
	own, err := Messages()
	if err != nil {
		return nil, 0, err
	}
	for k := 0; k < len(own); k += max(1, len(own)/ballast) {
		if holds := own[k].labels(m.Name); holds != nil {
			add(own[k].Text, holds, -1)
		}
	}
	return out, digest.Sum32(), nil
}

// labels gives what holds of a message in a field; nil where nobody said.
func (m Message) labels(field string) []string {
	switch field {
	case "sentiment":
		return []string{Sentiments[m.Sentiment+1]}
	case "topics":
		return m.Topics
	case "urgency":
		return []string{strconv.Itoa(m.Urgency)}
	case "effort":
		return []string{strconv.Itoa(m.Effort)}
	case "politeness":
		return []string{strconv.Itoa(m.Politeness)}
	case "actionability":
		if m.Actionable {
			return []string{"1"}
		}
		return []string{"0"}
	}
	return nil
}

// vectorOf gives a text's features, as Read sees them.
func (r *Reader) vectorOf(text string) vector {
	list := tokens(beginning(text))
	not := negated(list)
	hashed := r.eye.hash(list, not)
	return r.eye.sign(hashed, list, not, usual(r.models["language"].best(vector{hashed: hashed})))
}

// languageOf gives the language that Read reads a text in.
func (r *Reader) languageOf(text string) string {
	list := tokens(beginning(text))
	return usual(r.models["language"].best(vector{hashed: r.eye.hash(list, negated(list))}))
}

// layered gives a text as a layer sees it: with words, too, that the model does
// not know, as rare as the rarest that it does.
func layered(m *Model, v vector) []feature {
	table, row, length := m.table(), m.row(), 0.0
	out := make([]feature, 0, len(v.hashed))
	for _, f := range v.hashed {
		rarity := uint8(table[int(f.at)*row])
		if rarity == 0 {
			rarity = 160
		}
		f.value *= float32(rarity)
		length += float64(f.value) * float64(f.value)
		out = append(out, f)
	}
	for i := range out {
		out[i].value /= float32(math.Sqrt(length))
	}
	return out
}

// placed numbers the features of lessons, and writes the numbers in their place.
func placed(lessons []lesson) map[uint32]int32 {
	places := map[uint32]int32{}
	for _, l := range lessons {
		for j, f := range l.x {
			at, known := places[f.at]
			if !known {
				at = int32(len(places))
				places[f.at] = at
			}
			l.x[j].at = uint32(at)
		}
	}
	return places
}

// fitLayer learns from the lessons of all folds but one.
func fitLayer(lessons []lesson, places map[uint32]int32, labels, without int, many bool) *layer {
	l := &layer{places: places, weights: make([]float32, len(places)*labels)}
	for range layerRounds {
		for _, one := range lessons {
			if one.fold == without {
				continue
			}
			off := l.confidences(one.scores, one.x, many)
			for k := range off {
				off[k] = -off[k]
				if one.holds[k] {
					off[k]++
				}
			}
			for _, f := range one.x {
				w := l.weights[int(f.at)*labels:][:labels]
				for k, o := range off {
					w[k] += layerRate * o * f.value
				}
			}
		}
	}
	return l
}

// confidences adds what the layer learnt to calibrated scores, and turns them
// into confidences. The features are numbered as the layer does.
func (l *layer) confidences(scores []float32, x []feature, many bool) []float32 {
	out := slices.Clone(scores)
	if l != nil {
		for _, f := range x {
			for k, w := range l.weights[int(f.at)*len(out):][:len(out)] {
				out[k] += f.value * w
			}
		}
	}
	return squash(out, many)
}

// known gives the features that the layer has a weight for, by its numbers.
func (l *layer) known(x []feature) []feature {
	out := x[:0]
	for _, f := range x {
		if at, ok := l.places[f.at]; ok {
			out = append(out, feature{uint32(at), f.value})
		}
	}
	return out
}

// agrees says whether the model, with a layer or without, tells what is right.
func (m *Model) agrees(l lesson, with *layer) bool {
	told := m.tell(with.confidences(l.scores, l.x, m.Many))
	for k, holds := range l.holds {
		if holds != slices.Contains(told, k) {
			return false
		}
	}
	return true
}
