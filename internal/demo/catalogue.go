package demo

import "fmt"

// group is a category of products.
type group struct {
	key, name string
	sort      string  // "cucina", "stoffa" or "": what may be said of it
	worn      bool    // has sizes, may be tried on
	sought    float64 // how often people look there
}

// product is something on sale. Whether its sheet tells all, and how good it
// is, decides what happens after it was bought.
type product struct {
	id, name string
	group    *group
	price    int64   // cents
	full     bool    // its sheet is complete: sizes, care, pictures
	quality  float64 // 0 to 1
}

// catalogue gives 80 products in 8 groups. Every third sheet is short.
func catalogue() []*product {
	type line struct {
		name  string
		price int64
	}
	shelves := []struct {
		group group
		lines []line
	}{
		{group{"pentole", "Pentole e padelle", "cucina", false, 1.3}, []line{
			{"Casseruola in rame stagnato 18 cm", 12900}, {"Padella in ferro nero 28 cm", 4490}, {"Tegame in terracotta con coperchio", 3890},
			{"Pentola alta per pasta 24 cm", 6990}, {"Bistecchiera in ghisa", 5490}, {"Saltapasta antiaderente 30 cm", 4290},
			{"Bollitore smaltato blu", 3990}, {"Vaporiera in acciaio due piani", 5990}, {"Paiolo per polenta in rame", 14900}, {"Set tre pentolini latte", 4990}}},
		{group{"coltelli", "Coltelli e utensili", "cucina", false, 0.9}, []line{
			{"Coltello da cuoco 20 cm", 7490}, {"Spelucchino manico olivo", 1990}, {"Ceppo in faggio cinque lame", 15900},
			{"Tagliere in noce con bordo", 4590}, {"Mezzaluna doppia lama", 2490}, {"Grattugia a tamburo", 2290},
			{"Mestolo e schiumarola in acciaio", 1890}, {"Pelapatate a lama mobile", 990}, {"Forbici da cucina smontabili", 1690}, {"Mandolina con proteggi-dita", 3490}}},
		{group{"forno", "Forno e pasticceria", "cucina", false, 0.9}, []line{
			{"Teglia in pietra per pizza", 3290}, {"Stampo per ciambella", 1590}, {"Mattarello in faggio 45 cm", 1490},
			{"Spianatoia con battuta", 4990}, {"Macchina per la pasta a manovella", 6490}, {"Set tagliapasta ottone", 2190},
			{"Tortiera a cerniera 26 cm", 1890}, {"Bilancia da cucina a molla", 2990}, {"Pirofila in gres 35 cm", 3190}, {"Sac à poche con sei bocchette", 1690}}},
		{group{"tavola", "Tavola", "cucina", false, 1.2}, []line{
			{"Servizio piatti gres 12 pezzi", 11900}, {"Sei bicchieri soffiati", 3990}, {"Posate 24 pezzi satinate", 8990},
			{"Caraffa in vetro con tappo sughero", 2490}, {"Insalatiera in legno d'ulivo", 4490}, {"Alzata per dolci", 3690},
			{"Quattro ciotole smaltate", 2890}, {"Oliera salvagoccia", 1990}, {"Portapane in cotone cerato", 1790}, {"Sei tazzine da caffè bianche", 2690}}},
		{group{"caffe", "Caffè e tè", "cucina", false, 1.0}, []line{
			{"Caffettiera tre tazze", 2790}, {"Caffettiera sei tazze", 3490}, {"Macinacaffè a mano", 4990},
			{"Teiera in ghisa 0,8 l", 5490}, {"Montalatte a stantuffo", 2190}, {"Barattolo ermetico per caffè", 1690},
			{"Infusore a foglia", 890}, {"Set degustazione quattro miscele", 2490}, {"Vassoio da colazione", 3290}, {"Bollitore a collo d'oca", 6490}}},
		{group{"tessili", "Tessili per la casa", "stoffa", false, 1.2}, []line{
			{"Tovaglia in lino 150x250", 8990}, {"Sei tovaglioli in lino", 4590}, {"Strofinacci in canapa, tre pezzi", 2490},
			{"Completo lenzuola percalle matrimoniale", 10900}, {"Copripiumino in lino lavato", 15900}, {"Plaid in lana cotta", 7990},
			{"Asciugamani a nido d'ape, coppia", 3290}, {"Tenda in garza di lino", 6990}, {"Cuscino arredo a righe", 2990}, {"Tappeto in cotone 60x120", 3990}}},
		{group{"casalinghi", "Dispensa e ordine", "", false, 0.8}, []line{
			{"Sei barattoli in vetro con coperchio", 2990}, {"Cesto in salice per la spesa", 3490}, {"Scatola per il pane in latta", 3990},
			{"Carrello da cucina con ripiani", 12900}, {"Appendiutensili in ottone", 4290}, {"Sottovuoto manuale con sacchetti", 5490},
			{"Portabottiglie in ferro", 4790}, {"Contenitori da frigo, quattro misure", 2390}, {"Scaletta due gradini in faggio", 6990}, {"Lampada da dispensa ricaricabile", 3190}}},
		{group{"vestire", "Lino da vestire", "stoffa", true, 1.1}, []line{
			{"Grembiule in denim", 3490}, {"Camicia in lino donna", 6990}, {"Camicia in lino uomo", 6990},
			{"Pantalone in lino con coulisse", 7490}, {"Vestaglia a nido d'ape", 5990}, {"Pigiama in percalle", 6490},
			{"Cardigan in cotone grosso", 8490}, {"Abito in lino lungo", 9990}, {"Pantofole in feltro", 2990}, {"Canotta in lino", 3990}}},
	}
	var all []*product
	for g := range shelves {
		for i, l := range shelves[g].lines {
			all = append(all, &product{
				id: fmt.Sprintf("RL-%d%02d", g+1, i+1), name: l.name, group: &shelves[g].group, price: l.price,
				full:    (g+i)%3 != 0,
				quality: 0.55 + 0.45*float64((g*7+i*3)%10)/9,
			})
		}
	}
	return all
}

