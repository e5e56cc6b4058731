package demo

import "math"

// morning begins a day: who comes for the first time, who only looks, who
// passes by the shops, which campaign goes out. It plans the next morning.
func (w *world) morning() {
	n := w.today()
	d := w.cal.on(n)
	growth := 1 + 0.012*float64(d.month)
	for range w.poisson(4.0 * w.o.Scale * growth * d.season) {
		p := w.newPerson()
		w.want(p)
	}
	for range w.poisson(8 * w.o.Scale * growth * d.season) {
		w.at(w.some(n, onlineHours()), w.passerBy)
	}
	if !d.closed {
		for _, s := range w.shops {
			for range w.poisson(3.6 * w.o.Scale * d.season) {
				w.at(w.some(n, shopHours()), func() { w.counterSale(s) })
			}
		}
	}
	if w.chance(0.5 * w.o.Scale) {
		w.at(w.some(n, onlineHours()), w.strangerSpeaks)
	}
	w.housekeeping(n)
	if w.mailing && w.campaignDay(n) {
		w.campaign(n)
	}
	w.at(w.cal.on(n+1).begin, w.morning)
}

// want is a day on which somebody may have a reason to shop. Whether they turn
// to us depends on how they feel about us: that is all the loyalty there is.
func (w *world) want(p *person) {
	if p.gone || w.chance(0.012) || p.mood < -0.3 && w.chance(0.12) { // moved on, or fed up without a word
		p.gone = true
		return
	}
	first := p.orders == 0 && p.user == "" && p.card == ""
	if first || w.chance(clamp(0.62+0.32*p.mood, 0.03, 1)) {
		w.turnToUs(p)
	}
	p.mood += (p.nature - p.mood) * 0.08 // time heals, and cools
	pace := p.pace
	if p.fan {
		pace *= 0.75
	}
	w.at(w.cal.on(w.inSeason(pace)).begin, func() { w.want(p) })
}

func (w *world) turnToUs(p *person) {
	n := w.today()
	switch way(w.weighted(p.ways)) {
	case byApp:
		w.at(w.some(n, onlineHours()), func() { w.openApp(p) })
	case byShop:
		w.at(w.some(w.nextOpen(n), shopHours()), func() { w.visitShop(p) })
	case byMarketplace:
		w.at(w.some(n, onlineHours()), func() { w.orderOnMarketplace(p) })
	default:
		w.at(w.some(n, onlineHours()), func() { w.browse(p, "") })
	}
	if p.fan && w.chance(0.10) {
		w.at(w.some(n+1+w.rng.IntN(5), onlineHours()), func() { w.recommend(p) })
	}
}

// housekeeping is what no customer does: the company's own people looking at
// the site, and a crawler.
func (w *world) housekeeping(n int) {
	if w.chance(0.3) {
		who := as{user: pick(w, Company().StaffUserIDs), anonymous: "staff-browser-1"}
		w.at(w.some(n, officeHours()), func() { w.look(sourceSite, "Home", who, page("/")) })
	}
	if w.chance(0.3) {
		who := as{anonymous: "crawler-" + w.token(6),
			context: props().text("userAgent", "ExampleBot/1.0 (+https://example.org/bot; crawler)").end()}
		w.at(w.some(n, onlineHours()), func() { w.look(sourceSite, "Home", who, page("/")) })
	}
}

// late says how much likelier than usual parcels are late on a day: Christmas,
// and the three months in which Velocia had trouble in its hub.
func (w *world) late(n int, c carrier) float64 {
	d := w.cal.on(n)
	x := c.late
	if d.of == 12 || d.of == 11 {
		x *= 1.8
	}
	if c.name == "Velocia" && d.month%24 >= 14 && d.month%24 <= 16 {
		x *= 3
	}
	return math.Min(x, 0.75)
}
