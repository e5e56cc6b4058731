package followup

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/stats"
	"regia/internal/web"
)

const (
	homePath  = "/voice/follow-ups"
	rulesPath = homePath + "/rules"
	listPage  = 50
	// figuresOf is of how many days the figures are.
	figuresOf = 90
)

func (r *Room) registerPages(s *web.Site) {
	s.Page("GET "+homePath, workers(), r.listPage)
	s.Page("GET "+rulesPath, workers(), r.rulesPage)
	s.Page("POST "+hoursPath, stewards(), r.saveHours)
	s.Page("POST "+rulesPath+"/{key}", stewards(), r.saveRule)
	s.Page("POST "+rulesPath+"/{key}/preview", stewards(), r.previewRule)
	s.Page("GET "+homePath+"/{id}", workers(), r.itemPage)
	s.Page("POST "+homePath+"/{id}/{what}", workers(), r.changePage)
}

// words are what things are called on a page.
type words struct {
	l      *web.Locale
	now    time.Time
	users  []User
	people map[experience.ID]string
	steers bool
	me     string
}

func (r *Room) words(q *web.Request, ids ...experience.ID) (w words, err error) {
	w = words{l: q.L, now: q.Now, steers: q.User.May(stewards()), me: q.User.ID}
	if w.users, err = r.Users(q.Context()); err != nil {
		return w, err
	}
	ids = slices.DeleteFunc(ids, func(id experience.ID) bool { return id.IsZero() })
	if len(ids) > 0 {
		w.people, err = r.People.Names(q.Context(), ids)
	}
	return w, err
}

func (w words) user(id string) string {
	for _, u := range w.users {
		if u.ID == id {
			return u.Name
		}
	}
	if id == "" {
		return w.l.T("followup.nobody")
	}
	return w.l.T("followup.gone")
}

func (w words) person(id experience.ID) web.PersonProps {
	p := web.PersonProps{Name: w.people[id], URL: "/people/" + id.String()}
	if p.Name == "" {
		p.Name = w.l.T("followup.nameless")
	}
	return p
}

func (w words) rule(key string) string { return w.l.T("followup.rule." + key) }

// scale names a scale by its key.
func (w words) scale(key string) string {
	s, _ := experience.ScaleNamed(key, "")
	return w.l.ScaleLabel(s)
}

func (w words) score(scale string, score float64) string {
	s, ok := experience.ScaleNamed(scale, "")
	if !ok {
		return ""
	}
	return w.l.Answer(s, score)
}

// tone colours a rule: what hurts, and what is calm.
func tone(rule string) web.Tone {
	switch rule {
	case legal, leaving:
		return web.Terracotta
	case praise:
		return web.Sage
	}
	return web.Ochre
}

// listView is a page of follow-ups.
type listView struct {
	words
	view    string
	items   []Item
	said    map[experience.ID]Voice
	counts  Counts
	figures Figures
	more    string
}

func (r *Room) listPage(w http.ResponseWriter, q *web.Request) error {
	ctx := q.Context()
	v := listView{view: q.URL.Query().Get("view"), said: map[experience.ID]Voice{}}
	if !slices.Contains(views(), v.view) {
		v.view = viewAll
	}
	offset, _ := strconv.Atoi(q.URL.Query().Get("from"))
	offset = min(max(offset, 0), 100_000)
	var err error
	if v.items, v.counts, err = r.List(ctx, v.view, q.User.ID, offset, listPage+1); err != nil {
		return err
	}
	if len(v.items) > listPage {
		v.items = v.items[:listPage]
		v.more = homePath + "?view=" + v.view + "&from=" + strconv.Itoa(offset+listPage)
	}
	var ids []experience.ID
	for i := range v.items {
		if voice, err := r.Voices.Get(ctx, v.items[i].Voice); err == nil {
			v.said[voice.ID], v.items[i].Person = voice, voice.Person // as it is known now
		}
		ids = append(ids, v.items[i].Person)
	}
	if v.words, err = r.words(q, ids...); err != nil {
		return err
	}
	if q.HTMX() && offset > 0 {
		return r.site.RenderFragment(w, q, itemRows(v))
	}
	if v.figures, err = r.Figures(ctx, figuresOf); err != nil {
		return err
	}
	return r.site.Render(w, q, web.Page{Room: "followup", Title: q.L.T("followup.room")}, listBody(v))
}

