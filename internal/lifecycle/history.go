package lifecycle

import (
	"cmp"
	"slices"

	"regia/internal/experience"
)

// What a row of the ledger means to the life-cycle.
const (
	rowSeen      = iota // the first time somebody was seen
	rowOrder            // an order, by its name
	rowMoney            // money in or out by another name
	rowCancelled        // an order taken back, by its name
	rowInvited          // recommended the brand to somebody
	rowScored           // answered "would you recommend us", 0 to 10
	rowStarred          // a review of 1 to 5 stars
)

// row is one line of the pass over the ledger. Times are microseconds.
type row struct {
	what       int
	at         int64
	order      string
	revenue    int64
	currency   string
	touchpoint string
	source     string
	score      float64
	unsaid     bool // there is no score
}

// compare orders the rows of a person. What happened at the same moment has an
// order as well, so that figures are the same however the rows are stored: an
// order comes before what pays it or takes it back, money in before money out.
func (a row) compare(b row) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.what, b.what), cmp.Compare(a.order, b.order), cmp.Compare(b.revenue, a.revenue),
		cmp.Compare(a.currency, b.currency), cmp.Compare(a.touchpoint, b.touchpoint), cmp.Compare(a.source, b.source))
}

// order is one purchase.
type order struct {
	placed             int64
	void               int64 // when it was cancelled or wholly refunded; 0: it stands
	touchpoint, source string

	currency    string
	named, paid int64 // by the order itself; by payments
	refunded    int64
}

func (o order) amount() int64 {
	if o.named > 0 {
		return o.named
	}
	return o.paid
}

// stands tells whether the order counts at a moment.
func (o order) stands(at int64) bool { return o.placed <= at && (o.void == 0 || o.void > at) }

// praise is one recommendation.
type praise struct {
	at    int64
	what  int
	score float64
}

// history is what one person did that rules look at, oldest first.
type history struct {
	person  experience.ID
	first   int64 // when they were first seen
	orders  []order
	praises []praise
	named   map[string]int // places of the orders that have an id
}

// reset makes room for the next person.
func (h *history) reset(person experience.ID) {
	h.person, h.first, h.orders, h.praises = person, 0, h.orders[:0], h.praises[:0]
	if h.named == nil {
		h.named = map[string]int{}
	}
	clear(h.named)
}

// tell takes all rows of a person.
func (h *history) tell(rows []row) {
	slices.SortFunc(rows, row.compare)
	for _, one := range rows {
		if one.unsaid && (one.what == rowScored || one.what == rowStarred) {
			continue // an answer without a score that counts
		}
		h.take(one)
	}
}

// take adds a row. Rows come in order of time.
//
// An order is what has an id of its own, however many rows speak of it; an
// order or a payment without an id counts as one. It is void from when it is
// cancelled by name, or when what was refunded reaches what was paid, in the
// same currency. What takes back an order that is not known takes back nothing.
func (h *history) take(r row) {
	switch r.what {
	case rowSeen:
		h.first = r.at
	case rowOrder, rowMoney:
		if r.revenue < 0 {
			h.refund(r)
		} else {
			h.bought(r)
		}
	case rowCancelled:
		if o := h.known(r.order); o != nil && o.void == 0 {
			o.void = r.at
		}
	default:
		h.praises = append(h.praises, praise{r.at, r.what, r.score})
	}
}

func (h *history) known(id string) *order {
	if i, ok := h.named[id]; ok {
		return &h.orders[i]
	}
	return nil
}

func (h *history) bought(r row) {
	o := h.known(r.order)
	if o == nil {
		h.orders = append(h.orders, order{placed: r.at, touchpoint: r.touchpoint, source: r.source, currency: r.currency})
		o = &h.orders[len(h.orders)-1]
		if r.order != "" {
			h.named[r.order] = len(h.orders) - 1
		}
	}
	if o.currency == "" {
		o.currency = r.currency
	}
	switch {
	case r.currency != o.currency:
	case r.what == rowOrder:
		o.named = max(o.named, r.revenue)
	default:
		o.paid += r.revenue
	}
}

func (h *history) refund(r row) {
	o := h.known(r.order)
	if o == nil || r.currency != o.currency {
		return
	}
	o.refunded -= r.revenue
	if o.void == 0 && o.amount() > 0 && o.refunded >= o.amount() {
		o.void = r.at
	}
}

// facts gives what was true at a moment.
func (h *history) facts(r Rules, at int64) Facts {
	var f Facts
	for _, o := range h.orders {
		if o.placed > at {
			break
		}
		if !o.stands(at) {
			continue
		}
		if f.Orders == 0 {
			f.First = o.placed
		}
		f.Orders++
		f.Last = o.placed
	}
	for _, p := range h.praises {
		if p.at <= at && r.praises(p) {
			f.Praised = p.at
		}
	}
	return f
}

func (h *history) stage(r Rules, at int64) Stage { return r.Stage(h.facts(r, at), at) }

// praises tells whether something is a recommendation.
func (r Rules) praises(p praise) bool {
	switch p.what {
	case rowInvited:
		return true
	case rowScored:
		return p.score >= float64(r.PraiseScore) && p.score <= 10
	}
	return p.score >= float64(r.PraiseStars) && p.score <= 5
}

// since gives the moment from which a person has been at the stage they are at.
// A stage can only change when something happens, or when a number of days
// since then is over: between two of those moments it is the same.
func (h *history) since(r Rules, at int64) int64 {
	turns := []int64{h.first}
	for _, o := range h.orders {
		turns = append(turns, o.placed, o.placed+days(r.NewFor), o.placed+days(r.DormantAfter), o.placed+days(r.LostAfter))
		if o.void != 0 {
			turns = append(turns, o.void)
		}
	}
	for _, p := range h.praises {
		turns = append(turns, p.at, p.at+days(r.PraiseFor))
	}
	slices.Sort(turns)
	since, now := at, h.stage(r, at)
	for _, t := range slices.Backward(slices.Compact(turns)) {
		if t > at || t < h.first {
			continue
		}
		if h.stage(r, t) != now {
			break
		}
		since = t
	}
	return since
}

// standing lists the orders that count at a moment.
func (h *history) standing(at int64, into []order) []order {
	into = into[:0]
	for _, o := range h.orders {
		if o.stands(at) {
			into = append(into, o)
		}
	}
	return into
}
