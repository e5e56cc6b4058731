package app_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regia/internal/app"
)

var update = flag.Bool("update", false, "write testdata/openapi.json anew")

var openapiFile = filepath.Join("testdata", "openapi.json")

// document is what the tests read of an OpenAPI document.
type document struct {
	OpenAPI  string                                `json:"openapi"`
	Info     struct{ Title, Version string }       `json:"info"`
	Security []map[string][]string                 `json:"security"`
	Paths    map[string]map[string]json.RawMessage `json:"paths"`

	Components struct {
		Schemas         map[string]schema          `json:"schemas"`
		SecuritySchemes map[string]json.RawMessage `json:"securitySchemes"`
	} `json:"components"`
}

type operation struct {
	ID         string `json:"operationId"`
	Summary    string
	Tags       []string
	Parameters []struct {
		Name, In string
		Required bool
	}
	Security  *[]map[string][]string
	Responses map[string]struct {
		Content map[string]struct{ Schema schema }
	}
}

type schema struct {
	Ref        string `json:"$ref"`
	Type       any
	Items      *schema
	Properties map[string]schema
	Required   []string
}

// contract reads the document as a caller gets it.
func contract(t *testing.T) (raw []byte, d document) {
	t.Helper()
	h := openHouse(t, app.Config{})
	w := h.visit(visit{method: http.MethodGet, path: "/api/openapi.json"})
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d %s", w.Code, w.Header())
	}
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	return w.Body.Bytes(), d
}

