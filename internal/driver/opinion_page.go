package driver

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

// frame gathers what every page needs.
func (r *Room) frame(q *web.Request) (frame, *book, error) {
	f := frame{state: readState(q.URL.Query()), l: q.L, sees: q.User.SeesPeople(), zone: r.Company(q.Context()).Location(), places: map[string]experience.Touchpoint{}}
	f.stage = func(key string) string { return r.Relationships.StageName(q.L, key) }
	b, err := r.book(q.Context())
	if err != nil {
		return f, nil, err
	}
	touchpoints, err := r.Touchpoints(q.Context())
	if err != nil {
		return f, nil, err
	}
	for _, t := range touchpoints {
		f.places[t.Key] = t
	}
	if r.Surveys != nil {
		if f.survey, err = r.Surveys(q.Context(), q.L.Lang()); err != nil {
			return f, nil, err
		}
	}
	f.span = f.state.span(b, q.Now, f.zone)
	return f, b, nil
}

// choose finds the scale that is asked for, or that most answered on.
func choose(scales []Figure, key string) (experience.Scale, bool) {
	if i := slices.IndexFunc(scales, func(f Figure) bool { return f.Key == key }); i >= 0 {
		return scales[i].Scale, true
	}
	if key != "" {
		if s, ok := experience.ScaleNamed(key, ""); ok && len(scales) > 0 {
			return s, true
		}
	}
	if len(scales) == 0 {
		return experience.Scale{}, false
	}
	return scales[0].Scale, true
}

func (f frame) question(scale string) Question {
	return Question{Scale: scale, From: f.from, To: f.to, Only: f.only}
}

func (r *Room) opinionsPage(w http.ResponseWriter, q *web.Request) error {
	page := web.Page{Room: "opinion", Title: q.L.T("opinion.room")}
	f, b, err := r.frame(q)
	if err != nil {
		return err
	}
	v := opinionsView{frame: f, scales: b.used(f.from, f.to), currency: r.Company(q.Context()).Currency}
	var ok bool
	if v.scale, ok = choose(v.scales, v.state.scale); !ok && len(b.asked) == 0 {
		return r.site.Render(w, q, page, emptyOpinions(v))
	}
	if err := r.opinions(q.Context(), b, &v, q.Now); err != nil {
		return err
	}
	return r.site.Render(w, q, page, opinionsBody(v))
}

// opinions fills in the figures of the page.
func (r *Room) opinions(ctx context.Context, b *book, v *opinionsView, now time.Time) (err error) {
	question := v.question(v.scale.Key)
	k, err := r.keysOf(ctx, b, question, v.by)
	if err != nil {
		return err
	}
	if all := b.figures(question, k, ""); len(all) > 0 {
		v.all = all[0]
	}
	v.all.Scale = v.scale
	v.figures = b.figures(question, k, v.by)
	v.scores = b.distribution(question, k)
	months := question
	if year := v.to.AddDate(0, -12, 0); year.Before(months.From) {
		months.From = time.Date(year.Year(), year.Month()+1, 1, 0, 0, 0, 0, v.zone)
	}
	v.months = b.figures(months, k, ByMonth)
	if v.responses, err = r.silence(ctx, b, v.from, v.to, v.asOf(now), v.only[BySurvey]); err != nil {
		return err
	}
	v.traits, err = r.People.CommonTraits(ctx)
	return err
}

// asOf is the moment of the figures: now, or where the answers end.
func (s span) asOf(now time.Time) time.Time {
	if s.past {
		return s.to
	}
	return now
}

// peopleView is who is behind a figure.
type peopleView struct {
	opinionsView
	list  []Said
	names map[experience.ID]string
	all   int
	next  string
	part  string
}

const peoplePage = 50

// peoplePage lists who is behind a figure, the worst answers first.
func (r *Room) peoplePage(w http.ResponseWriter, q *web.Request) error {
	f, b, err := r.frame(q)
	if err != nil {
		return err
	}
	p := peopleView{opinionsView: opinionsView{frame: f, scales: b.used(f.from, f.to)}, part: q.URL.Query().Get("part")}
	p.scale, _ = choose(p.scales, p.state.scale)
	question := f.question(p.scale.Key)
	k, err := r.keysOf(q.Context(), b, question)
	if err != nil {
		return err
	}
	list := b.behind(question, k, partsOf(p.part)...)
	p.all = len(list)
	after, _ := strconv.Atoi(q.URL.Query().Get("after"))
	after = min(max(after, 0), len(list))
	p.list = list[after:min(after+peoplePage, len(list))]
	if after+peoplePage < len(list) {
		p.next = p.url(opinionsPath+"/people", func(v url.Values) {
			v.Set("after", strconv.Itoa(after+peoplePage))
			if p.part != "" {
				v.Set("part", p.part)
			}
		})
	}
	var ids []experience.ID
	for _, one := range p.list {
		if !one.Response.Person.IsZero() {
			ids = append(ids, one.Response.Person)
		}
	}
	if p.names, err = r.People.Names(q.Context(), ids); err != nil {
		return err
	}
	if q.HTMX() && after > 0 {
		return r.site.RenderFragment(w, q, peopleRows(p))
	}
	return r.site.Render(w, q, web.Page{Room: "opinion", Title: q.L.T("opinion.people.title")}, peopleBody(p))
}

// partsOf reads which sides of a scale are meant.
func partsOf(part string) []experience.Verdict {
	switch part {
	case "best":
		return []experience.Verdict{experience.Good}
	case "middle":
		return []experience.Verdict{experience.Fair}
	case "worst":
		return []experience.Verdict{experience.Poor}
	}
	return nil
}

// answer says who is listed.
func (p peopleView) answer() string {
	if side := partsOf(p.part); side != nil {
		return p.l.T("opinion.people.part", "n", p.all, "part", p.l.T("opinion.part."+string(p.scale.Measure)+"."+p.part), "scale", p.l.ScaleLabel(p.scale))
	}
	return p.l.T("opinion.people.all", "n", p.all, "scale", p.l.ScaleLabel(p.scale))
}

// where says about what and when somebody answered.
func (p peopleView) where(s Said) string {
	return p.name(ByTouchpoint, s.Response.Touchpoint) + " · " + p.l.Date(time.UnixMicro(s.Response.At))
}

// score writes one answer.
func (p peopleView) score(s Said) string {
	digits := 0
	if s.Item.Score != float64(int64(s.Item.Score)) {
		digits = 1
	}
	return p.l.Decimal(s.Item.Score, digits)
}
