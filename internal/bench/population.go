package bench

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"

	"regia/internal/experience"
)

// Population says who sends: visitors who come, look at several things and
// mostly have been there before.
type Population struct {
	People    int     // who were there before
	New       float64 // share of visits by somebody new
	Customers float64 // share of people who have an account
	Identify  float64 // share of a customer's visits in which they sign in
	Visit     int     // events of a visit
	Visits    int     // visits at a time, on each connection
	Second    float64 // share of visits from a second device
}

// shop is who comes to a shop on the web.
func shop() Population {
	return Population{People: 100_000, New: 0.2, Customers: 0.3, Identify: 0.5, Visit: 12, Visits: 256, Second: 0.1}
}

func (p *Population) flags(f *pflag.FlagSet) {
	f.IntVar(&p.People, "people", p.People, "people who were there before")
	f.Float64Var(&p.New, "new", p.New, "share of visits by somebody new")
	f.Float64Var(&p.Customers, "customers", p.Customers, "share of people who have an account")
	f.Float64Var(&p.Identify, "identify", p.Identify, "share of customers' visits in which they sign in")
	f.IntVar(&p.Visit, "visit", p.Visit, "events of a visit")
}

func (p Population) parameters(into map[string]any) {
	into["people"], into["new_visits"], into["customers"] = p.People, p.New, p.Customers
	into["signed_in_visits"], into["events_per_visit"], into["second_device"] = p.Identify, p.Visit, p.Second
}

// crowd is a population under way, shared by all connections.
type crowd struct {
	Population
	next atomic.Int64 // number of the next new person
	sent atomic.Int64 // makes message ids, each once
	run  uint32       // tells this run's message ids from another's
}

func newCrowd(p Population) *crowd {
	c := &crowd{Population: p, run: rand.Uint32()}
	c.next.Store(int64(p.People))
	return c
}

// visit is somebody who is there now.
type visit struct {
	person int64
	device int64
	state  class // anonymous, or customer once signed in
	signs  int   // events until they sign in; below zero = never
	left   int   // events
}

func (c *crowd) begin(r *rand.Rand, v *visit) {
	*v = visit{left: 1 + r.IntN(2*c.Visit-1), signs: -1} // as many as Visit in the middle
	if r.Float64() < c.New || c.People == 0 {
		v.person = c.next.Add(1) - 1
	} else {
		v.person = r.Int64N(int64(c.People))
	}
	if r.Float64() < c.Second {
		v.device = 1
	}
	if c.customer(v.person) && r.Float64() < c.Identify {
		v.signs = r.IntN(v.left)
	}
}

// customer tells who has an account: the same people in every run.
func (c *crowd) customer(person int64) bool { return float64(person%100) < 100*c.Customers }

// class is what an event tells of who sent it.
type class int

const (
	anonymous class = iota
	customer        // with a user id
	signIn          // an identify call
	classes
)

// template is an event whose numbers are written in when it is sent.
type template struct {
	text                   []byte
	kind                   experience.Kind
	message, run           int   // where 12 digits, and 8 of the run, go
	person, device, things []int // where 8 digits, one digit, 5 digits go
}

// Marks of the places, as wide as what is written there.
const (
	messageMark = "@@@@@@@@@@@@"
	runMark     = "%%%%%%%%"
	personMark  = "########"
	deviceMark  = "!"
	thingMark   = "$$$$$"
)

func newTemplate(kind experience.Kind, text string) template {
	t := template{kind: kind, text: []byte(text), message: bytes.Index([]byte(text), []byte(messageMark)), run: bytes.Index([]byte(text), []byte(runMark))}
	t.person, t.device, t.things = places(text, personMark), places(text, deviceMark), places(text, thingMark)
	return t
}

func places(text, mark string) (at []int) {
	for from := 0; ; {
		i := bytes.Index([]byte(text[from:]), []byte(mark))
		if i < 0 {
			return at
		}
		at = append(at, from+i)
		from += i + len(mark)
	}
}

// write appends the event to b.
func (t *template) write(b []byte, run uint32, message, person, device, thing int64) []byte {
	start := len(b)
	b = append(b, t.text...)
	e := b[start:]
	digits(e[t.message:t.message+len(messageMark)], message)
	digits(e[t.run:t.run+len(runMark)], int64(run)%100_000_000)
	for _, at := range t.person {
		digits(e[at:at+len(personMark)], person)
	}
	for _, at := range t.device {
		e[at] = byte('0' + device)
	}
	for _, at := range t.things {
		digits(e[at:at+len(thingMark)], thing)
	}
	return b
}

