package demo

import (
	"fmt"

	"regia/internal/experience"
)

// visitShop is an hour in a shop. Who serves is chance; how kind they are
// decides the basket, the mood, and whether the customer comes back.
func (w *world) visitShop(p *person) {
	s := p.shop
	clerk := pick(w, s.staff)
	who := p.atShop()
	if p.card != "" || p.device != "" {
		w.track(s.key, "Shop Visited", who, props().text("shop", s.city).text("staff_id", clerk.id))
	}
	if s.mirror && w.chance(0.14) {
		w.after(w.between(4*minute, 9*minute), func() { w.tryOn(p, s, clerk) })
	}
	w.after(w.between(10*minute, 24*minute), func() {
		if w.chance(0.45 + 0.35*clerk.kindness) {
			w.receipt(p, s, clerk)
		}
		if w.chance(0.04) && s.tablet != "" {
			w.after(3*minute, func() { w.tabletOrder(p, s) })
		}
		w.afterwards(p, s, clerk)
	})
}

// atShop is how a till knows somebody: by the card, or by the app in the
// pocket; nobody without either.
func (p *person) atShop() as {
	switch {
	case p.card != "":
		return as{ids: []experience.Identifier{card(p.card)}}
	case p.device != "":
		return as{anonymous: p.installed, ids: []experience.Identifier{device(p.device)}}
	}
	return as{}
}

func (w *world) receipt(p *person, s *shop, clerk staffer) {
	if p.card == "" && w.chance(0.30+0.45*clerk.kindness) {
		w.issueCard(p, s, clerk)
	}
	p.orders++
	lines := w.basket(0.5 + 0.9*clerk.kindness)
	w.sell(p.atShop(), s, clerk, lines)
	for _, l := range lines {
		if l.group.worn && w.chance(0.05) {
			w.after(w.between(3*day, 12*day), func() { w.bringBack(p, s, l) })
			break
		}
	}
}

// sell issues a receipt. Whoever shows no card is anonymous, each receipt a
// stranger of its own.
func (w *world) sell(who as, s *shop, clerk staffer, lines []line) {
	w.orders++
	id := fmt.Sprintf("%s%s-%06d", w.orderAs, s.code, w.orders)
	if who.anonymous == "" && len(who.ids) == 0 {
		who.anonymous = "scontrino-" + id
	}
	w.track(s.key, "Receipt Issued", who, props().text("order_id", id).money("revenue", total(lines)).text("currency", "EUR").
		text("staff_id", clerk.id).raw("products", productsJSON(lines)))
}

// counterSale is a sale to somebody who never says who they are.
func (w *world) counterSale(s *shop) {
	clerk := pick(w, s.staff)
	w.sell(as{}, s, clerk, w.basket(0.4+0.7*clerk.kindness))
}

// issueCard hands out a loyalty card: some give their address, some a number,
// some neither, and only by what they give can the card be joined to the rest.
func (w *world) issueCard(p *person, s *shop, clerk staffer) {
	p.card = fmt.Sprintf("RL%08d", 20000000+p.number*37)
	who := as{ids: []experience.Identifier{card(p.card)}, context: p.consents()}
	traits := props().text("firstName", p.first).text("lastName", p.last).text("loyaltyCard", p.card)
	if w.chance(0.75) {
		who.ids = append(who.ids, email(p.email))
		traits = traits.text("email", p.email)
	}
	if w.chance(0.5) {
		who.ids = append(who.ids, phone(p.phone))
		traits = traits.text("phone", p.phone)
	}
	w.identify(s.key, who, traits.text("language", p.language()))
	w.track(s.key, "Loyalty Card Issued", as{ids: who.ids}, props().text("shop", s.city).text("staff_id", clerk.id))
}

// afterwards is what a visit leaves behind.
func (w *world) afterwards(p *person, s *shop, clerk staffer) {
	w.feel(p, 0.75*(clerk.kindness-0.5))
	if !p.visiting && !p.gone && w.chance(0.03+0.5*clerk.kindness*clerk.kindness) {
		p.visiting = true
		n := w.nextOpen(w.today() + int(w.between(9, 50)))
		w.at(w.some(n, shopHours()), func() {
			p.visiting = false
			if !p.gone {
				w.visitShop(p)
			}
		})
	}
	if p.card != "" && w.chance(0.16) {
		w.after(w.between(3*hour, 40*hour), func() { w.answerVisit(p, s, clerk) })
	}
	if w.chance(0.03) || clerk.kindness < 0.3 && w.chance(0.04) {
		w.after(w.between(3*hour, 60*hour), func() { w.reviewShop(p, s, clerk) })
	}
	if clerk.kindness < 0.3 && p.mood < -0.3 && w.chance(0.12) {
		w.after(w.between(2*hour, 50*hour), func() { w.complain(p, complaint{topic: "rude", shop: s, clerk: clerk.name}) })
	}
}

// tryOn is a session at the smart mirror.
func (w *world) tryOn(p *person, s *shop, clerk staffer) {
	who := p.atShop()
	if who.anonymous == "" && len(who.ids) == 0 {
		who.anonymous = "specchio-" + w.token(8)
	}
	garment := pick(w, w.byGroup["vestire"])
	wait := w.between(40, 110)
	if w.chance(1 - clerk.kindness) {
		wait += w.between(40, 260)
	}
	w.track(s.key, "Mirror Session Ended", who, props().text("product_id", garment.id).text("size", pick(w, words("S M L XL"))).
		text("light", pick(w, words("giorno sera negozio"))).number("wait_seconds", wait).flag("another_size", w.chance(0.4)).
		flag("kept", wait < 120 && w.chance(0.6)))
}

// bringBack returns what was bought in the shop: the till pays at once.
func (w *world) bringBack(p *person, s *shop, l line) {
	who := p.atShop()
	if who.anonymous == "" && len(who.ids) == 0 {
		return
	}
	w.at(w.some(w.nextOpen(w.today()), shopHours()), func() {
		w.track(s.key, "Return Made", who, props().text("product_id", l.id).text("reason", "taglia").
			money("value", l.price*l.quantity).text("currency", "EUR").text("by", "shop"))
	})
}
