package driver

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/stats"
)

// Ranked is one driver: how much it matters, and what one point is worth.
type Ranked struct {
	Key    string
	Scale  *experience.Scale // of what was rated; nil otherwise
	N      int64
	Weight stats.Weight
	NPS    *stats.Interval // points of NPS for one more of it, the others being equal
	Again  *stats.Interval // share who buy again for one more of it, the others being equal
	// Performance is how well it goes, 0 to 1: the mean as a part of its scale;
	// of what happens the share who were spared, or met where it helps.
	Performance stats.Interval
	Corner      Corner
}

// Direction is 1 where more of it goes with better answers, −1 with worse ones,
// 0 where that is not sure.
func (d Ranked) Direction() int {
	switch b := d.Weight.Beta; {
	case b.Low > 0:
		return 1
	case b.High < 0:
		return -1
	}
	return 0
}

// Corner is what importance and performance together advise (Martilla and James
// 1977, Journal of Marketing 41, 77-79).
type Corner string

// The corners.
const (
	Act    Corner = "act"    // matters much, goes badly
	Keep   Corner = "keep"   // matters much, goes well
	Later  Corner = "later"  // matters little, goes badly
	Enough Corner = "enough" // matters little, goes well
)

// Why nothing is told.
const (
	refusedNothing = "nothing" // no answers with anything beside them
	refusedFew     = "few"     // fewer than 100 answers
	refusedSingle  = "single"  // fewer than two drivers that happened often enough
	refusedNoise   = "noise"   // together they may explain nothing
	refusedAlike   = "alike"   // they cannot be told apart
	refusedTopics  = "topics"  // nothing reads texts yet
)

// Analysis is what goes with the answers on one scale.
type Analysis struct {
	Kind      Kind
	Survey    string
	Scale     experience.Scale
	From, To  time.Time
	N, People int64
	R2        stats.Interval
	Drivers   []Ranked // what matters most first
	Left      []LeftOut
	Refused   string
	Line      struct{ Importance, Performance float64 } // of the corners: the means
	Again     Again
}

// Again is who bought again within 90 days of their answer, by what it was.
type Again struct {
	N      int64 // people, by their first answer that is old enough
	All    stats.Interval
	Scores []AgainScore
	Point  *stats.Interval // change of the share for one point of score; nil: too few
}

// AgainScore is who bought again of those with one answer.
type AgainScore struct {
	Score float64
	Yes   int64
	Share stats.Interval
}

const (
	againDays  = 90
	draws      = 500
	chanceSeed = 20000 // Johnson's year: the same answers give the same intervals
	npsPoints  = 100
)

// analyse ranks the drivers of the answers.
//
// Weights are Johnson's (2000), which add up to R²; their intervals and those
// of slopes come from drawing people anew. What one point is worth in NPS is the
// slope of least squares of +100 for a promoter, 0 and −100 for a detractor on
// all drivers together: the difference between people who are alike in the other
// drivers, an association and no proof of a cause.
func (m *material) analyse() Analysis {
	a := Analysis{Kind: m.kind, Scale: m.scale, N: int64(len(m.samples))}
	clusters, people := m.clusters()
	a.People = int64(people)
	switch {
	case a.N == 0 || len(m.columns) == 0:
		a.Refused = refusedNothing
	case a.N < leastInAll:
		a.Refused = refusedFew
	}
	if a.Refused != "" {
		return a
	}
	m.sift()
	a.Left = m.left
	if len(m.columns) < leastToRank {
		a.Refused = refusedSingle
		return a
	}
	x, y := make([][]float64, len(m.samples)), make([]float64, len(m.samples))
	for i, s := range m.samples {
		x[i], y[i] = s.x, s.score
	}
	found, err := stats.RelativeWeights(x, y, clusters, draws, chanceSeed)
	if err != nil {
		a.Refused = refusedAlike
		if errors.Is(err, stats.ErrTooFew) && !varies(y) {
			a.Refused = refusedNoise
		}
		return a
	}
	a.R2 = stats.RSquared(found.R2.Value, int64(people), len(m.columns))
	if !(a.R2.Low > 0) {
		a.Refused = refusedNoise
		return a
	}
	for j, c := range m.columns {
		a.Drivers = append(a.Drivers, Ranked{Key: c.key, Scale: c.scale, N: c.n, Weight: found.Weights[j]})
	}
	if m.scale.Measure == experience.NetPromoter {
		m.pointsOfNPS(&a, x, clusters)
	}
	m.perform(&a)
	return a
}

// pointsOfNPS says what one more of each driver is worth.
func (m *material) pointsOfNPS(a *Analysis, x [][]float64, clusters []int) {
	points := make([]float64, len(x))
	for i, s := range m.samples {
		points[i] = npsPoints * float64(m.scale.Verdict(s.score))
	}
	found, err := stats.RelativeWeights(x, points, clusters, draws, chanceSeed)
	if err != nil {
		return // no promoter or no detractor: nothing to tell
	}
	for j := range a.Drivers {
		a.Drivers[j].NPS = &found.Weights[j].Slope
	}
}

