package pulse

import (
	"cmp"
	"math"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/stats"
)

// Movement is a perception that rose or fell beyond what chance explains.
type Movement struct {
	Touchpoint string                `json:"touchpoint" doc:"Key; empty: what no touchpoint claims"`
	Stage      experience.Stage      `json:"stage"`
	Dimension  experience.Dimension  `json:"dimension"`
	Evidence   experience.Evidence   `json:"evidence" enum:"stated,inferred"`
	Kind       string                `json:"kind" enum:"step,trend" doc:"step: from one week to the next to another level; trend: little by little"`
	Since      time.Time             `json:"since" doc:"The beginning of the first week of the new level, or of the trend"`
	Before     experience.Estimate   `json:"before" doc:"step: the mean before; trend: of the first third of the weeks. A person counts once a week"`
	After      experience.Estimate   `json:"after" doc:"step: the mean since; trend: of the last third of the weeks"`
	Difference experience.Estimate   `json:"difference"`
	P          float64               `json:"p" doc:"How probable as clear a change is by chance, before correction for how many series were tested"`
	Weeks      []experience.Estimate `json:"weeks" doc:"Week by week; n 0: nothing known"`
}

// Pain is where people came off badly.
type Pain struct {
	Touchpoint string              `json:"touchpoint"`
	Stage      experience.Stage    `json:"stage"`
	Score      experience.Estimate `json:"score" doc:"The mean over people; n are the people"`
	Weight     float64             `json:"weight" doc:"−score times people: as many as that came off as badly as can be"`
}

const (
	// falseAlarms is in what part of calm times anything may be reported, and
	// strict the level at which tests are held so that it is: weeks of uneven
	// numbers of people are only nearly alike.
	falseAlarms = 0.05
	strict      = 0.04
	// fewInWeek is below how many people a week's mean says too little, and
	// fewWeeks below how many such weeks a series is not tested.
	fewInWeek = 5
	fewWeeks  = 12
	// noticeable is the least movement on the scale from −1 to 1 that is worth
	// a line, however sure it is.
	noticeable = 0.05
	// drawn is the seed of permutations: the same record gives the same news.
	drawn = 20261122
)

// judged is a series with its two tests.
type judged struct {
	series
	trend  stats.Trend
	change stats.Change
}

// detect tests every series for a trend (Mann and Kendall) and for a change
// from one level to another (permutations), and reports what stands after
// Benjamini and Hochberg's correction over all tests of all series. So where
// nothing changes, anything at all is reported in at most one time of twenty,
// however many series there are; TestNewsOfCalmTimes counts it. It assumes
// that weeks are independent but for the change.
func detect(lanes []series, weeks []time.Time) (news []Movement, tested, short int) {
	var list []judged
	var p []float64
	for _, s := range lanes {
		j, ok := judge(s)
		if !ok {
			short++
			continue
		}
		list, p = append(list, j), append(p, j.trend.P, j.change.P)
	}
	stands := stats.FalseDiscovery(p, strict)
	for k, j := range list {
		var m Movement
		switch trend, step := stands[2*k], stands[2*k+1]; {
		case step && (!trend || j.change.P <= j.trend.P):
			m = j.step(weeks)
		case trend:
			m = j.drift(weeks)
		default:
			continue
		}
		if math.Abs(m.Difference.Value) >= noticeable {
			news = append(news, m)
		}
	}
	slices.SortStableFunc(news, func(a, b Movement) int {
		return cmp.Compare(math.Abs(b.Difference.Value), math.Abs(a.Difference.Value))
	})
	return news, len(list), short
}

// judge tests one series; false where it is too short or too thin.
func judge(s series) (judged, bool) {
	values, thick := make([]float64, len(s.weeks)), make([]stats.Running, len(s.weeks))
	known := 0
	for k, w := range s.weeks {
		values[k] = math.NaN()
		if w.N() >= fewInWeek {
			values[k], thick[k] = w.Mean(), w
			known++
		}
	}
	if known < fewWeeks {
		return judged{}, false
	}
	trend, err := stats.MannKendall(values)
	if err != nil {
		return judged{}, false
	}
	change, err := stats.ChangePoint(values, stats.RandomEffects(thick), drawn)
	return judged{s, trend, change}, err == nil
}

func (j judged) step(weeks []time.Time) Movement {
	m := j.movement(j.weeks[:j.change.At], j.weeks[j.change.At:])
	m.Kind, m.Since, m.P = "step", weeks[j.change.At].UTC(), j.change.P
	return m
}

func (j judged) drift(weeks []time.Time) Movement {
	third := len(j.weeks) / 3
	m := j.movement(j.weeks[:third], j.weeks[len(j.weeks)-third:])
	m.Kind, m.Since, m.P = "trend", weeks[0].UTC(), j.trend.P
	return m
}

func (j judged) movement(before, after []stats.Running) Movement {
	m := Movement{Touchpoint: j.touchpoint, Dimension: j.dimension, Evidence: j.evidence}
	was, is := joined(before), joined(after)
	m.Before, m.After = j.estimate(was.Interval()), j.estimate(is.Interval())
	m.Difference = is.Minus(was).Within(-2, 2).Estimate(j.evidence)
	for _, w := range j.weeks {
		m.Weeks = append(m.Weeks, j.estimate(w.Interval()))
	}
	return m
}

// estimate is the figure cut to what impacts can be; of nothing it is zero
// with n 0, and of one person its ends are the scale's.
func (j judged) estimate(i stats.Interval) experience.Estimate {
	if i.N == 0 {
		return experience.Estimate{Evidence: j.evidence}
	}
	return i.Within(-1, 1).Estimate(j.evidence)
}

func joined(weeks []stats.Running) (all stats.Running) {
	for _, w := range weeks {
		all.Join(w)
	}
	return all
}

// pains lists where people came off badly beyond doubt (the whole interval is
// below zero), the most harm first, and counts the places with too few people.
func pains(places []place) (list []Pain, scarce int) {
	list = []Pain{}
	for _, p := range places {
		score := p.people.Interval()
		if score.TooFew() {
			scarce++
			continue
		}
		if score = score.Within(-1, 1); score.High < 0 {
			list = append(list, Pain{Touchpoint: p.touchpoint, Score: score.Estimate(p.evidence), Weight: -score.Value * float64(score.N)})
		}
	}
	slices.SortStableFunc(list, func(a, b Pain) int { return cmp.Compare(b.Weight, a.Weight) })
	return list, scarce
}
