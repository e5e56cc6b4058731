package driver

import (
	"net/http"
	"slices"
	"time"

	"regia/internal/web"
)

// wait is how long a page waits for an analysis.
func (r *Room) wait() time.Duration {
	if r.Patience > 0 {
		return r.Patience
	}
	return patience
}

// driversPage tells what matters most for what people answer.
func (r *Room) driversPage(w http.ResponseWriter, q *web.Request) error {
	f, b, err := r.frame(q)
	if err != nil {
		return err
	}
	v := driversView{frame: f, kind: Kind(q.URL.Query().Get("of")), passages: map[string]Passage{}}
	if !slices.Contains(kinds(), v.kind) {
		v.kind = ""
	}
	scale, scales := outcome(b.used(f.from, f.to), v.state.scale)
	v.scales = scales
	o := Outcome{Question: f.question(scale.Key), Kind: v.kind, Survey: q.URL.Query().Get("of-survey")}
	found, err := r.reckon(q.Context(), b, o, r.wait())
	if err != nil {
		return err
	}
	v.a, v.at, v.fresh = found.Analysis, found.at, found.fresh
	if !found.fresh { // it comes again, without scripts too
		w.Header().Set("Refresh", "2")
	}
	if found.none {
		v.a.Scale, v.a.Kind = scale, v.kind
		return r.site.Render(w, q, web.Page{Room: "driver", Title: q.L.T("driver.room")}, reckoningBody(v))
	}
	k, err := r.keysOf(q.Context(), b, o.Question)
	if err != nil {
		return err
	}
	v.surveys = b.ratedSurveys(o.Question, k)
	if r.Past != nil {
		passages, _, err := r.Past.Before(q.Context())
		if err != nil {
			return err
		}
		for _, p := range passages {
			v.passages[p.Key] = p
		}
	}
	if r.Topics != nil {
		v.topic = func(key string) string { return r.Topics.TopicName(q.L, key) }
	}
	return r.site.Render(w, q, web.Page{Room: "driver", Title: q.L.T("driver.room")}, driversBody(v))
}