// perform says how well each driver goes, and puts it into its corner. The
// lines between the corners are the means.
func (m *material) perform(a *Analysis) {
	for j := range a.Drivers {
		d := &a.Drivers[j]
		if d.Scale != nil {
			d.Performance = stats.Mean(m.values(j))
			part := func(v float64) float64 { return (v - d.Scale.Low) / (d.Scale.High - d.Scale.Low) }
			d.Performance.Value, d.Performance.Low, d.Performance.High = part(d.Performance.Value), math.Max(0, part(d.Performance.Low)), math.Min(1, part(d.Performance.High))
		} else if d.Direction() > 0 {
			d.Performance = stats.Share(d.N, a.N)
		} else {
			d.Performance = stats.Share(a.N-d.N, a.N)
		}
		a.Line.Performance += d.Performance.Value / float64(len(a.Drivers))
		a.Line.Importance += d.Weight.Share.Value / float64(len(a.Drivers))
	}
	for j := range a.Drivers {
		d := &a.Drivers[j]
		matters, well := d.Weight.Share.Value >= a.Line.Importance, d.Performance.Value >= a.Line.Performance
		d.Corner = map[[2]bool]Corner{{true, false}: Act, {true, true}: Keep, {false, false}: Later, {false, true}: Enough}[[2]bool{matters, well}]
	}
	slices.SortStableFunc(a.Drivers, func(x, y Ranked) int {
		return cmp.Or(cmp.Compare(y.Weight.Weight.Value, x.Weight.Weight.Value), cmp.Compare(x.Key, y.Key))
	})
}

// returned is a person's first answer that is old enough, and whether they
// bought again within 90 days of it.
type returned struct {
	sample
	again bool
}

// returns finds out who bought again. end is when what is known of orders ends.
func (r *Room) returns(ctx context.Context, m *material, end time.Time) ([]returned, error) {
	seen := map[experience.ID]bool{}
	var list []returned
	var moments []Moment
	old := end.AddDate(0, 0, -againDays).UnixMicro()
	for _, s := range m.samples {
		if s.person.IsZero() || seen[s.person] || s.at > old {
			continue
		}
		seen[s.person] = true
		list = append(list, returned{sample: s})
		moments = append(moments, Moment{s.person, time.UnixMicro(s.at).UTC()})
	}
	standings, err := r.Relationships.Standings(ctx, moments)
	if err != nil {
		return nil, err
	}
	for i, s := range standings {
		list[i].again = s.Next != 0 && s.Next <= time.UnixMicro(list[i].at).AddDate(0, 0, againDays).UnixMicro()
	}
	return list, nil
}

// again tells who bought again by their answer, and what one point of it goes
// with (logistic regression).
func again(scale experience.Scale, list []returned) Again {
	out := Again{N: int64(len(list))}
	counts := map[float64][2]int64{}
	var yes int64
	var x, more [][]float64
	y := make([]bool, 0, len(list))
	for _, s := range list {
		n := counts[s.score]
		n[1]++
		if s.again {
			n[0]++
			yes++
		}
		counts[s.score] = n
		x, more, y = append(x, []float64{s.score}), append(more, []float64{s.score + 1}), append(y, s.again)
	}
	out.All = stats.Share(yes, out.N)
	for score, n := range counts {
		out.Scores = append(out.Scores, AgainScore{score, n[0], stats.Share(n[0], n[1])})
	}
	slices.SortFunc(out.Scores, func(a, b AgainScore) int { return cmp.Compare(a.Score, b.Score) })
	if out.N < leastInAll || yes < leastEach || out.N-yes < leastEach {
		return out
	}
	if f, err := stats.Logistic(x, y, 0); err == nil {
		point := f.MeanDifference(more, x)
		out.Point = &point
	}
	return out
}

// worth says how many more buy again where there is one more of each driver,
// the others being equal (logistic regression on all together). It needs ten
// who did and ten who did not for each driver (Peduzzi and others 1996, Journal
// of Clinical Epidemiology 49).
func (a *Analysis) worth(m *material, list []returned) {
	var yes int
	x, y := make([][]float64, len(list)), make([]bool, len(list))
	for i, s := range list {
		x[i], y[i] = s.x, s.again
		if s.again {
			yes++
		}
	}
	if p := len(m.columns); p == 0 || yes < leastEach*p || len(list)-yes < leastEach*p {
		return
	}
	f, err := stats.Logistic(x, y, 0)
	if err != nil {
		return // a driver that none or all of those have who came back
	}
	for k := range a.Drivers {
		d := &a.Drivers[k]
		j := slices.IndexFunc(m.columns, func(c column) bool { return c.key == d.Key && c.scale == d.Scale })
		more := make([][]float64, len(x))
		for i, row := range x {
			more[i] = slices.Clone(row)
			more[i][j]++
		}
		share := f.MeanDifference(more, x)
		d.Again = &share
	}
}
