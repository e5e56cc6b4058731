package driver

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/stats"
)

// Axis is what figures are told apart by.
type Axis string

// The axes. One more is a trait of the person, trait:NAME.
const (
	ByTouchpoint Axis = "touchpoint"
	ByShop       Axis = "shop"
	ByChannel    Axis = "channel"
	BySurvey     Axis = "survey"
	ByQuestion   Axis = "question"
	ByStage      Axis = "stage" // of the relationship, when the answer was given
	ByMonth      Axis = "month"

	traitPrefix = "trait:"
)

// axes lists those that every response has.
func axes() []Axis {
	return []Axis{ByTouchpoint, ByShop, ByChannel, BySurvey, ByQuestion, ByStage, ByMonth}
}

// trait gives the name of the trait that an axis is.
func (a Axis) trait() (string, bool) {
	name, ok := strings.CutPrefix(string(a), traitPrefix)
	return name, ok && name != "" && len(name) <= mostText
}

func (a Axis) check() error {
	if _, ok := a.trait(); ok || slices.Contains(axes(), a) {
		return nil
	}
	return experience.Errorf(experience.Invalid, "opinion.error.by")
}

// Question asks what people answered on one scale.
type Question struct {
	Scale    string
	From, To time.Time       // To is left out
	Only     map[Axis]string // answers of these alone
}

// before asks the same about the time as long just before.
func (q Question) before() Question {
	q.From, q.To = q.From.Add(-q.To.Sub(q.From)), q.From
	return q
}

// Figure is what some people answered on one scale.
type Figure struct {
	Key      string
	Scale    experience.Scale
	Interval stats.Interval
	Parts    [3]int64 // detractors, between, promoters: see stats.Tally
	People   int64    // known ones, each once

	Before *stats.Interval   // of the time as long just before
	Change *stats.Difference // against it; nil where either has too few
	Clear  bool              // the change is more than chance, also among as many figures as there are
}

// keys give what is told apart: the key of an answer on an axis.
type keys map[Axis]func(*Response, *Item) string

// keysOf makes the keys of the axes that a question uses.
func (r *Room) keysOf(ctx context.Context, b *book, q Question, by ...Axis) (keys, error) {
	for a := range q.Only {
		by = append(by, a)
	}
	out := keys{
		ByTouchpoint: func(r *Response, _ *Item) string { return r.Touchpoint },
		ByShop:       func(r *Response, _ *Item) string { return r.Shop },
		ByChannel:    func(r *Response, _ *Item) string { return r.Channel },
		BySurvey:     func(r *Response, _ *Item) string { return r.Survey },
		ByQuestion:   func(_ *Response, i *Item) string { return i.Question },
	}
	zone := r.Company(ctx).Location()
	out[ByMonth] = func(r *Response, _ *Item) string { return monthOf(r.At, zone) }
	for _, a := range by {
		if err := a.check(); err != nil {
			return nil, err
		}
		if name, ok := a.trait(); ok && out[a] == nil {
			values, err := r.People.TraitValues(ctx, name)
			if err != nil {
				return nil, err
			}
			out[a] = func(r *Response, _ *Item) string { return values[r.Person] }
		}
		if a == ByStage && out[a] == nil {
			stages, err := r.stages(ctx, b, q)
			if err != nil {
				return nil, err
			}
			out[a] = func(r *Response, _ *Item) string { return stages[r.ID] }
		}
	}
	return out, nil
}

const monthFormat = "2006-01"

func monthOf(micros int64, zone *time.Location) string {
	return time.UnixMicro(micros).In(zone).Format(monthFormat)
}

// stages gives how far people had come when they answered, by the response.
func (r *Room) stages(ctx context.Context, b *book, q Question) (map[experience.ID]string, error) {
	var moments []Moment
	var ids []experience.ID
	for _, one := range b.between(q.before().From, q.To) {
		if _, ok := one.lead(q.Scale); ok && !one.Person.IsZero() {
			moments, ids = append(moments, Moment{one.Person, time.UnixMicro(one.At)}), append(ids, one.ID)
		}
	}
	standings, err := r.Relationships.Standings(ctx, moments)
	if err != nil {
		return nil, err
	}
	out := map[experience.ID]string{}
	for i, s := range standings {
		out[ids[i]] = s.Stage
	}
	return out, nil
}

// between gives the responses of a period.
func (b *book) between(from, to time.Time) []Response {
	place := func(t time.Time) int {
		at, _ := slices.BinarySearchFunc(b.responses, t.UnixMicro(), func(r Response, micros int64) int { return cmp.Compare(r.At, micros) })
		return at
	}
	low := place(from)
	return b.responses[low:max(low, place(to))]
}

