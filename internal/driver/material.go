package driver

import (
	"cmp"
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"regia/internal/experience"
	"regia/internal/web"
)

// Kind is where a driver comes from.
type Kind string

// The kinds: what people rated themselves, what happened to them before they
// answered, and what they wrote about.
const (
	Rated   Kind = "rated"
	Lived   Kind = "lived"
	Written Kind = "said"
)

func kinds() []Kind { return []Kind{Rated, Lived, Written} }

// Passage is something that may have happened to people before they answered.
type Passage struct {
	Key  string
	Name map[string]string // by language, "it" and "en"
	Unit map[string]string // what one of it is: "per day late"
}

// Past tells what had happened to people before they answered.
type Past interface {
	// Before gives the passages, and for an answer (its interaction) how much
	// of each there had been; false where nothing is known of the answer.
	Before(ctx context.Context) (passages []Passage, of func(answer experience.ID) ([]float64, bool), err error)
}

// Topics tells what the texts of answers are about.
type Topics interface {
	// Topics gives the topics of those answers that have a text which was read;
	// one that is about nothing known has an empty list.
	Topics(ctx context.Context, answers []experience.ID) (map[experience.ID][]string, error)
	TopicName(l *web.Locale, topic string) string
}

// column is one driver as data.
type column struct {
	key   string
	scale *experience.Scale // of what was rated; nil otherwise
	n     int64             // answers that rated it, or before which it happened, or that name it
}

// sample is one answer with its drivers.
type sample struct {
	person, answer experience.ID
	at             int64
	score          float64
	x              []float64
}

// material is the answers on one scale with what may drive them.
type material struct {
	kind    Kind
	scale   experience.Scale
	columns []column
	samples []sample
	left    []LeftOut
}

// LeftOut is a driver that nothing can be said of, and why.
type LeftOut struct {
	Key   string
	Why   string // rare, same or many
	Other string // same: as which
	N     int64
}

// Why a driver is left out.
const (
	tooRare = "rare" // fewer than ten times, or fewer than ten times not
	theSame = "same" // goes with another almost always
	tooMany = "many" // more drivers than a tenth of the answers
)

const (
	leastEach   = 10  // answers with and without a driver, and for each driver
	leastInAll  = 100 // answers
	leastToRank = 2   // drivers
	mostAlike   = 0.95
	mostDrivers = 20
)

// rated gathers what people rated in the same response: every other question
// on a scale, but for those whether they would recommend, which are an outcome
// themselves. A question that fewer than half answered is left out, and then
// responses that lack one.
func (b *book) rated(q Question, k keys, survey string) material {
	m := material{kind: Rated}
	type question struct {
		key   string
		scale *experience.Scale
	}
	counts := map[question]int64{}
	var all []*Response
	b.each(q, k, false, func(r *Response, outcome *Item) {
		if r.Survey != survey {
			return
		}
		m.scale = *outcome.Scale
		all = append(all, r)
		for i := range r.Items {
			if item := &r.Items[i]; item.drives(outcome) {
				counts[question{item.Question, item.Scale}]++
			}
		}
	})
	for key, n := range counts {
		if 2*n >= int64(len(all)) {
			m.columns = append(m.columns, column{key: key.key, scale: key.scale, n: n})
		}
	}
	slices.SortFunc(m.columns, func(a, b column) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.key, b.key)) })
	for _, r := range all {
		outcome, _ := r.lead(q.Scale)
		s := sample{person: r.Person, answer: r.ID, at: r.At, score: outcome.Score}
		for _, c := range m.columns {
			i := slices.IndexFunc(r.Items, func(x Item) bool { return x.Question == c.key && x.Scale == c.scale && x.drives(outcome) })
			if i < 0 {
				break
			}
			s.x = append(s.x, r.Items[i].Score)
		}
		if len(s.x) == len(m.columns) {
			m.samples = append(m.samples, s)
		}
	}
	for i := range m.columns {
		m.columns[i].n = int64(len(m.samples))
	}
	return m
}

// drives tells whether an item may drive an outcome of its response.
func (i *Item) drives(outcome *Item) bool {
	return i != outcome && i.Question != "" && i.Question != outcome.Question && i.Scale.Measure != experience.NetPromoter
}

