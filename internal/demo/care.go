package demo

import (
	"fmt"

	"regia/internal/experience"
)

// complaint is something that went wrong and was said.
type complaint struct {
	topic string // where, late, broken, quality, refund, rude
	order *order // nil for what happened in a shop
	shop  *shop
	clerk string
	again bool // said before, without an answer that helped
}

// agent answers at the care desk. Kindness is never sent.
type agent struct {
	name     string
	kindness float64
}

func agents() []agent {
	return []agent{{"Wanda", 0.9}, {"Elvira", 0.7}, {"Cesare", 0.35}, {"Nino", 0.55}}
}

func (c complaint) props() object {
	p := props().text("topic", c.topic)
	if c.order != nil {
		p = p.text("order_id", c.order.id)
	}
	if c.shop != nil {
		p = p.text("shop", c.shop.city)
	}
	return p
}

// complain chooses a way to say it: most people call, some write in the chat,
// some by e-mail.
func (w *world) complain(p *person, c complaint) {
	switch {
	case w.chance(0.42):
		w.at(w.inOffice(w.now+w.between(0, 3*hour)), func() { w.call(p, c) })
	case w.chance(0.5) && c.topic != "rude":
		w.chat(p, c)
	default:
		w.openCase(p, c, "email")
	}
	if p.handle != "" && p.mood < -0.5 && w.chance(0.5) {
		w.after(w.between(1*hour, 30*hour), func() { w.mention(p, c.topic) })
	}
}

// call is a phone call. The number says who it is; the queue is longer before
// Christmas.
func (w *world) call(p *person, c complaint) {
	wait := 20 + w.about(70)
	if w.cal.on(w.today()).of == 12 {
		wait *= 3
	}
	solved := w.chance(0.4) && wait < 300
	outcome := "case"
	if solved {
		outcome = "solved"
	}
	w.track(sourcePhone, "Phone Call Received", p.byPhone(), c.props().number("wait_seconds", wait).
		number("duration_seconds", 60+w.about(200)).text("outcome", outcome).text("text", w.words(p, "call."+c.topic, c.facts())))
	if solved {
		w.feel(p, 0.25)
		return
	}
	w.feel(p, -0.05-0.0005*float64(wait))
	w.after(w.between(2*minute, 9*minute), func() { w.openCase(p, c, "phone") })
}

// chat is a conversation on the site, in which the site knows the browser and,
// for most, the account.
func (w *world) chat(p *person, c complaint) {
	who := as{anonymous: p.browsers[0]}
	if p.user != "" && w.chance(0.7) {
		who.user = p.user
	}
	w.track(sourceChat, "Chat Started", who, c.props().text("text", w.words(p, "complaint."+c.topic, c.facts())))
	w.after(w.between(3*minute, 17*minute), func() {
		solved := w.chance(0.5)
		p2 := props().text("topic", c.topic).flag("solved", solved).text("text", w.words(p, "answer.kind", c.topicFacts()))
		w.track(sourceChat, "Chat Ended", who, p2)
		if solved {
			w.feel(p, 0.3)
		} else {
			w.after(w.between(10*minute, 20*hour), func() { w.openCase(p, c, "chat") })
		}
	})
}

// ask is a question before buying, mostly about what a sheet leaves out: in
// the chat, or by phone where the customer has a number to be known by.
func (w *world) ask(s *session, about *product) {
	f := about.facts()
	what := func() object { return props().text("topic", "product").text("product_id", about.id) }
	if s.p != nil && w.chance(0.45) {
		w.at(w.inOffice(w.now+w.between(5*minute, 90*minute)), func() {
			w.track(sourcePhone, "Phone Call Received", s.p.byPhone(), what().number("wait_seconds", 20+w.about(70)).
				number("duration_seconds", 50+w.about(120)).text("outcome", "solved").text("text", w.words(s.p, "call.product", f)))
		})
		return
	}
	who := as{user: s.who().user, anonymous: s.anon}
	w.track(sourceChat, "Chat Started", who, what().text("text", w.words(s.p, "question.product", f)))
	w.after(w.between(2*minute, 8*minute), func() {
		w.track(sourceChat, "Chat Ended", who, what().flag("solved", w.chance(0.85)).text("text", w.words(s.p, "answer.product", f)))
	})
}

// openCase starts a case with the care desk. A quick and kind answer turns
// most people round; a slow or curt one loses them.
func (w *world) openCase(p *person, c complaint, channel string) {
	w.cases++
	id := fmt.Sprintf("%sC-%05d", w.orderAs, w.cases)
	who := p.byName()
	if p.user == "" && channel == "phone" {
		who = p.byPhone()
	}
	if p.handle != "" && w.chance(0.5) { // care finds out who is behind a handle
		who.ids = append(who.ids, handle(p.handle))
	}
	open := c.props().text("case_id", id).text("channel", channel).flag("again", c.again)
	if channel == "email" {
		open = open.text("text", w.words(p, "complaint."+c.topic, c.facts()))
	}
	w.track(sourceCare, "Case Opened", who, open)
	a := pick(w, agents())
	busy := 1.0
	if w.cal.on(w.today()).of == 12 {
		busy = 2.5
	}
	w.at(w.inOffice(w.now+30*minute+w.about(int64(14*busy*float64(hour)))), func() { w.answerCase(p, c, a, id, who) })
}

func (w *world) answerCase(p *person, c complaint, a agent, id string, who as) {
	kind := w.chance(a.kindness)
	key := "answer.curt"
	if kind {
		key = "answer.kind"
	}
	w.track(sourceCare, "Case Answered", who, props().text("case_id", id).text("agent", a.name).text("text", w.words(p, key, c.topicFacts())))
	if kind {
		w.feel(p, 0.55)
	} else {
		w.feel(p, -0.35)
	}
	w.after(w.between(6*hour, 60*hour), func() {
		if !kind && !c.again && !p.gone && w.chance(0.25) {
			c.again = true
			w.openCase(p, c, "email")
			return
		}
		outcome := "unsolved"
		if kind || w.chance(0.4) {
			outcome = "solved"
		}
		w.track(sourceCare, "Case Closed", who, props().text("case_id", id).text("agent", a.name).text("outcome", outcome))
		if w.chance(0.28) {
			w.after(w.between(1*hour, 30*hour), func() { w.answerEffort(p, id, outcome == "solved") })
		}
	})
}

// reply is what the surveys know somebody by: the mail they were asked with.
func (p *person) reply() as {
	return as{user: p.user, ids: []experience.Identifier{email(p.email)}}
}
