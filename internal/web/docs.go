package web

import (
	"net/http"
	"sort"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
)

// docOperation is one operation as the documentation page tells it.
type docOperation struct {
	ID, Method, Path string
	Summary, Text    string
	Roles            []experience.Role
	Parameters       []docField
	Body             []docField
	Answers          []docAnswer
	Example          string
}

// docField is one parameter or one field of a body.
type docField struct {
	Name, Type, Text string
	Required         bool
}

// docAnswer is what comes back with a status.
type docAnswer struct {
	Status, Text string
	Fields       []docField
}

// docsPage writes the API's documentation from its own document.
func (s *Site) docsPage(w http.ResponseWriter, r *Request) error {
	operations := s.documented()
	return s.Render(w, r, Page{Title: r.L.T("web.docs.title"), Wide: true}, docsBody(r.L, operations))
}

// documented lists the operations by path, then by method.
func (s *Site) documented() []docOperation {
	api := s.api.OpenAPI()
	var out []docOperation
	for path, item := range api.Paths {
		for method, op := range map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put,
			http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
		} {
			if op != nil && !op.Hidden {
				out = append(out, s.document(method, path, op))
			}
		}
	}
	sort.Slice(out, func(i, j int) bool {
		if out[i].Path != out[j].Path {
			return out[i].Path < out[j].Path
		}
		return out[i].Method < out[j].Method
	})
	return out
}

func (s *Site) document(method, path string, op *huma.Operation) docOperation {
	registry := s.api.OpenAPI().Components.Schemas
	d := docOperation{ID: op.OperationID, Method: method, Path: path, Summary: op.Summary, Text: op.Description,
		Roles: s.rolesOf(method, path), Example: example(method, path)}
	for _, p := range op.Parameters {
		d.Parameters = append(d.Parameters, docField{Name: p.Name, Required: p.Required,
			Type: schemaType(registry, p.Schema) + " · " + p.In, Text: firstText(p.Description, schemaText(p.Schema))})
	}
	if op.RequestBody != nil {
		for _, media := range op.RequestBody.Content {
			d.Body = schemaFields(registry, media.Schema, "", 2)
		}
	}
	for status, response := range op.Responses {
		a := docAnswer{Status: status, Text: response.Description}
		for kind, media := range response.Content {
			if kind != problemType {
				a.Fields = schemaFields(registry, media.Schema, "", 2)
			}
		}
		if status != "default" {
			d.Answers = append(d.Answers, a)
		}
	}
	sort.Slice(d.Answers, func(i, j int) bool { return d.Answers[i].Status < d.Answers[j].Status })
	return d
}

func (s *Site) rolesOf(method, path string) []experience.Role {
	for _, r := range s.routes {
		if r.Kind == "api" && strings.EqualFold(r.Method, method) && r.Pattern == path && len(r.Allow) > 0 {
			return r.Allow
		}
	}
	return experience.Roles
}

// schemaFields lists the fields of an object, with those of objects in it as
// "outer.inner", as deep as asked.
func schemaFields(registry huma.Registry, schema *huma.Schema, prefix string, depth int) []docField {
	schema = resolve(registry, schema)
	if schema == nil {
		return nil
	}
	if schema.Type == "array" {
		return schemaFields(registry, schema.Items, prefix+"[].", depth)
	}
	required := map[string]bool{}
	for _, name := range schema.Required {
		required[name] = true
	}
	names := make([]string, 0, len(schema.Properties))
	for name := range schema.Properties {
		if name != "$schema" {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var out []docField
	for _, name := range names {
		property := schema.Properties[name]
		out = append(out, docField{Name: prefix + name, Required: required[name],
			Type: schemaType(registry, property), Text: schemaText(property)})
		if depth > 1 {
			inner, mark := resolve(registry, property), "."
			if inner != nil && inner.Type == "array" {
				inner, mark = resolve(registry, inner.Items), "[]."
			}
			if inner != nil && len(inner.Properties) > 0 {
				out = append(out, schemaFields(registry, inner, prefix+name+mark, depth-1)...)
			}
		}
	}
	return out
}

func resolve(registry huma.Registry, schema *huma.Schema) *huma.Schema {
	if schema != nil && schema.Ref != "" {
		return registry.SchemaFromRef(schema.Ref)
	}
	return schema
}

func schemaType(registry huma.Registry, schema *huma.Schema) string {
	full := resolve(registry, schema)
	switch {
	case full == nil:
		return "any"
	case full.Type == "array":
		return schemaType(registry, full.Items) + "[]"
	case len(full.Enum) > 0:
		var values []string
		for _, v := range full.Enum {
			if text, ok := v.(string); ok {
				values = append(values, text)
			}
		}
		return strings.Join(values, " | ")
	case full.Format != "":
		return full.Type + " (" + full.Format + ")"
	case full.Type == "":
		return "any"
	}
	return full.Type
}

func schemaText(schema *huma.Schema) string {
	if schema == nil {
		return ""
	}
	return schema.Description
}

func firstText(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// example is a call to paste into a terminal.
func example(method, path string) string {
	if method == http.MethodGet {
		return `curl -H "Authorization: Bearer $REGIA_TOKEN" "$REGIA_SERVER` + path + `"`
	}
	return "curl -X " + method + ` -H "Authorization: Bearer $REGIA_TOKEN" -H "Content-Type: application/json" -d @body.json "$REGIA_SERVER` + path + `"`
}

func docAnchor(d docOperation, i int) string {
	if d.ID != "" {
		return d.ID
	}
	return "operation-" + strconv.Itoa(i)
}

func roleNames(l *Locale, roles []experience.Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = l.RoleLabel(r)
	}
	return strings.Join(names, ", ")
}

func methodTone(method string) Tone {
	switch method {
	case http.MethodGet:
		return Petrol
	case http.MethodDelete:
		return Terracotta
	}
	return Ochre
}
