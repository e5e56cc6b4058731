package demo

import (
	"fmt"

	"regia/internal/experience"
)

// session is somebody on the site or in the app.
type session struct {
	w      *world
	p      *person // nil for a stranger
	source string
	anon   string
	logged bool
	cart   []line
	from   string // campaign that brought them; "" for none
}

func page(path string) object { return props().text("path", path) }

// who the site or app takes them for.
func (s *session) who() as {
	a := as{anonymous: s.anon}
	switch {
	case s.logged && s.source == sourceApp && s.p.second != "":
		a.user = s.p.second
	case s.logged:
		a.user = s.p.user
	case s.p != nil && s.p.broken:
		a.user = "null"
	}
	if s.source == sourceApp {
		a.ids = []experience.Identifier{device(s.p.device)}
	}
	return a
}

// passerBy looks around without saying who they are, and never comes back.
func (w *world) passerBy() {
	s := &session{w: w, source: sourceSite, anon: w.anonymous()}
	if w.chance(0.3) {
		s.from = pick(w, words("cerca social vetrina"))
	}
	w.script(8*second, 90*second, s.look(w.rng.IntN(3))...)
}

// browse is a visit to the site, perhaps brought about by a campaign.
func (w *world) browse(p *person, from string) {
	s := &session{w: w, p: p, source: sourceSite, anon: pick(w, p.browsers), from: from}
	s.visit(0.40)
}

// openApp is a visit by app, which is installed on the way if need be.
func (w *world) openApp(p *person) {
	s := &session{w: w, p: p, source: sourceApp}
	if p.device == "" {
		p.device, p.installed = "app-"+w.token(12), w.anonymous()
		p.broken = w.chance(0.05)
		if p.user != "" && w.chance(0.05) {
			p.second = p.user + "b"
		}
		w.track(sourceApp, "Application Installed", as{anonymous: p.installed, ids: []experience.Identifier{device(p.device)}},
			props().text("version", "4.1"))
	}
	s.anon = p.installed
	w.track(sourceApp, "Application Opened", s.who(), props().text("version", "4.1"))
	s.visit(0.45)
}

// visit looks around and, with this chance, buys.
func (s *session) visit(buys float64) {
	w, p := s.w, s.p
	s.logged = p.user != "" && w.chance(0.5)
	if p.user != "" && p.orders == 0 && !s.logged && w.chance(0.5) {
		s.logged = true
	}
	steps := []func(){}
	if s.logged && (p.orders == 0 || w.chance(0.12)) {
		steps = append(steps, s.login)
	}
	steps = append(steps, s.look(1+w.rng.IntN(2))...)
	if w.chance(clamp(buys+0.12*p.mood, 0.05, 0.7)) {
		steps = append(steps, s.checkout()...)
	} else if w.chance(0.15) {
		steps = append(steps, s.fill, func() { s.track("Checkout Started", s.cartProps()) }) // and leaves
	}
	w.script(12*second, 140*second, steps...)
}

func (s *session) track(name string, p object) { s.w.track(s.source, name, s.who(), p) }

// look gives the steps of looking at a list, at n products, and sometimes at
// the terms.
func (s *session) look(n int) []func() {
	w := s.w
	g := w.anyGroup()
	steps := []func(){func() { s.land() }}
	if n == 0 {
		return steps
	}
	if w.chance(0.2) {
		steps = append(steps, func() { s.track("Products Searched", props().text("query", pick(w, g.queries()))) })
	} else {
		steps = append(steps, func() { s.track("Product List Viewed", props().text("category", g.key)) })
	}
	for range n {
		p := pick(w, w.byGroup[g.key])
		steps = append(steps, func() { s.track("Product Viewed", p.props(w.priceToday(p))) })
		if !p.full && w.chance(0.2) {
			steps = append(steps, func() { w.look(s.source, "Domande frequenti", s.who(), page("/aiuto")) })
		}
		if asks := 0.015; !p.full && w.chance(3*asks) || w.chance(asks) {
			steps = append(steps, func() { w.ask(s, p) })
		}
	}
	if w.chance(0.08) {
		steps = append(steps, func() { w.look(s.source, "Resi e rimborsi", s.who(), page("/aiuto/resi")) })
	}
	return steps
}

// queries are what people write in the search box.
func (g *group) queries() []string {
	m := map[string][]string{
		"pentole": {"padella in ferro", "pentola rame", "tegame"}, "coltelli": {"coltello pane", "tagliere", "ceppo"},
		"forno": {"teglia pizza", "macchina pasta", "stampo"}, "tavola": {"piatti gres", "bicchieri", "regalo nozze"},
		"caffe": {"caffettiera", "teiera", "macinacaffè"}, "tessili": {"tovaglia lino", "lenzuola", "asciugamani"},
		"casalinghi": {"barattoli", "carrello cucina", "cesto"}, "vestire": {"camicia lino", "grembiule", "pigiama"},
	}
	return m[g.key]
}

func (s *session) land() {
	who := s.who()
	p := page("/")
	if s.from != "" {
		p = page("/novita")
		who.context = props().raw("campaign", props().text("name", s.from).end()).end()
	}
	s.w.look(s.source, "Home", who, p)
}

// login tells who they are, with what is known and agreed.
func (s *session) login() {
	s.logged = true
	who := s.who()
	who.context = s.p.consents()
	s.w.identify(s.source, who, s.p.traits())
	if s.source == sourceApp && s.w.chance(0.04) { // an old part of the app still says it the old way
		a := experience.Event{Kind: experience.Alias, UserID: who.user, PreviousID: s.anon}
		s.w.say(s.source, a)
	}
}

func (s *session) fill() {
	w := s.w
	s.cart = w.basket(1)
	for _, l := range s.cart[:min(2, len(s.cart))] {
		s.track("Product Added", l.props(l.price).number("quantity", l.quantity))
	}
}

func (s *session) cartProps() object {
	return props().money("value", total(s.cart)).text("currency", "EUR").number("items", int64(len(s.cart)))
}

// checkout gives the steps of buying. One in five has no account and wants
// none: the address is all that is left of them.
func (s *session) checkout() []func() {
	w, p := s.w, s.p
	steps := []func(){s.fill, func() { s.track("Checkout Started", s.cartProps()) }}
	if w.chance(0.05) {
		return steps
	}
	guest := p.user == "" && w.chance(0.2)
	if !s.logged && !guest {
		steps = append(steps, func() {
			fresh := p.user == ""
			w.register(p)
			s.login()
			if fresh {
				s.track("Account Created", props().text("method", "checkout"))
			}
		})
	}
	return append(steps, func() { s.buy(guest) })
}

func (s *session) buy(guest bool) {
	w, p := s.w, s.p
	o := w.newOrder(p, s.source, s.cart)
	who := s.who()
	if guest {
		who.ids = append(who.ids, email(p.email))
	}
	w.track(s.source, "Order Completed", who, o.props())
	w.ship(o)
}

// orderOnMarketplace buys where somebody else stands at the counter: all that
// comes over is an address.
func (w *world) orderOnMarketplace(p *person) {
	o := w.newOrder(p, sourceMarketplace, w.basket(0.6))
	w.track(sourceMarketplace, "Order Completed", p.byEmail(), o.props().text("seller_fee", fmt.Sprintf("%d%%", 15)))
	w.ship(o)
	if w.chance(0.25) { // next time, straight to us
		p.ways = []float64{0.8, 0.05, 0.1, 0.05}
		if p.shop == nil {
			p.ways[byShop] = 0
		}
	}
}
