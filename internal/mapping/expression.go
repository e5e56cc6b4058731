package mapping

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
)

// Bounds of an expression. What it may do is bounded by the language: it has no
// assignments, no loops but over lists, and a memory budget.
const (
	maxExpression = 4096 // bytes
	maxNodes      = 1000
)

// evaluator gives a value out of what a row offers.
type evaluator interface {
	eval(machine *vm.VM, env map[string]any) (any, error)
}

// A constant gives itself.
type constantOf struct{ value any }

func (c constantOf) eval(*vm.VM, map[string]any) (any, error) { return c.value, nil }

// columnOf is an expression that is no more than a name.
type columnOf string

func (c columnOf) eval(_ *vm.VM, env map[string]any) (any, error) { return env[string(c)], nil }

// memberOf is an expression that is no more than it.column.
type memberOf struct{ of, name string }

func (m memberOf) eval(_ *vm.VM, env map[string]any) (any, error) {
	object, _ := env[m.of].(map[string]any)
	return object[m.name], nil
}

type programOf struct{ program *vm.Program }

func (p programOf) eval(machine *vm.VM, env map[string]any) (any, error) {
	v, err := machine.Run(p.program, env)
	if err != nil {
		return nil, shorten(err)
	}
	return v, nil
}

// shorten keeps of an expression's error what was wrong, without its drawing.
func shorten(err error) error {
	if r, ok := errors.AsType[Reason](err); ok {
		return r
	}
	var drawn *file.Error
	if errors.As(err, &drawn) {
		return errors.New(drawn.Message)
	}
	return err
}

// functions gives the vocabulary of expressions: what they know beside the
// operators and the text and list functions of the expression language. What
// depends on the moment (now) or on the machine is taken out.
func (s settings) functions() []expr.Option {
	var out []expr.Option
	for _, name := range removedFunctions() {
		out = append(out, expr.DisableBuiltin(name))
	}
	out = append(out, operators()...)
	return append(out,
		expr.Function("number", s.number, new(func(string) Decimal), new(func(Decimal) Decimal), new(func(int) Decimal), new(func(string, string) Decimal), new(func(any) Decimal)),
		expr.Function("total", s.total, new(func([]any) Decimal)),
		expr.Function("round", round, new(func(Decimal, int) Decimal)),
		expr.Function("abs", absolute, new(func(Decimal) Decimal)),
		expr.Function("time", s.time, new(func(string) time.Time), new(func(time.Time) time.Time), new(func(string, string) time.Time), new(func(any) time.Time)),
		expr.Function("earliest", s.extreme(time.Time.Before), new(func(...any) time.Time)),
		expr.Function("latest", s.extreme(time.Time.After), new(func(...any) time.Time)),
		expr.Function("days", s.days, new(func(any, any) Decimal)),
		expr.Function("hours", s.hours, new(func(any, any) Decimal)),
		expr.Function("format", s.format, new(func(time.Time, string) string)),
		expr.Function("coalesce", coalesce, new(func(...string) string), new(func(...any) any)),
		expr.Function("has", func(p ...any) (any, error) { return !blank(p[0]), nil }, new(func(any) bool)),
		expr.Function("text", func(p ...any) (any, error) { return textOf(p[0]) }, new(func(any) string)),
	)
}

// removedFunctions are those of the language that depend on the moment or that
// reckon with floating point.
func removedFunctions() []string {
	return []string{
		"now", "date", "duration", "timezone", "int", "float", "abs", "ceil", "floor", "round",
		"sum", "mean", "median", "min", "max", "toJSON", "fromJSON", "toBase64", "fromBase64", "get",
	}
}

// functionNames are what may be called.
func functionNames() map[string]bool {
	names := map[string]bool{}
	for _, f := range builtin.Builtins {
		names[f.Name] = true
	}
	for _, name := range removedFunctions() {
		delete(names, name)
	}
	for _, name := range []string{"number", "total", "round", "abs", "time", "earliest", "latest", "days", "hours", "format", "coalesce", "has", "text"} {
		names[name] = true
	}
	return names
}

func (s settings) number(p ...any) (any, error) {
	style := s.style
	if len(p) == 2 {
		switch p[1] {
		case "point":
			style = decimalPoint
		case "comma":
			style = decimalComma
		default:
			return nil, fmt.Errorf("number() knows the styles \"point\" and \"comma\", not %v", p[1])
		}
	}
	return toDecimal(p[0], style)
}

func toDecimal(v any, style numberStyle) (Decimal, error) {
	switch v := v.(type) {
	case nil:
		return Decimal{}, nil
	case Decimal:
		return v, nil
	case string:
		return parseDecimal(v, style)
	case int:
		return Whole(int64(v)), nil
	case float64:
		return parseDecimal(strconv.FormatFloat(v, 'f', -1, 64), decimalPoint)
	}
	return Decimal{}, fmt.Errorf("a %s is not a number", kindName(v))
}

// total adds up a list, passing over what is absent; of an empty list it is 0.
func (s settings) total(p ...any) (any, error) {
	list, ok := p[0].([]any)
	if !ok {
		return nil, errors.New("total() adds up a list, such as total(map(lines, number(.price)))")
	}
	sum := Whole(0)
	for _, v := range list {
		d, err := toDecimal(v, s.style)
		if err == nil && d.present {
			sum, err = sum.Add(d)
		}
		if err != nil {
			return nil, err
		}
	}
	return sum, nil
}

func round(p ...any) (any, error) {
	d, ok := p[0].(Decimal)
	digits, whole := p[1].(int)
	if !ok || !whole {
		return nil, errors.New("round() takes a number() and how many decimals to keep")
	}
	return d.Round(digits), nil
}

