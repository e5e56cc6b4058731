package impact

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"regia/internal/experience"
	"regia/internal/stats"
)

// Axis is something by which figures are told apart.
type Axis string

// The axes.
const (
	ByTouchpoint Axis = "touchpoint"
	ByStage      Axis = "stage"
	ByChannel    Axis = "channel"
	ByDepartment Axis = "department"
	ByMonth      Axis = "month" // of the company's zone, as 2026-11
	ByDimension  Axis = "dimension"
	ByWhy        Axis = "why" // the scale, the rule, the step of a map
)

// Axes lists every axis.
var Axes = []Axis{ByTouchpoint, ByStage, ByChannel, ByDepartment, ByMonth, ByDimension, ByWhy}

// Question asks for figures. What is zero asks nothing.
type Question struct {
	By        []Axis
	From, To  time.Time // from a moment, included, up to another, left out
	Evidence  experience.Evidence
	Dimension experience.Dimension
	// Only what has these keys, by axis.
	Only map[Axis]string
}

// Figure is what interactions did to people, one kind of evidence by itself.
type Figure struct {
	Keys map[Axis]string // of the axes asked for
	experience.Estimate
	People int64 // the reach
	// Pull is score × reach: by how much the mean of all differs because of what
	// happened here. What was stated is held against the mean of everything
	// stated; what was inferred or assumed against 0, since it is a difference
	// already. Below 0: it hurts.
	Pull  float64
	usual float64 // what it is held against
}

// Tells tells whether the figure differs from the usual by more than chance
// explains: its interval leaves the usual out.
func (f Figure) Tells() bool { return f.High < f.usual || f.Low > f.usual }

// TooFew tells whether the figure must not be shown: too few people stand
// behind it.
func (f Figure) TooFew() bool { return f.People < experience.TooFew }

// Figures gives the mean impact on people, told apart by the axes and always by
// evidence. An interaction with impacts in several dimensions counts once, with
// their mean, unless dimensions are told apart.
//
// Interactions of one person say much the same, so people are what the interval
// counts: the mean is the ratio Σs/Σn over people (s: a person's sum, n: how
// many), its error √(P/(P−1)·Σ(s − mean·n)²)/Σn and its degrees of freedom
// (Σn)²/Σn² − 1 (clusters: Cochran 1977, Sampling Techniques, 3rd ed., 9A.1;
// the same as stats.WeightedMean of people's means weighted by how many). To the
// interval of what is inferred comes the doubt about the rules' weights, which
// more people do not lessen: ±1.96 times the mean of their standard errors, the
// two joined as the root of their squares.
func (p *Picture) Figures(q Question, places Places, zone *time.Location) []Figure {
	t := p.tally(q, places, zone)
	var one []group
	for _, at := range p.pack.people {
		one = one[:0]
		p.pack.each(at, func(e *entry) { one = t.count(one, e) })
		t.fold(one)
	}
	return t.figures()
}

// Places tells where touchpoints lie.
type Places struct{ of map[string]Touchpoint }

// NewPlaces gives the places of a catalogue.
func NewPlaces(all []Touchpoint) Places {
	p := Places{map[string]Touchpoint{}}
	for _, t := range all {
		p.of[t.Key] = t
	}
	return p
}

// on gives the key of a touchpoint on an axis; "" where it has none.
func (p Places) on(a Axis, key string) string {
	t := p.of[key]
	switch a {
	case ByStage:
		return string(t.Stage)
	case ByChannel:
		return string(t.Channel)
	case ByDepartment:
		return t.Department
	}
	return key
}

// tally counts.
type tally struct {
	p       *Picture
	q       Question
	from    int64
	to      int64
	placed  map[Axis][]int // of each touchpoint's number, its number on an axis; -1: left out
	keys    map[Axis][]string
	months  []time.Time // beginnings
	groups  map[groupKey]*sums
	weights [3]float64 // Σn by evidence
	totals  [3]float64 // Σs
}

// groupKey is where an impact is counted: its evidence, and a number on each
// axis asked for.
type groupKey struct {
	evidence uint8
	on       [3]int32
}

// group is what one person has in one group.
type group struct {
	groupKey
	sum, n float64
	doubt  float64 // sum of the standard errors that values have by their rules' weights
}

