package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/vm"

	"regia/internal/experience"
)

// mapper makes items of rows. It belongs to one goroutine.
type mapper struct {
	name     string
	settings settings
	rejects  rejecter
	machine  vm.VM
	emit     func(Item) error
	// A dry run stops when made() reaches enough.
	enough int
	made   func() int

	plan        *plan
	document    map[string]any // what a mapping without files sees
	env         map[string]any
	people      map[experience.ID]struct{}
	occurrences map[uint64]uint32 // how often a key came, by hash
	traits      map[experience.ID]*Item
	scratch     []byte
	line        []byte

	interactions, profiles int64
}

func newMapper(name string, s settings, out rejecter) *mapper {
	return &mapper{name: name, settings: s, rejects: out, people: map[experience.ID]struct{}{}, occurrences: map[uint64]uint32{}}
}

// begin turns to a step.
func (m *mapper) begin(p *plan) {
	m.plan, m.env, m.traits = p, map[string]any{}, map[experience.ID]*Item{}
}

// see puts a row's columns before the expressions.
func (m *mapper) see(one row) {
	clear(m.env)
	for i, c := range m.plan.in.header {
		m.env[c] = one.cells[i]
	}
	if m.plan.usesRow {
		m.env["row"] = m.object(one)
	}
}

func (m *mapper) object(one row) map[string]any {
	object := make(map[string]any, len(one.cells))
	for i, c := range m.plan.in.header {
		object[c] = one.cells[i]
	}
	return object
}

func (m *mapper) wanted(one row) (bool, error) {
	m.see(one)
	return m.holds(m.plan.where)
}

// holds evaluates a condition; an absent one holds.
func (m *mapper) holds(condition evaluator) (bool, error) {
	if condition == nil {
		return true, nil
	}
	v, err := condition.eval(&m.machine, m.env)
	if err != nil {
		return false, err
	}
	yes, ok := v.(bool)
	if !ok {
		return false, fmt.Errorf("the condition gives a %s instead of yes or no", kindName(v))
	}
	return yes, nil
}

// unit makes the items of one row, or of the rows of one group. What is wrong
// with it goes to rejected.csv; only what ends the import is returned.
func (m *mapper) unit(rows []row) error {
	m.see(rows[0])
	var failures []Reason
	ended := m.items(rows, func(what string, err error) {
		failures = append(failures, reasonOf(about(what, err)))
	})
	if len(failures) > 0 {
		for _, one := range rows {
			if err := m.rejects.rejectRow(one, failures...); err != nil {
				return err
			}
		}
	}
	if ended == nil && m.enough > 0 && m.made()+len(m.traits) >= m.enough {
		return errors.Join(m.flushTraits(), errEnough)
	}
	return ended
}

func (m *mapper) items(rows []row, fail func(string, error)) error {
	p := m.plan
	if p.group != nil {
		list := make([]any, len(rows))
		for i, one := range rows {
			list[i] = m.object(one)
		}
		m.env[p.step.Group.As.name] = list
	}
	for _, l := range p.lookups {
		found, err := l.find(rows[0].cells)
		if err != nil {
			fail("", err)
			return nil
		}
		m.env[l.as] = found
	}
	for _, let := range p.lets {
		v, err := let.eval(&m.machine, m.env)
		if err != nil {
			fail(let.name, err)
			return nil
		}
		m.env[let.name] = v
	}
	person, key, err := m.person()
	if err != nil {
		fail("", err)
		return nil
	}
	m.people[key] = struct{}{}
	person.origin = rows
	if err := m.learn(person, key); err != nil {
		fail("traits", err)
	}
	for _, ip := range p.interactions {
		if err := m.interact(ip, person, rows, fail); err != nil {
			return err
		}
	}
	return nil
}

// person finds the identifiers, and a hash of them.
func (m *mapper) person() (Item, experience.ID, error) {
	var item Item
	parts := make([]string, 0, 8)
	for _, id := range m.plan.person {
		text, err := m.text(id.evaluator)
		if err != nil {
			return item, experience.ID{}, about(id.name, err)
		}
		if text == "" {
			continue
		}
		parts = append(parts, id.name, text)
		switch kind := experience.IdentifierKind(id.name); kind {
		case experience.UserID:
			item.UserID = text
		case experience.AnonymousID:
			item.AnonymousID = text
		default:
			item.Identifiers = append(item.Identifiers, experience.Identifier{Kind: kind, Value: text})
		}
	}
	if len(parts) == 0 {
		return item, experience.ID{}, reason("nobody", "it names nobody: every identifier of person: is empty")
	}
	return item, m.id(parts...), nil
}

