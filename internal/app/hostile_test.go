package app_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"regia/internal/experience"
	"regia/internal/web"
)

// nasty are values that programs stumble over.
var nasty = []string{
	"", "a\x00b", "\xff\xfe", "'; DROP TABLE users; --%_", "-1", "99999999999999999999", "0001-01-01", "9999-12-31T23:59:59Z",
	"\u202e\U0001F98A", "00000000-0000-0000-0000-000000000000", strings.Repeat("x", 5000),
}

// pageFields are what pages read of a query or a form. (The API's are in its document.)
var pageFields = map[string][]string{
	"GET /{$}":                                   {"from", "to"},
	"GET /pulse":                                 {"period", "from", "to"},
	"GET /pulse/parts/{part}":                    {"from"},
	"GET /people":                                {"q", "cursor"},
	"GET /people/suggest":                        {"q"},
	"GET /people/{id}":                           {"before", "done"},
	"GET /people/{id}/timeline":                  {"before", "after"},
	"POST /people/{id}/decisions":                {"action", "other", "target", "kind", "value"},
	"GET /touchpoints":                           {"period", "channel", "department"},
	"GET /touchpoints/unbound":                   {"cursor"},
	"GET /touchpoints/{key}":                     {"period", "done"},
	"POST /touchpoints":                          {"name_it", "name_en", "channel", "stage", "ownership", "department", "description_it"},
	"POST /touchpoints/{key}":                    {"name_it", "name_en", "channel", "stage", "ownership", "department", "description_it"},
	"POST /touchpoints/unbound":                  {"touchpoint", "source", "kind", "name"},
	"POST /touchpoints/{key}/bindings":           {"source", "kind", "name", "property", "op", "value"},
	"POST /touchpoints/{key}/bindings/{id}/move": {"way", "to"},
	"POST /sources":                              {"name", "kind", "channel"},
	"POST /sources/{id}":                         {"name", "channel"},
	"POST /settings":                             {"name", "time_zone", "currency", "region", "language", "visit_gap", "staff_emails", "staff_networks"},
	"POST /settings/mail":                        {"host", "port", "security", "user", "password", "from_name", "from", "reply_to", "bounces"},
	"POST /settings/mail/test":                   {"to"},
	"POST /settings/mail/allow":                  {"address"},
	"GET /voice/invitations/doors":               {"survey", "about", "shop", "language", "size"},
	"GET /voice/invitations/poster.pdf":          {"survey", "about", "shop", "language", "size"},
	"POST /voice/invitations/rules/{id}":         {"name", "event", "property", "op", "value", "delay", "unit", "share", "channel", "survey", "expiry", "remind"},
	"POST /voice/invitations/settings":           {"window", "from", "to", "purpose", "gateway"},
	"POST /settings/users/invite":                {"email", "role"},
	"POST /settings/users/{id}/role":             {"role"},
	"POST /settings/tokens":                      {"name", "role"},
	"POST /settings/me":                          {"name", "language"},
	"POST /settings/me/password":                 {"present", "password"},
	"POST /sign-in":                              {"email", "password"},
	"POST /language":                             {"lang", "next"},
}

// fair are values that fields of forms and bodies may well have.
var fair = map[string]any{
	"name": "Somebody", "name_it": "Qualcosa", "name_en": "Something", "role": "viewer", "kind": "site", "email": "somebody@example.it",
	"channel": "web", "stage": "use", "ownership": "brand", "action": "shared", "op": "equals", "property": "total", "value": "12",
	"a": map[string]any{"kind": "email", "value": "somebody@example.it"}, "time_zone": "Europe/Rome", "currency": "EUR", "region": "IT",
	"language": "it",
}

