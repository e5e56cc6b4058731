package journey

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"regia/internal/analytics"
	"regia/internal/experience"
)

// Limits on maps. A map is read by people: what is larger is several maps.
const (
	maxStages = 12
	maxSteps  = 20 // of one stage
	maxList   = 20 // pains, touchpoints and the like of one step
	maxKey    = 60
	maxName   = 80 // of stages and steps
	maxTitle  = 120
	maxAbout  = 2000
	maxOf     = 300 // persona, and one pain, opportunity or backstage line
	maxText   = 200 // of an expectation
)

var slugs = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Fault is one thing that is wrong in a map.
type Fault struct {
	Place string // JSON path, such as stages[0].steps[2].name
	Where string // name of the stage or step, "" for the map itself
	Key   string // of the text that says what is wrong
}

// FaultsError is the cause of an Invalid map: all that is wrong in it.
type FaultsError struct{ Faults []Fault }

func (e *FaultsError) Error() string {
	said := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		said[i] = f.Place + ": " + f.Key
	}
	return strings.Join(said, "; ")
}

// Check tells what is wrong with a map; nil when nothing is. The error is
// Invalid, its message a key of messages.*.json, its cause a *FaultsError.
func (m Map) Check() error {
	c := &checker{ids: map[string]bool{}}
	c.whole(m)
	for i, stage := range m.Stages {
		c.stage(fmt.Sprintf("stages[%d]", i), stage)
	}
	for i, stage := range m.Stages {
		for k, step := range stage.Steps {
			c.expectation(fmt.Sprintf("stages[%d].steps[%d].expectation", i, k), step, m)
		}
	}
	if len(c.faults) == 0 {
		return nil
	}
	return &experience.Error{Code: experience.Invalid, Message: c.faults[0].Key, Err: &FaultsError{c.faults}}
}

type checker struct {
	faults []Fault
	ids    map[string]bool
}

func (c *checker) fault(when bool, place, where, key string) {
	if when {
		c.faults = append(c.faults, Fault{place, where, "journey.error." + key})
	}
}

func (c *checker) whole(m Map) {
	c.fault(!slugs.MatchString(m.Key) || len(m.Key) > maxKey || m.Key == newPath, "key", "", "key")
	c.fault(m.Name == "", "name", "", "name")
	c.fault(longer(m.Name, maxTitle), "name", "", "long")
	c.fault(longer(m.About, maxAbout), "about", "", "long")
	c.fault(longer(m.Owner, maxTitle), "owner", "", "long")
	c.fault(longer(m.Persona, maxOf), "persona", "", "long")
	c.fault(m.Kind != AsIs && m.Kind != ToBe, "kind", "", "kind")
	c.fault(analytics.Scope{Case: m.Case}.Check() != nil, "case", "", "case")
	c.fault(len(m.Stages) == 0, "stages", "", "empty")
	c.fault(len(m.Stages) > maxStages, "stages", "", "stages")
	c.fault(hidden(m.Name+m.About+m.Owner+m.Persona), "name", "", "zero")
}

func (c *checker) stage(place string, s Stage) {
	c.id(place, s.Name, s.ID)
	c.name(place, s.Name, "stage.name")
	c.fault(len(s.Steps) > maxSteps, place+".steps", s.Name, "steps")
	for i, step := range s.Steps {
		c.step(fmt.Sprintf("%s.steps[%d]", place, i), step)
	}
}

func (c *checker) id(place, where, id string) {
	c.fault(!slugs.MatchString(id) || len(id) > maxKey, place+".id", where, "id")
	c.fault(c.ids[id], place+".id", where, "twice")
	c.ids[id] = true
}

func (c *checker) name(place, name, missing string) {
	c.fault(name == "", place+".name", "", missing)
	c.fault(longer(name, maxName), place+".name", name, "long")
	c.fault(hidden(name), place+".name", name, "zero")
}

func (c *checker) step(place string, s Step) {
	c.id(place, s.Name, s.ID)
	c.name(place, s.Name, "step.name")
	c.fault(len(s.Touchpoints) > maxList, place+".touchpoints", s.Name, "many")
	for i, key := range s.Touchpoints {
		c.fault(!slugs.MatchString(key), fmt.Sprintf("%s.touchpoints[%d]", place, i), s.Name, "touchpoint")
	}
	c.fault(len(s.Match) > maxList, place+".match", s.Name, "many")
	for i, match := range s.Match {
		c.fault(isEmpty(match) || match.Check() != nil, fmt.Sprintf("%s.match[%d]", place, i), s.Name, "match")
	}
	for name, list := range map[string][]string{"pains": s.Pains, "opportunities": s.Opportunities, "backstage": s.Backstage} {
		c.fault(len(list) > maxList, place+"."+name, s.Name, "many")
		c.fault(slices.ContainsFunc(list, func(t string) bool { return longer(t, maxOf) }), place+"."+name, s.Name, "long")
		c.fault(slices.ContainsFunc(list, hidden), place+"."+name, s.Name, "zero")
	}
	for d, value := range s.Assumed {
		c.fault(!slices.Contains(experience.Dimensions, d), place+".assumed", s.Name, "dimension")
		c.fault(!(value >= -1 && value <= 1), place+".assumed", s.Name, "assumed")
	}
}