func (v listView) tabs() []web.Tab {
	var out []web.Tab
	for _, name := range views() {
		out = append(out, web.Tab{Label: v.l.T("followup.view." + name), URL: homePath + "?view=" + name, Active: name == v.view, Count: v.l.N(v.counts[name])})
	}
	return out
}

func (v listView) head() web.HeadProps {
	open, late := v.counts[viewAll], v.counts[viewLate]
	answer := v.l.T("followup.answer", "n", open)
	if late > 0 {
		answer += " " + v.l.T("followup.answer.late", "n", late)
	}
	if open == 0 {
		answer = v.l.T("followup.answer.none")
	}
	return web.HeadProps{Question: v.l.T("followup.question"), Answer: answer}
}

func (v listView) columns() []web.Column {
	last := v.l.T("followup.column.due")
	if v.view == viewClosed {
		last = v.l.T("followup.column.closed")
	}
	return []web.Column{{Label: v.l.T("followup.column.person")}, {Label: v.l.T("followup.column.why")}, {Label: v.l.T("followup.column.owner")}, {Label: last}}
}

// excerpt is the beginning of what was said.
func excerpt(text string) string {
	const most = 110
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most]) + "…"
}

func (w words) share(i stats.Interval) string {
	if i.TooFew() {
		return w.l.TooFew(i.N)
	}
	return w.l.Percent(i.Value)
}

func (w words) interval(i stats.Interval) string {
	if i.TooFew() {
		return ""
	}
	return w.l.T("followup.interval", "low", w.l.Percent(i.Low), "high", w.l.Percent(i.High), "n", i.N)
}

func (w words) rise(i stats.Interval) string {
	if i.TooFew() || !i.Bounded() {
		return ""
	}
	return w.l.T("followup.rise", "points", w.l.Decimal(i.Value, 1), "low", w.l.Decimal(i.Low, 1), "high", w.l.Decimal(i.High, 1))
}

// itemView is one follow-up.
type itemView struct {
	words
	Item
	voice  Voice
	there  bool // the voice is
	place  string
	steps  []FollowUpStep
	passed int64
	again  Voice
	spoke  bool // the person answered again
	err    error
	note   string
	chosen string
}

func (r *Room) item(q *web.Request) (v itemView, err error) {
	ctx := q.Context()
	if v.Item, v.steps, v.passed, err = r.Get(ctx, q.PathValue("id")); err != nil {
		return v, err
	}
	v.voice, err = r.Voices.Get(ctx, v.Voice)
	switch experience.CodeOf(err) {
	case "":
		v.there, v.Person = true, v.voice.Person
		v.place = v.voice.Touchpoint
		if r.Place != nil && v.place != "" {
			v.place = r.Place(ctx, q.L, v.place)
		}
	case experience.NotFound: // it was taken back since
	default:
		return v, err
	}
	if v.again, v.spoke, err = r.again(ctx, v.Item); err != nil {
		return v, err
	}
	v.words, err = r.words(q, v.Person)
	return v, err
}

func (r *Room) itemPage(w http.ResponseWriter, q *web.Request) error {
	v, err := r.item(q)
	if err != nil {
		return err
	}
	return r.showItem(w, q, http.StatusOK, v)
}

func (r *Room) showItem(w http.ResponseWriter, q *web.Request, status int, v itemView) error {
	return r.site.RenderStatus(w, q, status, web.Page{Room: "followup", Title: v.rule(v.Rule) + " · " + q.L.T("followup.room")}, itemBody(v))
}

