package lifecycle

import (
	"context"
	"time"

	"regia/internal/experience"
	"regia/internal/stats"
)

const (
	stageCount = 7
	absent     = stageCount // not seen yet
	// mostMonths is how many ends of months are looked at.
	mostMonths = 120
)

// report is everything the pages and the API show, from one pass.
type report struct {
	extent
	rules   Version
	zone    *time.Location
	months  []time.Time // first days, local midnight; the last one may still go on
	ends    []int64     // their last microseconds; of the last one the moment of the figures
	counts  [][stageCount]int64
	flows   [][stageCount + 1][stageCount + 1]int64 // from the end of the month before to this one's; none for the first
	unknown int64                                   // left out: known by a cookie, a device or a receipt alone

	purchases
}

// purchases is who bought again.
type purchases struct {
	all         tries
	void        int64 // orders cancelled or wholly refunded
	second      waiting
	gaps        waiting // between one order and the next
	cohorts     map[int]*cohort
	touchpoints map[string]*tries
	channels    map[experience.Channel]*tries
	lately      [2]stint // who began in the last 90 days that are over since 90 days, and in the 90 before
}

// tries counts buyers, and those of them who bought again.
type tries struct{ buyers, again, third int64 }

func (t *tries) add(orders int) {
	t.buyers++
	if orders >= 2 {
		t.again++
	}
	if orders >= 3 {
		t.third++
	}
}

// cohort are the people who bought first in one month.
type cohort struct {
	tries
	soon int64 // again within soonDays
}

// stint counts people watched for soonDays, and those of them who bought again.
type stint struct{ n, yes int64 }

const soonDays = 90

// horizons are the days within which the chance to buy again is told.
func horizons() []int { return []int{90, 180, 365} }

// reckon makes the report of a rule set.
func (r *Room) reckon(ctx context.Context, e extent, v Version) (*report, error) {
	out, err := r.blank(ctx, e, v)
	if err != nil || e.unreached {
		return out, err
	}
	channel, err := r.channels(ctx)
	if err != nil {
		return nil, err
	}
	path := make([]int, len(out.ends))
	var standing []order
	out.unknown, err = r.recognised(ctx, query{upTo: e.at}, func(h *history) error {
		h.path(v.Rules, out.ends, path)
		out.move(path)
		standing = h.standing(e.at.UnixMicro(), standing)
		out.purchases.void += int64(len(h.orders) - len(standing))
		if len(standing) > 0 {
			out.buy(standing, channel)
		}
		return nil
	})
	return out, err
}

// blank is a report of nobody.
func (r *Room) blank(ctx context.Context, e extent, v Version) (*report, error) {
	out := &report{extent: e, rules: v, zone: r.Company(ctx).Location()}
	out.cohorts, out.touchpoints, out.channels = map[int]*cohort{}, map[string]*tries{}, map[experience.Channel]*tries{}
	if e.unreached {
		return out, nil
	}
	out.months, out.ends = monthsOf(e, out.zone)
	out.counts = make([][stageCount]int64, len(out.months))
	out.flows = make([][stageCount + 1][stageCount + 1]int64, len(out.months))
	return out, nil
}

// monthsOf lists the months up to the moment of the figures, mostMonths at most.
func monthsOf(e extent, zone *time.Location) (months []time.Time, ends []int64) {
	y, m, _ := e.at.In(zone).Date()
	last := time.Date(y, m, 1, 0, 0, 0, 0, zone)
	y, m, _ = e.first.In(zone).Date()
	first := time.Date(y, m, 1, 0, 0, 0, 0, zone)
	if from := last.AddDate(0, 1-mostMonths, 0); first.Before(from) {
		first = from
	}
	for at := first; !at.After(last); at = at.AddDate(0, 1, 0) {
		months = append(months, at)
		ends = append(ends, min(at.AddDate(0, 1, 0).UnixMicro()-1, e.at.UnixMicro()))
	}
	return months, ends
}

