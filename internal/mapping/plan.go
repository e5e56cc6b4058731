package mapping

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr/types"
)

// identifierKind is how kinds of identifiers are spelled.
var identifierKind = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// plan is a step bound to its files and compiled.
type plan struct {
	step         *step
	in           *input
	group        []int // places of the grouping columns; nil: every row by itself
	where        evaluator
	lookups      []*lookup
	lets         []named
	person       []named
	traits       *traitsPlan
	interactions []*interactionPlan
	sorted       []int // places of all columns, by the columns' names
	usesRow      bool
}

type named struct {
	name string
	evaluator
}

type traitsPlan struct {
	when, time evaluator
	set        objectTemplate
}

type interactionPlan struct {
	id         string
	event      evaluator
	each       string // name of a list; "": once
	eachSorted []string
	when, time evaluator
	key        []evaluator // nil: the whole row, or the group's columns
	ownKey     bool        // the key is the interaction's own, so the row of each is not added
	amount     evaluator
	currency   evaluator
	properties objectTemplate
	context    objectTemplate
}

// binder binds the steps of a mapping to the files at hand.
type binder struct {
	*compiler
	inputs map[string]*input
	tables []*table
}

func (b *binder) plan(st *step) (*plan, error) {
	p := &plan{step: st, in: b.inputs[st.Rows.name], usesRow: st.mentionsRow()}
	if p.in == nil {
		return p, b.body(p, documentScope(b.functions))
	}
	header := p.in.header
	p.sorted = sortedPlaces(header)
	columns := rowType(header)
	sc := &scope{names: rowType(header), lists: map[string]types.Map{}, columns: []string{p.in.describe()}, known: map[string]bool{}}
	sc.functions = b.functions
	for _, c := range header {
		sc.known[c] = true
		if b.functions[c] {
			delete(sc.names, c)
			sc.hidden = append(sc.hidden, c)
		}
	}
	sc.names["row"] = columns
	var err error
	if p.where, err = b.condition(st.Where, sc); err != nil {
		return nil, err
	}
	if err := b.bindGroup(p, sc, columns); err != nil {
		return nil, err
	}
	if p.lookups, err = b.joins(st.Joins, p.in); err != nil {
		return nil, err
	}
	for _, l := range p.lookups {
		if err := sc.define(l.spec.File.at, l.as, l.typeOf()); err != nil {
			return nil, err
		}
		if l.spec.Many {
			sc.lists[l.as] = l.elements
		}
		sc.columns = append(sc.columns, describeLookup(l)...)
	}
	return p, b.body(p, sc)
}

// body compiles what a step makes of what its expressions see.
func (b *binder) body(p *plan, sc *scope) (err error) {
	st := p.step
	if p.where == nil {
		if p.where, err = b.condition(st.Where, sc); err != nil {
			return err
		}
	}
	for _, f := range st.Let {
		if err := b.let(p, sc, f); err != nil {
			return err
		}
	}
	for _, f := range st.Person {
		e, err := b.required(f.value, sc, "the identifier "+f.name)
		if err != nil {
			return err
		}
		if !identifierKind.MatchString(f.name) {
			return f.at.errorf("%q is not a kind of identifier: use user_id, email, phone, loyalty_card, anonymous_id, device or a word of your own in small letters", f.name)
		}
		p.person = append(p.person, named{f.name, e})
	}
	if p.traits, err = b.traits(st, sc); err != nil {
		return err
	}
	for i := range st.Interactions {
		ip, err := b.interaction(st, &st.Interactions[i], sc)
		if err != nil {
			return err
		}
		p.interactions = append(p.interactions, ip)
	}
	return nil
}

func (b *binder) bindGroup(p *plan, sc *scope, columns types.Map) error {
	g := p.step.Group
	if g == nil {
		return nil
	}
	for _, c := range g.By {
		i, err := p.in.column(c)
		if err != nil {
			return err
		}
		p.group = append(p.group, i)
	}
	sc.lists[g.As.name] = columns
	return sc.define(g.As.at, g.As.name, types.Array(columns))
}

func (b *binder) let(p *plan, sc *scope, f field) error {
	var e evaluator
	var t types.Type = types.Any
	var err error
	if f.value.kind == expressionValue {
		e, t, err = b.expression(f.value.at, f.value.expression, sc)
	} else {
		e, err = b.scalar(f.value, sc)
	}
	if err == nil {
		p.lets = append(p.lets, named{f.name, e})
		err = sc.define(f.at, f.name, t)
	}
	return err
}

func (l *lookup) typeOf() types.Type {
	if l.spec.Many {
		return types.Array(l.elements)
	}
	return l.elements
}

func describeLookup(l *lookup) []string {
	out := []string{l.as + " has " + strings.Join(l.table.in.header, ", ")}
	for _, n := range l.nested {
		for _, d := range describeLookup(n) {
			out = append(out, l.as+"."+d)
		}
	}
	return out
}

// define adds a name that the mapping makes to what expressions see.
func (s *scope) define(at position, name string, t types.Type) error {
	if !plainName.MatchString(name) {
		return at.errorf("%q is not a name made of letters, digits and _", name)
	}
	if _, taken := s.names[name]; taken || name == "it" || s.known[name] || s.functions[name] {
		return at.errorf("the name %q is taken, by a column, a function or another part of this step: choose another one", name)
	}
	s.names[name] = t
	return nil
}

