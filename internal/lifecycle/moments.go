package lifecycle

import (
	"cmp"
	"context"
	"slices"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

// Moment is a person at a time.
type Moment struct {
	Person experience.ID
	At     time.Time
}

// Then is how far a person's relationship had come at a moment, and what came
// next.
type Then struct {
	Known  bool // something of them had been seen
	Stage  Stage
	Orders int   // that stood then
	Spent  int64 // what those came to, in the company's currency, minor units
	Next   int64 // when they ordered next, microseconds since 1970; 0: they did not
}

// StageName names a stage in the reader's language.
func (r *Room) StageName(l *web.Locale, s Stage) string { return stageName(l, s) }

// Moments tells how far people had come at moments, by the rules in force, one
// answer for each in their order. What came after a moment has no part in it,
// but for Next.
func (r *Room) Moments(ctx context.Context, list []Moment) ([]Then, error) {
	out := make([]Then, len(list))
	if len(list) == 0 {
		return out, nil
	}
	of := map[experience.ID][]int{}
	for i, m := range list {
		of[m.Person] = append(of[m.Person], i)
	}
	v, err := r.Rules(ctx)
	if err != nil {
		return nil, err
	}
	currency := r.Company(ctx).Currency
	err = r.each(ctx, query{upTo: r.Clock()}, func(h *history) error {
		for _, i := range of[h.person] {
			out[i] = h.then(v.Rules, list[i].At.UnixMicro(), currency)
		}
		return nil
	})
	return out, err
}

// then is what was true of a person at a moment.
func (h *history) then(r Rules, at int64, currency string) Then {
	if h.first > at {
		return Then{}
	}
	facts := h.facts(r, at)
	t := Then{Known: true, Stage: r.Stage(facts, at), Orders: facts.Orders}
	for _, o := range h.orders {
		if o.stands(at) && o.currency == currency {
			t.Spent += o.amount()
		}
	}
	next := func(a, b order) int { return cmp.Compare(a.placed, b.placed) }
	orders := h.orders
	if !slices.IsSortedFunc(orders, next) {
		orders = slices.SortedFunc(slices.Values(orders), next)
	}
	for _, o := range orders {
		if o.placed > at && (o.void == 0 || o.void > o.placed) {
			t.Next = o.placed
			break
		}
	}
	return t
}