// groups gives the categories of a catalogue, in its order.
func groups(products []*product) []*group {
	var list []*group
	for _, p := range products {
		if len(list) == 0 || list[len(list)-1] != p.group {
			list = append(list, p.group)
		}
	}
	return list
}

// priceToday gives the price on a day: a fifth less during the sales.
func (w *world) priceToday(p *product) int64 {
	d := w.cal.on(w.today())
	if d.of == 1 || d.of == 7 {
		return p.price * 8 / 10 / 10 * 10
	}
	return p.price
}

func (w *world) anyGroup() *group {
	return w.groups[w.weighted(w.sought)]
}

// line is a product and how many of it.
type line struct {
	*product
	price    int64
	quantity int64
}

// basket fills a basket from a few groups; larger ones where generosity (1 is
// ordinary) is greater.
func (w *world) basket(generosity float64) []line {
	n := 1 + w.poisson(0.85*generosity)
	lines := make([]line, 0, n)
	for range n {
		lines = append(lines, w.line(pick(w, w.byGroup[w.anyGroup().key])))
	}
	return lines
}

func (w *world) line(p *product) line {
	q := int64(1)
	if p.price < 3000 && w.chance(0.25) {
		q = 2
	}
	return line{product: p, price: w.priceToday(p), quantity: q}
}

func total(lines []line) int64 {
	var sum int64
	for _, l := range lines {
		sum += l.price * l.quantity
	}
	return sum
}

// productsJSON writes lines as the products array of Segment's order events.
func productsJSON(lines []line) []byte {
	b := []byte{'['}
	for i, l := range lines {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, props().text("product_id", l.id).text("name", l.name).text("category", l.group.key).
			money("price", l.price).number("quantity", l.quantity).end()...)
	}
	return append(b, ']')
}

func (p *product) props(price int64) object {
	sheet := "short"
	if p.full {
		sheet = "full"
	}
	return props().text("product_id", p.id).text("name", p.name).text("category", p.group.key).
		money("price", price).text("currency", "EUR").text("sheet", sheet)
}
