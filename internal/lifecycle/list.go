package lifecycle

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
)

// who describes people behind a number.
type who struct {
	month      string   // 2026-10; "" is now
	stages     []string // one of them at the end of that month; none: any
	from       []string // one of them at the end of the month before; none: any
	cohort     string   // month of the first order: 2026-03
	bought     string   // at least: once, again, third; only: one
	touchpoint string   // of the first order
	channel    string   // of the first order
	touched    bool     // the touchpoint counts, also the empty one
}

const monthFormat = "2006-01"

// Beside stages, where people may come from.
const (
	fromNowhere = "none"  // not seen before the end of the month before
	fromOther   = "other" // at another stage than now
)

// bought are the conditions on the number of orders, as the address has them.
func boughtNames() []string { return []string{"once", "one", "again", "third"} }

func readWho(q url.Values) (who, error) {
	w := who{month: q.Get("month"), stages: listed(q.Get("stage")), from: listed(q.Get("from")), cohort: q.Get("cohort"), bought: q.Get("bought"),
		touchpoint: q.Get("touchpoint"), channel: q.Get("channel"), touched: q.Has("touchpoint")}
	return w, w.check()
}

func listed(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func (w who) check() error {
	for _, s := range w.stages {
		if !Stage(s).Known() {
			return experience.Errorf(experience.Invalid, "lifecycle.error.stage")
		}
	}
	for _, s := range w.from {
		if s != fromNowhere && s != fromOther && !Stage(s).Known() {
			return experience.Errorf(experience.Invalid, "lifecycle.error.stage")
		}
	}
	for _, m := range []string{w.month, w.cohort} {
		if _, err := time.Parse(monthFormat, m); m != "" && err != nil {
			return experience.Errorf(experience.Invalid, "lifecycle.error.month")
		}
	}
	if w.bought != "" && !slices.Contains(boughtNames(), w.bought) {
		return experience.Errorf(experience.Invalid, "lifecycle.error.bought")
	}
	return nil
}

// values writes it as an address has it.
func (w who) values() url.Values {
	q := url.Values{}
	for name, v := range map[string]string{"month": w.month, "stage": strings.Join(w.stages, ","), "from": strings.Join(w.from, ","),
		"cohort": w.cohort, "bought": w.bought, "channel": w.channel, "touchpoint": w.touchpoint} {
		if v != "" || name == "touchpoint" && w.touched {
			q.Set(name, v)
		}
	}
	return q
}

func (w who) url(path string) string { return path + "?" + w.values().Encode() }

// test makes the condition for a person's history.
func (w who) test(p *report, channel func(order) experience.Channel) (func(*history, []order) bool, error) {
	at := len(p.ends) - 1
	if w.month != "" {
		at = slices.IndexFunc(p.months, func(m time.Time) bool { return m.Format(monthFormat) == w.month })
		if at < 0 {
			return nil, experience.Errorf(experience.Invalid, "lifecycle.error.month")
		}
	}
	ends := p.ends[max(at-1, 0) : at+1]
	path := make([]int, len(ends))
	return func(h *history, standing []order) bool {
		h.path(p.rules.Rules, ends, path)
		return w.went(path) && w.purchased(standing, p.zone, channel)
	}, nil
}

// went tells whether somebody went the way that is meant. Before the first
// month nobody was anywhere.
func (w who) went(path []int) bool {
	is := path[len(path)-1]
	if is == absent || len(w.stages) > 0 && !slices.Contains(w.stages, string(Stages[is])) {
		return false
	}
	if len(w.from) == 0 {
		return true
	}
	if len(path) < 2 {
		return false
	}
	was := fromNowhere
	if path[0] != absent {
		was = string(Stages[path[0]])
	}
	return slices.Contains(w.from, was) || path[0] != is && slices.Contains(w.from, fromOther)
}

func (w who) purchased(standing []order, zone *time.Location, channel func(order) experience.Channel) bool {
	least := map[string]int{"once": 1, "one": 1, "again": 2, "third": 3}[w.bought]
	if w.cohort != "" || w.touched || w.channel != "" {
		least = max(least, 1)
	}
	switch {
	case len(standing) < least, w.bought == "one" && len(standing) > 1:
		return false
	case w.cohort != "" && monthStart(monthNumber(standing[0].placed, zone), zone).Format(monthFormat) != w.cohort:
		return false
	case w.touched && standing[0].touchpoint != w.touchpoint:
		return false
	}
	return w.channel == "" || string(channel(standing[0])) == w.channel
}

// Member is one of the people behind a number.
type Member struct {
	Person experience.ID `json:"person"`
	Stage  Stage         `json:"stage" doc:"Now"`
	Since  time.Time     `json:"since" doc:"Since when"`
	Orders int           `json:"orders" doc:"That stand: neither cancelled nor wholly refunded"`
	First  time.Time     `json:"first_order,omitzero"`
	Last   time.Time     `json:"last_order,omitzero"`
	Seen   time.Time     `json:"first_seen"`
}

// place is where a member stands in a list: who bought most first, then who
// bought last, then by id.
type place struct {
	orders int
	last   int64
	id     experience.ID
}

func (a place) compare(b place) int {
	return cmp.Or(cmp.Compare(b.orders, a.orders), cmp.Compare(b.last, a.last), compareIDs(a.id, b.id))
}

func (a place) String() string { return fmt.Sprintf("%d.%d.%s", a.orders, a.last, a.id) }

func readPlace(s string) (*place, error) {
	if s == "" {
		return nil, nil
	}
	parts := strings.SplitN(s, ".", 3)
	var p place
	var err error
	if len(parts) == 3 {
		if p.orders, err = strconv.Atoi(parts[0]); err == nil {
			p.last, err = strconv.ParseInt(parts[1], 10, 64)
		}
		if err == nil {
			p.id, err = experience.ParseID(parts[2])
		}
	}
	if len(parts) != 3 || err != nil {
		return nil, experience.Errorf(experience.Invalid, "lifecycle.error.cursor")
	}
	return &p, nil
}

// found are people with their places, the first of a list so far.
type found struct {
	after *place
	limit int
	list  []placed
}

type placed struct {
	place
	Member
}

// wants tells whether somebody belongs to the page so far.
func (f *found) wants(p place) bool {
	if f.after != nil && p.compare(*f.after) <= 0 {
		return false
	}
	return len(f.list) < f.limit || p.compare(f.list[len(f.list)-1].place) < 0
}

func (f *found) add(m placed) {
	at, _ := slices.BinarySearchFunc(f.list, m.place, func(a placed, b place) int { return a.place.compare(b) })
	f.list = slices.Insert(f.list, at, m)
	f.list = f.list[:min(len(f.list), f.limit)]
}

// page is a part of a list of people.
type page struct {
	members []Member
	next    string // what continues the list; "" at its end
	all     int64  // how many the list has
}

// members lists people, after a place in the list. It is one more pass: memory
// is that of a page.
func (r *Room) members(ctx context.Context, w who, after string, limit int) (out page, err error) {
	f := found{limit: limit + 1}
	if f.after, err = readPlace(after); err != nil {
		return out, err
	}
	err = r.eachMember(ctx, w, func(h *history, standing []order, p *report) error {
		at := place{orders: len(standing), last: h.first, id: h.person}
		if len(standing) > 0 {
			at.last = standing[len(standing)-1].placed
		}
		out.all++
		if f.wants(at) {
			f.add(placed{at, member(h, standing, p)})
		}
		return nil
	})
	if len(f.list) > limit {
		f.list = f.list[:limit]
		out.next = f.list[limit-1].place.String()
	}
	out.members = make([]Member, len(f.list))
	for i, m := range f.list {
		out.members[i] = m.Member
	}
	return out, err
}

// eachMember gives do everybody who is meant, in the order of their ids.
func (r *Room) eachMember(ctx context.Context, w who, do func(*history, []order, *report) error) error {
	v, err := r.Rules(ctx)
	if err != nil {
		return err
	}
	e, err := r.extent(ctx)
	if err != nil || e.unreached {
		return err
	}
	p, err := r.blank(ctx, e, v)
	if err != nil {
		return err
	}
	channel, err := r.channels(ctx)
	if err != nil {
		return err
	}
	test, err := w.test(p, channel)
	if err != nil {
		return err
	}
	var standing []order
	_, err = r.recognised(ctx, query{upTo: e.at}, func(h *history) error {
		standing = h.standing(e.at.UnixMicro(), standing)
		if !test(h, standing) {
			return nil
		}
		return do(h, standing, p)
	})
	return err
}

func member(h *history, standing []order, p *report) Member {
	at := p.at.UnixMicro()
	m := Member{Person: h.person, Stage: h.stage(p.rules.Rules, at), Orders: len(standing), Seen: time.UnixMicro(h.first).UTC(),
		Since: time.UnixMicro(h.since(p.rules.Rules, at)).UTC()}
	if len(standing) > 0 {
		m.First, m.Last = time.UnixMicro(standing[0].placed).UTC(), time.UnixMicro(standing[len(standing)-1].placed).UTC()
	}
	return m
}

// Standing is where one person stands, and what speaks for it.
type Standing struct {
	Member
	At      time.Time `json:"at" doc:"The moment this was true"`
	Praised time.Time `json:"recommended,omitzero" doc:"When they last recommended the brand"`
	Rules   int64     `json:"version" doc:"Of the rules"`
	rules   Rules
}

// standing finds where one person stands. NotFound where nobody was seen.
func (r *Room) standing(ctx context.Context, person experience.ID) (Standing, error) {
	var out Standing
	v, err := r.Rules(ctx)
	if err != nil {
		return out, err
	}
	e, err := r.extent(ctx)
	if err != nil {
		return out, err
	}
	out = Standing{At: e.at, Rules: v.Number, rules: v.Rules}
	there := false
	err = r.each(ctx, query{upTo: e.at, person: person}, func(h *history) error {
		there = true
		at := e.at.UnixMicro()
		out.Member = member(h, h.standing(at, nil), &report{extent: e, rules: v})
		if t := h.facts(v.Rules, at).Praised; t != 0 {
			out.Praised = time.UnixMicro(t).UTC()
		}
		return nil
	})
	if err == nil && !there {
		err = experience.Errorf(experience.NotFound, "lifecycle.error.nobody")
	}
	return out, err
}
