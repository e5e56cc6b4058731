package journey

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"pgregory.net/rapid"

	"regia/internal/analytics"
	"regia/internal/experience"
)

var beginning = time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)

// world is a random log of two months: few people, few names, few moments.
func world(t *rapid.T) []experience.Interaction {
	rows := make([]experience.Interaction, rapid.IntRange(0, 45).Draw(t, "rows"))
	for i := range rows {
		rows[i] = experience.Interaction{
			ID: experience.HashID(nil, "row", strconv.Itoa(i)), MessageID: strconv.Itoa(i), Source: "web", Kind: experience.Track,
			Name:       rapid.SampledFrom([]string{"a", "b", "c", "d", "x", "y"}).Draw(t, "name"),
			Time:       beginning.Add(time.Duration(rapid.IntRange(0, 70).Draw(t, "at")) * 20 * time.Hour),
			ReceivedAt: beginning.Add(time.Duration(i) * time.Microsecond),
			Touchpoint: rapid.SampledFrom([]string{"site", "shop", ""}).Draw(t, "touchpoint"),
			Properties: json.RawMessage(fmt.Sprintf(`{"delay":%s,"ticket":%q}`, rapid.SampledFrom([]string{"1", "-2", "null"}).Draw(t, "delay"), rapid.SampledFrom([]string{"t1", "t2", ""}).Draw(t, "ticket"))),
		}
		if who := rapid.IntRange(0, 6).Draw(t, "who"); who > 0 {
			rows[i].Person = experience.HashID(nil, "person", strconv.Itoa(who))
		}
		if rapid.IntRange(0, 9).Draw(t, "bot") == 0 {
			rows[i].Flags = experience.FlagBot
		}
	}
	return rows
}

// impressions are what a random log did to people.
type impressions []experience.Impression

func (list impressions) Impressions(_ context.Context, from, to time.Time, do func(experience.Impression) error) error {
	for _, i := range list {
		if i.Time.Before(from) || !i.Time.Before(to) {
			continue
		}
		if err := do(i); err != nil {
			return err
		}
	}
	return nil
}

func randomImpressions(t *rapid.T, rows []experience.Interaction) impressions {
	var list impressions
	for _, r := range rows {
		one := experience.Impression{Interaction: r.ID, Person: r.Person, Time: r.Time}
		for range rapid.IntRange(0, 2).Draw(t, "impacts") {
			one.Impacts = append(one.Impacts, experience.Impact{
				Dimension: rapid.SampledFrom(experience.Dimensions).Draw(t, "dimension"),
				Evidence:  rapid.SampledFrom([]experience.Evidence{experience.Stated, experience.Inferred, experience.Assumed}).Draw(t, "evidence"),
				Value:     float64(rapid.IntRange(-4, 4).Draw(t, "value")) / 4,
			})
		}
		if len(one.Impacts) > 0 {
			list = append(list, one)
		}
	}
	return list
}

// randomMap is a map whose steps may overlap, share events, and be unseen.
func randomMap(t *rapid.T) Map {
	m := Map{Key: "random", Name: "Random", Case: rapid.SampledFrom([]string{"", "properties.ticket"}).Draw(t, "case")}
	number := 0
	for s := range rapid.IntRange(1, 3).Draw(t, "stages") {
		stage := Stage{ID: fmt.Sprintf("stage-%d", s), Name: "Stage"}
		for range rapid.IntRange(0, 3).Draw(t, "steps") {
			number++
			step := Step{ID: fmt.Sprintf("step-%d", number), Name: "Step"}
			for range rapid.IntRange(0, 2).Draw(t, "matches") {
				step.Match = append(step.Match, analytics.Match{
					Event:      rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "event"),
					Touchpoint: rapid.SampledFrom([]string{"", "", "shop"}).Draw(t, "touchpoint"),
				})
			}
			switch rapid.IntRange(0, 3).Draw(t, "expectation") {
			case 0:
				step.Expectation = &Expectation{Within: rapid.SampledFrom([]analytics.Window{"12h", "2d", "10d"}).Draw(t, "within")}
			case 1:
				step.Expectation = &Expectation{Measure: &analytics.Filter{Field: "properties.delay", Is: "at_most", Values: []string{"0"}}}
			}
			stage.Steps = append(stage.Steps, step)
		}
		m.Stages = append(m.Stages, stage)
	}
	return m
}

