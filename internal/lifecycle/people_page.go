package lifecycle

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

const peoplePage = 50

func channelOf(key string) experience.Channel { return experience.Channel(key) }

// peopleView is the people behind a number.
type peopleView struct {
	page
	l     *web.Locale
	who   who
	title string
	names map[experience.ID]string
	more  string // address of the next page
}

func (v peopleView) columns() []web.Column {
	return []web.Column{
		{Label: v.l.T("lifecycle.column.person")}, {Label: v.l.T("lifecycle.column.stage")},
		{Label: v.l.T("lifecycle.column.since"), Hide: true}, {Label: v.l.T("lifecycle.column.orders"), Number: true}, {Label: v.l.T("lifecycle.column.last"), Number: true, Hide: true},
	}
}

// peoplePage lists people. A list is a pass of its own: what is not ready within
// the room's patience follows by itself.
func (r *Room) peoplePage(w http.ResponseWriter, q *web.Request) error {
	who, err := readWho(q.URL.Query())
	if err != nil {
		return err
	}
	after := q.URL.Query().Get("after")
	patience, waits := r.Patience, q.HTMX() || after != "" || q.URL.Query().Get("wait") != ""
	if waits {
		patience = limit
	}
	ctx, cancel := context.WithTimeout(q.Context(), patience)
	defer cancel()
	v, err := r.listed(ctx, q, who, after)
	page := web.Page{Room: "lifecycle", Title: q.L.T("lifecycle.people.title")}
	slow := err != nil && ctx.Err() != nil && q.Context().Err() == nil
	switch {
	case slow && !waits:
		return r.site.Render(w, q, page, laterBody(v))
	case slow:
		return experience.Errorf(experience.Unavailable, "lifecycle.error.slow")
	case err != nil:
		return err
	case q.HTMX() && after != "":
		return r.site.RenderFragment(w, q, memberRows(v))
	case q.HTMX():
		return r.site.RenderFragment(w, q, peopleBody(v))
	}
	return r.site.Render(w, q, page, peopleBody(v))
}

// listed reads a page of people.
func (r *Room) listed(ctx context.Context, q *web.Request, who who, after string) (peopleView, error) {
	v := peopleView{l: q.L, who: who}
	title, err := r.titleOf(q, who)
	if err != nil {
		return v, err
	}
	v.title = title
	if v.page, err = r.members(ctx, who, after, peoplePage); err != nil {
		return v, err
	}
	ids := make([]experience.ID, len(v.members))
	for i, m := range v.members {
		ids[i] = m.Person
	}
	if v.names, err = r.People.Names(ctx, ids); err != nil {
		return v, err
	}
	if v.next != "" {
		more := who.values()
		more.Set("after", v.next)
		v.more = homePath + "/people?" + more.Encode()
	}
	return v, nil
}

// titleOf says who is meant.
func (r *Room) titleOf(q *web.Request, who who) (string, error) {
	touchpoints, err := r.Touchpoints(q.Context())
	v := view{l: q.L, places: map[string]experience.Touchpoint{}}
	for _, t := range touchpoints {
		v.places[t.Key] = t
	}
	month := func(key string) string {
		t, _ := time.ParseInLocation(monthFormat, key, q.L.Zone())
		return q.L.Month(t)
	}
	return who.describe(q.L, month, v.placeName), err
}

// mark tells people without a name apart: the end of their id.
func mark(id experience.ID) string {
	s := id.String()
	return s[len(s)-4:]
}

const csvBatch = 500

// peopleCSV gives everybody behind a number, in the order of their ids, a batch
// at a time; names only to those who may see them.
func (r *Room) peopleCSV(w http.ResponseWriter, q *web.Request) error {
	who, err := readWho(q.URL.Query())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(q.Context(), limit)
	defer cancel()
	var out *web.Sheet
	var batch []Member
	flush := func() error {
		if out == nil {
			out = web.SendSheet(w, "people")
			out.Write("person", "name", "stage", "since", "orders", "first_order", "last_order")
		}
		if err := r.writeMembers(ctx, out, batch, q.User.SeesPeople()); err != nil {
			return err
		}
		batch = batch[:0]
		return out.Error()
	}
	err = r.eachMember(ctx, who, func(h *history, standing []order, p *report) error {
		if batch = append(batch, member(h, standing, p)); len(batch) == csvBatch {
			return flush()
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	if out != nil && err != nil { // too late to say so: a broken file must not look whole
		panic(http.ErrAbortHandler)
	}
	return err
}

func (r *Room) writeMembers(ctx context.Context, out *web.Sheet, batch []Member, sees bool) error {
	names := map[experience.ID]string{}
	if sees && len(batch) > 0 {
		ids := make([]experience.ID, len(batch))
		for i, m := range batch {
			ids[i] = m.Person
		}
		var err error
		if names, err = r.People.Names(ctx, ids); err != nil {
			return err
		}
	}
	for _, m := range batch {
		out.Write(m.Person.String(), names[m.Person], string(m.Stage), stamp(m.Since), strconv.Itoa(m.Orders), stamp(m.First), stamp(m.Last))
	}
	out.Flush()
	return out.Error()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func whole(n int64) string { return strconv.FormatInt(n, 10) }

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// movementCSV gives how many are at which stage at the end of each month, and
// how many came there from which.
func (r *Room) movementCSV(w http.ResponseWriter, q *web.Request) error {
	v, err := r.look(q, limit, true)
	if err != nil {
		return err
	}
	out := web.SendSheet(w, "movement")
	out.Write("month", "from", "to", "people")
	for _, m := range v.movement(mostMonths) {
		for _, s := range m.Stages {
			out.Write(m.Month, "", string(s.Stage), whole(s.People))
		}
		for _, f := range m.Flows {
			from := string(f.From)
			if from == "" {
				from = fromNowhere
			}
			out.Write(m.Month, from, string(f.To), whole(f.People))
		}
	}
	out.Flush()
	return nil // the reader may be gone
}

// purchasesCSV gives the cohorts and origins.
func (r *Room) purchasesCSV(w http.ResponseWriter, q *web.Request) error {
	v, err := r.look(q, limit, true)
	if err != nil {
		return err
	}
	out := web.SendSheet(w, "purchases")
	out.Write("by", "key", "buyers", "again", "again_share", "again_low", "again_high", "third", "third_share", "within_90_days")
	line := func(by, key string, again, third Rate, soon *Rate) {
		within := ""
		if soon != nil {
			within = whole(soon.Yes)
		}
		out.Write(by, key, whole(again.N), whole(again.Yes), decimal(again.Share), decimal(again.Low), decimal(again.High), whole(third.Yes), decimal(third.Share), within)
	}
	b := v.bought()
	line("all", "", b.Again, b.Third, nil)
	for _, c := range b.Cohorts {
		line("cohort", c.Month, c.Again, c.Third, c.Soon)
	}
	for _, o := range b.Touchpoints {
		line("touchpoint", o.Key, o.Again, o.Third, nil)
	}
	for _, o := range b.Channels {
		line("channel", o.Key, o.Again, o.Third, nil)
	}
	out.Flush()
	return nil
}
