package journey

import (
	"context"
	"database/sql"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/analytics"
	"regia/internal/experience"
	"regia/internal/web"
)

// Periods, as the address has them.
const (
	allTime = "all"
	custom  = "custom"
	usually = "90d"
)

var periods = []string{"30d", "90d", "12m", allTime}

// living is how a map is really lived, for its page.
type living struct {
	l         *web.Locale
	m         Map
	version   int64 // as the address has it; 0: the latest
	p         Period
	name      string // of the period
	past      bool   // moved back to where the data end
	last      time.Time
	dimension experience.Dimension
	sees      bool // the reader may see people
	title     func(name string) string
	felt      bool // somebody reckons what people felt

	f       JourneyFigures
	pending bool
	err     error
}

// living gives the living figures of a map for its page: what is not ready
// within the room's patience follows by itself.
func (r *Room) living(q *web.Request, m Map) (living, error) {
	v, err := r.livingOf(q, m)
	if err != nil {
		return v, err
	}
	return r.reckoned(q.Context(), v, r.Alive.Patience, false), nil
}

// aliveView reads the address of a part of a map's page.
func (r *Room) aliveView(q *web.Request) (living, error) {
	version, _ := strconv.ParseInt(q.URL.Query().Get("version"), 10, 64) // what is no number is the latest
	m, err := r.Store.Version(q.Context(), q.PathValue("key"), max(0, version))
	if err != nil {
		return living{}, err
	}
	v, err := r.livingOf(q, m)
	v.version = max(0, version)
	return v, err
}

func (r *Room) livingOf(q *web.Request, m Map) (living, error) {
	v := living{l: q.L, m: m, sees: q.User.SeesPeople(), felt: r.Alive.Impressions != nil,
		title: func(name string) string { return r.title(q.L, experience.Track, name) }}
	given := q.URL.Query()
	if d := experience.Dimension(given.Get("dimension")); slices.Contains(experience.Dimensions, d) {
		v.dimension = d
	}
	first, last, err := r.extent(q.Context(), q.Now)
	if err != nil {
		return v, err
	}
	return v, v.read(given, first, last, q.Now, q.Company.Location())
}

// reckoned fills the figures in; trouble becomes part of the view.
func (r *Room) reckoned(ctx context.Context, v living, patience time.Duration, last bool) living {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	f, err := r.reckoner().Figures(ctx, v.m, v.p)
	switch {
	case err == nil:
		v.f = f
	case ctx.Err() != nil && !last:
		v.pending = true
	case ctx.Err() != nil:
		v.err = experience.Errorf(experience.Unavailable, "journey.error.living.slow")
	default:
		v.err = err
		if experience.CodeOf(err) == experience.Internal {
			r.Logger.ErrorContext(ctx, "how a map is lived could not be reckoned", "map", v.m.Key, "error", err)
		}
	}
	if v.dimension == "" {
		v.dimension = v.f.mostKnown()
	}
	return v
}

// figuresPart is the part of a map's page that was not ready with it.
func (r *Room) figuresPart(w http.ResponseWriter, q *web.Request) error {
	v, err := r.aliveView(q)
	if err != nil {
		return err
	}
	if !q.HTMX() {
		http.Redirect(w, q.Request, v.address("", nil), http.StatusSeeOther)
		return nil
	}
	return r.site.RenderFragment(w, q, figures(r.reckoned(q.Context(), v, aliveLimit, true)))
}

// extent tells between which moments there is anything. What claims to come
// from the future does not move the end.
func (r *Room) extent(ctx context.Context, now time.Time) (first, last time.Time, err error) {
	rows, err := r.Ledger.Query(ctx, `SELECT min(time), max(time) FROM interactions WHERE time < $1 AND flags = 0`, now.Add(time.Hour))
	if err != nil {
		return first, last, err
	}
	defer rows.Close()
	var a, b sql.NullTime
	for rows.Next() {
		if err := rows.Scan(&a, &b); err != nil {
			return first, last, err
		}
	}
	return a.Time.UTC(), b.Time.UTC(), rows.Err()
}

func midnight(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}

