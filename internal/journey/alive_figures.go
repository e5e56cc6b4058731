package journey

import (
	"time"

	"regia/internal/analytics"
)

// Until when somebody whose latest step it is counts as on the way.
const (
	leastWait   = 24 * time.Hour
	usualWait   = 30 * 24 * time.Hour // where too few went on to say how long people need
	longestWait = 90 * 24 * time.Hour
)

// mostDeviations is how many are told.
const mostDeviations = 200

// figures makes the answer of what was counted.
func (t *tally) figures(m Map) JourneyFigures {
	f := JourneyFigures{
		Map: m.Key, Version: m.Version, Case: m.Case, Cases: t.cases, Interactions: t.interactions, Finished: t.finished, Outside: t.outside,
		Alignment: t.held.Alignment(), Known: t.held.KnownAlignment(), Felt: t.felt != nil, Deviations: []MapDeviation{},
	}
	if f.Case == "" {
		f.Case = "person"
	}
	flows, waits := t.flows()
	at := map[string]int{}
	for i, p := range t.plan.places {
		at[p.id] = i
	}
	for _, stage := range m.Stages {
		one := StageFigures{ID: stage.ID, Name: stage.Name}
		if i, bound := at[stage.ID]; bound {
			one.Flow = flows[i]
		}
		f.Stages = append(f.Stages, one)
		for _, s := range stage.Steps {
			f.Steps = append(f.Steps, t.step(s, stage.ID, at, flows, waits))
		}
	}
	for _, s := range flows[:t.plan.steps] {
		f.Here += s.Here
		f.Stopped += s.Stopped
	}
	f.Memory, f.Asked = t.remembered()
	order := t.held.MostFrequent()
	for _, i := range order[:min(len(order), mostDeviations)] {
		f.Deviations = append(f.Deviations, t.deviation(i))
	}
	return f
}

func (t *tally) step(s Step, stage string, at map[string]int, flows []Flow, waits []time.Duration) StepFigures {
	out := StepFigures{ID: s.ID, Name: s.Name, Stage: stage, Truth: s.MomentOfTruth}
	i, bound := at[s.ID]
	if !bound {
		out.Felt = (&feltTally{}).figures(s.Assumed, t.few)
		return out
	}
	out.Bound, out.Flow, out.Wait = true, flows[i], waits[i].Seconds()
	for k := range t.promises {
		if p := &t.plan.promises[k]; p.step == i {
			out.Promises = append(out.Promises, t.promises[k].figures(p, t.plan, t.few))
		}
	}
	return out
}

// flows gives what is known of every place, and how long one waits at each step
// before whoever is there counts as gone.
func (t *tally) flows() ([]Flow, []time.Duration) {
	flows := make([]Flow, len(t.places))
	for i := range t.places {
		p, place := &t.places[i], &t.plan.places[i]
		flows[i] = Flow{Cases: p.cases, Interactions: p.interactions, Felt: p.felt.figures(place.assumed, t.few)}
		if place.before >= 0 {
			flows[i].FromBefore = t.passage(&p.fromBefore, place.before)
			flows[i].FromFirst = t.passage(&p.fromFirst, place.first)
		}
	}
	waits := t.waits()
	for i, wait := range waits {
		stage := &flows[t.plan.places[i].stage]
		for _, since := range t.places[i].ended {
			if t.asOf-since <= wait.Microseconds() {
				flows[i].Here++
				stage.Here++
			} else {
				flows[i].Stopped++
				stage.Stopped++
			}
		}
	}
	return flows, waits
}

func (t *tally) passage(p *passageTally, from int) *Passage {
	out := &Passage{From: t.plan.places[from].id, Of: t.places[from].cases, Went: p.went, Share: share(p.went, t.places[from].cases, t.few)}
	out.Median, out.Slow = halfAndNine(p.took)
	return out
}

// waits tells for each step how long nine of ten need from it to the next.
func (t *tally) waits() []time.Duration {
	waits := make([]time.Duration, t.plan.steps)
	for i := range waits {
		waits[i] = usualWait
		if i+1 == len(waits) {
			break
		}
		if took := t.places[i+1].fromBefore.took; int64(len(took)) >= t.few {
			_, slow := halfAndNine(took)
			waits[i] = min(max(time.Duration(slow*float64(time.Second)), leastWait), longestWait)
		}
	}
	return waits
}

func (t *tally) deviation(at int) MapDeviation {
	d := t.held.Differences()[at]
	out := MapDeviation{Kind: d.Kind, Cases: d.Cases, Interactions: d.Events, Share: share(d.Cases, t.cases, t.few), Costs: t.costs.figures(at, t.few)}
	if d.Kind == analytics.Unknown {
		out.Activity = t.names.Names[d.Activity]
	} else {
		out.Step = t.plan.places[d.Step].id
	}
	return out
}
