package export

import (
	"context"
	"net/http"
	"slices"

	"regia/internal/experience"
	"regia/internal/web"
)

func (r *Room) registerPages() {
	r.site.Page("GET /export", nil, r.page)
	r.site.Page("GET /export/people", nil, func(w http.ResponseWriter, q *web.Request) error {
		form := q.URL.Query()
		want := wanted{what: "people", format: Format(form.Get("format")), anonymous: form.Get("anonymous") == "true"}
		if !slices.Contains([]Format{CSV, NDJSON}, want.format) {
			return experience.Errorf(experience.Invalid, "export.error.format")
		}
		return r.deliver(q.Context(), w, want)
	})
	r.site.Page("GET /export/interactions", nil, func(w http.ResponseWriter, q *web.Request) error {
		form := q.URL.Query()
		want, err := r.interactions(q.Context(), Question{
			Format: form.Get("format"), From: form.Get("from"), To: form.Get("to"), Source: form.Get("source"),
			Touchpoint: form.Get("touchpoint"), Person: form.Get("person"), All: form.Get("all") == "true",
		}, q.L.Zone())
		if err != nil {
			return err
		}
		if !slices.Contains([]Format{CSV, NDJSON, Parquet}, want.format) {
			return experience.Errorf(experience.Invalid, "export.error.format")
		}
		return r.deliver(q.Context(), w, want)
	})
}

// view is the page where one chooses what to take out.
type view struct {
	person      string // id of the one person it is about; "" = everybody
	masked      bool
	formats     []web.Choice
	tables      []web.Choice
	sources     []web.Choice
	touchpoints []web.Choice
}

func (r *Room) page(w http.ResponseWriter, q *web.Request) error {
	v := view{masked: !q.User.SeesPeople()}
	if text := q.URL.Query().Get("person"); text != "" {
		id, err := experience.ParseID(text)
		if err == nil {
			id, err = r.People.Current(q.Context(), id)
		}
		if err != nil {
			return err
		}
		v.person = id.String()
	}
	for _, f := range []Format{CSV, NDJSON, Parquet} {
		c := web.Choice{Value: string(f), Label: q.L.T("export.format." + string(f))}
		if v.formats = append(v.formats, c); f != Parquet {
			v.tables = append(v.tables, c)
		}
	}
	sources, err := r.Sources(q.Context())
	if err != nil {
		return err
	}
	touchpoints, err := r.Touchpoints(q.Context(), q.L.Lang())
	if err != nil {
		return err
	}
	v.sources = choices(q.L.T("export.every.source"), sources)
	v.touchpoints = choices(q.L.T("export.every.touchpoint"), touchpoints)
	return r.site.Render(w, q, web.Page{Room: "people", Title: q.L.T("export.title")}, exportBody(v))
}

func choices(every string, all []Named) []web.Choice {
	out := []web.Choice{{Label: every}}
	for _, n := range all {
		out = append(out, web.Choice{Value: n.Key, Label: n.Name})
	}
	return out
}

func interactionsTitle(ctx context.Context, v view) string {
	if v.person != "" {
		return web.T(ctx, "export.interactions.one")
	}
	return web.T(ctx, "export.interactions")
}
