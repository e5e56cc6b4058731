package mapping

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strconv"

	"github.com/expr-lang/expr/types"

	"regia/internal/experience"
)

// Program is a mapping for documents, compiled: one that has neither files:
// nor rows:. Its expressions see the names of the document, whatever they are;
// one that is not there is empty. It is safe for concurrent use.
type Program struct {
	name     string
	settings settings
	plans    []*plan
}

// Compile makes a mapping for documents ready to run. Errors carry
// experience.Invalid and say the line and column.
func (m *Mapping) Compile() (*Program, error) {
	if len(m.spec.Files) > 0 {
		return nil, m.fault(errors.New("this mapping has files:, so it is for imports; one for documents has neither of files and rows"))
	}
	c, err := newCompiler(m.spec.Defaults)
	if err != nil {
		return nil, m.fault(err)
	}
	p := &Program{name: m.spec.Name, settings: c.settings}
	for n := range m.spec.Steps {
		compiled, err := (&binder{compiler: c}).plan(&m.spec.Steps[n])
		if err != nil {
			return nil, m.fault(err)
		}
		p.plans = append(p.plans, compiled)
	}
	return p, nil
}

// documentScope lets expressions name anything.
func documentScope(functions map[string]bool) *scope {
	return &scope{
		names: types.Map{types.Extra: types.Any}, lists: map[string]types.Map{},
		columns: []string{"the names of the document"}, known: map[string]bool{}, functions: functions, document: true,
	}
}

// Fault is what of a document could not be mapped, and why. What else the
// mapping makes of the document stands.
type Fault struct {
	Step   int    // of the mapping, from 1
	Reason string // in English: programs read it
}

// Error says the reason.
func (f Fault) Error() string { return f.Reason }

// Map gives what the mapping makes of one document, as ParseDocument reads it.
// Steps whose where: does not hold make nothing.
func (p *Program) Map(document map[string]any) ([]Item, []Fault) {
	var items []Item
	var faults []Fault
	m := newMapper(p.name, p.settings, nil)
	m.document = document
	m.emit = func(item Item) error {
		items = append(items, item)
		return nil
	}
	for n, plan := range p.plans {
		m.begin(plan)
		for name, v := range document {
			m.env[name] = v
		}
		if plan.usesRow {
			m.env["row"] = document
		}
		fail := func(what string, err error) {
			faults = append(faults, Fault{n + 1, about(what, err).Error()})
		}
		wanted, err := m.holds(plan.where)
		if err != nil {
			fail("where", err)
		}
		if !wanted || err != nil {
			continue
		}
		if err := errors.Join(m.items(nil, fail), m.flushTraits()); err != nil {
			fail("", err)
		}
	}
	return items, faults
}

// documentKey is a document's text, the same for equal documents.
func documentKey(document any) (string, error) {
	text, err := json.Marshal(document)
	return string(text), err
}

// ParseDocument reads an object of JSON for Map. Whole numbers become int,
// others float64, or Decimal where that would not be exact. Errors carry experience.Invalid.
func ParseDocument(data []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, experience.Errorf(experience.Invalid, "this is not JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, experience.Errorf(experience.Invalid, "this is more than one JSON document")
	}
	exact, err := exactNumbers(v)
	if err != nil {
		return nil, err
	}
	object, ok := exact.(map[string]any)
	if !ok {
		return nil, experience.Errorf(experience.Invalid, "this is not an object of JSON, {…}")
	}
	return object, nil
}

func exactNumbers(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			if v[name], err = exactNumbers(v[name]); err != nil {
				return nil, err
			}
		}
	case []any:
		for i := range v {
			if v[i], err = exactNumbers(v[i]); err != nil {
				return nil, err
			}
		}
	case json.Number:
		return exactNumber(v.String())
	}
	return v, nil
}

func exactNumber(text string) (any, error) {
	if n, err := strconv.Atoi(text); err == nil {
		return n, nil
	}
	near, err := strconv.ParseFloat(text, 64)
	if err != nil || math.Abs(near) >= 1e18 {
		return nil, experience.Errorf(experience.Invalid, "%s is not a number that can be reckoned with", quote(text))
	}
	exact, err := parseDecimal(text, decimalPoint)
	if err != nil { // with an exponent
		return near, nil
	}
	short, err := parseDecimal(strconv.FormatFloat(near, 'f', -1, 64), decimalPoint)
	if err == nil && short.Compare(exact) == 0 {
		return near, nil
	}
	return exact, nil
}