func (c *checker) expectation(place string, s Step, m Map) {
	e := s.Expectation
	if e == nil {
		return
	}
	c.fault(longer(e.Text, maxText), place+".text", s.Name, "long")
	c.fault(hidden(e.Text), place+".text", s.Name, "zero")
	_, err := e.Within.Duration()
	c.fault(err != nil, place+".within", s.Name, "within")
	_, known := m.Step(e.From)
	c.fault(e.From != "" && (!known || e.From == s.ID), place+".from", s.Name, "from")
	c.fault(e.Within != "" && m.ExpectedFrom(s.ID) == "", place+".from", s.Name, "from.none")
	c.fault(e.Measure != nil && e.Measure.Check() != nil, place+".measure", s.Name, "measure")
}

func isEmpty(m analytics.Match) bool {
	return m.Event == "" && m.Kind == "" && m.Touchpoint == "" && len(m.Where) == 0
}

func longer(s string, than int) bool { return utf8.RuneCountInString(s) > than }

// hidden tells whether a text has what no registry can keep.
func hidden(s string) bool { return strings.ContainsRune(s, 0) || !utf8.ValidString(s) }

// clean trims what people wrote, drops empty lines, and gives keys and ids
// where they are absent. The map it is called on stays as it is.
func (m Map) clean() Map {
	trim(&m.Name, &m.About, &m.Owner, &m.Persona, &m.Case, &m.Key)
	if m.Key == "" {
		m.Key = slug(m.Name, "map")
	}
	if m.Kind == "" {
		m.Kind = AsIs
	}
	if m.Case == "person" {
		m.Case = ""
	}
	used := map[string]bool{}
	m.Stages = slices.Clone(m.Stages)
	for i := range m.Stages {
		used[m.Stages[i].ID] = true
		for _, s := range m.Stages[i].Steps {
			used[s.ID] = true
		}
	}
	for i := range m.Stages {
		stage := &m.Stages[i]
		trim(&stage.Name)
		stage.ID = named(stage.ID, stage.Name, "stage", used)
		stage.Steps = slices.Clone(stage.Steps)
		for k := range stage.Steps {
			s := stage.Steps[k].clean()
			s.ID = named(s.ID, s.Name, "step", used)
			stage.Steps[k] = s
		}
		if stage.Steps == nil {
			stage.Steps = []Step{}
		}
	}
	return m
}

func (s Step) clean() Step {
	trim(&s.Name)
	s.Touchpoints, s.Pains, s.Opportunities, s.Backstage = lines(s.Touchpoints), lines(s.Pains), lines(s.Opportunities), lines(s.Backstage)
	if len(s.Match) == 0 {
		s.Match = nil
	}
	if len(s.Assumed) == 0 {
		s.Assumed = nil
	}
	s.Assumed = maps.Clone(s.Assumed)
	if s.Expectation != nil {
		e := *s.Expectation
		trim(&e.Text)
		s.Expectation = &e
		if e == (Expectation{}) {
			s.Expectation = nil
		}
	}
	return s
}

func trim(texts ...*string) {
	for _, t := range texts {
		*t = strings.TrimSpace(*t)
	}
}

// lines drops what is empty and what is there twice.
func lines(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// named gives an id that no other has, made of a name, where there is none.
func named(id, name, otherwise string, used map[string]bool) string {
	if id != "" {
		return id
	}
	base := slug(name, otherwise)
	id = base
	for n := 2; used[id]; n++ {
		id = fmt.Sprintf("%s-%d", base, n)
	}
	used[id] = true
	return id
}

// slug turns words into a key: lower-case letters a to z, digits, single
// hyphens. Letters with accents lose them; anything else parts words. It leaves
// room for a number.
func slug(name, otherwise string) string {
	words := strings.FieldsFunc(strings.ToLower(norm.NFD.String(name)), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && (r < '\u0300' || r > '\u036f')
	})
	s := strings.Map(func(r rune) rune {
		if r > 'z' {
			return -1 // an accent, parted from its letter
		}
		return r
	}, strings.Join(words, "-"))
	if len(s) > maxKey-10 {
		s = s[:maxKey-10]
	}
	s = strings.Trim(s, "-")
	if s == "" || s == newPath || !slugs.MatchString(s) {
		return otherwise
	}
	return s
}

// newPath is the word in the place of a key that the pages' addresses need for
// themselves.
const newPath = "new"
