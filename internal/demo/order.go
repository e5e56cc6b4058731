package demo

import (
	"fmt"

	"regia/internal/experience"
)

// order is something bought that has to be brought.
type order struct {
	id      string
	p       *person
	source  string
	lines   []line
	carrier carrier
	delay   int // days late; 0 when on time
	broken  bool
	arrived bool
}

func (w *world) newOrder(p *person, source string, lines []line) *order {
	w.orders++
	p.orders++
	mark := map[string]string{sourceMarketplace: "ML", sourceApp: "A"}[source]
	return &order{id: fmt.Sprintf("%s%s%06d", w.orderAs, mark, 10000+w.orders), p: p, source: source, lines: lines}
}

func (o *order) props() object {
	return props().text("order_id", o.id).money("revenue", total(o.lines)).text("currency", "EUR").raw("products", productsJSON(o.lines))
}

// who the warehouse brings it to.
func (o *order) who() as {
	if o.source == sourceMarketplace {
		return o.p.byEmail()
	}
	return o.p.byName()
}

// ship sends an order on its way: three working days, more when the carrier is
// late. Who waits in vain asks where it is.
func (w *world) ship(o *order) {
	o.carrier = pick(w, w.carriers)
	o.broken = w.chance(0.015)
	sent := w.inOffice(w.now + w.between(4*hour, 26*hour))
	w.at(sent, func() {
		w.track(sourceOrders, "Order Shipped", o.who(), props().text("order_id", o.id).text("carrier", o.carrier.name).number("promised_days", 3))
		if w.chance(w.late(w.today(), o.carrier)) {
			o.delay = 1 + min(w.poisson(1.6), 8)
		}
		due := w.inOffice(w.now + 3*day)
		w.at(w.inOffice(due+int64(o.delay)*day), func() { w.deliver(o) })
		if o.delay >= 2 && w.chance(0.34) {
			w.at(due+w.between(20*hour, 36*hour), func() {
				if !o.arrived {
					w.complain(o.p, complaint{topic: "where", order: o})
				}
			})
		}
	})
}

// deliver hands it over, and everything that follows follows from that: from
// the days late, from what was broken, from what was in the parcel.
func (w *world) deliver(o *order) {
	p := o.p
	o.arrived = true
	w.track(sourceOrders, "Order Delivered", o.who(), props().text("order_id", o.id).text("carrier", o.carrier.name).number("delay_days", int64(o.delay)))
	quality := 0.0
	for _, l := range o.lines {
		quality += (l.quality - 0.70) / float64(len(o.lines))
	}
	change := 0.14 + 0.5*quality - 0.30*float64(min(o.delay, 4))
	if o.broken {
		change -= 0.7
	}
	w.feel(p, change)
	switch {
	case o.broken && w.chance(0.75):
		w.after(w.between(1*hour, 30*hour), func() { w.complain(p, complaint{topic: "broken", order: o}) })
	case o.delay > 0 && w.chance(0.08+0.09*float64(o.delay)):
		w.after(w.between(1*hour, 30*hour), func() { w.complain(p, complaint{topic: "late", order: o}) })
	case quality < -0.15 && w.chance(0.08):
		w.after(w.between(2*day, 20*day), func() { w.complain(p, complaint{topic: "quality", order: o}) })
	}
	asked := 0.12
	if p.open {
		asked = 0.36
	}
	if p.fan || p.mood < -0.5 {
		asked *= 1.4
	}
	if w.chance(asked) {
		w.after(w.between(1*day, 9*day), func() { w.review(o, quality) })
	}
	if w.chance(asked * 0.6) {
		w.after(w.between(2*day, 6*day), func() { w.answerNPS(p, o) })
	}
	w.maybeReturn(o)
}

// maybeReturn: what was poorly described comes back far more often, and what
// is worn somewhat more.
func (w *world) maybeReturn(o *order) {
	for _, l := range o.lines {
		x := 0.03
		reason := pick(w, words("ripensamento regalo qualità"))
		if !l.full {
			x, reason = 0.13, "diverso dalla descrizione"
		}
		if l.group.worn {
			x += 0.05
			if l.full {
				reason = "taglia"
			}
		}
		if !w.chance(x) {
			continue
		}
		w.after(w.between(3*day, 13*day), func() { w.giveBack(o, l, reason) })
		return
	}
}

// giveBack returns one line of an order, by post or at a counter. The money
// goes back later, with the refund and only there; when it takes long, it hurts.
func (w *world) giveBack(o *order, l line, reason string) {
	p := o.p
	worth := l.price * l.quantity
	back := props().text("order_id", o.id).text("product_id", l.id).text("reason", reason).money("goods_value", worth)
	if p.shop != nil && w.chance(0.35) && o.source != sourceMarketplace {
		n := w.nextOpen(w.today())
		w.at(w.some(n, shopHours()), func() { w.track(p.shop.key, "Return Made", o.who(), back.text("by", "shop")) })
	} else {
		w.track(sourceOrders, "Return Made", o.who(), back.text("by", "parcel"))
	}
	days := 2 + w.poisson(3.5)
	w.at(w.inOffice(w.now+int64(days)*day+day), func() {
		w.track(sourceOrders, "Order Refunded", o.who(), props().text("order_id", o.id).text("product_id", l.id).
			money("revenue", -worth).text("currency", "EUR").number("days", int64(days)))
		w.feel(p, 0.15-0.07*float64(days))
		if days > 7 && w.chance(0.4) {
			w.complain(p, complaint{topic: "refund", order: o})
		}
	})
}

// tabletOrder is made by staff on the shop's tablet, for what the shelf lacks.
// The device has seen half the town, and must join nobody.
func (w *world) tabletOrder(p *person, s *shop) {
	w.register(p)
	who := as{user: p.user, ids: []experience.Identifier{device(s.tablet)}}
	lines := w.basket(0.6)
	w.track(s.key, "Product Viewed", who, lines[0].props(lines[0].price))
	o := w.newOrder(p, s.key, lines)
	w.after(w.between(1*minute, 4*minute), func() {
		w.track(s.key, "Order Completed", who, o.props().text("by", "tablet"))
		w.ship(o)
	})
}
