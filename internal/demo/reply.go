package demo

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"regia/internal/experience"
)

// What becomes of a question that Regia asks somebody of the demo company: the
// interaction it is about decides, as in life, and chance. Each question has a
// stream of chance of its own, from the seed, the interaction and the survey:
// the same question has the same answer, whenever and after whatever it is asked.

// Asked is a question somebody of the demo company was asked.
type Asked struct {
	Survey  string // key of a ready-made survey
	Key     string // message id of the interaction it is about, with a mark where it is asked again
	Who     string // by which name they were asked; "" = nobody known
	English bool
	Delay   int     // days late, of a parcel
	Clerk   string  // id of who served, in a shop
	City    string  // of the shop
	Solved  bool    // of a case
	Again   bool    // after somebody looked after what was wrong before
	Before  float64 // Again: what they had answered, as a part of the scale
	Helped  Help    // Again: how they were helped
	Open    bool    // by an open door: who scans the code wants to answer
}

// Help is how somebody was looked after.
type Help int

// The ways, from none to the best.
const (
	NoHelp Help = iota
	LateHelp
	TimelyHelp
)

// Given is an answer to one question. The zero value: passed over.
type Given struct {
	Score  *int
	Choice []string
	Items  map[string]int
	Text   string
}

// Reply is what somebody did with a question.
type Reply struct {
	Stop    bool          // wanted never to be asked again
	Decline bool          // would rather not answer this one
	Opened  time.Duration // after they were asked; 0 = never
	Answer  time.Duration // after they were asked; 0 = never
	Finish  bool          // they went through to the end
	Given   map[string]Given
}

// respondent is somebody over a question.
type respondent struct {
	w *world
	a Asked
	x float64 // how it was, about -1 to 1
}

// Replies answers for the people of a world.
func Replies(o Options) func(Asked) Reply {
	o = o.withDefaults()
	w := &world{o: o, shops: shops(), books: map[string]phrasebook{"it": italian(), "en": english()}}
	return func(a Asked) Reply {
		w.rng = rand.New(rand.NewPCG(o.Seed, xxhash.Sum64String(a.Key+"\n"+a.Survey)))
		r := respondent{w: w, a: a}
		r.x = r.feeling()
		return r.reply()
	}
}

// feeling is how it was, from what happened alone.
func (r respondent) feeling() float64 {
	noise := 0.28 * r.w.rng.NormFloat64()
	switch {
	case r.a.Again:
		return 2*r.a.Before - 1 + []float64{0.05, 0.45, 1.05}[r.a.Helped] + noise
	case r.a.Survey == "after-delivery" || r.a.Survey == "relationship-nps":
		return 0.55 - 0.42*float64(min(r.a.Delay, 4)) + noise
	case r.a.Survey == "shop-visit":
		return 2*(r.w.kindness(r.a.Clerk)-0.45) + noise
	case r.a.Survey == "after-support" && !r.a.Solved:
		return -0.5 + noise
	}
	return 0.4 + noise
}

// kindness of who served; middling where nobody is known.
func (w *world) kindness(clerk string) float64 {
	for _, s := range w.shops {
		if i := slices.IndexFunc(s.staff, func(x staffer) bool { return x.id == clerk }); i >= 0 {
			return s.staff[i].kindness
		}
	}
	return 0.5
}