// read resolves the period of an address. Where the last days have nothing,
// those before the end of the data are meant: old data must not show an empty
// page.
func (v *living) read(q url.Values, first, last, now time.Time, zone *time.Location) error {
	end := midnight(now, zone).AddDate(0, 0, 1)
	v.p, v.last = Period{To: end, Now: now}, last
	if !last.IsZero() && last.Before(end.AddDate(0, 0, -30)) {
		v.p.To, v.past = midnight(last, zone).AddDate(0, 0, 1), true
	}
	if q.Get("from") != "" || q.Get("to") != "" {
		v.name, v.past = custom, false
		return v.between(q.Get("from"), q.Get("to"), midnight(first, zone), end, zone)
	}
	v.name = usually
	if slices.Contains(periods, q.Get("period")) {
		v.name = q.Get("period")
	}
	switch v.name {
	case allTime:
		v.p.From = midnight(first, zone)
	case "12m":
		day := v.p.To.AddDate(0, 0, -1)
		v.p.From = time.Date(day.Year(), day.Month()-11, 1, 0, 0, 0, 0, zone)
	default:
		days, err := strconv.Atoi(strings.TrimSuffix(v.name, "d"))
		if err != nil {
			return err
		}
		v.p.From = v.p.To.AddDate(0, 0, -days)
	}
	return nil
}

// between reads days, both included.
func (v *living) between(from, to string, first, end time.Time, zone *time.Location) error {
	v.p.From, v.p.To = first, end
	for _, one := range []struct {
		text string
		into *time.Time
		add  int
	}{{from, &v.p.From, 0}, {to, &v.p.To, 1}} {
		if one.text == "" {
			continue
		}
		t, err := time.ParseInLocation(time.DateOnly, one.text, zone)
		if err != nil {
			return experience.Errorf(experience.Invalid, "journey.error.living.date")
		}
		*one.into = t.AddDate(0, 0, one.add)
	}
	if !v.p.From.Before(v.p.To) {
		return experience.Errorf(experience.Invalid, "journey.error.living.order")
	}
	return nil
}

