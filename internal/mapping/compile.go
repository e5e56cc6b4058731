package mapping

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// scope is what expressions see at one place of the mapping.
type scope struct {
	names types.Map
	// lists are those names that stand for lists of rows, with a row's type.
	lists map[string]types.Map
	// columns are all columns in sight, by the place they are in, for messages.
	columns []string
	known   map[string]bool // the columns of the walked rows
	// hidden columns are called like a function: a plain name means them only
	// when it is the whole expression.
	hidden    []string
	document  bool // names are those of a document: any, of any type
	functions map[string]bool
}

func (s *scope) with(name string, t types.Type) *scope {
	c := *s
	c.names = maps.Clone(s.names)
	c.names[name] = t
	return &c
}

// rowType is the type of a row: every column a text.
func rowType(header []string) types.Map {
	t := make(types.Map, len(header))
	for _, c := range header {
		t[c] = types.String
	}
	return t
}

// compiler turns the texts of a mapping into what can be run.
type compiler struct {
	settings  settings
	options   []expr.Option
	functions map[string]bool
}

func newCompiler(d defaults) (*compiler, error) {
	s, err := d.settings()
	return &compiler{settings: s, options: append(s.functions(), expr.MaxNodes(maxNodes)), functions: functionNames()}, err
}

var (
	bareName   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	bareMember = regexp.MustCompile(`^(it)\.([A-Za-z_][A-Za-z0-9_]*)$`)
)

// expression compiles text and tells the type of what it gives.
func (c *compiler) expression(at position, text string, sc *scope, more ...expr.Option) (evaluator, types.Type, error) {
	if len(text) > maxExpression {
		return nil, nil, at.errorf("this expression is longer than %d characters", maxExpression)
	}
	if sc.known[text] && bareName.MatchString(text) && len(more) == 0 {
		return columnOf(text), types.String, nil
	}
	options := append(slices.Clone(c.options), expr.Env(sc.names))
	program, err := expr.Compile(text, append(options, more...)...)
	if err != nil {
		return nil, nil, sc.explain(at, text, err)
	}
	given := typeOf(program.Node().Type())
	if _, ok := sc.names[text]; ok && bareName.MatchString(text) {
		return columnOf(text), given, nil
	}
	if m := bareMember.FindStringSubmatch(text); m != nil {
		return memberOf{m[1], m[2]}, given, nil
	}
	return programOf{program}, given, nil
}

func typeOf(t reflect.Type) types.Type {
	switch t {
	case reflect.TypeFor[string]():
		return types.String
	case reflect.TypeFor[bool]():
		return types.Bool
	case reflect.TypeFor[int]():
		return types.Int
	case reflect.TypeFor[Decimal]():
		return types.TypeOf(Decimal{})
	case reflect.TypeFor[time.Time]():
		return types.TypeOf(time.Time{})
	}
	return types.Any
}

// explain says what is wrong with an expression, and for an unknown column
// which ones there are.
func (s *scope) explain(at position, text string, err error) error {
	message := err.Error()
	var drawn *file.Error
	if errors.As(err, &drawn) {
		message = drawn.Message
	}
	message = strings.ReplaceAll(message, "mapping.Decimal", "number")
	for _, column := range s.hidden {
		if regexp.MustCompile(`\b` + column + `\b`).MatchString(text) {
			message += fmt.Sprintf(". The column %q is called like a function: write row[%q] for it", column, column)
		}
	}
	if strings.HasPrefix(message, "unknown name") || strings.HasPrefix(message, "unknown field") {
		return at.errorf("%s. There are: %s", message, strings.Join(s.columns, "; "))
	}
	return at.errorf("%s", message)
}

// condition compiles a yes-or-no expression, with or without its "=". An absent
// one is nil.
func (c *compiler) condition(v value, sc *scope) (evaluator, error) {
	text := v.expression
	switch v.kind {
	case absent:
		return nil, nil
	case constantValue:
		text = fmt.Sprint(v.constant)
	case expressionValue:
	default:
		return nil, v.at.errorf("a condition is expected here, such as status == \"delivered\"")
	}
	e, _, err := c.expression(v.at, text, sc, expr.AsBool())
	return e, err
}

// scalar compiles a constant or an expression.
func (c *compiler) scalar(v value, sc *scope) (evaluator, error) {
	switch v.kind {
	case constantValue:
		if err := sc.forgotten(v); err != nil {
			return nil, err
		}
		return constantOf{v.constant}, nil
	case expressionValue:
		e, _, err := c.expression(v.at, v.expression, sc)
		return e, err
	}
	return nil, v.at.errorf("a constant or an expression (=...) is expected here")
}

// required compiles an expression where a constant would make no sense.
func (c *compiler) required(v value, sc *scope, what string) (evaluator, error) {
	if v.kind != expressionValue {
		return nil, v.at.errorf("%s needs an expression, such as =column", what)
	}
	return c.scalar(v, sc)
}

