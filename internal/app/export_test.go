package app_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"regia/internal/app"
	"regia/internal/experience"
	"regia/internal/testkit"
)

// taken is an exported CSV file as rows by the names of its columns.
func (h *house) taken(path string, role experience.Role) []map[string]string {
	h.t.Helper()
	w := h.visit(visit{method: http.MethodGet, path: path, token: h.tokens[role]})
	if w.Code != http.StatusOK {
		h.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	lines, err := csv.NewReader(w.Body).ReadAll()
	h.must(err)
	var out []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for k, name := range lines[0] {
			row[name] = line[k]
		}
		out = append(out, row)
	}
	return out
}

func TestExport(t *testing.T) {
	for name, config := range map[string]func() app.Config{
		"embedded":   func() app.Config { return app.Config{} },
		"PostgreSQL": func() app.Config { return app.Config{Registry: testkit.Postgres(t), Ledger: testkit.Postgres(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			h := openHouse(t, config())
			h.furnish()
			h.exportedInteractions()
			h.exportedPeople()
			h.exportedToViewers()
		})
	}
}

func (h *house) exportedInteractions() {
	h.t.Helper()
	const path = "/api/v1/export/interactions"
	all := h.taken(path+"?all=true", experience.Owner)
	if n := h.interactions(); int64(len(all)) != n || n == 0 {
		h.t.Errorf("%d rows of %d interactions", len(all), n)
	}
	orders := 0
	for _, row := range all {
		if row["name"] == "Order Completed" {
			orders++
			if row["revenue_minor"] != "1250" || row["currency"] != "EUR" || row["order_id"] != "o-1" || !strings.Contains(row["properties"], `"total":12.5`) {
				h.t.Errorf("an order comes out as %v", row)
			}
		}
	}
	if orders != 3 {
		h.t.Errorf("%d orders, want 3", orders)
	}
	if old := h.taken(path+"?all=true&to=2026-10-01&source=website", experience.Agent); len(old) != 1 || old[0]["kind"] != "identify" {
		h.t.Errorf("the first day holds %v", old)
	}
	person := all[0]["person_id"]
	for _, row := range h.taken(path+"?all=true&person="+person, experience.Owner) {
		if row["person_id"] != person {
			h.t.Errorf("asked for %s, got %v", person, row)
		}
	}

	// The same rows as Parquet and as NDJSON.
	w := h.visit(visit{method: http.MethodGet, path: path + "?all=true&format=parquet", token: h.tokens[experience.Owner]})
	file, err := parquet.OpenFile(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	h.must(err)
	if file.NumRows() != int64(len(all)) || w.Header().Get("Content-Type") != "application/vnd.apache.parquet" {
		h.t.Errorf("%d rows of Parquet as %s, want %d", file.NumRows(), w.Header().Get("Content-Type"), len(all))
	}
	w = h.visit(visit{method: http.MethodGet, path: path + "?all=true&format=ndjson", token: h.tokens[experience.Owner]})
	var ids, want []string
	for line := range strings.Lines(w.Body.String()) {
		var row struct {
			ID         string
			Properties map[string]any
		}
		h.must(json.Unmarshal([]byte(line), &row))
		ids = append(ids, row.ID)
	}
	for _, row := range all {
		want = append(want, row["id"])
	}
	slices.Sort(ids)
	slices.Sort(want)
	if !slices.Equal(ids, want) {
		h.t.Errorf("NDJSON has %v, CSV %v", ids, want)
	}
}

func (h *house) exportedPeople() {
	h.t.Helper()
	var found []map[string]string
	for _, p := range h.taken("/api/v1/export/people", experience.Store) {
		if p["email"] == "zebedeo.unico@example.it" {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		h.t.Fatalf("found %v", found)
	}
	p := found[0]
	if p["known"] != "true" || p["name"] != "Zebedeo Unico" || p["phone"] != "347 555 0199" || !strings.Contains(p["identifiers"], "user_id:z-1") || p["first_seen"] == "" {
		h.t.Errorf("Zebedeo comes out as %v", p)
	}
	var record struct{ Interactions json.Number }
	h.read("/api/v1/people/"+p["id"], &record)
	if p["interactions"] != record.Interactions.String() {
		h.t.Errorf("%s interactions, want %s", p["interactions"], record.Interactions)
	}
	w := h.visit(visit{method: http.MethodGet, path: "/api/v1/export/people?format=ndjson", token: h.tokens[experience.Owner]})
	if !strings.Contains(w.Body.String(), `"nickname":"Zebedeo il Grande"`) {
		h.t.Errorf("no traits in %s", w.Body)
	}
}

// exportedToViewers: who may not read names gets files without them.
func (h *house) exportedToViewers() {
	h.t.Helper()
	for _, path := range []string{"/api/v1/export/people?format=csv", "/api/v1/export/people?format=ndjson", "/export/people?format=ndjson",
		"/api/v1/export/interactions?format=csv&all=true", "/export/interactions?format=ndjson&all=true"} {
		w := h.visit(visit{method: http.MethodGet, path: path, token: h.tokens[experience.Viewer]})
		text := strings.ToLower(w.Body.String())
		if w.Code != http.StatusOK || len(text) < 200 {
			h.t.Errorf("%s: %d %s", path, w.Code, text)
		}
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				h.t.Errorf("%s tells a viewer %q", path, secret)
			}
		}
	}
}