// address is that of the map's page, or of something beside it ("/people"),
// with the period and the dimension at hand, and with more in it.
func (v living) address(beside string, more map[string]string) string {
	q := url.Values{}
	if v.version > 0 {
		q.Set("version", strconv.FormatInt(v.version, 10))
	}
	if v.name == custom {
		q.Set("from", v.p.From.Format(time.DateOnly))
		q.Set("to", v.p.To.AddDate(0, 0, -1).Format(time.DateOnly))
	} else if v.name != usually {
		q.Set("period", v.name)
	}
	if v.dimension != "" && v.dimension != v.f.mostKnown() {
		q.Set("dimension", string(v.dimension))
	}
	for name, value := range more {
		if value == "" {
			q.Del(name)
		} else {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return pathOf(v.m.Key) + beside
	}
	return pathOf(v.m.Key) + beside + "?" + q.Encode()
}

// mostKnown is the dimension of which most is known: of what people said, or
// else of what was concluded.
func (f JourneyFigures) mostKnown() experience.Dimension {
	for _, e := range heard {
		for _, one := range f.Asked { // most first
			if one.Evidence == e && one.N >= experience.TooFew {
				return one.Dimension
			}
		}
	}
	return experience.Emotional
}

func feltOf(list []Felt, d experience.Dimension, e experience.Evidence) *Felt {
	i := slices.IndexFunc(list, func(f Felt) bool { return f.Dimension == d && f.Evidence == e })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// behind is the address of those behind a number; "" where there is nobody, or
// the reader may not see people.
func (v living) behind(n int64, what string, more ...string) string {
	if n == 0 || !v.sees {
		return ""
	}
	q := map[string]string{"what": what, "dimension": ""}
	for i := 0; i+1 < len(more); i += 2 {
		q[more[i]] = more[i+1]
	}
	return v.address("/people", q)
}

// worst is the step at which most stop; -1 where too few do to say so.
func (v living) worst() int {
	at, most := -1, int64(0)
	for i, s := range v.f.Steps {
		if s.Stopped > most && s.Cases >= experience.TooFew {
			at, most = i, s.Stopped
		}
	}
	return at
}

// answer says where people are lost, in one sentence.
func (v living) answer() string {
	bound := slices.ContainsFunc(v.f.Steps, func(s StepFigures) bool { return s.Bound })
	w := v.worst()
	switch {
	case !bound:
		return v.l.T("journey.alive.answer.unbound")
	case v.f.Cases == 0:
		return v.l.T("journey.alive.answer.nobody")
	case v.f.Cases < experience.TooFew:
		return v.l.T("journey.alive.answer.few", "count", v.cases(v.f.Cases))
	case w < 0:
		return v.l.T("journey.alive.answer.none", "share", v.l.Percent(part(v.f.Finished, v.f.Cases)))
	}
	s := v.f.Steps[w]
	return v.l.T("journey.alive.answer", "step", s.Name, "count", v.cases(s.Stopped), "share", v.l.Percent(part(s.Stopped, s.Cases)),
		"finished", v.l.Percent(part(v.f.Finished, v.f.Cases)))
}

func part(n, of int64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// caseKey chooses the words for what is followed.
func (v living) caseKey() string {
	switch v.m.Case {
	case "":
		return "person"
	case "person", "visit", "order":
		return v.m.Case
	}
	return "other"
}

// cases counts what is followed: "1.204 persone".
func (v living) cases(n int64) string { return v.l.T("journey.alive.cases."+v.caseKey(), "n", n) }

// share says a share; of too few it says that instead.
func (v living) share(n, of int64) string {
	if of < experience.TooFew {
		return v.l.T("journey.alive.few", "count", of)
	}
	return v.l.Percent(part(n, of))
}

// lasted says a length of time in one unit: "3 minuti".
func (v living) lasted(seconds float64) string {
	switch d := time.Duration(seconds * float64(time.Second)); {
	case d < 90*time.Second:
		return v.l.T("journey.alive.seconds", "n", int(math.Round(d.Seconds())))
	case d < 90*time.Minute:
		return v.l.T("journey.alive.minutes", "n", int(math.Round(d.Minutes())))
	case d < 36*time.Hour:
		return v.l.T("journey.alive.hours", "n", int(math.Round(d.Hours())))
	default:
		return v.l.T("journey.alive.days.count", "n", int(math.Round(d.Hours()/24)))
	}
}

// periodWords says the period at hand.
func (v living) periodWords() string {
	return v.l.Date(v.p.From) + " – " + v.l.Date(v.p.To.Add(-time.Nanosecond))
}

func (v living) tabs() []web.Tab {
	tabs := make([]web.Tab, len(periods))
	for i, name := range periods {
		other := v
		other.name = name
		tabs[i] = web.Tab{Label: v.l.T("journey.alive.period." + name), URL: other.address("", nil) + "#alive", Active: v.name == name}
	}
	return tabs
}

// dimensions are the tabs of what may be looked at: those of which anything is
// known or assumed.
func (v living) dimensions() []web.Tab {
	var tabs []web.Tab
	for _, d := range experience.Dimensions {
		if d != v.dimension && !v.says(d) {
			continue
		}
		other := v
		other.dimension = d
		tabs = append(tabs, web.Tab{Label: v.l.T("journey.alive.dimension." + string(d)), URL: other.address("", nil) + "#alive", Active: d == v.dimension})
	}
	return tabs
}

// says tells whether anything is known or assumed of a dimension.
func (v living) says(d experience.Dimension) bool {
	return slices.ContainsFunc(v.f.Steps, func(s StepFigures) bool {
		return slices.ContainsFunc(s.Felt, func(f Felt) bool { return f.Dimension == d })
	})
}

// signed writes an impact with its sign.
func (v living) signed(x float64) string {
	text := v.l.Decimal(math.Abs(x), 2)
	switch {
	case math.Round(math.Abs(x)*100) == 0:
		return text
	case x < 0:
		return "−" + text
	}
	return "+" + text
}

// estimate writes a figure with its interval.
func (v living) estimate(e *experience.Estimate) string {
	return v.signed(e.Value) + " (" + v.signed(e.Low) + " … " + v.signed(e.High) + ")"
}

// deviation says in words how cases differ from the map.
func (v living) deviation(d MapDeviation) string {
	name := ""
	if d.Kind == analytics.Unknown {
		name = v.title(d.Activity)
	} else if s, ok := v.m.Step(d.Step); ok {
		name = s.Name
	}
	return v.l.T("journey.alive.deviation."+d.Kind, "name", name)
}