// digits writes the last digits of n, as many as fit.
func digits(to []byte, n int64) {
	for i := len(to) - 1; i >= 0; i-- {
		to[i] = byte('0' + n%10)
		n /= 10
	}
}

// texts are the templates, by what the event tells of who sent it.
type texts [classes][]template

// size is how long an event is on average, in bytes.
func (t *texts) size() float64 {
	sum, n := 0, 0
	for _, list := range t {
		for _, one := range list {
			sum, n = sum+len(one.text), n+1
		}
	}
	return float64(sum) / float64(n)
}

const variants = 512 // of each class

// newTexts writes the events of a shop on the web as Segment's analytics.js
// sends them. The same seed gives the same texts.
func newTexts(seed uint64, now time.Time) *texts {
	r := rand.New(rand.NewPCG(seed, seed))
	t := &texts{}
	at := now.UTC().Format("2006-01-02T15:04:05.000Z")
	for range variants {
		for _, c := range []class{anonymous, customer} {
			t[c] = append(t[c], newTemplate(action(r, c, at)))
		}
		t[signIn] = append(t[signIn], newTemplate(experience.Identify, fmt.Sprintf(
			`{"type":"identify",%s,"traits":{"email":"cliente########@example.it","firstName":"%s","city":"%s","newsletter":%t},%s}`,
			who(signIn, at), pick(r, names), pick(r, cities), r.IntN(2) == 0, surroundings(r))))
	}
	return t
}

func who(c class, at string) string {
	user := ""
	if c != anonymous {
		user = `"userId":"U-########",`
	}
	return `"messageId":"ajs-next-%%%%%%%%-@@@@@@@@@@@@","anonymousId":"8d9f0f2c-5f0e-4b1e-9d5!-3a35########",` + user + `"timestamp":"` + at + `"`
}

func action(r *rand.Rand, c class, at string) (experience.Kind, string) {
	things := [...]string{
		`"type":"page","name":"` + pick(r, pages) + `"`,
		`"type":"track","event":"Product Viewed"`, `"type":"track","event":"Product Added"`,
		`"type":"track","event":"Products Searched"`, `"type":"track","event":"Product List Viewed"`,
		`"type":"track","event":"Order Completed"`,
	}
	n := weighted(r, 40, 30, 8, 8, 12, 2)
	product := pick(r, products)
	price := fmt.Sprintf("%d.%02d", 5+r.IntN(200), r.IntN(100))
	properties := [...]string{
		`{"path":"/p/$$$$$","title":"` + product + ` | Casa Aurora","url":"https://www.example.it/p/$$$$$","referrer":"https://www.google.com/"}`,
		`{"product_id":"P-$$$$$","name":"` + product + `","price":` + price + `,"currency":"EUR","category":"` + pick(r, categories) + `","position":3}`,
		`{"product_id":"P-$$$$$","name":"` + product + `","price":` + price + `,"currency":"EUR","quantity":1,"cart_id":"C-########"}`,
		`{"query":"` + product + `","results":12,"filters":[{"type":"colore","value":"rosso"}]}`,
		`{"list_id":"` + pick(r, categories) + `","category":"` + pick(r, categories) + `","products":[{"product_id":"P-$$$$$","position":1}]}`,
		`{"order_id":"O-$$$$$-########","revenue":` + price + `,"total":` + price + `,"currency":"EUR","products":[{"product_id":"P-$$$$$","quantity":1}]}`,
	}
	kind := experience.Track
	if n == 0 {
		kind = experience.PageView
	}
	return kind, "{" + things[n] + "," + who(c, at) + `,"properties":` + properties[n] + "," + surroundings(r) + "}"
}

func surroundings(r *rand.Rand) string {
	return `"context":{"page":{"path":"/p/$$$$$","title":"` + pick(r, products) + `","referrer":"https://www.google.com/"},` +
		`"userAgent":"` + pick(r, agents) + `","locale":"it-IT","timezone":"Europe/Rome",` +
		`"library":{"name":"analytics.js","version":"next-1.81.0"}}`
}

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

// weighted gives an index as often as its weight says.
func weighted(r *rand.Rand, weights ...int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := r.IntN(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return 0
}
