package app_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"regia/internal/collect"
	"regia/internal/experience"
)

// TestPeopleFromFiles: whom only a file tells of is listed, found, shown and
// exported, and has had no contact.
func TestPeopleFromFiles(t *testing.T) {
	for name, config := range engines {
		t.Run(name, func(t *testing.T) {
			h := openHouse(t, config(t))
			files, err := h.Sources.Create(t.Context(), "Files", collect.ImportSource, "")
			h.must(err)
			h.key = files.WriteKey
			h.history(`{"messageId":"f-1","type":"identify","userId":"f1","traits":{"name":"Filippo Archivi","email":"filippo@example.it"},"timestamp":"2026-01-02T10:00:00Z"},
				{"messageId":"f-2","type":"identify","userId":"f2","traits":{"name":"Flavia Archivi"},"timestamp":"2026-01-03T10:00:00Z"},
				{"messageId":"f-3","type":"identify","userId":"f3","traits":{"name":"Furio Archivi"},"timestamp":"2026-01-04T10:00:00Z"},
				{"messageId":"f-4","type":"track","userId":"f3","event":"Order Completed","timestamp":"2026-01-01T10:00:00Z"}`)
			h.must(h.Caught(context.Background()))

			listed := h.everybody()
			at := func(name string) int {
				return slices.IndexFunc(listed, func(p listedPerson) bool { return p.Name == name })
			}
			if f := at("Furio Archivi"); f < 0 || at("Filippo Archivi") < 0 {
				t.Fatalf("not everybody is listed: %+v", listed)
			} else if listed[f].Interactions != 1 || listed[f].LastSeen != "2026-01-01T10:00:00Z" {
				t.Errorf("who ordered and is in a file too is %v of %+v", f, listed)
			}
			for _, who := range []string{"Filippo Archivi", "Flavia Archivi"} {
				if k := at(who); k < at("Furio Archivi") || listed[k].Interactions != 0 || listed[k].LastSeen != "" {
					t.Errorf("%s is at %d of %+v", who, k, listed)
				}
			}
			h.recorded(t, listed[at("Filippo Archivi")].ID)
			if n := h.count(`SELECT count(*) FROM interactions WHERE imported AND kind = 'identify' AND (flags = 0 OR touchpoint <> '')`); n != 0 {
				t.Errorf("%d records count as contacts", n)
			}
		})
	}
}

// history tells the front door what happened before.
func (h *house) history(events string) {
	h.t.Helper()
	w := h.visit(visit{method: http.MethodPost, path: "/v1/import", body: `{"batch":[` + events + `]}`, header: map[string]string{"X-Write-Key": h.key}})
	if w.Code != http.StatusOK || strings.Contains(w.Body.String(), `"error"`) {
		h.t.Fatalf("history: %d %s", w.Code, w.Body)
	}
}

type listedPerson struct {
	ID, Name     string
	Interactions int
	LastSeen     string `json:"last_seen"`
}

// everybody reads the list of people to its end, two at a time; nobody stands
// in it twice.
func (h *house) everybody() (all []listedPerson) {
	h.t.Helper()
	seen := map[string]bool{}
	for cursor := ""; ; {
		var page struct {
			Items []listedPerson
			Next  *string
		}
		h.ask(http.MethodGet, "/api/v1/people?limit=2&cursor="+url.QueryEscape(cursor), "", &page)
		for _, p := range page.Items {
			if seen[p.ID] {
				h.t.Fatalf("%+v is listed twice", p)
			}
			seen[p.ID] = true
			all = append(all, p)
		}
		if page.Next == nil {
			return all
		}
		cursor = *page.Next
	}
}

// recorded looks at somebody of whom only a file tells.
func (h *house) recorded(t *testing.T, id string) {
	var p struct {
		Email       string
		Visits      int
		Identifiers []struct {
			Value        string
			Sources      []string
			Interactions int
		}
	}
	h.ask(http.MethodGet, "/api/v1/people/"+id, "", &p)
	if p.Email != "filippo@example.it" || p.Visits != 0 || len(p.Identifiers) != 2 || len(p.Identifiers[0].Sources) != 1 || p.Identifiers[0].Interactions != 0 {
		t.Errorf("%+v", p)
	}
	var story struct {
		Items []struct {
			Record     bool
			Touchpoint string
			Properties map[string]any
		}
	}
	h.ask(http.MethodGet, "/api/v1/people/"+id+"/timeline", "", &story)
	if len(story.Items) != 1 || !story.Items[0].Record || story.Items[0].Touchpoint != "" || story.Items[0].Properties["name"] != "Filippo Archivi" {
		t.Errorf("%+v", story)
	}
	var found struct{ Items []listedPerson }
	h.ask(http.MethodGet, "/api/v1/people?q=filippo+arch", "", &found)
	if len(found.Items) != 1 || found.Items[0].ID != id {
		t.Errorf("a search finds %+v", found)
	}
	if !slices.ContainsFunc(h.taken("/api/v1/export/people", experience.Owner), func(r map[string]string) bool { return r["id"] == id }) {
		t.Error("they are not in the export of people")
	}
	rows := slices.DeleteFunc(h.taken("/api/v1/export/interactions", experience.Owner), func(r map[string]string) bool { return r["person_id"] != id })
	if len(rows) != 1 || rows[0]["record"] != "true" {
		t.Errorf("the export of interactions has %v", rows)
	}
}
