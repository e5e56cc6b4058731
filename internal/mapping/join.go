package mapping

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/types"
)

// table is a joined file in memory, found by the values of some columns.
type table struct {
	in     *input
	keys   []int // places of the key's columns
	many   bool
	rows   []row
	index  map[string][]int32
	broken map[string]Reason // key -> what is wrong with a row that had it
	used   []bool
}

// lookup finds the rows of a table that belong to a row.
type lookup struct {
	table    *table
	as       string
	ours     []int // places of the columns that hold the key
	spec     *join
	nested   []*lookup
	nothing  map[string]any // a row of blanks, where there is none
	elements types.Map
}

// keyOf joins the cells that make a key.
func keyOf(cells []string, places []int) string {
	if len(places) == 1 {
		return cells[places[0]]
	}
	parts := make([]string, len(places))
	for i, p := range places {
		parts[i] = cells[p]
	}
	return strings.Join(parts, "\x00")
}

// readableKey gives the key of a damaged row, where its cells are there whole.
func readableKey(cells []string, places []int) (string, bool) {
	for _, p := range places {
		if p >= len(cells)-1 {
			return "", false
		}
	}
	return keyOf(cells, places), true
}

// rejecter takes what cannot be used.
type rejecter interface {
	rejectRow(row, ...Reason) error
	rejectDamage(*input, int, *damage) error
}

// load reads a table. Damaged rows are rejected, and their keys remembered: a
// row that lacks one of its parts would tell half the truth for ever.
func (t *table) load(ctx context.Context, count func(int), out rejecter) error {
	t.index, t.broken = map[string][]int32{}, map[string]Reason{}
	err := t.in.walk(ctx, count, func(r row) error {
		key := keyOf(r.cells, t.keys)
		have := t.index[key]
		if !t.many && len(have) > 0 {
			first := t.rows[have[0]]
			if slices.Equal(first.cells, r.cells) {
				return nil
			}
			return out.rejectRow(r, reason("join.again", "line %s has the same %s and is used instead", strconv.FormatInt(first.line, 10), t.keyNames()))
		}
		t.index[key] = append(have, int32(len(t.rows)))
		t.rows = append(t.rows, r)
		return nil
	}, func(doc int, d *damage) error {
		if key, ok := readableKey(d.cells, t.keys); ok {
			t.broken[key] = reason("join.damaged", "line %s of %s is damaged", strconv.FormatInt(d.line, 10), t.in.docs[doc].name)
		}
		return out.rejectDamage(t.in, doc, d)
	})
	t.used = make([]bool, len(t.rows))
	return err
}

func (t *table) keyNames() string {
	names := make([]string, len(t.keys))
	for i, p := range t.keys {
		names[i] = t.in.header[p]
	}
	return strings.Join(names, ", ")
}

// mark notes that the rows of this key have somebody they belong to.
func (l *lookup) mark(cells []string) {
	for _, i := range l.table.index[keyOf(cells, l.ours)] {
		l.table.used[i] = true
	}
}

// find gives a row, or a list of rows where the join has many.
func (l *lookup) find(cells []string) (any, error) {
	key := keyOf(cells, l.ours)
	if cause, ok := l.table.broken[key]; ok {
		r := reason("join.incomplete", "what belongs to it is incomplete")
		r.Cause = &cause
		return nil, r
	}
	found := l.table.index[key]
	if key == "" {
		found = nil
	}
	if len(found) == 0 && l.spec.Required {
		return nil, reason("join.none", "%s has no row with %s %s", l.table.in.name, l.table.keyNames(), quote(key))
	}
	if !l.spec.Many {
		if len(found) == 0 {
			return l.nothing, nil
		}
		return l.row(l.table.rows[found[0]])
	}
	list := make([]any, len(found))
	for i, n := range found {
		object, err := l.row(l.table.rows[n])
		if err != nil {
			return nil, err
		}
		list[i] = object
	}
	return list, nil
}

func (l *lookup) row(r row) (map[string]any, error) {
	object := make(map[string]any, len(r.cells)+len(l.nested))
	for i, c := range l.table.in.header {
		object[c] = r.cells[i]
	}
	for _, n := range l.nested {
		v, err := n.find(r.cells)
		if err != nil {
			return nil, err
		}
		object[n.as] = v
	}
	return object, nil
}

// orphans rejects the rows of a list that belong to no row that was walked.
func (l *lookup) orphans(walked string, out rejecter) error {
	for i, r := range l.table.rows {
		if l.table.used[i] {
			continue
		}
		if err := out.rejectRow(r, reason("join.orphan", "no row of %s has the %s %s", walked, l.table.keyNames(), quote(keyOf(r.cells, l.table.keys)))); err != nil {
			return err
		}
	}
	return nil
}

// join compiles the joins of a row with the given header.
func (b *binder) joins(specs []join, parent *input) ([]*lookup, error) {
	var out []*lookup
	for i := range specs {
		spec := &specs[i]
		in := b.inputs[spec.File.name]
		l := &lookup{as: spec.As.name, spec: spec}
		if l.as == "" {
			l.as = spec.File.name
		}
		if !plainName.MatchString(l.as) {
			return nil, spec.As.at.errorf("%q is not a name made of letters, digits and _", l.as)
		}
		var keys []int
		for _, p := range spec.On {
			theirs, err := in.column(p.theirs)
			if err != nil {
				return nil, err
			}
			ours, err := parent.column(p.ours)
			if err != nil {
				return nil, err
			}
			keys, l.ours = append(keys, theirs), append(l.ours, ours)
		}
		l.table = b.table(in, keys, spec.Many)
		nested, err := b.joins(spec.Joins, in)
		if err != nil {
			return nil, err
		}
		l.nested, l.elements, l.nothing = nested, rowType(in.header), map[string]any{}
		for _, c := range in.header {
			l.nothing[c] = ""
		}
		for _, n := range nested {
			if slices.Contains(in.header, n.as) {
				return nil, n.spec.As.at.errorf("%s has a column %q: give the join another name with as:", in.name, n.as)
			}
			l.elements[n.as], l.nothing[n.as] = n.elements, n.nothing
		}
		out = append(out, l)
	}
	return out, nil
}

// table shares one copy of a file that several joins look up in the same way.
func (b *binder) table(in *input, keys []int, many bool) *table {
	for _, t := range b.tables {
		if t.in == in && t.many == many && slices.Equal(t.keys, keys) {
			return t
		}
	}
	t := &table{in: in, keys: keys, many: many}
	b.tables = append(b.tables, t)
	return t
}

// column finds the place of a column that the mapping names.
func (in *input) column(p place) (int, error) {
	i := slices.Index(in.header, p.name)
	if i < 0 {
		return 0, p.at.errorf("there is no column %q; %s", p.name, in.describe())
	}
	return i, nil
}

// describe lists a file's columns for a message.
func (in *input) describe() string {
	return in.name + " has the columns " + strings.Join(in.header, ", ")
}