func (b *binder) traits(st *step, sc *scope) (*traitsPlan, error) {
	if st.Traits == nil {
		return nil, nil
	}
	t := &traitsPlan{}
	var err error
	if t.when, err = b.condition(st.Traits.When, sc); err != nil {
		return nil, err
	}
	if t.set, err = b.object(st.Traits.Set, sc); err != nil {
		return nil, err
	}
	if len(t.set) == 0 {
		return nil, st.Rows.at.errorf("traits: needs set:, the names and values of what is known of the person")
	}
	if st.Traits.Time.kind == absent {
		return nil, st.Rows.at.errorf("traits: needs time:, since when they are known, such as =order_date")
	}
	t.time, err = b.required(st.Traits.Time, sc, "time:")
	return t, err
}

func (b *binder) interaction(st *step, spec *interaction, sc *scope) (*interactionPlan, error) {
	ip := &interactionPlan{id: spec.ID, each: spec.Each.name, ownKey: spec.Key.kind != absent}
	if ip.each != "" {
		element, ok := sc.lists[ip.each]
		switch {
		case ok:
			sc = sc.with("it", element)
			ip.eachSorted = b.ownColumns(st, ip.each)
		case sc.document:
			sc = sc.with("it", types.Any)
		default:
			return nil, spec.Each.at.errorf("%q is not a list of this step: each: takes the name of a join with many: true, or of the group's rows", ip.each)
		}
	}
	var err error
	if ip.event, err = b.scalar(spec.Event, sc); err != nil {
		return nil, err
	}
	if ip.when, err = b.condition(spec.When, sc); err != nil {
		return nil, err
	}
	if ip.time, err = b.required(spec.Time, sc, "time:"); err != nil {
		return nil, err
	}
	key := spec.Key
	if key.kind == absent {
		key = st.Key
	}
	if ip.key, err = b.key(key, sc); err != nil {
		return nil, err
	}
	if spec.Money != nil {
		if err := b.money(ip, spec.Money, sc); err != nil {
			return nil, err
		}
	}
	if ip.properties, err = b.object(spec.Properties, sc); err != nil {
		return nil, err
	}
	for _, f := range spec.Properties {
		if spec.Money != nil && (f.name == "revenue" || f.name == "currency") {
			return nil, f.at.errorf("money: already gives the property %s", f.name)
		}
	}
	ip.context, err = b.object(spec.Context, sc)
	return ip, err
}

// ownColumns gives the columns of a list's rows, sorted.
func (b *binder) ownColumns(st *step, list string) []string {
	in := b.inputs[st.Rows.name]
	for _, j := range st.Joins {
		if j.As.name == list || j.As.name == "" && j.File.name == list {
			in = b.inputs[j.File.name]
		}
	}
	return slices.Sorted(slices.Values(in.header))
}

func (b *binder) key(v value, sc *scope) ([]evaluator, error) {
	parts := v.list
	switch v.kind {
	case absent:
		return nil, nil
	case expressionValue:
		parts = []value{v}
	case listValue:
	default:
		return nil, v.at.errorf("key: needs expressions, such as [=order_id]")
	}
	var out []evaluator
	for _, part := range parts {
		e, err := b.required(part, sc, "key:")
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func (b *binder) money(ip *interactionPlan, spec *money, sc *scope) (err error) {
	if ip.amount, err = b.required(spec.Amount, sc, "amount:"); err != nil {
		return err
	}
	switch {
	case spec.Currency.kind == absent && b.settings.currency == "":
		return spec.Amount.at.errorf("the currency is not stated: set currency: here or in defaults:")
	case spec.Currency.kind == absent:
		ip.currency = constantOf{b.settings.currency}
		return nil
	}
	ip.currency, err = b.scalar(spec.Currency, sc)
	return err
}

// mentionsRow tells whether any expression may use the name row.
func (st *step) mentionsRow() bool {
	return strings.Contains(fmt.Sprintf("%+v", st.expressions()), "row")
}

// expressions collects the texts of a step's expressions.
func (st *step) expressions() []string {
	var out []string
	var visit func(v value)
	visit = func(v value) {
		out = append(out, v.expression)
		if text, ok := v.constant.(string); ok {
			out = append(out, text) // conditions are written without "="
		}
		for _, f := range v.fields {
			visit(f.value)
		}
		for _, item := range v.list {
			visit(item)
		}
		if v.each != nil {
			visit(v.each.over)
			visit(v.each.item)
		}
	}
	object := func(fs fields) { visit(value{fields: fs}) }
	visit(st.Where)
	visit(st.Key)
	object(st.Let)
	object(st.Person)
	if st.Traits != nil {
		visit(st.Traits.When)
		visit(st.Traits.Time)
		object(st.Traits.Set)
	}
	for _, i := range st.Interactions {
		for _, v := range []value{i.Event, i.When, i.Time, i.Key} {
			visit(v)
		}
		if i.Money != nil {
			visit(i.Money.Amount)
			visit(i.Money.Currency)
		}
		object(i.Properties)
		object(i.Context)
	}
	return out
}

func sortedPlaces(header []string) []int {
	places := make([]int, len(header))
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(a, b int) int { return strings.Compare(header[a], header[b]) })
	return places
}