func absolute(p ...any) (any, error) {
	d, ok := p[0].(Decimal)
	if !ok {
		return nil, errors.New("abs() takes a number()")
	}
	if d.Sign() < 0 {
		d = d.Negate()
	}
	return d, nil
}

func (s settings) time(p ...any) (any, error) {
	if len(p) < 2 {
		return s.toTime(p[0])
	}
	text, _ := p[0].(string)
	written, _ := p[1].(string)
	f, err := parseFormat(written)
	if err != nil {
		return nil, err
	}
	return layouts{s.layouts.zone, []format{f}}.parse(text)
}

func (s settings) toTime(v any) (time.Time, error) {
	switch v := v.(type) {
	case nil:
		return time.Time{}, nil
	case time.Time:
		return v, nil
	case string:
		return s.layouts.parse(v)
	}
	return time.Time{}, fmt.Errorf("a %s is not a time", kindName(v))
}

// extreme finds the first or the last of several times, or lists of times,
// passing over what is empty.
func (s settings) extreme(better func(time.Time, time.Time) bool) func(...any) (any, error) {
	return func(p ...any) (any, error) {
		var best time.Time
		for len(p) > 0 {
			if list, ok := p[0].([]any); ok {
				p = append(append([]any{}, list...), p[1:]...)
				continue
			}
			t, err := s.toTime(p[0])
			if err != nil {
				return nil, err
			}
			if !t.IsZero() && (best.IsZero() || better(t, best)) {
				best = t
			}
			p = p[1:]
		}
		return best, nil
	}
}

func (s settings) days(p ...any) (any, error) {
	from, to, err := s.span(p)
	if err != nil || from.IsZero() || to.IsZero() {
		return Decimal{}, err
	}
	return Whole(s.layouts.days(from, to)), nil
}

func (s settings) hours(p ...any) (any, error) {
	from, to, err := s.span(p)
	if err != nil || from.IsZero() || to.IsZero() {
		return Decimal{}, err
	}
	minutes := Whole(int64(to.Sub(from) / time.Minute))
	return divide(minutes, Whole(60), 2)
}

func (s settings) span(p []any) (from, to time.Time, err error) {
	if from, err = s.toTime(p[0]); err == nil {
		to, err = s.toTime(p[1])
	}
	return from, to, err
}

func (s settings) format(p ...any) (any, error) {
	t, ok := p[0].(time.Time)
	written, _ := p[1].(string)
	f, err := parseFormat(written)
	if err != nil || !ok || t.IsZero() {
		return "", err
	}
	return t.In(s.layouts.zone).Format(f.layout), nil
}

func coalesce(p ...any) (any, error) {
	for _, v := range p {
		if !blank(v) {
			return v, nil
		}
	}
	if len(p) > 0 {
		return p[len(p)-1], nil
	}
	return "", nil
}

// operators teach + - * / and the comparisons to reckon with exact numbers.
func operators() []expr.Option {
	var out []expr.Option
	arithmetic := []any{
		new(func(Decimal, Decimal) Decimal), new(func(Decimal, int) Decimal), new(func(int, Decimal) Decimal),
		new(func(Decimal, float64) Decimal), new(func(float64, Decimal) Decimal),
	}
	comparison := []any{
		new(func(Decimal, Decimal) bool), new(func(Decimal, int) bool), new(func(int, Decimal) bool),
		new(func(Decimal, float64) bool), new(func(float64, Decimal) bool),
	}
	define := func(sign, name string, types []any, reckon func(a, b Decimal) (any, error)) {
		out = append(out, expr.Operator(sign, name), expr.Function(name, func(p ...any) (any, error) {
			a, err := toDecimal(p[0], decimalPoint)
			if err != nil {
				return nil, err
			}
			b, err := toDecimal(p[1], decimalPoint)
			if err != nil {
				return nil, err
			}
			return reckon(a, b)
		}, types...))
	}
	define("+", "decimalAdd", arithmetic, func(a, b Decimal) (any, error) { return a.Add(b) })
	define("-", "decimalSubtract", arithmetic, func(a, b Decimal) (any, error) { return a.Add(b.Negate()) })
	define("*", "decimalMultiply", arithmetic, func(a, b Decimal) (any, error) { return a.Multiply(b) })
	define("/", "decimalDivide", arithmetic, func(a, b Decimal) (any, error) { return divide(a, b, 6) })
	for sign, holds := range map[string]func(int) bool{
		"<": func(c int) bool { return c < 0 }, "<=": func(c int) bool { return c <= 0 },
		">": func(c int) bool { return c > 0 }, ">=": func(c int) bool { return c >= 0 },
	} {
		define(sign, "decimal"+sign, comparison, func(a, b Decimal) (any, error) {
			return a.present && b.present && holds(a.Compare(b)), nil
		})
	}
	equal := func(a, b Decimal) bool { return a.present == b.present && (!a.present || a.Compare(b) == 0) }
	define("==", "decimalEqual", comparison, func(a, b Decimal) (any, error) { return equal(a, b), nil })
	define("!=", "decimalDiffer", comparison, func(a, b Decimal) (any, error) { return !equal(a, b), nil })
	return out
}

// divide rounds the quotient to some digits; it is absent when a side is.
func divide(a, b Decimal, digits int) (Decimal, error) {
	switch {
	case !a.present || !b.present:
		return Decimal{}, nil
	case b.Sign() == 0:
		return Decimal{}, errors.New("division by zero")
	}
	return parseDecimal(new(big.Rat).Quo(a.rational(), b.rational()).FloatString(digits), decimalPoint)
}
