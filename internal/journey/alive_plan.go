package journey

import (
	"slices"
	"strings"

	"regia/internal/analytics"
	"regia/internal/experience"
)

// plan is a map made ready to be held against the record: what is to be told
// apart there, and what follows what.
type plan struct {
	course   analytics.Course
	places   []place // the steps that the record can show, in order, then their stages
	steps    int     // how many of places are steps
	all      uint64  // marks of all steps
	every    bool    // a case counts also if it took no step
	promises []promise
}

// place is a step or a stage.
type place struct {
	id      string
	marks   uint64 // an interaction that carries any of them happened here
	stage   int    // of a step: the place of its stage
	before  int    // the place before of its sort; -1: it is the first
	first   int    // the first place of its sort
	assumed map[experience.Dimension]float64
}

// promise is an expectation of a step that the record can judge.
type promise struct {
	step         int    // place
	from         int    // place from which time runs; -1: it is measured
	within       int64  // microseconds
	holds, known uint64 // marks, where it is measured
}

// newPlan reads a map. Its course has a mark for each step, and two for each
// measure: where it can be known, and where it holds.
func newPlan(m Map, p Period) (*plan, error) {
	out := &plan{course: analytics.Course{Scope: analytics.Scope{From: p.From, To: p.To, Case: m.Case}}}
	out.every = m.Case == "order" || strings.HasPrefix(m.Case, "properties.")
	at := map[string]int{}
	var stages []place
	for _, stage := range m.Stages {
		whole := place{id: stage.ID}
		for _, s := range stage.Steps {
			matches := s.Matches()
			if len(matches) == 0 {
				continue
			}
			at[s.ID] = len(out.places)
			out.places = append(out.places, place{id: s.ID, marks: out.mark(matches), stage: len(stages), assumed: s.Assumed})
			whole.marks |= out.places[at[s.ID]].marks
		}
		if whole.marks != 0 {
			stages = append(stages, whole)
		}
		out.all |= whole.marks
	}
	out.steps = len(out.places)
	for i := range out.places {
		out.places[i].stage += out.steps
	}
	out.places = append(out.places, stages...)
	for i := range out.places {
		out.places[i].before = i - 1
		if i >= out.steps {
			out.places[i].first = out.steps
		}
		if i == out.places[i].first {
			out.places[i].before = -1
		}
	}
	out.expect(m, at)
	if len(out.course.Marks) > analytics.MaxMarks {
		return nil, experience.Errorf(experience.Invalid, "journey.error.living.many")
	}
	return out, nil
}

func (p *plan) mark(matches []analytics.Match) uint64 {
	bit := uint64(1) << len(p.course.Marks)
	p.course.Marks = append(p.course.Marks, matches)
	return bit
}

// expect adds the promises of the map's steps.
func (p *plan) expect(m Map, at map[string]int) {
	for _, s := range m.Steps() {
		step, bound := at[s.ID]
		if !bound || s.Expectation == nil {
			continue
		}
		from, timed := at[m.ExpectedFrom(s.ID)]
		if within, err := s.Expectation.Within.Duration(); timed && err == nil && within > 0 {
			p.promises = append(p.promises, promise{step: step, from: from, within: within.Microseconds()})
		}
		if measure := s.Expectation.Measure; measure != nil {
			one := promise{step: step, from: -1, holds: p.mark(narrowed(s.Matches(), *measure)), known: p.places[step].marks}
			if measure.Is != "present" && measure.Is != "absent" {
				one.known = p.mark(narrowed(s.Matches(), analytics.Filter{Field: measure.Field, Is: "present"}))
			}
			p.promises = append(p.promises, one)
		}
	}
}

// narrowed adds a condition to each match.
func narrowed(matches []analytics.Match, f analytics.Filter) []analytics.Match {
	list := slices.Clone(matches)
	for i := range list {
		list[i].Where = append(slices.Clone(list[i].Where), f)
	}
	return list
}

// stepOf gives the place of the step that an interaction is: of several the
// furthest, which says most about it. -1: none.
func (p *plan) stepOf(marks uint64) int {
	for i := p.steps - 1; i >= 0; i-- {
		if p.places[i].marks&marks != 0 {
			return i
		}
	}
	return -1
}