func (m *mapper) text(e evaluator) (string, error) {
	v, err := e.eval(&m.machine, m.env)
	if err != nil {
		return "", err
	}
	text, err := textOf(v)
	return strings.TrimSpace(text), err
}

// id derives an id from the mapping's name and parts, the same for ever.
func (m *mapper) id(parts ...string) experience.ID {
	return experience.HashID([]byte("regia import 1"), append([]string{m.name}, parts...)...)
}

// learn remembers the person's traits until the step ends: of each distinct
// set the latest, so that the order of the rows does not matter.
func (m *mapper) learn(person Item, key experience.ID) error {
	t := m.plan.traits
	if t == nil {
		return nil
	}
	if yes, err := m.holds(t.when); err != nil || !yes {
		return err
	}
	var some bool
	var err error
	m.scratch, some, err = t.set.render(m.scratch[:0], &m.machine, m.env)
	if err != nil || !some {
		return err
	}
	when, err := m.time(t.time)
	if err != nil {
		return err
	}
	id := m.id("traits", key.String(), string(m.scratch))
	if known := m.traits[id]; known != nil {
		if when.After(known.Time) {
			known.Time = when
		}
		return nil
	}
	person.Type, person.Time, person.Traits = experience.Identify, when, slices.Clone(m.scratch)
	person.MessageID = id.String() // until flushTraits knows the time
	person.origin = person.origin[:min(1, len(person.origin))]
	m.traits[id] = &person
	return nil
}

// flushTraits hands on what was learned of people, the oldest first.
func (m *mapper) flushTraits() error {
	items := make([]*Item, 0, len(m.traits))
	for _, item := range m.traits {
		items = append(items, item)
	}
	m.traits = map[experience.ID]*Item{}
	slices.SortFunc(items, func(a, b *Item) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return strings.Compare(a.MessageID, b.MessageID)
	})
	for _, item := range items {
		item.MessageID = m.id("identify", item.MessageID, item.Time.UTC().Format(timeLayout)).String()
		m.profiles++
		if err := m.emit(*item); err != nil {
			return err
		}
	}
	return nil
}

func (m *mapper) time(e evaluator) (time.Time, error) {
	v, err := e.eval(&m.machine, m.env)
	if err != nil {
		return time.Time{}, err
	}
	t, err := m.settings.toTime(v)
	if err == nil && t.IsZero() {
		err = reason("time.empty", "the time is empty; where that is normal, say when: it happened")
	}
	return t.UTC().Truncate(time.Microsecond), err
}

// interact makes the items of one interaction: one, or one for every row of
// its list.
func (m *mapper) interact(ip *interactionPlan, person Item, rows []row, fail func(string, error)) error {
	list := []any{nil}
	if ip.each != "" {
		list, _ = m.env[ip.each].([]any)
		defer delete(m.env, "it")
	}
	for _, it := range list {
		if ip.each != "" {
			m.env["it"] = it
		}
		yes, err := m.holds(ip.when)
		if err != nil {
			fail(ip.id+": when", err)
			continue
		}
		if !yes {
			continue
		}
		item := person
		if err := m.complete(&item, ip, rows); err != nil {
			fail(ip.id, err)
			continue
		}
		m.interactions++
		if err := m.emit(item); err != nil {
			return err
		}
	}
	return nil
}

