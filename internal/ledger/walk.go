package ledger

import (
	"cmp"
	"context"
	"sort"
	"sync"

	"regia/internal/experience"
)

// Walk says what of whose interactions is wanted, in order. Its expressions are
// SQL over the columns of `interactions`, as in Query; $1, $2, … are Args.
type Walk struct {
	Case  string // a text: what is followed, none where it is NULL; "" is the person
	Where string // a condition; "" is all
	Code  string // a BIGINT, never NULL; where it is 0 the interaction is left out
	Texts []Text // at most two
	IDs   bool   // the interactions' own ids, too
	Args  []any
}

// Text is a text wanted of interactions. Of those that are one of a few known
// ones only a number need be read.
type Text struct {
	SQL    string // a text, NULL counts as ""; of numbers the text's place in the walk's words, 0 leaves the interaction out
	Number bool
}

// Event is one interaction of a walk.
type Event struct {
	At, Arrived int64 // when it happened and when Regia took it, microseconds since 1970
	Code        int64
	Texts       [2]int32 // places in the walk's Words
}

// Case is what a walk follows, with its events: in the order of their time, of
// what happened at one moment in the order of arrival, and what arrived at one
// moment by code and texts.
type Case struct {
	Person experience.ID // where cases are people
	text   string
	Events []Event         // only until the visitor returns
	IDs    []experience.ID // of each event, where they were asked for; likewise
}

// Name is what the case is called: the id of a person, or the text.
func (c Case) Name() string {
	if c.text == "" {
		return c.Person.String()
	}
	return c.text
}

// Words numbers the texts of a walk, from 0 on, each once: 0 is "". Safe for
// use by several goroutines.
type Words struct {
	mu     sync.RWMutex
	number map[string]int32
	list   []string
}

// NewWords gives words without any but "".
func NewWords() *Words { return &Words{number: map[string]int32{"": 0}, list: []string{""}} }