// sums are those of a group over people.
type sums struct{ people, n, nn, s, ss, ns, doubt float64 }

const maxAxes = 3

func (p *Picture) tally(q Question, places Places, zone *time.Location) *tally {
	t := &tally{p: p, q: q, from: math.MinInt64, to: math.MaxInt64, placed: map[Axis][]int{}, keys: map[Axis][]string{}, groups: map[groupKey]*sums{}}
	t.q.By = q.By[:min(len(q.By), maxAxes)]
	if !q.From.IsZero() {
		t.from = q.From.UnixMicro()
	}
	if !q.To.IsZero() {
		t.to = q.To.UnixMicro()
	}
	for _, a := range []Axis{ByTouchpoint, ByStage, ByChannel, ByDepartment} {
		if slices.Contains(t.q.By, a) || q.Only[a] != "" {
			t.place(a, places)
		}
	}
	if slices.Contains(t.q.By, ByMonth) || q.Only[ByMonth] != "" {
		t.calendar(zone)
	}
	return t
}

// place numbers the touchpoints' keys on an axis.
func (t *tally) place(a Axis, places Places) {
	numbers := map[string]int{}
	for _, touchpoint := range t.p.pack.touchpoints.list {
		key := places.on(a, touchpoint)
		if only := t.q.Only[a]; only != "" && only != key {
			t.placed[a] = append(t.placed[a], -1)
			continue
		}
		n, ok := numbers[key]
		if !ok {
			n = len(numbers)
			numbers[key] = n
			t.keys[a] = append(t.keys[a], key)
		}
		t.placed[a] = append(t.placed[a], n)
	}
}

// calendar lists the months that the picture has anything in.
func (t *tally) calendar(zone *time.Location) {
	first, last := t.p.span()
	if first.IsZero() {
		return
	}
	at := first.In(zone)
	for at = time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, zone); !at.After(last); at = at.AddDate(0, 1, 0) {
		t.months = append(t.months, at)
		t.keys[ByMonth] = append(t.keys[ByMonth], at.Format("2006-01"))
	}
}

// span is when the first and the last impression were.
func (p *Picture) span() (first, last time.Time) {
	low, high := int64(math.MaxInt64), int64(math.MinInt64)
	for _, at := range p.pack.people {
		p.pack.each(at, func(e *entry) { low, high = min(low, e.at), max(high, e.at) })
	}
	if low > high {
		return first, last
	}
	return time.UnixMicro(low).UTC(), time.UnixMicro(high).UTC()
}

// count adds an entry to what one person has.
func (t *tally) count(one []group, e *entry) []group {
	if e.at < t.from || e.at >= t.to {
		return one
	}
	var base groupKey
	if !t.locate(&base, e) {
		return one
	}
	byDimension, byWhy := slices.Index(t.q.By, ByDimension), slices.Index(t.q.By, ByWhy)
	start := len(one)
	for _, k := range e.marks {
		i, ok := t.asked(k)
		if !ok {
			continue
		}
		key := base
		key.evidence = k.evidence
		if byDimension >= 0 {
			key.on[byDimension] = int32(k.dimension)
		}
		if byWhy >= 0 {
			key.on[byWhy] = int32(k.which)
		}
		one = addOnce(one, start, key, i.Value, i.Error)
	}
	// What stands beyond start is this interaction's: its mean joins the person's.
	for i := start; i < len(one); i++ {
		one[i].sum /= one[i].n
		one[i].doubt /= one[i].n
		one[i].n = 1
	}
	return join(one, start)
}

// asked weighs a mark; false where it is not asked for.
func (t *tally) asked(k mark) (experience.Impact, bool) {
	i, ok := t.p.Book.impact(k, &t.p.pack.vocabulary)
	only := t.q.Only
	ok = ok && (t.q.Evidence == "" || t.q.Evidence == i.Evidence) && (t.q.Dimension == "" || t.q.Dimension == i.Dimension) &&
		(only[ByDimension] == "" || only[ByDimension] == string(i.Dimension)) && (only[ByWhy] == "" || only[ByWhy] == i.Why)
	return i, ok
}

func addOnce(one []group, start int, key groupKey, value, doubt float64) []group {
	for i := start; i < len(one); i++ {
		if one[i].groupKey == key {
			one[i].sum += value
			one[i].doubt += doubt
			one[i].n++
			return one
		}
	}
	return append(one, group{key, value, 1, doubt})
}

