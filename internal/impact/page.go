package impact

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

//go:embed messages.it.json messages.en.json
var messages embed.FS

// Register puts the room's texts, pages and operations on the site.
func (r *Room) Register(s *web.Site) error {
	if r.Logger == nil {
		r.Logger = slog.New(slog.DiscardHandler)
	}
	r.site = s
	if err := s.Messages(messages); err != nil {
		return err
	}
	r.registerAPI(s)
	r.registerPrediction(s)
	s.Room(web.Room{Key: "impact", Path: "/impact", Icon: "heart", Order: 14})
	s.Page("GET /impact", nil, r.page)
	s.Page("GET /impact/scores.csv", nil, r.csv)
	s.Page("GET /impact/people", lookers, r.peoplePage)
	s.Page("GET /impact/rules", nil, r.rulesPage)
	s.Page("POST /impact/rules/{key}", steerers, r.decidePage)
	return nil
}

// Periods, as the address has them.
var periods = []string{"30d", "90d", "12m", "all"}

const usualPeriod = "12m"

// state is what a page is asked for: all of it stands in the address.
type state struct {
	period    string
	dimension experience.Dimension
}

func readState(q url.Values) state {
	s := state{period: usualPeriod}
	for _, p := range periods {
		if q.Get("period") == p {
			s.period = p
		}
	}
	for _, d := range experience.Dimensions {
		if q.Get("dimension") == string(d) {
			s.dimension = d
		}
	}
	return s
}

// url gives the address of a page in this state; more are pairs.
func (s state) url(path string, more ...string) string {
	q := url.Values{}
	if s.period != usualPeriod {
		q.Set("period", s.period)
	}
	if s.dimension != "" {
		q.Set("dimension", string(s.dimension))
	}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] == "" {
			q.Del(more[i])
		} else {
			q.Set(more[i], more[i+1])
		}
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path
}

// view is what every page knows.
type view struct {
	state
	l      *web.Locale
	p      *Picture
	places Places
	zone   *time.Location
	now    time.Time
	sees   bool
	steers bool
	from   time.Time
	to     time.Time
	past   bool // the period was moved back to where the data end
}

func (r *Room) view(q *web.Request) (view, error) {
	v := view{state: readState(q.URL.Query()), l: q.L, now: q.Now, sees: q.User.SeesPeople(), steers: q.User.May(steerers)}
	var err error
	if v.p, v.places, v.zone, err = r.ready(q.Context()); err != nil {
		return v, err
	}
	v.span()
	return v, nil
}

// span resolves the period. Where its last days have nothing, those before the
// end of the data are meant.
func (v *view) span() {
	first, last := v.p.span()
	day := func(t time.Time) time.Time {
		y, m, d := t.In(v.zone).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, v.zone)
	}
	v.to = day(v.now).AddDate(0, 0, 1)
	if !last.IsZero() && last.Before(v.to.AddDate(0, 0, -30)) {
		v.to, v.past = day(last).AddDate(0, 0, 1), true
	}
	switch v.period {
	case "all":
		v.from = day(first)
	case "12m":
		end := v.to.AddDate(0, 0, -1)
		v.from = time.Date(end.Year(), end.Month()-11, 1, 0, 0, 0, 0, v.zone)
	default:
		n, _ := strconv.Atoi(strings.TrimSuffix(v.period, "d")) // one of periods
		v.from = v.to.AddDate(0, 0, -n)
	}
}

func (v view) words() string {
	return v.l.Date(v.from) + " – " + v.l.Date(v.to.Add(-time.Nanosecond))
}

// question asks within the page's period and dimension.
func (v view) question(by ...Axis) Question {
	return Question{By: by, From: v.from, To: v.to, Dimension: v.dimension, Only: map[Axis]string{}}
}

func (v view) figures(by ...Axis) []Figure { return v.p.Figures(v.question(by...), v.places, v.zone) }

func (r *Room) page(w http.ResponseWriter, q *web.Request) error {
	v, err := r.view(q)
	if err != nil {
		return err
	}
	return r.site.Render(w, q, web.Page{Room: "impact", Title: q.L.T("impact.room")}, impactBody(r.home(v)))
}