// reply decides what becomes of the question. People differ in how gladly they
// answer, and whoever is upset answers more often than who is content.
func (r respondent) reply() Reply {
	w := r.w
	gladly := float64(xxhash.Sum64String(r.a.Who)%1000) / 1000
	willing := 0.14 + 0.26*gladly
	if r.x < -0.1 {
		willing += 0.16
	}
	if r.a.Again { // after somebody called
		willing += 0.35
	}
	u, out := w.rng.Float64(), Reply{}
	opened := time.Duration(clamp(w.rng.ExpFloat64()*9, 0.1, 60) * float64(time.Hour))
	switch {
	case r.a.Open:
		out.Opened, out.Answer, out.Finish = time.Minute, 3*time.Minute, w.chance(0.9)
	case u < 0.012:
		out.Stop, out.Opened = true, opened
	case u < 0.03:
		out.Decline, out.Opened = true, opened
	case u < 0.03+willing:
		out.Opened, out.Answer, out.Finish = opened, opened+2*time.Minute, w.chance(0.9)
	case u < 0.10+willing: // only after the reminder, five days later
		out.Opened = 5*24*time.Hour + opened
		out.Answer, out.Finish = out.Opened+2*time.Minute, w.chance(0.9)
	case u < 0.30+willing:
		out.Opened = opened
	}
	if out.Answer > 0 {
		out.Given = r.given()
		if !out.Finish { // the first page, and no more
			out.Given = map[string]Given{"q1": out.Given["q1"]}
		}
	}
	return out
}

// score is how it was on a scale.
func (r respondent) score(low, high int) *int {
	middle, half := float64(low+high)/2, float64(high-low)/2
	n := int(r.w.stars(middle+half*clamp(r.x, -1, 1)+0.04*half, low, high))
	return &n
}

func (r respondent) text(chance float64, key string) string {
	if !r.w.chance(chance) {
		return ""
	}
	clerk := ""
	for _, s := range r.w.shops {
		for _, x := range s.staff {
			if x.id == r.a.Clerk {
				clerk = x.name
			}
		}
	}
	p := &person{english: r.a.English, man: xxhash.Sum64String(r.a.Who)%5 < 2}
	return r.w.words(p, key, facts{"giorni": days(max(r.a.Delay, 1), r.a.English), "citta": r.a.City, "addetto": clerk})
}

// reason is what somebody writes about a score from 0 to 10.
func (r respondent) reason(chance float64, nps int) string {
	switch {
	case nps >= 9:
		return r.text(chance, "nps.promoter")
	case nps >= 7:
		return r.text(chance, "nps.passive")
	case r.a.Delay > 0 && !r.a.Again:
		return r.text(chance, "nps.late")
	}
	return r.text(chance, "nps.detractor")
}

func (r respondent) choose(keys ...string) []string { return []string{pick(r.w, keys)} }

// given answers all that a survey may ask; what does not lie on the way of these
// answers is left out there.
func (r respondent) given() map[string]Given {
	switch r.a.Survey {
	case "after-delivery":
		wrong := []string{"damaged", "courier", "other", "news"}
		if r.a.Delay > 0 {
			wrong = []string{"late", "late", "late", "news"}
		}
		nps := r.score(0, 10)
		return map[string]Given{"q1": {Score: r.score(1, 5)}, "q2": {Choice: r.choose(wrong...)}, "q3": {Score: nps}, "q4": {Text: r.reason(0.4, *nps)}}
	case "shop-visit":
		smile := r.score(1, 5)
		key := "review.shop.plain"
		switch {
		case *smile >= 4:
			key = "review.shop.kind"
		case *smile <= 2:
			key = "review.shop.cold"
		}
		if r.a.Clerk == "" {
			key = "review.shop.plain"
		}
		return map[string]Given{"q1": {Score: smile}, "q2": {Choice: r.choose("staff", "staff", "advice", "range", "room")},
			"q3": {Choice: r.choose("staff", "staff", "wait", "stock", "price")}, "q4": {Text: r.text(0.25, key)}}
	case "relationship-nps":
		nps := r.score(0, 10)
		text := Given{Text: r.reason(0.5, *nps)}
		return map[string]Given{"q1": {Score: nps}, "q2": text, "q3": text, "q4": text}
	case "after-support":
		solved := "yes"
		if !r.a.Solved {
			solved = pick(r.w, []string{"part", "no", "no"})
		}
		return map[string]Given{"q1": {Score: r.score(1, 7)}, "q2": {Choice: []string{solved}}, "q3": {Text: r.text(0.4, "nps.detractor")}}
	case "after-purchase":
		csat := r.score(1, 5)
		return map[string]Given{"q1": {Score: csat}, "q2": {Score: r.score(1, 7)}, "q3": {Choice: r.choose("information", "information", "site", "search", "price")},
			"q4": {Text: r.reason(0.3, 2**csat)}}
	}
	return nil
}