// Number gives the place of a text, a new one where it has none yet.
func (w *Words) Number(text string) int32 {
	w.mu.RLock()
	n, known := w.number[text]
	w.mu.RUnlock()
	if known {
		return n
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n, known = w.number[text]; known {
		return n
	}
	text = string(append([]byte(nil), text...)) // it may lie in the engine's memory
	n = int32(len(w.list))
	w.number[text], w.list = n, append(w.list, text)
	return n
}

// Text gives the text of a place.
func (w *Words) Text(n int32) string {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.list[n]
}

// All lists the texts by their places. It is not to be changed.
func (w *Words) All() []string {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.list[:len(w.list):len(w.list)]
}

// Visitor is called with each of its cases, one after the other.
type Visitor func(Case) error

// Walk goes through the cases of a walk, each once and in no order, giving each
// to one of the visitors, which work at the same time. An error of a visitor
// ends it. It reads what millions of interactions have in common, a few
// columns, and holds those of some cases at a time.
func (l *Ledger) Walk(ctx context.Context, w Walk, words *Words, visitors []Visitor) error {
	if len(w.Texts) > 2 || len(visitors) == 0 {
		return experience.Errorf(experience.Internal, "a walk takes two texts and needs a visitor")
	}
	return l.fail(l.engine.walk(ctx, w, words, visitors))
}

// person is an id as two numbers, in the order of ids. Cases with names of
// their own have their place among the words of the walk in low.
type person struct{ high, low uint64 }

func (p person) compare(q person) int {
	return cmp.Or(cmp.Compare(p.high, q.high), cmp.Compare(p.low, q.low))
}

// compare puts events in the order of a case.
func (e *Event) compare(f *Event, words *Words) int {
	if c := cmp.Or(cmp.Compare(e.At, f.At), cmp.Compare(e.Arrived, f.Arrived), cmp.Compare(e.Code, f.Code)); c != 0 {
		return c
	}
	for i, n := range e.Texts {
		if n != f.Texts[i] { // by the texts, so that both engines agree
			return cmp.Compare(words.Text(n), words.Text(f.Texts[i]))
		}
	}
	return 0
}

// steps are the events of some cases, as they come: mostly in order already, in
// a few runs.
type steps struct {
	words *Words
	steps sequences
	spare sequences
	runs  []int // where each begins
}

// sequences are events and whose they are.
type sequences struct {
	who    []person
	events []Event
	ids    []experience.ID // with Walk.IDs
}

// room is for n events.
func room(n int, ids bool) sequences {
	c := sequences{make([]person, 0, n), make([]Event, 0, n), nil}
	if ids {
		c.ids = make([]experience.ID, 0, n)
	}
	return c
}

// part gives some of them.
func (c *sequences) part(from, to int) sequences {
	p := sequences{c.who[from:to], c.events[from:to], nil}
	if c.ids != nil {
		p.ids = c.ids[from:to]
	}
	return p
}

func (c *sequences) append(more sequences) {
	c.who, c.events, c.ids = append(c.who, more.who...), append(c.events, more.events...), append(c.ids, more.ids...)
}

func (s *steps) reset() {
	s.steps, s.runs = s.steps.part(0, 0), s.runs[:0]
}

func (s *steps) add(who person, e Event) {
	c := &s.steps
	if n := len(c.who); n == 0 || !s.follows(c.who[n-1], &c.events[n-1], who, &e) {
		s.runs = append(s.runs, n)
	}
	c.who, c.events = append(c.who, who), append(c.events, e)
}

// follows tells whether an event may stand after another.
func (s *steps) follows(a person, e *Event, b person, f *Event) bool {
	if a != b {
		return a.high < b.high || a.high == b.high && a.low < b.low
	}
	return e.At < f.At || e.At == f.At && e.compare(f, s.words) <= 0
}

// sort puts all in order: it merges the runs, two and two.
func (s *steps) sort() {
	for len(s.runs) > 1 {
		all, ends := s.steps, append(s.runs[1:len(s.runs):len(s.runs)], len(s.steps.who))
		s.spare = s.spare.part(0, 0)
		var runs []int
		for i, from := 0, 0; i < len(ends); i += 2 {
			middle, to := ends[i], ends[min(i+1, len(ends)-1)]
			runs = append(runs, from)
			s.merge(all.part(from, middle), all.part(middle, to))
			from = to
		}
		s.steps, s.spare, s.runs = s.spare, all, runs
	}
}

// merge takes from a and b in turn, each time as many as come before the other's
// next: runs are mostly those of the engine's threads, thousands at a time.
func (s *steps) merge(a, b sequences) {
	for len(a.who) > 0 && len(b.who) > 0 {
		n := gallop(len(a.who), func(i int) bool { return s.follows(a.who[i], &a.events[i], b.who[0], &b.events[0]) })
		s.spare.append(a.part(0, n))
		if a = a.part(n, len(a.who)); len(a.who) == 0 {
			break
		}
		n = gallop(len(b.who), func(i int) bool { return !s.follows(a.who[0], &a.events[0], b.who[i], &b.events[i]) })
		s.spare.append(b.part(0, n))
		b = b.part(n, len(b.who))
	}
	s.spare.append(a)
	s.spare.append(b)
}

// gallop gives for how many of n, from the first on, something holds: it holds
// for the first ones only. It looks at about log(answer) of them.
func gallop(n int, holds func(int) bool) int {
	step := 1
	for step <= n && holds(step-1) {
		step *= 2
	}
	low, high := step/2, min(step, n+1) // it holds for low, not for high
	return low + sort.Search(high-low-1, func(i int) bool { return !holds(low + i) })
}

// visit gives the cases, sorted, to a visitor. Where cases have names of their
// own, names are they.
func (s *steps) visit(names *Words, visit Visitor) error {
	who, events := s.steps.who, s.steps.events
	for from := 0; from < len(who); {
		to := from + 1
		for to < len(who) && who[to] == who[from] {
			to++
		}
		c := Case{Events: events[from:to:to]}
		if s.steps.ids != nil {
			c.IDs = s.steps.ids[from:to:to]
		}
		if names != nil {
			c.text = names.Text(int32(who[from].low))
		} else {
			c.Person = who[from].id()
		}
		if err := visit(c); err != nil {
			return err
		}
		from = to
	}
	return nil
}