// lived gathers what had happened to people before they answered.
func (b *book) lived(q Question, k keys, passages []Passage, of func(experience.ID) ([]float64, bool)) material {
	m := material{kind: Lived}
	for _, p := range passages {
		m.columns = append(m.columns, column{key: p.Key})
	}
	b.each(q, k, false, func(r *Response, outcome *Item) {
		x, ok := of(r.ID)
		if !ok || len(x) != len(m.columns) {
			return
		}
		m.scale = *outcome.Scale
		m.samples = append(m.samples, sample{person: r.Person, answer: r.ID, at: r.At, score: outcome.Score, x: x})
	})
	m.count()
	return m
}

// said gathers what the texts of answers are about.
func (r *Room) said(ctx context.Context, b *book, q Question, k keys) (material, error) {
	m := material{kind: Written}
	var ids []experience.ID
	b.each(q, k, false, func(r *Response, outcome *Item) {
		m.scale = *outcome.Scale
		ids = append(ids, r.ID)
		m.samples = append(m.samples, sample{person: r.Person, answer: r.ID, at: r.At, score: outcome.Score})
	})
	if r.Topics == nil || len(ids) == 0 {
		m.samples = nil
		return m, nil
	}
	topics, err := r.Topics.Topics(ctx, ids)
	if err != nil {
		return m, err
	}
	place := map[string]int{}
	for _, id := range ids {
		for _, t := range topics[id] {
			if _, known := place[t]; !known {
				place[t] = 0
			}
		}
	}
	for t := range place {
		m.columns = append(m.columns, column{key: t})
	}
	slices.SortFunc(m.columns, func(a, b column) int { return cmp.Compare(a.key, b.key) })
	for i, c := range m.columns {
		place[c.key] = i
	}
	m.samples = slices.DeleteFunc(m.samples, func(s sample) bool {
		_, read := topics[s.answer]
		return !read
	})
	for i := range m.samples {
		m.samples[i].x = make([]float64, len(m.columns))
		for _, t := range topics[m.samples[i].answer] {
			m.samples[i].x[place[t]] = 1
		}
	}
	m.count()
	return m, nil
}

// count says how often each driver is there.
func (m *material) count() {
	for j := range m.columns {
		m.columns[j].n = 0
		for _, s := range m.samples {
			if s.x[j] != 0 {
				m.columns[j].n++
			}
		}
	}
}

// values is one driver over all samples.
func (m *material) values(j int) []float64 {
	out := make([]float64, len(m.samples))
	for i, s := range m.samples {
		out[i] = s.x[j]
	}
	return out
}

// sift leaves out drivers of which nothing can be said: too rare (or hardly
// ever absent), hardly to be told from another one, or more of them than the
// answers can carry. The most frequent stay.
func (m *material) sift() {
	order := make([]int, len(m.columns))
	for j := range order {
		order[j] = j
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(m.columns[b].n, m.columns[a].n) })
	var kept []int
	var looked [][]float64
	most := min(len(m.samples)/leastEach, mostDrivers)
	for _, j := range order {
		c := m.columns[j]
		out := LeftOut{Key: c.key, N: c.n}
		values := m.values(j)
		if c.n < leastEach || !varies(values) {
			if c.n > 0 {
				out.Why = tooRare
				m.left = append(m.left, out)
			}
			continue
		}
		if i := slices.IndexFunc(looked, func(other []float64) bool { return math.Abs(stat.Correlation(values, other, nil)) > mostAlike }); i >= 0 {
			out.Why, out.Other = theSame, m.columns[kept[i]].key
			m.left = append(m.left, out)
			continue
		}
		if len(kept) == most {
			out.Why = tooMany
			m.left = append(m.left, out)
			continue
		}
		kept, looked = append(kept, j), append(looked, values)
	}
	columns := make([]column, len(kept))
	for i, j := range kept {
		columns[i] = m.columns[j]
	}
	for i, s := range m.samples {
		x := make([]float64, len(kept))
		for a, j := range kept {
			x[a] = s.x[j]
		}
		m.samples[i].x = x
	}
	m.columns = columns
}

// varies tells whether at least ten values differ from the most common one.
func varies(values []float64) bool {
	counts := map[float64]int{}
	most := 0
	for _, v := range values {
		counts[v]++
		most = max(most, counts[v])
	}
	return len(values)-most >= leastEach
}

// clusters numbers the people, so that answers of one person stand together;
// whoever is not known is alone.
func (m *material) clusters() (of []int, people int) {
	place := map[experience.ID]int{}
	of = make([]int, len(m.samples))
	for i, s := range m.samples {
		if s.person.IsZero() {
			of[i] = people
			people++
			continue
		}
		n, known := place[s.person]
		if !known {
			n = people
			place[s.person] = n
			people++
		}
		of[i] = n
	}
	return of, people
}
