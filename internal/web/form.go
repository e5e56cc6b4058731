package web

import "github.com/a-h/templ"

func (p FieldProps) id() string { return "field-" + p.Name }

func (p FieldProps) kind() string {
	if p.Type == "" {
		return "text"
	}
	return p.Type
}

// aria ties a field to its hint and its error.
func (p FieldProps) aria() templ.Attributes {
	a := templ.Attributes{}
	described := ""
	if p.Hint != "" {
		described = p.id() + "-hint"
	}
	if p.Error != "" {
		described = (p.id() + "-error " + described)
		a["aria-invalid"] = "true"
	}
	if described != "" {
		a["aria-describedby"] = described
	}
	return a
}