func (m *mapper) complete(item *Item, ip *interactionPlan, rows []row) error {
	var err error
	item.Type = experience.Track
	if item.Event, err = m.text(ip.event); err != nil || item.Event == "" {
		if err == nil {
			err = reason("unnamed", "the event has no name")
		}
		return err
	}
	if item.Time, err = m.time(ip.time); err != nil {
		return about("time", err)
	}
	if item.Properties, err = m.properties(ip); err != nil {
		return err
	}
	var some bool
	if m.scratch, some, err = ip.context.render(m.scratch[:0], &m.machine, m.env); err != nil {
		return about("context", err)
	} else if some {
		item.Context = slices.Clone(m.scratch)
	}
	if err := m.identify(item, ip, rows); err != nil {
		return about("key", err)
	}
	if m.line = item.AppendJSON(m.line[:0]); len(m.line) > MaxItemBytes {
		return reason("size", "this makes an interaction of %s KB, the limit is %s KB", strconv.Itoa(len(m.line)>>10), strconv.Itoa(MaxItemBytes>>10))
	}
	return nil
}

// properties renders the properties with the money among them.
func (m *mapper) properties(ip *interactionPlan) ([]byte, error) {
	var some bool
	var err error
	if m.scratch, some, err = ip.properties.render(m.scratch[:0], &m.machine, m.env); err != nil {
		return nil, err
	}
	if ip.amount != nil {
		amount, code, err := m.money(ip)
		if err != nil {
			return nil, about("money", err)
		}
		if amount.present {
			m.scratch = m.scratch[:len(m.scratch)-1]
			if some {
				m.scratch = append(m.scratch, ',')
			}
			m.scratch = append(m.scratch, `"revenue":`...)
			m.scratch = amount.append(m.scratch)
			m.scratch = append(appendMember(m.scratch, "currency", code), '}')
			some = true
		}
	}
	if !some {
		return nil, nil
	}
	return slices.Clone(m.scratch), nil
}

// money gives the amount rounded to what the currency has, and the currency.
func (m *mapper) money(ip *interactionPlan) (Decimal, string, error) {
	v, err := ip.amount.eval(&m.machine, m.env)
	if err != nil {
		return Decimal{}, "", err
	}
	amount, err := toDecimal(v, m.settings.style)
	if err != nil || !amount.present {
		return Decimal{}, "", err
	}
	code, err := m.text(ip.currency)
	if err != nil {
		return Decimal{}, "", err
	}
	digits, err := minorDigits(code)
	return amount.Round(digits), code, err
}

// identify gives the item its message id: mapping, interaction, key and, from
// the second time the same key comes, its occurrence.
func (m *mapper) identify(item *Item, ip *interactionPlan, rows []row) error {
	parts := append(make([]string, 0, 16), "track", ip.id)
	parts, unique, err := m.key(parts, ip, rows)
	if err != nil {
		return err
	}
	id := m.id(parts...)
	if !unique {
		hash := uint64(0)
		for _, b := range id[:8] {
			hash = hash<<8 | uint64(b)
		}
		n := m.occurrences[hash]
		m.occurrences[hash] = n + 1
		if n > 0 {
			id = m.id(append(parts, "occurrence", strconv.FormatUint(uint64(n), 10))...)
		}
	}
	item.MessageID = id.String()
	return nil
}

// key collects the parts of the key: those that the mapping states; else the
// group's columns; else every cell of the row, by the columns' names. To one
// of a list, the cells of its own row are added.
func (m *mapper) key(parts []string, ip *interactionPlan, rows []row) (out []string, unique bool, err error) {
	p := m.plan
	switch {
	case ip.key != nil:
		some := false
		for _, e := range ip.key {
			text, err := m.text(e)
			if err != nil {
				return nil, false, err
			}
			some = some || text != ""
			parts = append(parts, text)
		}
		if !some {
			return nil, false, reason("key", "every part of the key is empty")
		}
	case p.in == nil:
		text, err := documentKey(m.document)
		if err != nil {
			return nil, false, err
		}
		parts = append(parts, text)
	case p.group != nil:
		parts = append(parts, p.groupKey(rows[0])...)
		unique = ip.each == ""
	default:
		for _, i := range p.sorted {
			parts = append(parts, p.in.header[i], rows[0].cells[i])
		}
	}
	if ip.each != "" && !ip.ownKey && p.in == nil {
		text, err := documentKey(m.env["it"])
		return append(parts, text), false, err
	}
	if ip.each != "" && !ip.ownKey {
		object, _ := m.env["it"].(map[string]any)
		for _, c := range ip.eachSorted {
			text, _ := object[c].(string)
			parts = append(parts, c, text)
		}
	}
	return parts, unique, nil
}
