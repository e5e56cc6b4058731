package demo

import (
	"container/heap"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"time"

	"github.com/cespare/xxhash/v2"

	"regia/internal/experience"
)

// Time inside the world is microseconds since 1970, UTC.
const (
	second = int64(time.Second / time.Microsecond)
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

// moment is something that will come about.
type moment struct {
	at   int64
	turn int // of two moments at the same time, the one that was planned first
	what func()
}

type queue []moment

func (q queue) Len() int { return len(q) }
func (q queue) Less(a, b int) bool {
	return q[a].at < q[b].at || q[a].at == q[b].at && q[a].turn < q[b].turn
}
func (q queue) Swap(a, b int) { q[a], q[b] = q[b], q[a] }
func (q *queue) Push(m any)   { *q = append(*q, m.(moment)) }
func (q *queue) Pop() any {
	old := *q
	m := old[len(old)-1]
	old[len(old)-1] = moment{}
	*q = old[:len(old)-1]
	return m
}

// world is the company, its people and what is about to happen to them.
type world struct {
	rng   *rand.Rand
	o     Options
	cal   *calendar
	queue queue
	turn  int
	now   int64
	yield func(Item) bool
	end   int64 // nothing is told of later times
	last  int64 // of the item told last
	done  bool  // whoever listens wants no more

	prefix  string // of message ids
	idSeed  []byte
	said    uint64 // items so far
	orders  int
	orderAs string // prefix of order numbers, so that live ones never meet those of the history
	cases   int

	mailing  bool // campaigns go out
	people   []*person
	shops    []*shop
	carriers []carrier
	products []*product
	byGroup  map[string][]*product
	groups   []*group
	sought   []float64 // of groups
	books    map[string]phrasebook
}

func newWorld(o Options, now time.Time) *world {
	start := firstDay(o, now)
	w := &world{o: o, cal: newCalendar(start), prefix: "demo-", mailing: true,
		shops: shops(), carriers: carriers(), products: catalogue(), byGroup: map[string][]*product{},
		books: map[string]phrasebook{"it": italian(), "en": english()}}
	w.groups = groups(w.products)
	for _, g := range w.groups {
		w.sought = append(w.sought, g.sought)
	}
	for _, p := range w.products {
		w.byGroup[p.group.key] = append(w.byGroup[p.group.key], p)
	}
	w.reseed(uint64(start.Unix()))
	w.now = start.UnixMicro()
	w.firstCustomers()
	w.at(w.now, w.morning)
	return w
}

// reseed starts a new stream of chance and of message ids.
func (w *world) reseed(stream uint64) {
	w.rng = rand.New(rand.NewPCG(w.o.Seed, stream))
	w.idSeed = binary.BigEndian.AppendUint64(nil, w.o.Seed)
	w.idSeed = binary.BigEndian.AppendUint64(w.idSeed, stream)
	w.idSeed = binary.BigEndian.AppendUint64(w.idSeed, math.Float64bits(w.o.Scale))
	w.said = 0
}

// run lets everything happen until end, inclusive.
func (w *world) run(end int64, yield func(Item) bool) {
	w.yield, w.end = yield, end
	for !w.done && len(w.queue) > 0 && w.queue[0].at <= end {
		w.step()
	}
}

func (w *world) step() {
	m := heap.Pop(&w.queue).(moment)
	w.now = m.at
	m.what()
}

// at plans a moment; one in the past comes about now.
func (w *world) at(t int64, what func()) {
	w.turn++
	heap.Push(&w.queue, moment{at: max(t, w.now), turn: w.turn, what: what})
}

func (w *world) after(d int64, what func()) { w.at(w.now+d, what) }

// script runs steps one after the other, with human pauses in between.
func (w *world) script(shortest, longest int64, steps ...func()) {
	if len(steps) == 0 {
		return
	}
	steps[0]()
	if len(steps) > 1 {
		w.after(w.between(shortest, longest), func() { w.script(shortest, longest, steps[1:]...) })
	}
}

// say tells the listener what happens now: a millisecond later where something
// else was just told, so that every timeline has one order.
func (w *world) say(source string, e experience.Event) {
	t := max(w.now, w.last+second/1000)
	if w.done || t > w.end {
		return
	}
	w.last = t
	w.said++
	e.MessageID = w.messageID()
	e.Time = time.UnixMicro(t).UTC()
	if !w.yield(Item{Source: source, Event: e}) {
		w.done = true
	}
}

func (w *world) messageID() string {
	var key [32]byte
	b := binary.BigEndian.AppendUint64(append(key[:0], w.idSeed...), w.said)
	sum := binary.BigEndian.AppendUint64(nil, xxhash.Sum64(b))
	return w.prefix + hex.EncodeToString(sum)
}

// Chance.

func (w *world) chance(p float64) bool { return w.rng.Float64() < p }

func (w *world) between(low, high int64) int64 { return low + w.rng.Int64N(high-low+1) }

// about gives an exponentially distributed time with this mean.
func (w *world) about(mean int64) int64 { return int64(w.rng.ExpFloat64() * float64(mean)) }

// poisson gives how many of something happen when mean are expected.
func (w *world) poisson(mean float64) int {
	limit, n := math.Exp(-mean), 0
	for p := w.rng.Float64(); p > limit; n++ {
		p *= w.rng.Float64()
	}
	return n
}

func pick[T any](w *world, list []T) T { return list[w.rng.IntN(len(list))] }

// weighted gives an index, each as likely as its weight.
func (w *world) weighted(weights []float64) int {
	total := 0.0
	for _, x := range weights {
		total += x
	}
	r := w.rng.Float64() * total
	for i, x := range weights {
		if r -= x; r < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// token gives n random hexadecimal digits.
func (w *world) token(n int) string {
	b := binary.BigEndian.AppendUint64(nil, w.rng.Uint64())
	return hex.EncodeToString(b)[:n]
}

func clamp(x, low, high float64) float64 { return min(max(x, low), high) }
