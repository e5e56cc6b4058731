package journey

import (
	"context"
	"time"

	"regia/internal/analytics"
	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/stats"
)

// Impressions gives what interactions of a period did to people, stated or
// inferred, ordered by person and then by time.
type Impressions interface {
	Impressions(ctx context.Context, from, to time.Time, do func(experience.Impression) error) error
}

// Living tells how maps are really lived.
type Living struct {
	Ledger *ledger.Ledger
	// Impressions may be nil: then nothing is said about what people felt.
	Impressions Impressions

	few int64 // below which a figure is not told; 0: experience.TooFew
}

// JourneyFigures is how a map was lived in a period.
//
// A person or a visit counts when it took any of the map's steps in the period,
// an order or another thing in any case; what lies outside the period is not
// looked at. Every case that took a step is at one place: it
// finished (it took the last step that can be seen in the record), or it is
// where its latest step was: still there, or stopped (see StepFigures.Wait).
type JourneyFigures struct {
	Map          string    `json:"map" doc:"Key of the map"`
	Version      int64     `json:"version"`
	Case         string    `json:"case" doc:"What is followed"`
	From         time.Time `json:"from,omitzero"`
	To           time.Time `json:"to,omitzero"`
	Cases        int64     `json:"cases" doc:"Those that took any step; orders, tickets and the like in any case"`
	Interactions int64     `json:"interactions" doc:"Of these cases, steps and anything else"`
	Finished     int64     `json:"finished" doc:"Cases that took the last step"`
	Here         int64     `json:"here" doc:"Cases still on the way"`
	Stopped      int64     `json:"stopped" doc:"Cases that took no further step for longer than people usually need"`
	Outside      int64     `json:"outside" doc:"Cases that took none of the steps"`

	Stages []StageFigures `json:"stages"`
	Steps  []StepFigures  `json:"steps"`

	Alignment  analytics.Alignment `json:"alignment" doc:"How well cases follow the map, in everything that happened in them"`
	Known      analytics.Alignment `json:"known_alignment" doc:"The same, leaving out what the map does not know"`
	Deviations []MapDeviation      `json:"deviations" doc:"How cases differ from the map, most frequent first"`

	Felt   bool         `json:"perceived" doc:"Whether anything can be said of what people felt: false where nobody reckons it"`
	Memory []PeakEnd    `json:"memory,omitempty" doc:"What people are likely to keep in mind of the whole journey"`
	Asked  []KnownCases `json:"evidence,omitempty" doc:"How many cases something is known of, by evidence and dimension"`
}

// Flow is how many come to a place of the map, and how they go on.
type Flow struct {
	Cases        int64    `json:"cases" doc:"That came here"`
	Interactions int64    `json:"interactions"`
	FromBefore   *Passage `json:"from_before,omitempty" doc:"From the one before that can be seen in the record"`
	FromFirst    *Passage `json:"from_first,omitempty" doc:"From the first one that can be seen in the record"`
	Here         int64    `json:"here" doc:"Cases whose latest step this is, and not long ago"`
	Stopped      int64    `json:"stopped" doc:"Cases whose latest step this is, longer ago than people usually need to go on"`
	Felt         []Felt   `json:"felt,omitempty" doc:"What it does to people, by dimension and evidence: the three kinds of evidence are never averaged together"`
}

// Passage is how many get from one place to another, later, and how long they
// take: from the first time that they do, counted from the latest start before
// it, as a funnel of these two steps counts.
type Passage struct {
	From   string          `json:"from" doc:"ID of the step or stage"`
	Of     int64           `json:"of" doc:"Cases that came there"`
	Went   int64           `json:"went" doc:"Of these, cases that came here afterwards"`
	Share  *stats.Interval `json:"share,omitempty" doc:"Wilson interval; absent where the cases are too few to say"`
	Median float64         `json:"median_seconds" doc:"Half of them took less"`
	Slow   float64         `json:"p90_seconds" doc:"Nine of ten took less"`
}

// StageFigures is how a stage is lived.
type StageFigures struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Flow
}

// StepFigures is how a step is lived.
type StepFigures struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Stage    string       `json:"stage" doc:"ID of the stage"`
	Bound    bool         `json:"bound" doc:"Whether the record can show it: false where nothing says which interactions mean it"`
	Wait     float64      `json:"wait_seconds" doc:"How long whoever is here counts as on the way: as long as nine of ten need to the next step, from 1 to 90 days; 30 days where they are too few to say"`
	Promises []MapPromise `json:"promises,omitempty" doc:"Whether what people expect was kept"`
	Truth    bool         `json:"moment_of_truth,omitempty"`
	Flow
}

// MapPromise is how often an expectation was kept.
type MapPromise struct {
	Measure bool            `json:"measure" doc:"true: something that the interaction itself says; false: a time"`
	From    string          `json:"from,omitempty" doc:"ID of the step from which the time runs"`
	Within  float64         `json:"within_seconds,omitempty"`
	Of      int64           `json:"of" doc:"How often it was due; what is not due yet and not there yet does not count"`
	Kept    int64           `json:"kept"`
	Missing int64           `json:"missing" doc:"Due, and never came"`
	Share   *stats.Interval `json:"share,omitempty" doc:"Wilson interval; absent where they are too few to say"`
	Late    float64         `json:"late_median_seconds" doc:"How much too late half of those are that came late"`
	Latest  float64         `json:"late_p90_seconds" doc:"How much too late nine of ten of them are at the most"`
}