// each gives the answers that a question is about: of a response the first on
// the scale, unless questions are told apart.
func (b *book) each(q Question, k keys, every bool, do func(*Response, *Item)) {
	_, asked := q.Only[ByQuestion]
	every = every || asked
	list := b.between(q.From, q.To)
	for n := range list {
		one := &list[n]
		for i := range one.Items {
			item := &one.Items[i]
			if item.Scale.Key != q.Scale || !item.Lead && !every || !k.meet(q, one, item) {
				continue
			}
			do(one, item)
		}
	}
}

func (k keys) meet(q Question, r *Response, i *Item) bool {
	for a, want := range q.Only {
		if k[a](r, i) != want {
			return false
		}
	}
	return true
}

// group is answers under one key.
type group struct {
	stats.Tally
	people map[experience.ID]struct{}
}

func (b *book) groups(q Question, k keys, by Axis) map[string]*group {
	out := map[string]*group{}
	b.each(q, k, by == ByQuestion, func(r *Response, i *Item) {
		key := ""
		if by != "" {
			key = k[by](r, i)
		}
		g := out[key]
		if g == nil {
			g = &group{Tally: stats.Tally{Scale: *i.Scale}, people: map[experience.ID]struct{}{}}
			out[key] = g
		}
		g.Add(i.Score)
		if !r.Person.IsZero() {
			g.people[r.Person] = struct{}{}
		}
	})
	return out
}

// changeRate is the share of false alarms among changes called clear.
const changeRate = 0.05

// figures gives the figures of a question by an axis ("" is one figure for
// all), those with most answers first, months in their order. Each stands
// beside that of the time as long just before; which changes are more than
// chance is decided for all together (Benjamini and Hochberg 1995).
func (b *book) figures(q Question, k keys, by Axis) []Figure {
	now := b.groups(q, k, by)
	before := map[string]*group{}
	if by != ByMonth {
		before = b.groups(q.before(), k, by)
	}
	var out []Figure
	var tested []int
	var p []float64
	for key, g := range now {
		f := Figure{Key: key, Scale: g.Scale, Interval: g.Figure(), Parts: g.Parts, People: int64(len(g.people))}
		if old := before[key]; old != nil {
			was := old.Figure()
			f.Before = &was
			if !was.TooFew() && !f.Interval.TooFew() {
				d := g.Minus(&old.Tally)
				f.Change = &d
			}
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Figure) int {
		if by == ByMonth {
			return cmp.Compare(a.Key, b.Key)
		}
		return cmp.Or(cmp.Compare(b.Interval.N, a.Interval.N), cmp.Compare(a.Key, b.Key))
	})
	for i := range out {
		if out[i].Change != nil {
			tested, p = append(tested, i), append(p, out[i].Change.P)
		}
	}
	for i, clear := range stats.FalseDiscovery(p, changeRate) {
		out[tested[i]].Clear = clear
	}
	return out
}

// distribution counts the answers of a question by their score.
func (b *book) distribution(q Question, k keys) map[float64]int64 {
	out := map[float64]int64{}
	b.each(q, k, false, func(_ *Response, i *Item) { out[i.Score]++ })
	return out
}

// used gives the scales of a period with how many answered on each, the most
// first.
func (b *book) used(from, to time.Time) []Figure {
	groups := map[string]*stats.Tally{}
	list := b.between(from, to)
	for n := range list {
		for _, i := range list[n].Items {
			if !i.Lead {
				continue
			}
			if groups[i.Scale.Key] == nil {
				groups[i.Scale.Key] = &stats.Tally{Scale: *i.Scale}
			}
			groups[i.Scale.Key].Add(i.Score)
		}
	}
	var out []Figure
	for key, t := range groups {
		out = append(out, Figure{Key: key, Scale: t.Scale, Interval: t.Figure(), Parts: t.Parts})
	}
	slices.SortFunc(out, func(a, b Figure) int {
		return cmp.Or(cmp.Compare(b.Interval.N, a.Interval.N), cmp.Compare(a.Key, b.Key))
	})
	return out
}

// Said is one answer of somebody behind a figure.
type Said struct {
	Response *Response
	Item     *Item
}

// behind gives the answers behind a figure, the worst first, then the latest.
// sides says which verdicts are meant; none: all.
func (b *book) behind(q Question, k keys, sides ...experience.Verdict) []Said {
	var out []Said
	b.each(q, k, false, func(r *Response, i *Item) {
		if len(sides) == 0 || slices.Contains(sides, i.Scale.Verdict(i.Score)) {
			out = append(out, Said{r, i})
		}
	})
	slices.SortFunc(out, func(a, b Said) int {
		return cmp.Or(cmp.Compare(a.Item.Score, b.Item.Score), cmp.Compare(b.Response.At, a.Response.At), strings.Compare(a.Response.ID.String(), b.Response.ID.String()))
	})
	return out
}
