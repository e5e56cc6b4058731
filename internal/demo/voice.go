package demo

import (
	"fmt"
	"math"
)

// stars turns a feeling into a whole score between low and high, with the
// noise that people have.
func (w *world) stars(x float64, low, high int) int64 {
	return int64(clamp(math.Round(x+0.55*w.rng.NormFloat64()), float64(low), float64(high)))
}

// review says of an order what was good and bad about it. Lateness weighs most.
func (w *world) review(o *order, quality float64) {
	p := o.p
	score := w.stars(4.35+1.6*quality+0.35*p.mood-0.62*float64(min(o.delay, 5)), 1, 5)
	if o.broken {
		score = min(score, 2)
	}
	who, platform := o.who(), "ramelino"
	if o.source == sourceMarketplace {
		platform = "mercato largo"
	} else if w.chance(0.12) { // on a page where they go by another name
		who, platform = as{anonymous: "recensore-" + w.token(8)}, "piazza opinioni"
	}
	l := pick(w, o.lines)
	f := l.facts()
	f["giorni"] = days(o.delay, p.english)
	text := w.words(p, "review."+o.cause(score, l), f)
	w.track(sourceReviews, "Review Posted", who, props().number("score", score).text("text", text).
		text("order_id", o.id).text("product_id", l.id).text("platform", platform))
}

// cause is what a review of this score is about.
func (o *order) cause(score int64, l line) string {
	switch {
	case o.broken:
		return "broken"
	case o.delay > 0 && score <= 4:
		return "late"
	case score <= 3 && !l.full:
		return "unclear"
	case score <= 3:
		return "quality"
	case score == 4:
		return "good"
	}
	return "great"
}

// reviewShop is about an hour in a shop and who served.
func (w *world) reviewShop(p *person, s *shop, clerk staffer) {
	score := w.stars(1.6+3.6*clerk.kindness+0.2*p.mood, 1, 5)
	key := "review.shop.plain"
	switch {
	case score >= 4:
		key = "review.shop.kind"
	case score <= 2:
		key = "review.shop.cold"
	}
	who := p.byEmail()
	if p.card == "" && p.user == "" {
		who = as{anonymous: "recensore-" + w.token(8)}
	}
	w.track(sourceReviews, "Review Posted", who, props().number("score", score).
		text("text", w.words(p, key, facts{"citta": s.city, "addetto": clerk.name})).text("shop", s.city).text("platform", "mappe"))
}

// answerNPS is the answer to "would you recommend us", a few days after a parcel.
func (w *world) answerNPS(p *person, o *order) {
	score := w.stars(7.6+1.5*p.mood-0.5*float64(min(o.delay, 4)), 0, 10)
	a := props().text("survey", "dopo-consegna").text("scale", "nps").number("score", score).text("order_id", o.id)
	if w.chance(0.45) {
		key := "nps.passive"
		switch {
		case score >= 9:
			key = "nps.promoter"
		case score <= 6 && o.delay > 0:
			key = "nps.late"
		case score <= 6:
			key = "nps.detractor"
		}
		a = a.text("comment", w.words(p, key, facts{"giorni": days(o.delay, p.english)}))
	}
	who := o.who()
	if p.user != "" && o.source != sourceMarketplace {
		who = p.reply()
	}
	w.track(sourceEmail, "Survey Answered", who, a)
}

// answerVisit is the answer to "how was the shop", by those with a card.
func (w *world) answerVisit(p *person, s *shop, clerk staffer) {
	a := props().text("survey", "dopo-negozio").text("scale", "csat").number("score", w.stars(1.5+3.6*clerk.kindness+0.2*p.mood, 1, 5)).
		text("shop", s.city).text("staff_id", clerk.id)
	w.track(sourceEmail, "Survey Answered", p.atShop(), a)
}

// answerEffort is the answer to "how easy was it", after a case.
func (w *world) answerEffort(p *person, id string, solved bool) {
	ease := 2.6
	if solved {
		ease = 5.4
	}
	w.track(sourceEmail, "Survey Answered", p.byName(), props().text("survey", "dopo-assistenza").text("scale", "ces").
		number("score", w.stars(ease+0.4*p.mood, 1, 7)).text("case_id", id))
}

// mention is something said on a social network, under a handle.
func (w *world) mention(p *person, topic string) {
	key := "mention.bad"
	if topic == "praise" {
		key = "mention.good"
	}
	w.track(sourceSocial, "Mention Posted", as{anonymous: p.handle, ids: p.handles()}, props().text("network", "piazzetta").
		text("text", w.words(p, key, nil)))
}

// strangerSpeaks is a mention by somebody of whom nothing else is known.
func (w *world) strangerSpeaks() {
	name := fmt.Sprintf("@%s.%s", slug(pick(w, womenIT())), w.token(4))
	key := pick(w, words("mention.good mention.bad mention.question"))
	who := as{anonymous: name}
	who.ids = append(who.ids, handle(name))
	w.track(sourceSocial, "Mention Posted", who, props().text("network", pick(w, words("piazzetta cucinieri"))).
		text("text", w.words(nil, key, nil)))
}

// recommend is a fan telling a friend, who turns up within days.
func (w *world) recommend(p *person) {
	if p.handle != "" && w.chance(0.5) {
		w.mention(p, "praise")
		return
	}
	// Friends are invited by a form that the order system keeps, account or not.
	w.track(sourceOrders, "Referral Sent", p.byName(), props().text("code", fmt.Sprintf("AMICI-%d", p.number)))
	if w.chance(0.4) {
		w.after(w.between(1*day, 12*day), func() {
			friend := w.newPerson()
			w.browse(friend, fmt.Sprintf("AMICI-%d", p.number))
			w.at(w.cal.on(w.inSeason(friend.pace)).begin, func() { w.want(friend) })
		})
	}
}
