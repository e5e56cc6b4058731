package analytics

import (
	"context"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
)

// TrendPlace is a number of a trend's answer.
type TrendPlace struct {
	At       time.Time // a moment of the piece of time; zero: the whole period
	Value    *string   // of the field the trend is broken down by; nil: all series together
	Other    bool      // the last series: every value that has none of its own
	Currency string    // of revenue
}

// People gives the cases behind a number. Where interactions or revenue are counted
// they are the cases these belong to.
func (t Trend) People(ctx context.Context, l *ledger.Ledger, zone *time.Location, at TrendPlace, page Page) (Behind, error) {
	t, c, any, err := t.prepared(ctx, l, zone)
	if err != nil || !any {
		return Behind{}, err
	}
	var shown []string
	if at.Other {
		a, err := t.Ask(ctx, l, zone)
		if err != nil {
			return Behind{}, err
		}
		for _, s := range a.Series {
			if !s.Other {
				shown = append(shown, s.Value)
			}
		}
	}
	s := t.Scope
	if !at.At.IsZero() {
		n := c.number(at.At)
		if from := c.start(n); from.After(s.From) {
			s.From = from
		}
		if to := c.start(n + 1); to.Before(s.To) {
			s.To = to
		}
		if !s.From.Before(s.To) {
			return Behind{}, nil
		}
	}
	b := &builder{ledger: l}
	value, _ := t.parts(b)
	w := wanted{code: "1", where: b.match(t.What)}
	switch {
	case at.Other:
		for _, v := range shown {
			w.where += " AND " + value + " <> " + b.text(v)
		}
	case at.Value != nil:
		w.where += " AND " + value + " = " + b.text(*at.Value)
	}
	if t.Measure == Revenue {
		w.where += " AND currency <> ''"
	}
	if at.Currency != "" {
		w.where += " AND currency = " + b.text(at.Currency)
	}
	return people(ctx, b, s, w, page, func(ledger.Case) (bool, error) { return true, nil })
}

// Numbers of a process: what the cases behind them have.
const (
	AllCases   = "cases"
	OfActivity = "activity" // Activity happens
	OfFirst    = "first"    // begin with Activity
	OfLast     = "last"     // end with it
	OfRework   = "rework"   // Activity, or anything where it is "", happens more than once
	OfLoop     = "loop"     // anything follows itself directly
	OfEdge     = "edge"     // To follows Activity directly
	OfVariant  = "variant"  // went this way from first to last
	OfDesign   = "design"   // follow the design exactly
)

// ProcessPlace is a number of a process's answer.
type ProcessPlace struct {
	Of       string // one of the above, or a kind of deviation: then Activity is its
	Activity string
	To       string
	Variant  []string
	Without  bool // the cases that lack it instead
}

// Place says where a deviation's cases are found.
func (d Deviation) Place() ProcessPlace { return ProcessPlace{Of: d.Kind, Activity: d.Activity} }

// People gives the cases behind a number.
func (p Process) People(ctx context.Context, l *ledger.Ledger, at ProcessPlace, page Page) (Behind, error) {
	if err := p.check(); err != nil {
		return Behind{}, err
	}
	is, err := p.having(at)
	if err != nil {
		return Behind{}, err
	}
	b, w, err := p.begin(ctx, l)
	if err != nil {
		return Behind{}, err
	}
	return people(ctx, b, p.Scope, w, page, func(c ledger.Case) (bool, error) {
		trace := make([]string, len(c.Events))
		for i, e := range c.Events {
			trace[i] = w.words.Text(e.Texts[0])
		}
		return is(trace) != at.Without, tooMany(c)
	})
}

// having gives what tells whether a case is behind a number.
func (p Process) having(at ProcessPlace) (func(trace []string) bool, error) {
	follows := func(trace []string, is func(from, to string) bool) bool {
		for i := 1; i < len(trace); i++ {
			if is(trace[i-1], trace[i]) {
				return true
			}
		}
		return false
	}
	switch at.Of {
	case AllCases:
		return func([]string) bool { return true }, nil
	case OfActivity:
		return func(trace []string) bool { return slices.Contains(trace, at.Activity) }, nil
	case OfFirst:
		return func(trace []string) bool { return trace[0] == at.Activity }, nil
	case OfLast:
		return func(trace []string) bool { return trace[len(trace)-1] == at.Activity }, nil
	case OfRework:
		return func(trace []string) bool { return again(trace, at.Activity) }, nil
	case OfLoop:
		return func(trace []string) bool {
			return follows(trace, func(from, to string) bool { return from == to })
		}, nil
	case OfEdge:
		return func(trace []string) bool {
			return follows(trace, func(from, to string) bool { return from == at.Activity && to == at.To })
		}, nil
	case OfVariant:
		return func(trace []string) bool { return slices.Equal(trace, at.Variant) }, nil
	case OfDesign:
		return func(trace []string) bool { return slices.Equal(trace, p.Design) }, nil
	case Skipped, Repeated, OutOfOrder, Unknown:
		return func(trace []string) bool { return p.deviates(trace, at) }, nil
	}
	return nil, experience.Errorf(experience.Invalid, "a process has no number %q", at.Of)
}

// again tells whether an activity, or anything where it is "", happens more
// than once.
func again(trace []string, activity string) bool {
	seen := map[string]bool{}
	for _, name := range trace {
		if (activity == "" || name == activity) && seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

func (p Process) deviates(trace []string, at ProcessPlace) bool {
	_, alone := differences(len(trace), len(p.Design), func(event, step int) bool { return trace[event] == p.Design[step] })
	return slices.ContainsFunc(alone, func(m move) bool {
		if m.kind != at.Of {
			return false
		}
		if m.step >= 0 {
			return p.Design[m.step] == at.Activity
		}
		return trace[m.event] == at.Activity
	})
}
