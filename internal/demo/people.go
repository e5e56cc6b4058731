package demo

import (
	"fmt"
	"strings"

	"regia/internal/experience"
)

// way is how somebody prefers to shop.
type way int

const (
	byWeb way = iota
	byApp
	byShop
	byMarketplace
)

// person is a customer as the world knows them, which is more than the company
// does: it learns an address when somebody registers, a card at the till.
type person struct {
	number      int
	first, last string
	man         bool
	email       string
	phone       string
	english     bool
	country     string
	city        string
	address     string
	birthday    string

	user      string // account; "" until registered
	second    string // a second account by mistake, used in the app
	card      string // loyalty card; "" until issued
	browsers  []string
	device    string // the app's; "" until installed
	installed string // anonymous id of the app
	handle    string // on a social network, "" for most

	ways      []float64 // weight of each way
	shop      *shop     // the nearest, nil where there is none
	pace      float64   // mean days between two wants
	nature    float64   // where the mood returns to
	mood      float64   // about -2 (furious) to 2 (in love)
	open      bool      // says what is on their mind
	orders    int
	gone      bool // left for good
	fan       bool
	marketing bool // consent to e-mails
	profiling bool
	broken    bool // their app sends "null" for a user id
	visiting  bool // a further visit to the shop is already planned
}

// firstCustomers are those of before: they appear in the first four months,
// with the account, card or device they already have.
func (w *world) firstCustomers() {
	for range int(1450 * w.o.Scale) {
		p := w.newPerson()
		if w.chance(0.7) {
			w.register(p)
		}
		n := int(120 * w.rng.Float64() * w.rng.Float64())
		w.at(w.cal.on(n).begin, func() { w.want(p) })
	}
}

// newPerson makes up somebody of whom the company knows nothing yet.
func (w *world) newPerson() *person {
	p := &person{number: len(w.people) + 1, english: w.chance(0.06), country: "IT",
		pace: 75 + 120*w.rng.Float64(), nature: 0.35 + 0.4*w.rng.NormFloat64(), open: w.chance(0.45),
		marketing: w.chance(0.62), profiling: w.chance(0.5)}
	p.mood = p.nature
	p.browsers = []string{w.anonymous()}
	if w.chance(0.35) {
		p.browsers = append(p.browsers, w.anonymous())
	}
	if p.english {
		w.nameEnglish(p)
	} else {
		w.nameItalian(p)
	}
	p.email = w.address(p)
	// 395 passes for an Italian mobile, and belongs to no operator we know of.
	// The British regulator's numbers for fiction pass for nothing, so those who
	// live there have an Italian number too.
	p.phone = fmt.Sprintf("+39395%07d", 1000000+p.number*1553%8999999)
	if w.chance(0.06) {
		p.handle = fmt.Sprintf("@%s.%s%d", slug(p.first), pick(w, words("incucina acasa arieti mestola tavola granaio")), p.number)
	}
	p.birthday = fmt.Sprintf("%04d-%02d-%02d", 1946+w.rng.IntN(60), 1+w.rng.IntN(12), 1+w.rng.IntN(28))
	p.ways = w.habits(p)
	if len(w.people) > 0 && w.chance(0.015) { // one computer for two at home
		p.browsers[0] = w.people[w.rng.IntN(len(w.people))].browsers[0]
	}
	w.people = append(w.people, p)
	return p
}

func (w *world) nameItalian(p *person) {
	p.first = pick(w, womenIT())
	if p.man = w.chance(0.38); p.man {
		p.first = pick(w, menIT())
	}
	p.last = strings.NewReplacer("DeL", "De L", "DeR", "De R", "DeS", "De S", "Damico", "D'Amico").Replace(pick(w, surnamesIT()))
	p.address = fmt.Sprintf("%s %d", pick(w, streets()), 1+w.rng.IntN(120))
	if w.chance(0.62) {
		p.shop = pick(w, w.shops)
		p.city = p.shop.city
	} else {
		p.city = pick(w, citiesWithout())
	}
}

func (w *world) nameEnglish(p *person) {
	p.first, p.last = pick(w, namesEN()), pick(w, surnamesEN())
	p.address = fmt.Sprintf("%d %s", 1+w.rng.IntN(90), pick(w, streetsEN()))
	if w.chance(0.5) { // lives in Italy
		p.shop = pick(w, w.shops)
		p.city = p.shop.city
		return
	}
	p.country, p.city = "GB", pick(w, words("London Bristol Leeds Edinburgh York"))
}

// address makes an e-mail address nobody else has, at a domain reserved for examples.
func (w *world) address(p *person) string {
	domain := pick(w, words("example.it example.it example.it example.com example.org"))
	shape := pick(w, words("%s.%s%d %s%[2]s.%[3]d %[2]s.%[1]s%[3]d"))
	return fmt.Sprintf(shape, slug(p.first), slug(p.last), p.number) + "@" + domain
}

// slug is a name as it stands in an address.
func slug(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

func (w *world) habits(p *person) []float64 {
	var h []float64
	switch w.weighted([]float64{48, 14, 28, 10}) {
	case 0:
		h = []float64{0.80, 0.05, 0.12, 0.03}
	case 1:
		h = []float64{0.20, 0.65, 0.12, 0.03}
	case 2:
		h = []float64{0.20, 0.05, 0.75, 0.00}
	default:
		h = []float64{0.20, 0.02, 0.05, 0.73}
	}
	if p.shop == nil {
		h[byShop] = 0
	}
	return h
}

// anonymous makes an id as a browser would.
func (w *world) anonymous() string {
	a, b := w.token(16), w.token(16)
	return a[:8] + "-" + a[8:12] + "-4" + a[13:16] + "-a" + b[1:4] + "-" + b[4:16]
}

// register gives somebody an account; they are told of it when they next log in.
func (w *world) register(p *person) {
	if p.user == "" {
		p.user = fmt.Sprintf("u%06d", 100000+p.number)
	}
}

// language as the company records it.
func (p *person) language() string {
	if p.english {
		return "en"
	}
	return "it"
}

// traits are what somebody says of themselves when registering.
func (p *person) traits() object {
	return props().text("firstName", p.first).text("lastName", p.last).text("email", p.email).text("phone", p.phone).
		text("language", p.language()).text("country", p.country).text("birthday", p.birthday).
		raw("address", props().text("street", p.address).text("city", p.city).end())
}

// handles is the identifier of somebody's handle.
func (p *person) handles() []experience.Identifier { return []experience.Identifier{handle(p.handle)} }

// consents is the context of an event that carries somebody's choices.
func (p *person) consents() []byte {
	return props().raw("consent", props().raw("categoryPreferences",
		props().flag("marketing", p.marketing).flag("profiling", p.profiling).end()).end()).end()
}

// byName is how systems behind the counter know somebody: the account, or else
// the address.
func (p *person) byName() as {
	if p.user != "" {
		return as{user: p.user}
	}
	return p.byEmail()
}

func (p *person) byEmail() as { return as{ids: []experience.Identifier{email(p.email)}} }

func (p *person) byPhone() as { return as{ids: []experience.Identifier{phone(p.phone)}} }

// feel changes somebody's mood. Those who are hurt and low may leave for good,
// most of them without a word; those who are lifted may become fans.
func (w *world) feel(p *person, change float64) {
	p.mood = clamp(p.mood+change, -2.5, 2.5)
	switch {
	case change < -0.25 && p.mood < 0 && w.chance(0.35-0.25*p.mood):
		p.gone = true
	case change > 0 && p.mood > 1.3 && !p.fan && w.chance(0.2):
		p.fan = true
	}
}