// forgotten catches the constant that was meant to be a column.
func (s *scope) forgotten(v value) error {
	text, ok := v.constant.(string)
	if !ok || !s.known[text] {
		return nil
	}
	return v.at.errorf("%q is the name of a column: write =%s for its value, or =%q for the word itself", text, columnExpression(text), text)
}

func columnExpression(column string) string {
	if bareName.MatchString(column) {
		return column
	}
	return fmt.Sprintf("row[%q]", column)
}

// template makes JSON out of what a row offers.
type template interface {
	// render appends JSON, or tells that there is nothing to say.
	render(dst []byte, machine *vm.VM, env map[string]any) ([]byte, bool, error)
}

type scalarTemplate struct{ evaluator }

func (t scalarTemplate) render(dst []byte, machine *vm.VM, env map[string]any) ([]byte, bool, error) {
	v, err := t.eval(machine, env)
	if err != nil || blank(v) {
		return dst, false, err
	}
	dst, err = appendJSON(dst, v)
	return dst, err == nil, err
}

type objectTemplate []member

type member struct {
	name string
	key  []byte // "name":
	template
}

func (t objectTemplate) render(dst []byte, machine *vm.VM, env map[string]any) ([]byte, bool, error) {
	dst = append(dst, '{')
	some := false
	for _, m := range t {
		before := len(dst)
		if some {
			dst = append(dst, ',')
		}
		dst = append(dst, m.key...)
		out, said, err := m.render(dst, machine, env)
		if err != nil {
			return dst, false, about(m.name, err)
		}
		if !said {
			dst = out[:before]
			continue
		}
		dst, some = out, true
	}
	return append(dst, '}'), some, nil
}

type listTemplate []template

func (t listTemplate) render(dst []byte, machine *vm.VM, env map[string]any) ([]byte, bool, error) {
	dst = append(dst, '[')
	some := false
	for _, item := range t {
		var err error
		if dst, some, err = renderItem(dst, item, some, machine, env); err != nil {
			return dst, false, err
		}
	}
	return append(dst, ']'), some, nil
}

func renderItem(dst []byte, item template, some bool, machine *vm.VM, env map[string]any) ([]byte, bool, error) {
	before := len(dst)
	if some {
		dst = append(dst, ',')
	}
	out, said, err := item.render(dst, machine, env)
	if err != nil || !said {
		return out[:before], some, err
	}
	return out, true, nil
}

type loopTemplate struct {
	over evaluator
	item template
}

func (t loopTemplate) render(dst []byte, machine *vm.VM, env map[string]any) ([]byte, bool, error) {
	v, err := t.over.eval(machine, env)
	if err != nil {
		return dst, false, err
	}
	list, ok := v.([]any)
	if !ok {
		return dst, false, fmt.Errorf("each: needs a list, the expression gives a %s", kindName(v))
	}
	outer, had := env["it"]
	defer func() {
		if had {
			env["it"] = outer
		} else {
			delete(env, "it")
		}
	}()
	dst = append(dst, '[')
	some := false
	for _, it := range list {
		env["it"] = it
		if dst, some, err = renderItem(dst, t.item, some, machine, env); err != nil {
			return dst, false, err
		}
	}
	return append(dst, ']'), some, nil
}

func (c *compiler) template(v value, sc *scope) (template, error) {
	switch v.kind {
	case absent:
		return scalarTemplate{constantOf{nil}}, nil
	case objectValue:
		return c.object(v.fields, sc)
	case listValue:
		var out listTemplate
		for _, item := range v.list {
			t, err := c.template(item, sc)
			if err != nil {
				return nil, err
			}
			out = append(out, t)
		}
		return out, nil
	case loopValue:
		return c.loop(v, sc)
	}
	e, err := c.scalar(v, sc)
	return scalarTemplate{e}, err
}

func (c *compiler) object(fs fields, sc *scope) (objectTemplate, error) {
	out := make(objectTemplate, 0, len(fs))
	for _, f := range fs {
		t, err := c.template(f.value, sc)
		if err != nil {
			return nil, err
		}
		out = append(out, member{f.name, append(appendString(nil, f.name), ':'), t})
	}
	return out, nil
}

// loop compiles each: and item:. Each may be the plain name of a list, or an
// expression that gives one.
func (c *compiler) loop(v value, sc *scope) (template, error) {
	over := v.each.over
	text := over.expression
	if name, ok := over.constant.(string); ok {
		text = name
	}
	e, given, err := c.expression(over.at, text, sc)
	if err != nil {
		return nil, err
	}
	if given != types.Any { // lists are not told apart further
		return nil, over.at.errorf("each: needs a list, such as the rows of the group or of a join with many: true")
	}
	inner := sc.with("it", types.Any)
	if element, ok := sc.lists[text]; ok {
		inner = sc.with("it", element)
	}
	item, err := c.template(v.each.item, inner)
	return loopTemplate{e, item}, err
}