// changePage does what a button of the page says.
func (r *Room) changePage(w http.ResponseWriter, q *web.Request) error {
	id, ctx, text := q.PathValue("id"), q.Context(), q.FormValue("text")
	var err error
	switch q.PathValue("what") {
	case "take":
		err = r.Assign(ctx, id, q.User.ID, q.User)
	case "assign":
		err = r.Assign(ctx, id, q.FormValue("owner"), q.User)
	case "note":
		err = r.Note(ctx, id, text, q.User)
	case "close":
		err = r.CloseIt(ctx, id, q.FormValue("outcome"), text, q.User)
	case "reopen":
		err = r.Reopen(ctx, id, q.User)
	default:
		return experience.Errorf(experience.NotFound, "followup.error.none")
	}
	switch experience.CodeOf(err) {
	case "":
		http.Redirect(w, q.Request, homePath+"/"+id, http.StatusSeeOther)
		return nil
	case experience.Invalid, experience.TooLarge, experience.Conflict:
		v, missing := r.item(q)
		if missing != nil {
			return missing
		}
		v.err, v.note, v.chosen = err, text, q.FormValue("outcome")
		return r.showItem(w, q, web.Status(err), v)
	}
	return err
}

func (v itemView) head() web.HeadProps {
	h := web.HeadProps{Question: v.rule(v.Rule)}
	switch {
	case !v.Closed.IsZero():
		h.Answer = v.l.T("followup.item.closed", "name", v.user(v.ClosedBy), "when", v.l.DateTime(v.Closed), "outcome", v.l.T("followup.outcome."+v.Outcome))
	case v.late(v.now):
		h.Answer = v.l.T("followup.item.late", "name", v.user(v.Owner), "when", v.l.DateTime(v.Due))
	default:
		h.Answer = v.l.T("followup.item.open", "name", v.user(v.Owner), "when", v.l.DateTime(v.Due))
	}
	return h
}

// why says which rule opened it, and by what.
func (v itemView) why() string {
	switch {
	case v.Why != "":
		return v.l.T("followup.why.word", "rule", v.l.T("followup.rule."+v.Rule+".why"), "word", strings.TrimSuffix(v.Why, "*"))
	case v.Rule == detractor:
		return v.l.T("followup.why.score", "score", v.score(v.Scale, v.Score))
	}
	return v.l.T("followup.rule." + v.Rule + ".why")
}

func (v itemView) ownerChoices() []web.Choice {
	var out []web.Choice
	for _, u := range v.users {
		out = append(out, web.Choice{Value: u.ID, Label: u.Name, Selected: u.ID == v.Owner})
	}
	return out
}

func (v itemView) outcomeChoices() []web.Choice {
	var out []web.Choice
	for _, o := range outcomes() {
		out = append(out, web.Choice{Value: o, Label: v.l.T("followup.outcome." + o), Selected: o == v.chosen})
	}
	return out
}

// stepText says what was done.
func (v itemView) stepText(s FollowUpStep) string {
	switch s.What {
	case stepOpened, stepAssigned, stepLate:
		return v.l.T("followup.step."+s.What, "name", v.user(s.Text))
	case stepClosed:
		outcome, note, _ := strings.Cut(s.Text, ": ")
		return strings.TrimSpace(v.l.T("followup.step.closed", "outcome", v.l.T("followup.outcome."+outcome)) + " " + note)
	case stepNoted:
		return s.Text
	}
	return v.l.T("followup.step." + s.What)
}

// turnedText says how the person answered again.
func (v itemView) turnedText() string {
	switch {
	case v.Closed.IsZero() || v.Scale == "":
		return ""
	case !v.spoke:
		return v.l.T("followup.again.none")
	}
	key := "followup.again.same"
	if v.again.Score > v.Score {
		key = "followup.again.higher"
	} else if v.again.Score < v.Score {
		key = "followup.again.lower"
	}
	return v.l.T(key, "before", v.score(v.Scale, v.Score), "after", v.score(v.Scale, v.again.Score), "when", v.l.Date(v.again.Time))
}

// Needs is what waits for somebody, for who shows it elsewhere.
type Needs struct {
	Open, Late, Mine int64
}

// Needs counts what waits.
func (r *Room) Needs(ctx context.Context, user string) (Needs, error) {
	_, counts, err := r.List(ctx, viewAll, user, 0, 1)
	return Needs{Open: counts[viewAll], Late: counts[viewLate], Mine: counts[viewMine]}, err
}
