package explore

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"regia/internal/analytics"
	"regia/internal/web"
)

func flag(on bool) string {
	if on {
		return "1"
	}
	return ""
}

// numbers offers some numbers.
func numbers(list ...int) []group {
	g := group{}
	for _, n := range list {
		g.choices = append(g.choices, web.Choice{Value: strconv.Itoa(n), Label: strconv.Itoa(n)})
	}
	return []group{g}
}

// periodGroups offers the periods; the usual one is what no choice means.
func (v view) periodGroups() []group {
	var names []string
	for _, name := range periods {
		if name != usual[v.s.question] {
			names = append(names, name)
		}
	}
	if v.s.period == usual[v.s.question] {
		names = append(names, v.s.period)
	}
	return v.one("explore.period.", names...)
}

func (v view) windowGroups() []group {
	windows := []string{"30m", "1h", "1d", "7d", "14d", "30d", "90d"}
	g := v.one("explore.window.", windows...)
	return v.known(g, v.s.window)
}

// filtered and refined tell whether folded parts of the form say something.
func (v view) filtered() bool {
	return v.s.place != "" || v.s.source != "" || len(v.s.conditions) > 0 || v.s.all
}

func (v view) refined() bool {
	s := v.s
	return s.window != "" || s.question == funnel && (s.by != "" || s.hold != "" || len(s.exclude) > 0 || s.anyOrder || s.totals) || s.top != "" || s.collapse
}

// meant says how the figures are counted, in the order of importance.
func (v view) meant() []string {
	l := v.l
	lines := []string{l.T("explore.meant." + v.s.question), l.T("explore.meant.case." + v.caseKey())}
	switch v.s.question {
	case funnel:
		if v.s.window != "" {
			lines = append(lines, l.T("explore.meant.window", "window", l.T("explore.window."+v.s.window)))
		}
		if len(v.s.exclude) > 0 {
			lines = append(lines, l.T("explore.meant.exclude", "names", v.items(v.s.exclude)))
		}
		if v.s.hold != "" {
			lines = append(lines, l.T("explore.meant.hold", "field", v.field(v.s.hold)))
		}
	case paths, process:
		lines = append(lines, l.T("explore.meant.kinds"))
	}
	if v.s.place != "" {
		lines = append(lines, l.T("explore.meant.place", "name", v.item(v.s.place)))
	}
	if v.s.all {
		return append(lines, l.T("explore.meant.all"), l.T("explore.meant.few", "count", few))
	}
	return append(lines, l.T("explore.meant.people"), l.T("explore.meant.few", "count", few))
}

func (v view) funnelHeads() []string {
	return []string{v.l.T("explore.step"), v.l.T("explore.cases.heads." + v.caseKey()), v.l.T("explore.offirst"), v.l.T("explore.ofbefore"), v.l.T("explore.half"), v.l.T("explore.ninety")}
}

func (v view) funnelRows(steps []analytics.FunnelStep) [][]figure {
	rows := make([][]figure, len(steps))
	for i, s := range steps {
		half, slow := "–", "–"
		if i > 0 && s.Count > 0 {
			half, slow = lasted(v.l, s.Median), lasted(v.l, s.Slow)
		}
		rows[i] = figuresIn(v.stepName(i), v.l.N(s.Count), v.l.Percent(s.OfFirst), v.l.Percent(s.OfBefore), half, slow)
		rows[i][1].url = v.some(s.Count, stepPlace(i+1, false))
	}
	return rows
}

func (v view) groupColumns(a analytics.FunnelAnswer) []web.Column {
	columns := []web.Column{{Label: web.Capital(v.field(v.s.by))}}
	for i := range a.Steps {
		columns = append(columns, web.Column{Label: strconv.Itoa(i+1) + ". " + v.stepName(i), Number: true})
	}
	return append(columns, web.Column{Label: v.l.T("explore.offirst"), Number: true})
}

// figuresIn makes a line of figures.
func figuresIn(texts ...string) []figure {
	line := make([]figure, len(texts))
	for i, t := range texts {
		line[i].text = t
	}
	return line
}

// some is who, where there is anybody.
func (v view) some(n int64, place url.Values) string {
	if n == 0 {
		return ""
	}
	return v.who(place)
}

func (v view) pathRows(a analytics.PathsAnswer) [][]figure {
	var rows [][]figure
	for i, level := range a.Levels {
		for _, n := range level.Nodes {
			place := url.Values{"level": {strconv.Itoa(i)}, "node": {n.Activity}}
			if n.Other {
				place = url.Values{"level": {strconv.Itoa(i)}, "rest": {"1"}}
			}
			line := figuresIn(v.activity(n), v.level(i), v.l.N(n.Cases), v.l.Percent(n.Share))
			line[1].words, line[2].url = true, v.some(n.Cases, place)
			rows = append(rows, line)
		}
		if level.Ended > 0 {
			line := figuresIn(v.l.T(v.direction("explore.paths.end")), v.level(i+1), v.l.N(level.Ended), v.l.Percent(float64(level.Ended)/float64(a.Cases)))
			line[1].words, line[2].url = true, v.who(url.Values{"level": {strconv.Itoa(i)}, "ended": {"1"}})
			rows = append(rows, line)
		}
	}
	return rows
}

// cohortPlace is a number of a line of retention: 0 is all of the cohort.
func cohortPlace(c analytics.Cohort, period int) url.Values {
	q := url.Values{}
	if period > 0 {
		q.Set("came", strconv.Itoa(period))
	}
	if !c.Start.IsZero() {
		q.Set("cohort", c.Start.Format(time.DateOnly))
	}
	return q
}