// TestContract compares the API's document with the one that was agreed on.
func TestContract(t *testing.T) {
	raw, _ := contract(t)
	got := normal(t, raw)
	if *update {
		if err := os.WriteFile(openapiFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(openapiFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lines(want), lines(got)); diff != "" {
		t.Errorf("the API is not the one of %s (-agreed +is). Callers stand on it: where the change is wanted, and takes nothing away "+
			"from them, write the file anew with\n\n\tgo test ./internal/app -run TestContract -update\n\nand read its diff.\n%s", openapiFile, diff)
	}
}

func lines(text []byte) []string { return strings.Split(string(text), "\n") }

// normal writes a document the one way: keys sorted, indented, without the
// version of the build.
func normal(t *testing.T, raw []byte) []byte {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	v["info"].(map[string]any)["version"] = "0"
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestContractIsWhole: every operation says what a caller must know.
func TestContractIsWhole(t *testing.T) {
	_, d := contract(t)
	if !strings.HasPrefix(d.OpenAPI, "3.1.") || d.Info.Title == "" || d.Info.Version != "test" {
		t.Errorf("openapi %q, info %+v", d.OpenAPI, d.Info)
	}
	seen := map[string]string{}
	for path, methods := range d.Paths {
		for method, raw := range methods {
			var op operation
			if err := json.Unmarshal(raw, &op); err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			t.Run(method+" "+path, func(t *testing.T) {
				if op.ID == "" || op.Summary == "" || len(op.Tags) == 0 {
					t.Errorf("id %q, summary %q, tags %v: none may be missing", op.ID, op.Summary, op.Tags)
				}
				if other, twice := seen[op.ID]; twice {
					t.Errorf("%s is also the id of %s", op.ID, other)
				}
				seen[op.ID] = path
				security := d.Security
				if op.Security != nil {
					security = *op.Security
				}
				d.wantToken(t, security)
				if _, ok := op.Responses["default"].Content["application/problem+json"]; !ok {
					t.Error("no default answer of application/problem+json")
				}
				for _, name := range parameters(path) {
					if !slices.ContainsFunc(op.Parameters, func(p struct {
						Name, In string
						Required bool
					}) bool {
						return p.Name == name && p.In == "path" && p.Required
					}) {
						t.Errorf("the path's {%s} is no required parameter", name)
					}
				}
				d.wantList(t, method, op)
			})
		}
	}
}

func (d document) wantToken(t *testing.T, security []map[string][]string) {
	t.Helper()
	if len(security) == 0 {
		t.Error("asks nobody who they are")
	}
	for _, s := range security {
		for name := range s {
			if _, ok := d.Components.SecuritySchemes[name]; !ok {
				t.Errorf("the security scheme %q is not described", name)
			}
		}
	}
}

// wantList: what is called list-… answers items, and where to go on.
func (d document) wantList(t *testing.T, method string, op operation) {
	t.Helper()
	if !strings.HasPrefix(op.ID, "list-") && op.ID != "get-timeline" {
		return
	}
	s := d.answer(op)
	if method != "get" || d.resolve(s.Properties["items"]).Type != "array" && !isNullable(s.Properties["items"].Type, "array") {
		t.Errorf("a list must answer items, and answers %v", s.Properties)
	}
	if _, ok := s.Properties["next"]; !ok || !slices.Contains(s.Required, "next") || !slices.Contains(s.Required, "items") {
		t.Errorf("items and next must always be there; required are %v", s.Required)
	}
}

func isNullable(kind any, of string) bool {
	kinds, _ := kind.([]any)
	return slices.Contains(kinds, any(of))
}

// answer gives the schema of an operation's good answer.
func (d document) answer(op operation) schema {
	for status, r := range op.Responses {
		if strings.HasPrefix(status, "2") {
			return d.resolve(r.Content["application/json"].Schema)
		}
	}
	return schema{}
}

func (d document) resolve(s schema) schema {
	if s.Ref != "" {
		return d.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	return s
}

func parameters(path string) (names []string) {
	for _, piece := range strings.Split(path, "/") {
		if strings.HasPrefix(piece, "{") {
			names = append(names, strings.Trim(piece, "{}"))
		}
	}
	return names
}

// TestContractKeepsItsWord: the fields that programs were promised.
func TestContractKeepsItsWord(t *testing.T) {
	_, d := contract(t)
	get := func(path string) operation {
		var op operation
		if err := json.Unmarshal(d.Paths[path]["get"], &op); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return op
	}
	item := func(path string) schema {
		items := d.answer(get(path)).Properties["items"]
		if items.Items == nil {
			t.Fatalf("%s has no items", path)
		}
		return d.resolve(*items.Items)
	}
	for _, c := range []struct {
		what   string
		is     schema
		exact  bool
		fields []string
	}{
		{"status", d.answer(get("/api/v1/status")), true, []string{"interactions", "lag_blocks", "lag_ms", "people", "version"}},
		{"timeline item", item("/api/v1/people/{id}/timeline"), false,
			[]string{"channel", "id", "kind", "message_id", "name", "properties", "received_at", "source", "time", "touchpoint"}},
		{"people item", item("/api/v1/people"), false, []string{"id"}},
		{"person", d.answer(get("/api/v1/people/{id}")), false, []string{"id", "identifiers"}},
		{"touchpoint", item("/api/v1/touchpoints"), false, []string{"key", "channel", "stage"}},
	} {
		required := slices.Sorted(slices.Values(slices.DeleteFunc(slices.Clone(c.is.Required), func(s string) bool { return s == "$schema" })))
		if c.exact && !slices.Equal(required, c.fields) {
			t.Errorf("%s must have exactly %v, and has %v", c.what, c.fields, required)
		}
		for _, f := range c.fields {
			if !slices.Contains(required, f) {
				t.Errorf("%s must always have %s, and has %v", c.what, f, required)
			}
		}
	}
	for path, names := range map[string][]string{
		"/api/v1/people": {"identifier", "q"}, "/api/v1/people/{id}/timeline": {"before", "limit"},
	} {
		var have []string
		for _, p := range get(path).Parameters {
			if p.In == "query" {
				have = append(have, p.Name)
			}
		}
		for _, name := range names {
			if !slices.Contains(have, name) {
				t.Errorf("%s must take %s, and takes %v", path, name, have)
			}
		}
	}
}
