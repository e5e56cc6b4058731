package driver

import (
	"cmp"
	"context"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/stats"
)

// grace is how long somebody who was asked may take to answer before they count
// as silent; who was asked later than that is not counted at all.
const grace = 7 * 24 * time.Hour

// Rate is how many of those asked by one survey, on one channel, answered.
type Rate struct {
	Survey, Channel string
	Asked, Answered int64
	Share           stats.Interval
}

// Contrast compares those who answered with those who did not in one thing that
// was known before they were asked.
type Contrast struct {
	What     string // channel, stage, orders or spent
	Key      string // of which group; "" of an amount
	Answered stats.Interval
	Silent   stats.Interval
	Less     stats.Difference // of those who answered less of the silent
	Clear    bool             // more than chance, among as many comparisons as there are
}

// What people were compared in.
const (
	inChannel = "channel"
	inStage   = "stage"
	inOrders  = "orders"
	inSpent   = "spent"
)

// Responses is how many of those asked answer, and who does not.
type Responses struct {
	Rates    []Rate
	All      stats.Interval
	Asked    int64
	Bounced  int64 // never reached anybody; not counted
	Waiting  int64 // asked so lately that they may still answer; not counted
	Nobody   int64 // asked without being known: nothing to compare
	Contrast []Contrast
}

// askedBetween gives who was asked in a period, by one survey or any.
func (b *book) askedBetween(from, to time.Time, survey string) []Asked {
	var out []Asked
	for _, a := range b.asked {
		if a.At >= from.UnixMicro() && a.At < to.UnixMicro() && (survey == "" || a.Survey == survey) {
			out = append(out, a)
		}
	}
	return out
}

// rates counts who of those asked answered. asOf is when the data end.
func rates(list []Asked, asOf time.Time) (Responses, []Asked) {
	var out Responses
	var counted []Asked
	at := map[[2]string]int{}
	var answered int64
	for _, a := range list {
		switch {
		case a.Bounced:
			out.Bounced++
			continue
		case asOf.Sub(time.UnixMicro(a.At)) < grace:
			out.Waiting++
			continue
		case a.Person.IsZero():
			out.Nobody++
		}
		key := [2]string{a.Survey, a.Channel}
		i, ok := at[key]
		if !ok {
			i = len(out.Rates)
			at[key] = i
			out.Rates = append(out.Rates, Rate{Survey: a.Survey, Channel: a.Channel})
		}
		out.Rates[i].Asked++
		if a.Answered {
			out.Rates[i].Answered++
			answered++
		}
		counted = append(counted, a)
	}
	out.Asked = int64(len(counted))
	out.All = stats.Share(answered, out.Asked)
	for i := range out.Rates {
		out.Rates[i].Share = stats.Share(out.Rates[i].Answered, out.Rates[i].Asked)
	}
	slices.SortFunc(out.Rates, func(a, b Rate) int {
		return cmp.Or(cmp.Compare(b.Asked, a.Asked), cmp.Compare(a.Survey, b.Survey), cmp.Compare(a.Channel, b.Channel))
	})
	return out, counted
}

// silence tells how many of those asked in a period answered, and who did not:
// on channel, stage of the relationship, orders and money spent, each as it was
// when they were asked. Where the two sides differ, what the answers say is not
// what everybody would say (non-response bias; Groves 2006, Public Opinion
// Quarterly 70, 646-675).
func (r *Room) silence(ctx context.Context, b *book, from, to, asOf time.Time, survey string) (Responses, error) {
	out, counted := rates(b.askedBetween(from, to, survey), asOf)
	var moments []Moment
	var known []Asked
	for _, a := range counted {
		if !a.Person.IsZero() {
			known = append(known, a)
			moments = append(moments, Moment{a.Person, time.UnixMicro(a.At)})
		}
	}
	if len(known) == 0 {
		return out, nil
	}
	standings, err := r.Relationships.Standings(ctx, moments)
	if err != nil {
		return out, err
	}
	out.Contrast = contrasts(known, standings)
	return out, nil
}

// ordersGroup is how often somebody had bought: never, once, several times.
func ordersGroup(n int) string {
	switch {
	case n <= 0:
		return "0"
	case n == 1:
		return "1"
	}
	return "2"
}

func contrasts(list []Asked, standings []Standing) []Contrast {
	type place struct{ what, key string }
	counts := map[place]*[2]int64{}
	var sides [2]int64
	var spent [2]stats.Running
	side := func(a Asked) int {
		if a.Answered {
			return 0
		}
		return 1
	}
	count := func(what, key string, s int) {
		p := place{what, key}
		if counts[p] == nil {
			counts[p] = &[2]int64{}
		}
		counts[p][s]++
	}
	for i, a := range list {
		s := side(a)
		sides[s]++
		count(inChannel, a.Channel, s)
		if st := standings[i]; st.Known {
			count(inStage, st.Stage, s)
			count(inOrders, ordersGroup(st.Orders), s)
			spent[s].Add(float64(st.Spent) / 100)
		}
	}
	var out []Contrast
	if sides[0] < experience.TooFew || sides[1] < experience.TooFew {
		return nil
	}
	ofWhat := map[string]int{}
	for p := range counts {
		ofWhat[p.what]++
	}
	for p, n := range counts {
		if ofWhat[p.what] < 2 || n[0]+n[1] < experience.TooFew {
			continue
		}
		out = append(out, Contrast{What: p.what, Key: p.key, Answered: stats.Share(n[0], sides[0]), Silent: stats.Share(n[1], sides[1]), Less: stats.DiffShares(n[0], sides[0], n[1], sides[1])})
	}
	if spent[0].N() >= experience.TooFew && spent[1].N() >= experience.TooFew && (spent[0].Mean() != 0 || spent[1].Mean() != 0) {
		out = append(out, Contrast{What: inSpent, Answered: spent[0].Interval(), Silent: spent[1].Interval(), Less: spent[0].Minus(spent[1])})
	}
	order := map[string]int{inChannel: 0, inStage: 1, inOrders: 2, inSpent: 3}
	slices.SortFunc(out, func(a, b Contrast) int {
		return cmp.Or(cmp.Compare(order[a.What], order[b.What]), cmp.Compare(a.Key, b.Key))
	})
	var p []float64
	for _, c := range out {
		p = append(p, c.Less.P)
	}
	for i, clear := range stats.FalseDiscovery(p, changeRate) {
		out[i].Clear = clear
	}
	return out
}