// TestNothingMakesRoutesFall asks every route, as an owner, for what makes no
// sense. Visit fails on every answer of 500 and more.
func TestNothingMakesRoutesFall(t *testing.T) {
	for name, config := range engines {
		t.Run(name, func(t *testing.T) {
			h := openHouse(t, config(t))
			h.furnish()
			for _, r := range h.Site.Routes() {
				t.Run(strings.TrimSpace(r.Method+" "+r.Pattern), func(t *testing.T) {
					h.t = t
					h.nastyPaths(r)
					h.nastyFields(r)
				})
			}
			h.t = t
			h.afterAll()
		})
	}
}

// nastyPaths puts what makes no sense where ids belong.
func (h *house) nastyPaths(r web.Route) {
	h.t.Helper()
	for open := strings.Index(r.Pattern, "{"); open >= 0 && !strings.HasSuffix(r.Pattern, "{$}"); {
		end := open + strings.Index(r.Pattern[open:], "}") + 1
		for _, value := range nasty {
			v := h.owner(r)
			v.path = h.path(r.Pattern[:open] + "\n" + r.Pattern[end:])
			v.path = strings.Replace(v.path, "\n", url.PathEscape(value), 1)
			h.visit(v)
		}
		next := strings.Index(r.Pattern[end:], "{")
		if next < 0 {
			return
		}
		open = end + next
	}
}

// nastyFields sends what makes no sense as parameters, forms and bodies: one
// field at a time, as the first that is refused would hide the others.
func (h *house) nastyFields(r web.Route) {
	h.t.Helper()
	queries, fields := pageFields[r.Method+" "+r.Pattern], pageFields[r.Method+" "+r.Pattern]
	if r.Kind == "api" {
		queries, fields = h.documented(r)
	}
	for _, value := range nasty {
		if r.Method == http.MethodGet {
			for _, name := range queries {
				v := h.owner(r)
				v.path += "?" + url.Values{name: {value}}.Encode()
				h.visit(v)
			}
			continue
		}
		for _, name := range fields {
			h.visit(h.filled(r, fields, name, value))
		}
	}
	if r.Method == http.MethodGet || r.Kind == "page" {
		return
	}
	for _, body := range []string{"{", "null", "[]", `""`, "1e999", `{"a":`, "\x00", `{"name":{"name":[]}}`, strings.Repeat("[", 10000)} {
		v := h.owner(r)
		v.body = body
		h.visit(v)
	}
}

// filled sends a form or a body in which one field is nasty.
func (h *house) filled(r web.Route, fields []string, nastyName, value string) visit {
	h.t.Helper()
	body, form := map[string]any{}, url.Values{}
	for _, name := range fields {
		if name == nastyName {
			body[name] = value
			form.Set(name, value)
		} else if f, ok := fair[name]; ok {
			body[name] = f
			if text, ok := f.(string); ok {
				form.Set(name, text)
			}
		}
	}
	v := h.owner(r)
	if r.Kind == "api" {
		raw, err := json.Marshal(body)
		h.must(err)
		v.body = string(raw)
		return v
	}
	v.body = form.Encode()
	v.header["Content-Type"] = "application/x-www-form-urlencoded"
	return v
}

// documented gives the names of an operation's query parameters and of its
// body's fields.
func (h *house) documented(r web.Route) (queries, bodies []string) {
	h.t.Helper()
	item := h.Site.API().OpenAPI().Paths[r.Pattern]
	op := map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPatch: item.Patch, http.MethodPut: item.Put, http.MethodDelete: item.Delete,
	}[r.Method]
	for _, p := range op.Parameters {
		if p.In == "query" {
			queries = append(queries, p.Name)
		}
	}
	if op.RequestBody != nil && op.RequestBody.Content["application/json"] != nil { // files come as a form
		schema := op.RequestBody.Content["application/json"].Schema
		if schema.Ref != "" {
			schema = h.Site.API().OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
		}
		bodies = slices.Sorted(maps.Keys(schema.Properties))
	}
	return queries, bodies
}

// owner makes a visit by an owner, whom nothing is forbidden.
func (h *house) owner(r web.Route) visit {
	v := h.to(r)
	v.token, v.header = h.tokens[experience.Owner], map[string]string{"X-Write-Key": h.key}
	return v
}
