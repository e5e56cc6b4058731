package mapping

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// position is a place in the mapping's text, from 1.
type position struct{ line, column int }

func positionOf(n ast.Node) position {
	if n == nil || n.GetToken() == nil {
		return position{}
	}
	p := n.GetToken().Position
	return position{p.Line, p.Column}
}

// mappingError is something wrong with the mapping, and where.
type mappingError struct {
	at      position
	message string
}

func (e *mappingError) Error() string {
	if e.at.line == 0 {
		return e.message
	}
	return fmt.Sprintf("line %d, column %d: %s", e.at.line, e.at.column, e.message)
}

// GetMessage and GetToken make it a yaml.Error, so that the decoder hands it on
// as it is.
func (e *mappingError) GetMessage() string { return e.message }

// GetToken satisfies yaml.Error; the position is carried by the error itself.
func (e *mappingError) GetToken() *token.Token { return nil }

// FormatError satisfies yaml.Error.
func (e *mappingError) FormatError(bool, bool) string { return e.Error() }

func (p position) errorf(format string, args ...any) error {
	return &mappingError{p, fmt.Sprintf(format, args...)}
}

// value is a place of a mapping where a constant, an expression ("=..."), a
// list, an object, or a loop over a list may stand.
type value struct {
	at         position
	kind       valueKind
	constant   any    // string, int64, float64 as Decimal, bool
	expression string // without its "="
	fields     fields
	list       []value
	each       *loop
}

type valueKind byte

const (
	absent valueKind = iota
	constantValue
	expressionValue
	objectValue
	listValue
	loopValue
)

// loop makes a list: item, once for every row of a list.
type loop struct{ over, item value }

type field struct {
	at    position
	name  string
	value value
}

// fields is an object that keeps the order of the mapping.
type fields []field

// UnmarshalYAML reads any YAML value, keeping positions.
func (v *value) UnmarshalYAML(n ast.Node) error {
	parsed, err := parseValue(n)
	*v = parsed
	return err
}

// UnmarshalYAML reads an object, keeping order and positions.
func (f *fields) UnmarshalYAML(n ast.Node) error {
	v, err := parseValue(n)
	if err != nil {
		return err
	}
	if v.kind == loopValue { // an object that happens to have these two names
		v.fields = fields{{v.at, "each", v.each.over}, {v.at, "item", v.each.item}}
	} else if v.kind != objectValue && v.kind != absent {
		return v.at.errorf("names and values are expected here, one \"name: value\" a line")
	}
	*f = v.fields
	return nil
}

func parseValue(n ast.Node) (value, error) {
	v := value{at: positionOf(n)}
	switch n := n.(type) {
	case nil, *ast.NullNode:
		return v, nil
	case *ast.StringNode:
		return v.text(n.Value), nil
	case *ast.LiteralNode:
		return v.text(strings.TrimRight(n.Value.Value, "\n")), nil
	case *ast.BoolNode:
		v.kind, v.constant = constantValue, n.Value
	case *ast.IntegerNode, *ast.FloatNode:
		d, err := parseDecimal(n.GetToken().Value, decimalPoint)
		if err != nil {
			return v, v.at.errorf("%s", err)
		}
		v.kind, v.constant = constantValue, d
	case *ast.SequenceNode:
		v.kind = listValue
		for _, item := range n.Values {
			parsed, err := parseValue(item)
			if err != nil {
				return v, err
			}
			v.list = append(v.list, parsed)
		}
	case *ast.MappingValueNode:
		return v.object([]*ast.MappingValueNode{n})
	case *ast.MappingNode:
		return v.object(n.Values)
	default:
		return v, v.at.errorf("%s cannot stand here: write a value, a list or names with values", strings.ToLower(n.Type().String()))
	}
	return v, nil
}

func (v value) text(s string) value {
	if rest, ok := strings.CutPrefix(s, "="); ok {
		v.kind, v.expression = expressionValue, strings.TrimSpace(rest)
		return v
	}
	v.kind, v.constant = constantValue, s
	return v
}

func (v value) object(entries []*ast.MappingValueNode) (value, error) {
	v.kind = objectValue
	seen := map[string]bool{}
	for _, e := range entries {
		name := ""
		switch k := e.Key.(type) {
		case *ast.StringNode:
			name = k.Value
		default:
			name = e.Key.GetToken().Value
		}
		at := positionOf(e.Key)
		if seen[name] {
			return v, at.errorf("%q stands here twice", name)
		}
		seen[name] = true
		parsed, err := parseValue(e.Value)
		if err != nil {
			return v, err
		}
		v.fields = append(v.fields, field{at, name, parsed})
	}
	if len(v.fields) > 0 {
		v.at = v.fields[0].at
	}
	if len(v.fields) == 2 && seen["each"] && seen["item"] {
		v.kind, v.each = loopValue, &loop{}
		for _, f := range v.fields {
			if f.name == "each" {
				v.each.over = f.value
			} else {
				v.each.item = f.value
			}
		}
	}
	return v, nil
}