// csv gives figures as a spreadsheet reads them: by touchpoint and month, or by
// what the address says.
func (r *Room) csv(w http.ResponseWriter, q *web.Request) error {
	v, err := r.view(q)
	if err != nil {
		return err
	}
	by := []Axis{ByTouchpoint, ByMonth}
	if text := q.URL.Query().Get("by"); text != "" {
		by = nil
		for a := range strings.SplitSeq(text, ",") {
			by = append(by, Axis(a))
		}
	}
	if err := checkAxes(by); err != nil {
		return err
	}
	out := web.SendSheet(w, "impact")
	var head []string
	for _, a := range by {
		head = append(head, string(a))
	}
	out.Write(append(head, "evidence", "value", "low", "high", "n", "people", "too_few", "pull")...)
	for _, f := range v.figures(by...) {
		var line []string
		for _, a := range by {
			line = append(line, f.Keys[a])
		}
		out.Write(append(line, string(f.Evidence), decimal(f.Value), decimal(f.Low), decimal(f.High),
			strconv.FormatInt(f.N, 10), strconv.FormatInt(f.People, 10), strconv.FormatBool(f.TooFew()), decimal(f.Pull))...)
	}
	out.Flush()
	return nil // the reader may be gone
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) }

func checkAxes(by []Axis) error {
	if len(by) > maxAxes {
		return experience.Errorf(experience.Invalid, "impact.error.by")
	}
	for _, a := range by {
		known := false
		for _, x := range Axes {
			known = known || x == a
		}
		if !known {
			return experience.Errorf(experience.Invalid, "impact.error.by")
		}
	}
	return nil
}

// behindLimit is how many people a page lists.
const behindLimit = 100

func (r *Room) peoplePage(w http.ResponseWriter, q *web.Request) error {
	v, err := r.view(q)
	if err != nil {
		return err
	}
	p := peopleView{view: v, best: q.URL.Query().Get("best") == "1", evidence: experience.Stated, touchpoint: q.URL.Query().Get("touchpoint"), why: q.URL.Query().Get("why")}
	for _, e := range evidences {
		if q.URL.Query().Get("evidence") == string(e) {
			p.evidence = e
		}
	}
	question := v.question()
	question.Evidence = p.evidence
	for _, a := range []Axis{ByTouchpoint, ByStage, ByChannel, ByDepartment, ByMonth, ByWhy} {
		if key := q.URL.Query().Get(string(a)); key != "" {
			question.Only[a] = key
		}
	}
	p.list, p.all = v.p.Behind(question, v.places, v.zone, p.best, behindLimit)
	ids := make([]experience.ID, len(p.list))
	for i, x := range p.list {
		ids[i] = x.Person
	}
	if p.names, err = r.People.Names(q.Context(), ids); err != nil {
		return err
	}
	return r.site.Render(w, q, web.Page{Room: "impact", Title: q.L.T("impact.people.title")}, peopleBody(p))
}

func (r *Room) rulesPage(w http.ResponseWriter, q *web.Request) error {
	v, err := r.view(q)
	if err != nil {
		return err
	}
	b := rulesView{view: v, done: q.URL.Query().Get("done") == "1", scales: v.p.Scales(time.Time{}, time.Time{})}
	if scale, ok := v.p.scale(q.URL.Query().Get("scale")); ok {
		b.scale, b.influences = scale, v.p.Influences(scale)
	}
	return r.site.Render(w, q, web.Page{Room: "impact", Title: q.L.T("impact.rules.title")}, rulesBody(b))
}

// decidePage switches a rule off or on, or weighs it by hand.
func (r *Room) decidePage(w http.ResponseWriter, q *web.Request) error {
	h := Hand{Off: q.FormValue("off") == "1"}
	if text := strings.TrimSpace(strings.Replace(q.FormValue("weight"), ",", ".", 1)); text != "" {
		points, err := strconv.ParseFloat(strings.Replace(text, "−", "-", 1), 64)
		if err != nil {
			return experience.Errorf(experience.Invalid, "impact.error.weight")
		}
		weight := points / 100
		h.Weight = &weight
	}
	if err := r.Decide(q.Context(), q.PathValue("key"), h, q.User.ID); err != nil {
		return err
	}
	http.Redirect(w, q.Request, "/impact/rules?done=1#rule-"+q.PathValue("key"), http.StatusSeeOther)
	return nil
}

// Why says in words what an impact comes from: an answer in its own scale, a
// rule's name, a step of a map.
func (r *Room) Why(l *web.Locale, i experience.Impact) string {
	switch i.Evidence {
	case experience.Stated:
		return answered(l, i.Why, i.Value)
	case experience.Inferred:
		if p := r.picture.Load(); p != nil {
			if n, ok := p.Book.rule(i.Why); ok {
				return p.Book.Rules[n].Name.In(l.Lang())
			}
		}
	}
	return i.Why
}

// Fresh waits for a picture of what the ledger holds now.
func (r *Room) Fresh(ctx context.Context) error {
	_, err := r.draw(ctx, false)
	return err
}
