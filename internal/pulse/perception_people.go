package pulse

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"slices"

	"regia/internal/experience"
	"regia/internal/stats"
	"regia/internal/web"
)

// peopleShown is how many of the people behind a figure are listed.
const peopleShown = 100

// movedPerson is somebody behind a figure.
type movedPerson struct {
	id    experience.ID
	name  string
	value float64 // the mean of what moved them
	times int64
}

type movedView struct {
	view
	lane
	best   bool // the best come first
	list   []movedPerson
	people stats.Interval
}

// movedPage lists who was moved how at a touchpoint: the people behind a figure.
func (r *Room) movedPage(w http.ResponseWriter, q *web.Request) error {
	v, err := r.view(q)
	if err != nil {
		return err
	}
	values := q.URL.Query()
	m := movedView{view: v, best: values.Get("order") == "best",
		lane: lane{values.Get("touchpoint"), experience.Dimension(values.Get("dimension")), experience.Evidence(values.Get("evidence"))}}
	if m.dimension != "" && !slices.Contains(experience.Dimensions, m.dimension) || m.evidence != experience.Stated && m.evidence != experience.Inferred {
		return experience.Errorf(experience.Invalid, "pulse.error.lane")
	}
	if err := r.who(q.Context(), &m); err != nil {
		return err
	}
	return r.site.Render(w, q, web.Page{Room: "pulse", Title: q.L.T("pulse.who")}, movedBody(m))
}

// who fills in the people.
func (r *Room) who(ctx context.Context, m *movedView) error {
	if r.Perception == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var all moved
	var now movedPerson
	var sum mean
	flush := func() {
		if sum.n > 0 {
			now.value, now.times = sum.sum/sum.n, int64(sum.n)
			all.add(sum)
			if !now.id.IsZero() {
				m.list = append(m.list, now)
			}
		}
		now, sum = movedPerson{}, mean{}
	}
	err := r.Perception.Impressions(ctx, m.p.now.From, m.p.now.To, func(i experience.Impression) error {
		if i.Touchpoint != m.touchpoint {
			return nil
		}
		if i.Person != now.id || i.Person.IsZero() {
			flush()
			now.id = i.Person
		}
		for _, impact := range i.Impacts {
			if impact.Evidence == m.evidence && (m.dimension == "" || impact.Dimension == m.dimension) {
				sum = sum.and(impact)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	flush()
	m.people = all.Interval()
	slices.SortFunc(m.list, func(a, b movedPerson) int {
		order := cmp.Compare(a.value, b.value)
		if m.best {
			order = -order
		}
		return cmp.Or(order, bytes.Compare(a.id[:], b.id[:]))
	})
	m.list = first(m.list, peopleShown)
	return r.naming(ctx, m.list)
}

func (r *Room) naming(ctx context.Context, list []movedPerson) error {
	var ids []experience.ID
	for _, p := range list {
		ids = append(ids, p.id)
	}
	if len(ids) == 0 {
		return nil
	}
	names, err := r.People.Names(ctx, ids)
	for k := range list {
		list[k].name = names[list[k].id]
	}
	return err
}

// answer says of whom it is.
func (m movedView) answer() string {
	name := m.spot(m.touchpoint)
	if m.people.N == 0 {
		return m.l.T("pulse.who.none", "name", name)
	}
	if m.people.TooFew() {
		return m.l.T("pulse.who.few", "name", name, "n", m.people.N)
	}
	e := m.people.Within(-1, 1).Estimate(m.evidence)
	return m.l.T("pulse.who.answer", "name", name, "n", m.people.N, "score", m.figure(e.Value), "between", m.surely(e))
}

// label names somebody without a name.
func (m movedView) label(p movedPerson) string {
	if p.name != "" {
		return p.name
	}
	return m.l.T("pulse.feed.anonymous", "mark", mark(p.id))
}

func (m movedView) columns() []web.Column {
	return []web.Column{{Label: m.l.T("pulse.who.person")}, {Label: m.l.T("pulse.who.score"), Number: true}, {Label: m.l.T("pulse.who.times"), Number: true}}
}
