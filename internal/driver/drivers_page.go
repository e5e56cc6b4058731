package driver

import (
	"net/http"
	"slices"

	"regia/internal/web"
)

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
	if v.a, err = r.analysis(q.Context(), b, o); err != nil {
		return err
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
