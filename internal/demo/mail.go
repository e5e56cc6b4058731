package demo

import (
	"fmt"
	"time"

	"regia/internal/experience"
)

// campaignDay: a letter every third Thursday, one at the start of the sales,
// three before Christmas.
func (w *world) campaignDay(n int) bool {
	t := time.UnixMicro(w.cal.on(n).begin).In(w.cal.start.Location())
	switch {
	case t.Month() == time.December && (t.Day() == 3 || t.Day() == 10 || t.Day() == 16):
		return true
	case t.Month() == time.January && t.Day() == 5, t.Month() == time.July && t.Day() == 3:
		return true
	}
	_, week := t.ISOWeek()
	return t.Weekday() == time.Thursday && week%3 == 0 && t.Month() != time.December
}

// campaign writes to a third of those who agreed. Not agreeing is respected;
// writing too often is not felt by the company, but by them.
func (w *world) campaign(n int) {
	name := campaignName(time.UnixMicro(w.cal.on(n).begin).In(w.cal.start.Location()))
	for _, p := range w.people {
		known := p.orders > 0 && (p.user != "" || p.card != "")
		if !known || !p.marketing || !w.chance(0.36) {
			continue
		}
		w.at(w.cal.on(n).begin+8*hour+w.between(0, 50*minute), func() { w.letter(p, name) })
	}
}

func campaignName(t time.Time) string {
	switch t.Month() {
	case time.January, time.July:
		return fmt.Sprintf("saldi-%s", t.Format("2006-01"))
	case time.December:
		return fmt.Sprintf("natale-%s", t.Format("2006-01-02"))
	}
	return fmt.Sprintf("lettera-%s", t.Format("2006-01-02"))
}

func (w *world) letter(p *person, name string) {
	who := p.reply()
	about := func() object { return props().text("campaign", name) }
	w.track(sourceEmail, "Email Delivered", who, about())
	if !w.chance(clamp(0.24+0.10*p.mood, 0.03, 0.5)) {
		if p.mood < 0 && w.chance(0.03) {
			w.after(w.between(1*hour, 20*hour), func() { w.unsubscribe(p, about()) })
		}
		return
	}
	w.after(w.between(5*minute, 11*hour), func() {
		w.track(sourceEmail, "Email Opened", who, about())
		if w.chance(0.20) {
			w.after(w.between(5*second, 60*second), func() {
				w.track(sourceEmail, "Email Link Clicked", who, about().text("link", "/novita"))
				w.after(2*second, func() { w.browse(p, name) })
			})
		}
	})
}

// unsubscribe withdraws a consent, and says so in the event's context.
func (w *world) unsubscribe(p *person, about object) {
	if !p.marketing {
		return
	}
	p.marketing = false
	who := as{user: p.user, ids: []experience.Identifier{email(p.email)}, context: p.consents()}
	w.track(sourceEmail, "Unsubscribed", who, about)
}
