package pulse

import (
	"cmp"
	"context"
	"slices"
	"time"

	"regia/internal/experience"
)

// Pair is one figure of a period and of the one before.
type Pair struct {
	Now    int64 `json:"now"`
	Before int64 `json:"before"`
}

// Place is how much happened at one touchpoint, stage or channel, and with how
// many different people. The empty key stands for what belongs to none yet.
type Place struct {
	Key          string `json:"key"`
	Interactions Pair   `json:"interactions"`
	People       Pair   `json:"people"`
}

// Places is what happened, sorted by where; the busiest first.
type Places struct {
	Interactions Pair    `json:"interactions"`
	People       Pair    `json:"people"` // different ones; interactions of nobody known do not count here
	Touchpoints  []Place `json:"touchpoints"`
	Stages       []Place `json:"stages"`
	Channels     []Place `json:"channels"`
}

// unbound is what no touchpoint claims.
func (p Places) unbound() Pair {
	for _, t := range p.Touchpoints {
		if t.Key == "" {
			return t.Interactions
		}
	}
	return Pair{}
}

// Count is how much happened in one hour, day or month.
type Count struct {
	Start        time.Time `json:"start" doc:"Its beginning on the wall clock of the company's time zone"`
	Interactions int64     `json:"interactions"`
}

// Volume is how much happened piece by piece.
type Volume struct {
	Step   string  `json:"step" enum:"hour,day,month"`
	Now    []Count `json:"now"`
	Before []Count `json:"before"`
}

// Faces is who was there: New people had never been seen before the period.
type Faces struct {
	New       Pair `json:"new"`
	Returning Pair `json:"returning"`
}

// Money is what was spent in one currency, less what was given back.
type Money struct {
	Currency string `json:"currency"`
	Minor    Pair   `json:"amount_minor"` // cents, or whatever the currency counts in
	Orders   Pair   `json:"orders"`       // different orders with money received; a payment without an order counts as one
}

// Gaps is where nothing was ever measured.
type Gaps struct {
	Stages   []experience.Stage   `json:"stages"`
	Channels []experience.Channel `json:"channels"`
}

// Moment is one interaction of the live feed.
type Moment struct {
	ID         experience.ID
	Time       time.Time
	Kind       experience.Kind
	Name       string
	Source     string
	Touchpoint string
	Person     experience.ID
	Revenue    int64
	Currency   string
}

// catalogue is what places are called and where they belong, by key and id.
type catalogue struct {
	touchpoints map[string]experience.Touchpoint
	sources     map[string]Source
}

func (r *Room) catalogue(ctx context.Context) (catalogue, error) {
	c := catalogue{touchpoints: map[string]experience.Touchpoint{}, sources: map[string]Source{}}
	touchpoints, err := r.Touchpoints(ctx)
	if err != nil {
		return c, err
	}
	for _, t := range touchpoints {
		c.touchpoints[t.Key] = t
	}
	sources, err := r.Sources(ctx)
	for _, s := range sources {
		c.sources[s.ID] = s
	}
	return c, err
}

// channel is where a row took place: at its touchpoint's channel, or at its
// source's while nothing binds it.
func (c catalogue) channel(touchpoint, source string) experience.Channel {
	if t, ok := c.touchpoints[touchpoint]; ok {
		return t.Channel
	}
	return c.sources[source].Channel
}

// gaps finds the stages and channels that none of the places seen belongs to.
// Servers are no place where people are, so they are never missed.
func (c catalogue) gaps(seen []origin) Gaps {
	stages, channels := map[experience.Stage]bool{}, map[experience.Channel]bool{experience.Server: true}
	for _, o := range seen {
		stages[c.touchpoints[o.touchpoint].Stage] = true
		channels[c.channel(o.touchpoint, o.source)] = true
	}
	g := Gaps{Stages: []experience.Stage{}, Channels: []experience.Channel{}}
	for _, s := range experience.Stages {
		if !stages[s] {
			g.Stages = append(g.Stages, s)
		}
	}
	for _, ch := range experience.Channels {
		if !channels[ch] {
			g.Channels = append(g.Channels, ch)
		}
	}
	return g
}

// fill puts a zero where nothing happened.
func fill(starts []time.Time, counted map[time.Time]int64) []Count {
	out := make([]Count, len(starts))
	for k, s := range starts {
		out[k] = Count{s, counted[s]}
	}
	return out
}

// busiest orders places by what happens there now, then by key.
func busiest(list []Place) []Place {
	slices.SortFunc(list, func(a, b Place) int {
		return cmp.Or(cmp.Compare(b.Interactions.Now, a.Interactions.Now), cmp.Compare(b.Interactions.Before, a.Interactions.Before), cmp.Compare(a.Key, b.Key))
	})
	return list
}
