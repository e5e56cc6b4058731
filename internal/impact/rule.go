package impact

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"regia/internal/experience"
)

//go:embed rules.yaml
var rulesFile []byte

// pattern is how a rule looks for what happened; rules.yaml tells what each
// means.
type pattern string

const (
	each    pattern = "each"
	repeat  pattern = "repeat"
	without pattern = "without"
	answers pattern = "answer"
	promise pattern = "promise"
)

// Text is something people read, in both languages of the house.
type Text struct {
	IT string `json:"it" yaml:"it"`
	EN string `json:"en" yaml:"en"`
}

// In gives the text in a language.
func (t Text) In(language string) string {
	if language == "it" {
		return t.IT
	}
	return t.EN
}

// Rule concludes from what happened what it did to a person. rules.yaml tells
// what the fields mean.
type Rule struct {
	Key  string `yaml:"key"`
	Name Text   `yaml:"name"`
	Why  Text   `yaml:"why"`
	Unit Text   `yaml:"unit"`
	Many Text   `yaml:"units"` // of what is measured

	Pattern pattern     `yaml:"pattern"`
	Events  []string    `yaml:"events"`
	Where   []condition `yaml:"where"` // any of them; none: always
	Once    string      `yaml:"once"`  // order, case or ""
	Then    []string    `yaml:"then"`
	Before  []string    `yaml:"before"` // promise: where the promised day stands, besides the events
	Side    string      `yaml:"side"`   // promise: late, early, waiting
	Times   int         `yaml:"times"`
	Within  string      `yaml:"within"`
	Apart   string      `yaml:"apart"` // repeat: what is closer to the one before is the same
	Fact    string      `yaml:"fact"`  // each: what is measured; "" counts 1
	Above   float64     `yaml:"above"`
	Allowed string      `yaml:"promised"` // the fact that says Above where it is there
	Per     float64     `yaml:"per"`
	Cap     float64     `yaml:"cap"`

	Dimension experience.Dimension `yaml:"dimension"`
	Weight    float64              `yaml:"weight"` // the designer's, in [-1, 1]
	Error     float64              `yaml:"error"`  // one standard deviation of the designer's doubt
	Measure   string               `yaml:"measure"`

	within, apart  time.Duration
	fact, allowed  fact
	measured, says bool // fact, allowed are set
}

// condition is met by a moment whose fact has one of some values.
type condition struct {
	Fact string   `yaml:"fact"`
	Is   []string `yaml:"is"`
	fact fact
}

// Fitted tells whether a rule's weight follows what people say. What people do
// is seen, not asked: no answer says how much it weighs.
func (r Rule) Fitted() bool { return r.Dimension != experience.Behavioural }

// strength is how much of the rule an amount is: 1 is once, or one unit.
func (r Rule) strength(amount float64) float64 {
	if r.Cap > 0 {
		return math.Min(amount, r.Cap)
	}
	return amount
}

// readRules reads rules.yaml, or tells what is wrong with it.
func readRules(text []byte) ([]Rule, error) {
	var file struct {
		Version   int64    `yaml:"version"`
		Orders    []string `yaml:"orders"`
		Contacts  []string `yaml:"contacts"`
		Delivered []string `yaml:"delivered"`
		Shipped   []string `yaml:"shipped"`
		Rules     []Rule   `yaml:"rules"`
	}
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("rules.yaml: %w", err)
	}
	seen := map[string]bool{}
	for i := range file.Rules {
		r := &file.Rules[i]
		if err := r.prepare(); err != nil {
			return nil, fmt.Errorf("rules.yaml, %s: %w", r.Key, err)
		}
		if seen[r.Key] {
			return nil, fmt.Errorf("rules.yaml, %s: it stands there twice", r.Key)
		}
		seen[r.Key] = true
	}
	return file.Rules, nil
}