// reference follows each case by itself.
type reference struct {
	m     Map
	p     Period
	steps []Step // those the record can show
	cases map[string][]experience.Interaction
	felt  map[experience.ID]experience.Impression
}

func newReference(m Map, p Period, rows []experience.Interaction, felt impressions) reference {
	r := reference{m: m, p: p, cases: map[string][]experience.Interaction{}, felt: map[experience.ID]experience.Impression{}}
	for _, s := range m.Steps() {
		if len(s.Match) > 0 {
			r.steps = append(r.steps, s)
		}
	}
	for _, row := range rows {
		var fields map[string]any
		if err := json.Unmarshal(row.Properties, &fields); err != nil {
			panic(err)
		}
		name := row.Person.String()
		if m.Case != "" {
			name, _ = fields["ticket"].(string)
		}
		if name != "" && row.Flags == 0 && !row.Time.Before(p.From) && (p.To.IsZero() || row.Time.Before(p.To)) {
			r.cases[name] = append(r.cases[name], row)
		}
	}
	for name, events := range r.cases {
		slices.SortStableFunc(events, func(a, b experience.Interaction) int {
			return cmp.Or(a.Time.Compare(b.Time), a.ReceivedAt.Compare(b.ReceivedAt))
		})
		if m.Case == "" && !slices.ContainsFunc(events, func(e experience.Interaction) bool { return r.at(e) != "" }) {
			delete(r.cases, name)
		}
	}
	for _, i := range felt {
		r.felt[i.Interaction] = i
	}
	return r
}

func is(s Step, e experience.Interaction) bool {
	return slices.ContainsFunc(s.Match, func(m analytics.Match) bool {
		return m.Event == e.Name && (m.Touchpoint == "" || m.Touchpoint == e.Touchpoint)
	})
}

// at gives the step that an interaction is, the furthest one.
func (r reference) at(e experience.Interaction) string {
	id := ""
	for _, s := range r.steps {
		if is(s, e) {
			id = s.ID
		}
	}
	return id
}

// in gives the steps of a place: one, or those of a stage.
func (r reference) in(id string) []Step {
	for _, stage := range r.m.Stages {
		if stage.ID == id {
			return stage.Steps
		}
	}
	s, _ := r.m.Step(id)
	return []Step{s}
}

func (r reference) happened(id string, e experience.Interaction) bool {
	return slices.ContainsFunc(r.in(id), func(s Step) bool { return is(s, e) })
}

// places gives the steps or the stages that the record can show, in order.
func (r reference) places(stages bool) []string {
	var list []string
	for _, stage := range r.m.Stages {
		seen := false
		for _, s := range stage.Steps {
			if len(s.Match) > 0 && !stages {
				list = append(list, s.ID)
			}
			seen = seen || len(s.Match) > 0
		}
		if seen && stages {
			list = append(list, stage.ID)
		}
	}
	return list
}

// passage tries every pair of interactions of every case.
func (r reference) passage(from, to string) (of, went int64, took []float64) {
	for _, events := range r.cases {
		came, best := false, [2]time.Time{}
		for i, a := range events {
			if !r.happened(from, a) {
				continue
			}
			came = true
			for _, b := range events[i+1:] {
				if !r.happened(to, b) {
					continue
				}
				if best[1].IsZero() || b.Time.Before(best[1]) || b.Time.Equal(best[1]) && a.Time.After(best[0]) {
					best = [2]time.Time{a.Time, b.Time}
				}
			}
		}
		if came {
			of++
		}
		if !best[1].IsZero() {
			went++
			took = append(took, best[1].Sub(best[0]).Seconds())
		}
	}
	slices.Sort(took)
	return of, went, took
}