// path gives the place of a person's stage at each of some moments.
func (h *history) path(r Rules, ends []int64, into []int) {
	for i, at := range ends {
		switch {
		case h.first > at:
			into[i] = absent
		case len(h.orders) == 0:
			into[i] = 0 // a prospect; most people are
		default:
			into[i] = h.stage(r, at).place()
		}
	}
}

func (p *report) move(path []int) {
	for i, to := range path {
		if to != absent {
			p.counts[i][to]++
		}
		if i > 0 {
			p.flows[i][path[i-1]][to]++
		}
	}
}

// buy counts the purchases of somebody who made some.
func (p *report) buy(orders []order, channel func(order) experience.Channel) {
	at, first := p.at.UnixMicro(), orders[0].placed
	p.all.add(len(orders))
	if len(orders) > 1 {
		p.second.add(orders[1].placed-first, true)
	} else {
		p.second.add(at-first, false)
	}
	for i := 1; i < len(orders); i++ {
		p.gaps.add(orders[i].placed-orders[i-1].placed, true)
	}
	soon := len(orders) > 1 && orders[1].placed-first < days(soonDays)
	c := p.cohorts[monthNumber(first, p.zone)]
	if c == nil {
		c = &cohort{}
		p.cohorts[monthNumber(first, p.zone)] = c
	}
	c.add(len(orders))
	if soon {
		c.soon++
	}
	if age := at - first - days(soonDays); age >= 0 && age < 2*days(soonDays) {
		s := &p.lately[age/days(soonDays)]
		s.n++
		if soon {
			s.yes++
		}
	}
	counted(p.touchpoints, orders[0].touchpoint).add(len(orders))
	counted(p.channels, channel(orders[0])).add(len(orders))
}

func counted[K comparable](m map[K]*tries, key K) *tries {
	if m[key] == nil {
		m[key] = &tries{}
	}
	return m[key]
}

// monthNumber numbers the months of a zone's calendar.
func monthNumber(micros int64, zone *time.Location) int {
	y, m, _ := time.UnixMicro(micros).In(zone).Date()
	return y*12 + int(m) - 1
}

func monthStart(number int, zone *time.Location) time.Time {
	return time.Date(number/12, time.Month(number%12+1), 1, 0, 0, 0, 0, zone)
}

// watched tells whether everybody of a cohort has been watched for soonDays.
func (p *report) watched(number int) bool {
	return p.at.UnixMicro()-monthStart(number+1, p.zone).UnixMicro() >= days(soonDays)-1
}

// Rate is a share of people.
type Rate struct {
	Yes   int64   `json:"yes"`
	N     int64   `json:"n"`
	Share float64 `json:"share" doc:"0 to 1; 0 where n is 0"`
	Low   float64 `json:"low" doc:"Lower end of the 95 % interval (Wilson 1927)"`
	High  float64 `json:"high" doc:"Upper end of the 95 % interval"`
}

func rate(yes, n int64) Rate {
	if n == 0 {
		return Rate{High: 1}
	}
	i := stats.Share(yes, n)
	return Rate{Yes: yes, N: n, Share: i.Value, Low: i.Low, High: i.High}
}

// channels tells where an order was placed: at its touchpoint's channel, or at
// its source's while nothing binds it.
func (r *Room) channels(ctx context.Context) (func(order) experience.Channel, error) {
	touchpoints, err := r.Touchpoints(ctx)
	if err != nil {
		return nil, err
	}
	sources, err := r.Sources(ctx)
	if err != nil {
		return nil, err
	}
	places, of := map[string]experience.Channel{}, map[string]experience.Channel{}
	for _, t := range touchpoints {
		places[t.Key] = t.Channel
	}
	for _, s := range sources {
		of[s.ID] = s.Channel
	}
	return func(o order) experience.Channel {
		if c, ok := places[o.touchpoint]; ok {
			return c
		}
		return of[o.source]
	}, nil
}