// prepare checks a rule and reads its times and facts.
func (r *Rule) prepare() (err error) {
	if !slices.Contains([]pattern{each, repeat, without, answers, promise}, r.Pattern) {
		return fmt.Errorf("there is no pattern %q", r.Pattern)
	}
	if !slices.Contains(experience.Dimensions, r.Dimension) {
		return fmt.Errorf("there is no dimension %q", r.Dimension)
	}
	if len(r.Events) == 0 || r.Weight < -1 || r.Weight > 1 || r.Error <= 0 {
		return fmt.Errorf("it needs events, a weight from -1 to 1, and an error above 0")
	}
	for text, into := range map[string]*time.Duration{r.Within: &r.within, r.Apart: &r.apart} {
		if text == "" {
			continue
		}
		if *into, err = time.ParseDuration(text); err != nil {
			return err
		}
	}
	if r.Fact != "" {
		if r.fact, r.measured = parseFact(r.Fact); !r.measured {
			return fmt.Errorf("there is no fact %q", r.Fact)
		}
	}
	if r.Allowed != "" {
		if r.allowed, r.says = parseFact(r.Allowed); !r.says {
			return fmt.Errorf("there is no fact %q", r.Allowed)
		}
	}
	for i := range r.Where {
		var ok bool
		if r.Where[i].fact, ok = parseFact(r.Where[i].Fact); !ok {
			return fmt.Errorf("there is no fact %q", r.Where[i].Fact)
		}
	}
	if r.Per == 0 {
		r.Per = 1
	}
	if r.Measure == "" {
		r.Measure = r.Key
	}
	return nil
}

// meets tells whether a moment is one that the rule is about.
func (r *Rule) meets(m *Moment) bool {
	if len(r.Where) == 0 {
		return true
	}
	for _, c := range r.Where {
		if slices.Contains(c.Is, m.facts[c.fact]) {
			return true
		}
	}
	return false
}

// Weight is how much one unit of a rule moves what people say, and how that is
// known.
type Weight struct {
	Value  float64
	Error  float64 // standard error
	N      int64   // answers before which it fired; 0: none
	Fitted bool    // on those answers; else as its designer, or somebody by hand, set it
	Hand   bool    // set by hand
	Off    bool    // switched off: it concludes nothing
}

// Book is the rules with their weights, and which of the events that end a
// waiting the company tells of at all.
type Book struct {
	Rules   []Rule
	Weights []Weight // of each rule
	tells   map[string]bool
	byEvent map[string][]use
}

// use is a part that an event plays in a rule.
type use struct {
	rule int
	part part
}

type part uint8

const (
	starts part = iota // one of Events
	ends               // one of Then
	before             // one of Before
)

// NewBook gives the rules as their designer made them.
func NewBook() (*Book, error) {
	rules, err := readRules(rulesFile)
	if err != nil {
		return nil, err
	}
	return newBook(rules), nil
}

func newBook(rules []Rule) *Book {
	b := &Book{Rules: rules, byEvent: map[string][]use{}, tells: map[string]bool{}}
	for i, r := range rules {
		b.Weights = append(b.Weights, Weight{Value: r.Weight, Error: r.Error})
		for p, names := range map[part][]string{starts: r.Events, ends: r.Then, before: r.Before} {
			for _, name := range names {
				b.byEvent[name] = append(b.byEvent[name], use{i, p})
			}
		}
		for _, name := range r.closers() {
			b.tells[name] = true
		}
	}
	for _, list := range b.byEvent {
		slices.SortFunc(list, func(a, b use) int { return (a.rule-b.rule)*4 + int(a.part) - int(b.part) })
	}
	return b
}

// closers are the events without which what is open never ends. A company that
// tells of none of them is not one where everybody waits.
func (r *Rule) closers() []string {
	switch r.Pattern {
	case without, answers:
		return r.Then
	case promise:
		return r.Events
	}
	return nil
}

// closes tells whether the company tells of what would end the rule's waiting.
func (b *Book) closes(r *Rule) bool {
	return slices.ContainsFunc(r.closers(), func(name string) bool { return b.tells[name] })
}

// rule finds a rule by its key.
func (b *Book) rule(key string) (int, bool) {
	i := slices.IndexFunc(b.Rules, func(r Rule) bool { return r.Key == key })
	return i, i >= 0
}

// value is what a firing of a rule did, in [-1, 1].
func (b *Book) value(rule int, strength float64) float64 {
	return math.Max(-1, math.Min(1, b.Weights[rule].Value*strength))
}