// join adds the groups from start on to those before, where they are the same.
func join(one []group, start int) []group {
	kept := one[:start]
	for _, g := range one[start:] {
		i := slices.IndexFunc(kept, func(x group) bool { return x.groupKey == g.groupKey })
		if i < 0 {
			kept = append(kept, g)
			continue
		}
		kept[i].sum += g.sum
		kept[i].doubt += g.doubt
		kept[i].n += g.n
	}
	return kept
}

// locate finds the place and month of an entry; false: it is not asked for.
func (t *tally) locate(key *groupKey, e *entry) bool {
	for a, placed := range t.placed {
		if placed[e.touchpoint] < 0 {
			return false
		}
		if i := slices.Index(t.q.By, a); i >= 0 {
			key.on[i] = int32(placed[e.touchpoint])
		}
	}
	if len(t.months) > 0 {
		at := time.UnixMicro(e.at)
		n := sort.Search(len(t.months), func(i int) bool { return t.months[i].After(at) }) - 1
		if only := t.q.Only[ByMonth]; only != "" && t.keys[ByMonth][n] != only {
			return false
		}
		if i := slices.Index(t.q.By, ByMonth); i >= 0 {
			key.on[i] = int32(n)
		}
	}
	return true
}

// fold adds one person.
func (t *tally) fold(one []group) {
	for _, g := range one {
		s := t.groups[g.groupKey]
		if s == nil {
			s = &sums{}
			t.groups[g.groupKey] = s
		}
		s.people++
		s.n += g.n
		s.nn += g.n * g.n
		s.s += g.sum
		s.ss += g.sum * g.sum
		s.ns += g.n * g.sum
		s.doubt += g.doubt
		t.weights[g.evidence] += g.n
		t.totals[g.evidence] += g.sum
	}
}

// mean gives the mean over people with its interval.
func (s sums) mean() stats.Interval {
	m := s.s / s.n
	i := stats.Interval{Value: m, Low: math.Inf(-1), High: math.Inf(1), N: int64(s.n)}
	if freedom := s.n*s.n/s.nn - 1; s.people > 1 && freedom > 0 {
		scatter := math.Max(0, s.ss-2*m*s.ns+m*m*s.nn)
		half := distuv.StudentsT{Sigma: 1, Nu: freedom}.Quantile(1-(1-stats.Confidence)/2) * math.Sqrt(scatter*s.people/(s.people-1)) / s.n
		half = math.Hypot(half, distuv.UnitNormal.Quantile(1-(1-stats.Confidence)/2)*s.doubt/s.n)
		i.Low, i.High = m-half, m+half
	}
	return i
}

// figures gives what was counted, what hurts most first within a kind of
// evidence.
func (t *tally) figures() []Figure {
	var out []Figure
	for key, s := range t.groups {
		e := evidences[key.evidence]
		f := Figure{Keys: map[Axis]string{}, Estimate: s.mean().Within(-1, 1).Estimate(e), People: int64(s.people)}
		for i, a := range t.q.By {
			f.Keys[a] = t.key(a, key, int(key.on[i]))
		}
		if e == experience.Stated {
			f.usual = t.totals[key.evidence] / t.weights[key.evidence]
		}
		f.Pull = (f.Value - f.usual) * s.n / t.weights[key.evidence]
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Figure) int {
		return cmp.Or(slices.Index(evidences, a.Evidence)-slices.Index(evidences, b.Evidence), cmp.Compare(a.Pull, b.Pull), strings.Compare(a.text(t.q.By), b.text(t.q.By)))
	})
	return out
}

func (f Figure) text(by []Axis) string {
	var b strings.Builder
	for _, a := range by {
		b.WriteString(f.Keys[a] + "\x00")
	}
	return b.String()
}

func (t *tally) key(a Axis, g groupKey, n int) string {
	switch a {
	case ByDimension:
		return string(experience.Dimensions[n])
	case ByWhy:
		switch evidences[g.evidence] {
		case experience.Stated:
			return t.p.pack.scales[n].Key
		case experience.Inferred:
			return t.p.Book.Rules[n].Key
		}
		return t.p.pack.assumed[n].Why
	}
	return t.keys[a][n]
}