// wait is how long one may be at a step: as nine of ten need to the next.
func (r reference) wait(id string, few int64) time.Duration {
	list := r.places(false)
	i := slices.Index(list, id)
	if i+1 == len(list) {
		return 30 * 24 * time.Hour
	}
	_, went, took := r.passage(id, list[i+1])
	if went < few {
		return 30 * 24 * time.Hour
	}
	slow := time.Duration(referenceQuantile(took, 0.9) * float64(time.Second))
	return min(max(slow, 24*time.Hour), 90*24*time.Hour)
}

func referenceQuantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low, part := math.Floor(at), at-math.Floor(at)
	value := sorted[int(low)]
	if part > 0 {
		value += part * (sorted[int(low)+1] - value)
	}
	return value
}

// whereabouts gives for each case where it is: a step with "here" or "stopped",
// or "finished".
func (r reference) whereabouts(few int64) map[string][2]string {
	out := map[string][2]string{}
	last := r.places(false)[len(r.places(false))-1]
	for name, events := range r.cases {
		var at string
		var since time.Time
		end := false
		for _, e := range events {
			if r.at(e) != "" {
				at, since = r.at(e), e.Time
			}
			end = end || r.happened(last, e)
		}
		state := "stopped"
		switch {
		case at == "":
			state = "outside"
		case end:
			state = "finished"
		case r.p.end().Sub(since) <= r.wait(at, few):
			state = "here"
		}
		out[name] = [2]string{at, state}
	}
	return out
}

// promise pairs every answer with the latest start before it that has none.
func (r reference) promise(s Step) (of, kept, missing int64, broken map[string]bool) {
	broken = map[string]bool{}
	limit, _ := s.Expectation.Within.Duration()
	from := r.m.ExpectedFrom(s.ID)
	for name, events := range r.cases {
		answered := make([]bool, len(events)) // also: is an answer
		for j, b := range events {
			if !is(s, b) {
				continue
			}
			for i := j - 1; i >= 0; i-- {
				if !answered[i] && r.happened(from, events[i]) {
					answered[i], answered[j] = true, true
					of++
					if b.Time.Sub(events[i].Time) <= limit {
						kept++
					} else {
						broken[name] = true
					}
					break
				}
			}
		}
		for i, a := range events {
			if !answered[i] && r.happened(from, a) && r.p.end().Sub(a.Time) > limit {
				of, missing = of+1, missing+1
				broken[name] = true
			}
		}
	}
	return of, kept, missing, broken
}

// paired is the longest common subsequence, by trying.
func paired(r reference, events []experience.Interaction, steps []Step) int {
	if len(events) == 0 || len(steps) == 0 {
		return 0
	}
	if is(steps[0], events[0]) {
		return 1 + paired(r, events[1:], steps[1:])
	}
	return max(paired(r, events[1:], steps), paired(r, events, steps[1:]))
}

// values gives the cases' means of one kind, at a place ("" is everywhere).
func (r reference) values(d experience.Dimension, e experience.Evidence, place string) map[string]float64 {
	out := map[string]float64{}
	for name, events := range r.cases {
		var list []float64
		latest := ""
		for _, row := range events {
			at := r.at(row)
			if at != "" {
				latest = at
			} else if e == experience.Stated {
				at = latest
			}
			in := place == "" || slices.ContainsFunc(r.in(place), func(s Step) bool { return s.ID == at })
			if v, ok := meanOf(r.felt[row.ID].Impacts, d, e); ok && in {
				list = append(list, v)
			}
		}
		if len(list) > 0 {
			out[name] = mean(list)
		}
	}
	return out
}

func meanOf(impacts []experience.Impact, d experience.Dimension, e experience.Evidence) (float64, bool) {
	var list []float64
	for _, i := range impacts {
		if i.Dimension == d && i.Evidence == e {
			list = append(list, i.Value)
		}
	}
	if len(list) == 0 {
		return 0, false
	}
	return mean(list), true
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return sum / float64(len(list))
}