// Felt is what a place of the map does to people, in one dimension, as one kind
// of evidence has it.
type Felt struct {
	Dimension experience.Dimension `json:"dimension"`
	Evidence  experience.Evidence  `json:"evidence"`
	N         int64                `json:"n" doc:"Cases; 0 where a designer assumed it"`
	Mean      *experience.Estimate `json:"mean,omitempty" doc:"Of the cases' own means, with Student's t interval; absent where they are too few"`
	Spread    *float64             `json:"spread,omitempty" doc:"Standard deviation between cases"`
	Worst     int64                `json:"worst_moments" doc:"Cases whose most intense impression of the journey was here, and bad"`
	Best      int64                `json:"best_moments" doc:"Cases whose most intense impression of the journey was here, and good"`
}

// PeakEnd is what people are likely to remember of a journey: the mean of its
// most intense moment and of its last one tells more than the mean of all
// (Kahneman, Fredrickson, Schreiber and Redelmeier 1993, Psychological Science
// 4, 401-405).
type PeakEnd struct {
	Dimension experience.Dimension `json:"dimension"`
	Evidence  experience.Evidence  `json:"evidence"`
	N         int64                `json:"n" doc:"Cases"`
	Peak      *experience.Estimate `json:"peak,omitempty" doc:"Mean of the cases' most intense moments"`
	End       *experience.Estimate `json:"end,omitempty" doc:"Mean of their last ones"`
	Both      *experience.Estimate `json:"peak_end,omitempty" doc:"Mean of the mean of both"`
}

// KnownCases says of how many cases something is known.
type KnownCases struct {
	Dimension experience.Dimension `json:"dimension"`
	Evidence  experience.Evidence  `json:"evidence"`
	N         int64                `json:"n"`
}

// MapDeviation is one way in which cases differ from the map, and what goes with
// it.
type MapDeviation struct {
	Kind         string          `json:"kind" enum:"skipped,repeated,out_of_order,unknown" doc:"skipped: due and did not happen; repeated: once more than due; out_of_order: happened, at another place; unknown: not in the map"`
	Step         string          `json:"step,omitempty" doc:"ID of the step"`
	Activity     string          `json:"activity,omitempty" doc:"What happened, where it is not in the map"`
	Cases        int64           `json:"cases"`
	Interactions int64           `json:"interactions" doc:"How often: a step skipped counts as one"`
	Share        *stats.Interval `json:"share,omitempty" doc:"Of all cases, Wilson interval; absent where they are too few to say"`
	Costs        []DeviationCost `json:"costs,omitempty" doc:"How differently those feel whose case has it: that it goes with it does not prove that it comes from it"`
}

// DeviationCost is how much worse or better cases with a deviation are felt than cases
// without: the difference of the means of the cases' own means (Welch).
type DeviationCost struct {
	Dimension  experience.Dimension `json:"dimension"`
	Evidence   experience.Evidence  `json:"evidence"`
	With       int64                `json:"with" doc:"Cases with the deviation of which something is known"`
	Without    int64                `json:"without" doc:"Cases without it of which something is known"`
	Difference *stats.Difference    `json:"difference,omitempty" doc:"Absent where either are too few to say"`
}

// Period is a stretch of time; zero is without an end on that side.
type Period struct {
	From, To time.Time
	Now      time.Time // what is later has not happened yet
}

// end is the moment as of which cases are where they are.
func (p Period) end() time.Time {
	if p.To.IsZero() || p.To.After(p.Now) {
		return p.Now
	}
	return p.To
}

// Figures reckons how a map is lived: one pass over what happened.
func (l *Living) Figures(ctx context.Context, m Map, p Period) (JourneyFigures, error) {
	plan, err := newPlan(m, p)
	if err != nil {
		return JourneyFigures{}, err
	}
	t := l.tally(plan, p)
	if err := l.walk(ctx, plan, p, t); err != nil {
		return JourneyFigures{}, err
	}
	f := t.figures(m)
	f.From, f.To = p.From, p.To
	return f, nil
}

func (l *Living) tally(plan *plan, p Period) *tally {
	t := newTally(plan, p.end())
	if l.few > 0 {
		t.few = l.few
	}
	return t
}

// walk has a tally see every case.
func (l *Living) walk(ctx context.Context, plan *plan, p Period, t *tally) (err error) {
	if len(plan.course.Marks) == 0 {
		return nil
	}
	if l.Impressions != nil {
		if t.felt, err = readFelt(ctx, l.Impressions, p); err != nil {
			return err
		}
		plan.course.Single = len(t.felt) > 0
	}
	t.names, err = plan.course.Walk(ctx, l.Ledger, func(name string, events []analytics.Happening) error {
		t.add(name, events)
		return nil
	})
	return err
}
