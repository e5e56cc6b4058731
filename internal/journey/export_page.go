package journey

import (
	"encoding/json"
	"net/http"

	"regia/internal/web"
)

// jsonPage sends a map as a file that another Regia can bring in.
func (r *Room) jsonPage(w http.ResponseWriter, q *web.Request) error {
	v, err := r.mapView(q)
	if err != nil {
		return err
	}
	raw, err := json.MarshalIndent(v.m, "", "  ")
	if err != nil {
		return err
	}
	file(w, "application/json", v.m.Key+".json")
	_, _ = w.Write(append(raw, '\n')) // the reader may be gone
	return nil
}

// svgPage sends the drawing as a file.
func (r *Room) svgPage(w http.ResponseWriter, q *web.Request) error {
	v, err := r.mapView(q)
	if err != nil {
		return err
	}
	file(w, "image/svg+xml; charset=utf-8", v.m.Key+".svg")
	_, _ = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + v.draw(v.m, v.sheetBasis()) + "\n"))
	return nil
}

func file(w http.ResponseWriter, kind, name string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

// sheetBasis is what stands below the title on paper.
func (v mapView) sheetBasis() string {
	kind := web.Capital(v.l.T("journey.kind." + string(v.m.Kind)))
	saved := ""
	for _, s := range v.saved {
		if s.Version == v.m.Version {
			saved = ", " + v.l.Date(s.At)
		}
	}
	return kind + " · " + v.basis() + " · " + v.version() + saved
}

// printView is the page that is printed.
type printView struct {
	mapView
	paper string // a4 or a3
}

func (r *Room) printPage(w http.ResponseWriter, q *web.Request) error {
	v, err := r.mapView(q)
	if err != nil {
		return err
	}
	p := printView{mapView: v, paper: "a4"}
	if q.URL.Query().Get("paper") == "a3" {
		p.paper = "a3"
	}
	return r.site.Render(w, q, pageOf(v.m.Name, "journey"), printBody(p))
}

func (v printView) papers() []web.Tab {
	tabs := make([]web.Tab, 0, 2)
	for _, paper := range []string{"a4", "a3"} {
		tabs = append(tabs, web.Tab{Label: v.l.T("journey.print." + paper), URL: v.path("print", "paper", paper), Active: paper == v.paper})
	}
	return tabs
}
