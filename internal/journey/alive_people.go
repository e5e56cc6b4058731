package journey

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"regia/internal/analytics"
	"regia/internal/experience"
)

// What may be asked about those behind a number.
const (
	reached  = "reached"  // came to a place
	lost     = "lost"     // came to the place before, and not here afterwards
	here     = "here"     // are at a place, still on the way
	stopped  = "stopped"  // went no further than a place
	finished = "finished" // took the last step
	broken   = "broken"   // were not given what they expect of a step
	known    = "felt"     // something is known of what a place did to them
	deviates = "deviates" // differ from the map in one way
)

var selections = []string{reached, lost, here, stopped, finished, broken, known, deviates}

// Selection says which cases of a map are meant.
type Selection struct {
	What      string               `query:"what" enum:"reached,lost,here,stopped,finished,broken,felt,deviates" default:"reached" doc:"reached: came to the place; lost: came to the one before, and not here afterwards; here: are there; stopped: went no further; finished: took the last step; broken: were not given what they expect of the step; felt: something is known of what the place did to them; deviates: differ from the map in one way"`
	At        string               `query:"at" doc:"ID of the step or stage"`
	Measure   bool                 `query:"measure" doc:"With broken: what the interaction says instead of the time"`
	Dimension experience.Dimension `query:"dimension" enum:"cognitive,emotional,behavioural,sensory" doc:"With felt"`
	Evidence  experience.Evidence  `query:"evidence" enum:"stated,inferred" doc:"With felt"`
	Kind      string               `query:"kind" enum:"skipped,repeated,out_of_order,unknown" doc:"With deviates: in which way; at is the step"`
	Activity  string               `query:"activity" doc:"With deviates: what happened, where it is not in the map"`
}

// MapCase is one case behind a number.
type MapCase struct {
	Case  string    `json:"case" doc:"Id of a person, or the name of a visit, an order or whatever a case is"`
	Step  string    `json:"step,omitempty" doc:"ID of the latest step; absent where it took none"`
	Since time.Time `json:"since,omitzero" doc:"When that was"`
	Value *float64  `json:"value,omitempty" doc:"With felt: the mean of what is known, -1 to 1"`
}

// Behind lists the cases of a map that are meant: those that felt worst first,
// or else those whose latest step was last.
func (l *Living) Behind(ctx context.Context, m Map, p Period, s Selection) ([]MapCase, error) {
	plan, err := newPlan(m, p)
	if err != nil {
		return nil, err
	}
	q, err := newSelector(plan, s)
	if err != nil {
		return nil, err
	}
	asked := *l
	if s.What != known {
		asked.Impressions = nil // nothing of this depends on what people felt
	}
	t := asked.tally(plan, p)
	t.each = q.see
	if err := asked.walk(ctx, plan, p, t); err != nil {
		return nil, err
	}
	return q.list(t), nil
}

// selector gathers the cases that are meant.
type selector struct {
	s       Selection
	plan    *plan
	at      int // place; -1: any
	promise int
	cell    int
	rows    []candidate
}

// candidate is a case that may be meant: some can be told only when all cases
// were seen.
type candidate struct {
	name  string
	at    int
	since int64
	value *float64
	found []int
}

func newSelector(p *plan, s Selection) (*selector, error) {
	q := &selector{s: s, plan: p, promise: -1}
	q.at = slices.IndexFunc(p.places, func(one place) bool { return one.id == s.At })
	for i, one := range p.promises {
		if one.step == q.at && (one.from < 0) == s.Measure {
			q.promise = i
		}
	}
	q.cell = cellOf(s.Dimension, s.Evidence)
	wrong := false
	switch s.What {
	case finished:
	case lost:
		wrong = q.at < 0 || p.places[q.at].before < 0
	case broken:
		wrong = q.promise < 0
	case known:
		wrong = q.at < 0 || q.cell < 0
	case deviates:
		wrong = s.Kind == "" || s.Kind != analytics.Unknown && (q.at < 0 || q.at >= p.steps)
	default:
		wrong = q.at < 0 || !slices.Contains(selections, s.What)
	}
	if wrong {
		return nil, experience.Errorf(experience.Invalid, "journey.error.living.selection")
	}
	return q, nil
}

// see takes a case in if it may be meant.
func (q *selector) see(name string, c *caseState) {
	row := candidate{at: c.at, since: c.since}
	meant := false
	switch q.s.What {
	case reached:
		meant = c.interacted[q.at] > 0
	case lost:
		meant = c.interacted[q.plan.places[q.at].before] > 0 && !c.before[q.at].done
	case here, stopped:
		meant = !c.end && c.at >= 0 && (c.at == q.at || q.plan.places[c.at].stage == q.at)
	case finished:
		meant = c.end
	case broken:
		meant = c.broken[q.promise]
	case known:
		var v float64
		v, meant = c.feeling.places[q.at].mean(q.cell)
		row.value = &v
	case deviates:
		meant, row.found = len(c.aligned.Found) > 0, c.aligned.Found
	}
	if meant {
		row.name = strings.Clone(name)
		q.rows = append(q.rows, row)
	}
}

// list gives those that are meant, once all cases were seen.
func (q *selector) list(t *tally) []MapCase {
	waits := t.waits()
	out := []MapCase{}
	for _, row := range q.rows {
		switch q.s.What {
		case here, stopped:
			if onTheWay := t.asOf-row.since <= waits[row.at].Microseconds(); onTheWay != (q.s.What == here) {
				continue
			}
		case deviates:
			if !slices.ContainsFunc(row.found, func(i int) bool { return q.deviation(t, t.held.Differences()[i].Difference) }) {
				continue
			}
		}
		one := MapCase{Case: row.name, Value: row.value}
		if row.at >= 0 {
			one.Step, one.Since = t.plan.places[row.at].id, time.UnixMicro(row.since).UTC()
		}
		out = append(out, one)
	}
	slices.SortFunc(out, func(a, b MapCase) int {
		if a.Value != nil && b.Value != nil && *a.Value != *b.Value {
			return cmp.Compare(*a.Value, *b.Value)
		}
		return cmp.Or(b.Since.Compare(a.Since), strings.Compare(a.Case, b.Case))
	})
	return out
}

// deviation tells whether a difference is the one that is meant.
func (q *selector) deviation(t *tally, d analytics.Difference) bool {
	if d.Kind != q.s.Kind {
		return false
	}
	if d.Kind == analytics.Unknown {
		return t.names.Names[d.Activity] == q.s.Activity
	}
	return d.Step == q.at
}