// Refuses tells whether the mailbox at an address is there no more.
func Refuses(address string) bool { return xxhash.Sum64String("mailbox\n"+address)%1000 < 22 }

// Colleague is somebody who works on follow-ups at the demo company.
type Colleague struct {
	Name, Email string
	Role        experience.Role
	Prompt      float64 // how likely they do something in time
}

// Colleagues lists them.
func Colleagues() []Colleague {
	return []Colleague{
		{"Ottavia Ferri", "ottavia.ferri@staff.example.it", experience.Manager, 0.85},
		{"Wanda Merisi", "wanda.merisi@staff.example.it", experience.Agent, 0.93},
		{"Elvira Sartori", "elvira.sartori@staff.example.it", experience.Agent, 0.80},
		{"Cesare Boldrin", "cesare.boldrin@staff.example.it", experience.Agent, 0.55},
	}
}

// Staff lists the first names of those who serve in the shops.
func Staff() (names []string) {
	for _, s := range shops() {
		for _, x := range s.staff {
			names = append(names, x.name)
		}
	}
	return names
}

// Care is what a colleague does about a follow-up.
type Care struct {
	Never   bool          // it stays open
	After   time.Duration // how long they take, in working time
	Outcome string        // resolved, unreachable, no_action
	Note    string
}

// Cares decides what colleagues do about follow-ups, by what was said and who
// looks after it. Hours are until the deadline.
func Cares(o Options) func(key, rule, owner string, hours float64) Care {
	o = o.withDefaults()
	return func(key, rule, owner string, hours float64) Care {
		rng := rand.New(rand.NewPCG(o.Seed, xxhash.Sum64String(key+"\n"+rule)))
		prompt := 0.7
		if i := slices.IndexFunc(Colleagues(), func(c Colleague) bool { return c.Email == owner }); i >= 0 {
			prompt = Colleagues()[i].Prompt
		}
		part := 0.1 + 0.8*rng.Float64()
		if rng.Float64() > prompt {
			part = 1.2 + 3*rng.Float64()
		}
		c := Care{Never: rng.Float64() < 0.3*(1-prompt), After: time.Duration(part * hours * float64(time.Hour)), Outcome: "resolved"}
		switch u := rng.Float64(); {
		case rule == "praise":
			c.Outcome = "no_action"
		case u < 0.14:
			c.Outcome = "unreachable"
		case u < 0.22:
			c.Outcome = "no_action"
		}
		notes := careNotes()[c.Outcome]
		if rule == "praise" {
			notes = careNotes()["praise"]
		}
		c.Note = notes[rng.IntN(len(notes))]
		return c
	}
}

func careNotes() map[string][]string {
	return map[string][]string{
		"resolved": {"Telefonata con scuse: spese di spedizione rimborsate.", "Sentita al telefono, spiegato il ritardo e offerto un buono da 10 euro.",
			"Sostituzione spedita con corriere espresso.", "Chiarito per telefono, ora è tutto a posto.", "Rimborso anticipato e conferma per e-mail."},
		"unreachable": {"Due chiamate senza risposta, lasciato un messaggio.", "Numero non raggiungibile, scritta un'e-mail."},
		"no_action":   {"Già risolto dall'assistenza prima della chiamata.", "Non chiede nulla: ringraziata per il parere."},
		"praise":      {"Complimenti letti alla riunione del mattino.", "Ringraziamento girato a chi ha servito."},
	}
}