func (v view) edgeRows(a analytics.ProcessAnswer) [][]figure {
	var rows [][]figure
	for _, e := range a.Graph.Edges[:min(len(a.Graph.Edges), 100)] {
		line := figuresIn(v.value(v.s.by, e.From), v.value(v.s.by, e.To), v.l.N(e.Count), v.l.N(e.Cases), lasted(v.l, e.Median))
		line[1].words, line[3].url = true, v.who(url.Values{"of": {analytics.OfEdge}, "activity": {e.From}, "then": {e.To}})
		rows = append(rows, line)
	}
	return rows
}

func (v view) nodeHeads() []string {
	l := v.l
	return []string{l.T("explore.process.activity"), l.T("explore.process.count"), l.T("explore.cases.heads." + v.caseKey()), l.T("explore.process.begin"), l.T("explore.process.end"), l.T("explore.process.again")}
}

func (v view) nodeRows(a analytics.ProcessAnswer) [][]figure {
	var rows [][]figure
	for _, n := range a.Graph.Nodes[:min(len(a.Graph.Nodes), 100)] {
		line := figuresIn(v.value(v.s.by, n.Activity), v.l.N(n.Events))
		for _, one := range []struct {
			of string
			n  int64
		}{{analytics.OfActivity, n.Cases}, {analytics.OfFirst, n.First}, {analytics.OfLast, n.Last}, {analytics.OfRework, n.Rework}} {
			line = append(line, figure{text: v.l.N(one.n), url: v.some(one.n, url.Values{"of": {one.of}, "activity": {n.Activity}})})
		}
		rows = append(rows, line)
	}
	return rows
}

// shownPieces is how many pieces of time the page lists with their people: the
// latest.
const shownPieces = 60

func (v view) trendHeads(a analytics.TrendAnswer) []string {
	heads := []string{v.l.T("explore.unit." + v.unit())}
	for _, s := range a.Series[:min(len(a.Series), lines)] {
		heads = append(heads, v.seriesName(s))
	}
	return heads
}

// trendRows lists what happened, latest first, where it leads to people.
func (v view) trendRows(a analytics.TrendAnswer) [][]figure {
	var rows [][]figure
	for i := len(a.Times) - 1; i >= 0 && len(rows) < shownPieces; i-- {
		if a.Times[i].After(v.now) {
			continue
		}
		line := figuresIn(v.piece(a.Times[i]))
		for _, s := range a.Series[:min(len(a.Series), lines)] {
			text := v.l.N(s.Counts[i])
			if s.Currency != "" {
				text = v.l.Money(s.Counts[i], s.Currency)
			}
			line = append(line, figure{text: text, url: v.some(s.Counts[i], v.seriesPlace(s, a.Times[i]))})
		}
		rows = append(rows, line)
	}
	return rows
}

func (v view) seriesPlace(s analytics.Series, at time.Time) url.Values {
	q := url.Values{}
	if !at.IsZero() {
		q.Set("when", at.Format(time.RFC3339))
	}
	switch {
	case s.Other:
		q.Set("rest", "1")
	case v.s.by != "":
		q.Set("series", s.Value)
	}
	if s.Currency != "" {
		q.Set("currency", s.Currency)
	}
	return q
}

func (v view) trendTitle() string {
	what := v.l.T("explore.trends.title." + v.measure())
	switch {
	case v.s.what != "":
		what = "«" + v.item(v.s.what) + "»"
	case v.measure() == "cases":
		what = v.l.T("explore.cases.heads." + v.caseKey())
	}
	return v.l.T("explore.trends.title", "what", what, "each", v.l.T("explore.each."+v.unit()))
}

func (v view) seriesTitle() string {
	if v.s.by == "" {
		return v.l.T("explore.trends.total")
	}
	return v.l.T("explore.by.title", "field", v.field(v.s.by))
}

// processNote says how much of the record the picture shows.
func (v view) processNote(a analytics.ProcessAnswer) string {
	return v.l.T("explore.process.note", "shown", min(int64(number(v.s.shown, 2, 30, shownActivities)), a.Activities), "all", a.Activities)
}

func (v view) variantColumns() []web.Column {
	columns := []web.Column{{Label: v.l.T("explore.process.way")}, {Label: v.l.T("explore.cases.heads." + v.caseKey()), Number: true}, {Label: v.l.T("explore.ofall"), Number: true}}
	if len(v.s.design) > 0 {
		columns = append(columns, web.Column{Label: v.l.T("explore.process.fitness"), Number: true})
	}
	return columns
}

// longTrail is how many activities of a variant are written out.
const longTrail = 12

// trail names the activities of a variant; what repeats says how often.
func (v view) trail(activities []string) []string {
	var names []string
	for i := 0; i < len(activities); {
		n := i + 1
		for n < len(activities) && activities[n] == activities[i] {
			n++
		}
		name := v.value(v.s.by, activities[i])
		if n-i > 1 {
			name += " ×" + strconv.Itoa(n-i)
		}
		names = append(names, name)
		i = n
	}
	if len(names) > longTrail {
		names = append(names[:longTrail], "…")
	}
	return names
}

func (p peopleView) columns() []web.Column {
	person := web.Column{Label: p.l.T("explore.people.person")}
	if p.masters {
		return []web.Column{person}
	}
	return []web.Column{{Label: p.l.T("explore.case.name." + p.caseKey())}, person}
}

// caseName leaves out of a visit's or an order's name the source it came from.
func (p peopleView) caseName(name string) string {
	if p.s.of != "visit" && p.s.of != "order" {
		return name
	}
	if _, after, ok := strings.Cut(name, " "); ok {
		return after
	}
	return name
}
