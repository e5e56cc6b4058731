package impact

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"regia/internal/experience"
	"regia/internal/web"
)

// homeView is the room's first page.
type homeView struct {
	view
	empty      bool
	scales     []Answered
	hurts      []Figure // by touchpoint, what hurts most first
	helps      []Figure // by touchpoint, what does most good first
	few        int      // touchpoints with too few people
	level      int      // touchpoints that chance explains
	dimensions map[experience.Dimension]map[experience.Evidence]Figure
	months     []string
	trend      map[experience.Evidence][]float64
	overall    map[experience.Evidence]Figure
}

// shown is how many touchpoints a list has.
const shown = 8

func (r *Room) home(v view) homeView {
	h := homeView{view: v, scales: v.p.Scales(v.from, v.to), dimensions: map[experience.Dimension]map[experience.Evidence]Figure{},
		trend: map[experience.Evidence][]float64{}, overall: map[experience.Evidence]Figure{}}
	for _, f := range v.figures() {
		h.overall[f.Evidence] = f
	}
	h.empty = len(h.overall) == 0 && v.dimension == ""
	for _, f := range v.figures(ByTouchpoint) {
		switch {
		case f.Evidence == experience.Assumed: // a designer's guess neither hurts nor helps anybody
		case f.TooFew():
			h.few++
		case !f.Tells():
			h.level++
		case f.Pull < 0:
			h.hurts = append(h.hurts, f)
		default:
			h.helps = append(h.helps, f)
		}
	}
	byPull(h.hurts, 1)
	byPull(h.helps, -1)
	all := v.question(ByDimension)
	all.Dimension = ""
	for _, f := range v.p.Figures(all, v.places, v.zone) {
		d := experience.Dimension(f.Keys[ByDimension])
		if h.dimensions[d] == nil {
			h.dimensions[d] = map[experience.Evidence]Figure{}
		}
		h.dimensions[d][f.Evidence] = f
	}
	h.overMonths()
	return h
}

// overMonths fills in the trend: a month with too few people is a gap.
func (h *homeView) overMonths() {
	for at := h.from; at.Before(h.to) && len(h.months) < 120; at = at.AddDate(0, 1, 1-at.Day()) {
		h.months = append(h.months, at.In(h.zone).Format("2006-01"))
	}
	place := map[string]int{}
	for i, m := range h.months {
		place[m] = i
	}
	for _, f := range h.figures(ByMonth) {
		i, ok := place[f.Keys[ByMonth]]
		if !ok || f.TooFew() {
			continue
		}
		if h.trend[f.Evidence] == nil {
			h.trend[f.Evidence] = make([]float64, len(h.months))
			for k := range h.months {
				h.trend[f.Evidence][k] = math.NaN()
			}
		}
		h.trend[f.Evidence][i] = 100 * f.Value
	}
}

func (h homeView) answer() string {
	period := h.l.T("impact.period." + h.period)
	if len(h.hurts) == 0 {
		if f, ok := h.overall[experience.Stated]; ok && !f.TooFew() {
			return h.l.T("impact.answer.stated", "score", points(h.l, f.Value), "period", period)
		}
		return h.l.T("impact.answer.nothing", "period", period)
	}
	f := h.hurts[0]
	return h.l.T("impact.answer", "period", period, "touchpoint", h.touchpoint(f.Keys[ByTouchpoint]), "score", points(h.l, f.Value), "n", f.People)
}

func (h homeView) basis() string {
	return h.l.T("impact.basis", "stated", h.overall[experience.Stated].N, "inferred", h.overall[experience.Inferred].N)
}

func (h homeView) compare() string { return h.l.T("impact.asof", "when", h.l.DateTime(h.p.AsOf)) }

// behind is the address of the people behind a figure.
func (v view) behind(f Figure, best bool) string {
	more := []string{"evidence", string(f.Evidence)}
	for a, key := range f.Keys {
		more = append(more, string(a), key)
	}
	if best {
		more = append(more, "best", "1")
	}
	return v.url("/impact/people", more...)
}

// chart draws the trend: one line for each kind of evidence, never one of both.
func (h homeView) chart() web.ChartProps {
	p := web.ChartProps{Format: func(v float64) string { return points(h.l, v/100) }, Head: h.l.T("impact.month")}
	for _, m := range h.months {
		p.Labels = append(p.Labels, h.month(m))
	}
	for _, e := range evidences {
		if values, ok := h.trend[e]; ok {
			tone := map[experience.Evidence]web.Tone{experience.Stated: web.Petrol, experience.Inferred: web.Ochre, experience.Assumed: web.Sand}[e]
			p.Series = append(p.Series, web.Series{Name: web.Capital(h.l.EvidenceLabel(e)), Values: values, Tone: tone})
		}
	}
	return p
}

// trending tells whether there are enough months for a line: never one through
// four points.
func (h homeView) trending() bool {
	for _, values := range h.trend {
		n := 0
		for _, v := range values {
			if !math.IsNaN(v) {
				n++
			}
		}
		if n > 4 {
			return true
		}
	}
	return false
}

func (h homeView) tabs() []web.Tab {
	var tabs []web.Tab
	for _, p := range periods {
		s := h.state
		s.period = p
		tabs = append(tabs, web.Tab{Label: h.l.T("impact.tab." + p), URL: s.url("/impact"), Active: p == h.period})
	}
	return tabs
}

func (h homeView) dimensionTabs() []web.Tab {
	s := h.state
	s.dimension = ""
	tabs := []web.Tab{{Label: h.l.T("impact.dimension.all"), URL: s.url("/impact"), Active: h.dimension == ""}}
	for _, d := range experience.Dimensions {
		s.dimension = d
		tabs = append(tabs, web.Tab{Label: h.l.T("impact.dimension." + string(d)), URL: s.url("/impact"), Active: h.dimension == d})
	}
	return tabs
}

func (h homeView) csv() string { return h.url("/impact/scores.csv") }

// peopleView is who is behind a figure.
type peopleView struct {
	view
	list       []Touched
	all        int
	names      map[experience.ID]string
	evidence   experience.Evidence
	touchpoint string
	why        string
	best       bool
}

func (p peopleView) answer() string {
	key := "impact.people.worst"
	if p.best {
		key = "impact.people.best"
	}
	place := p.l.T("impact.everywhere")
	if p.touchpoint != "" {
		place = p.view.touchpoint(p.touchpoint)
	}
	return p.l.T(key, "n", p.all, "place", place)
}

func (p peopleView) name(x Touched) string {
	if n := p.names[x.Person]; n != "" {
		return n
	}
	return ""
}

// rulesView is the rules, their weights, and what goes with answers.
type rulesView struct {
	view
	done       bool
	scales     []Answered
	scale      experience.Scale
	influences []Influence
}

func (b rulesView) answer() string {
	h := b.p.Fit.HoldOut
	switch {
	case b.p.Fit.N < experience.TooFew:
		return b.l.T("impact.rules.answer.design")
	case h.Tried < experience.TooFew || h.Explained <= 0:
		return b.l.T("impact.rules.answer.weak", "n", b.p.Fit.N)
	}
	return b.l.T("impact.rules.answer", "n", b.p.Fit.N, "share", b.l.Percent(h.Explained))
}

func (b rulesView) holdOut() string {
	h := b.p.Fit.HoldOut
	if h.Tried < experience.TooFew {
		return b.l.T("impact.holdout.none")
	}
	return b.l.T("impact.holdout", "learned", h.Learned, "tried", h.Tried, "error", b.l.Decimal(100*h.Error, 0), "mean", b.l.Decimal(100*h.MeanError, 0), "share", b.l.Percent(math.Max(0, h.Explained)))
}

func (b rulesView) scaleTabs() []web.Tab {
	var tabs []web.Tab
	for _, a := range b.scales {
		tabs = append(tabs, web.Tab{Label: web.Capital(b.l.ScaleLabel(a.Scale)), URL: "/impact/rules?scale=" + url.QueryEscape(a.Scale.Key) + "#influences", Active: a.Scale == b.scale, Count: b.l.N(a.Mean.N)})
	}
	return tabs
}

// strongest says the first influence in words.
func (b rulesView) strongest() string {
	if len(b.influences) == 0 {
		return b.l.T("impact.influences.none")
	}
	f := b.influences[0]
	return b.l.T("impact.influences.first", "what", b.measureName(f.Measure), "share", b.l.Percent(f.Share))
}

// weight of a rule in words.
func (b rulesView) weight(i int) string { return fine(b.l, b.p.Book.Weights[i].Value) }

func (b rulesView) origin(i int) string {
	w := b.p.Book.Weights[i]
	switch w.from() {
	case fromHand:
		return b.l.T("impact.from.hand")
	case fromFit:
		return b.l.T("impact.from.fitted", "n", w.N)
	}
	if !b.p.Book.Rules[i].Fitted() {
		return b.l.T("impact.from.behaviour")
	}
	return b.l.T("impact.from.design", "n", w.N)
}

func (b rulesView) doubt(i int) string {
	w := b.p.Book.Weights[i]
	if w.Hand {
		return ""
	}
	return b.l.T("impact.doubt", "error", b.l.Decimal(100*w.Error, 1))
}

// typed is a weight set by hand as the field shows it.
func (b rulesView) typed(i int) string {
	w := b.p.Book.Weights[i]
	if !w.Hand {
		return ""
	}
	return strconv.FormatFloat(math.Round(1000*w.Value)/10, 'f', -1, 64)
}

// bar is a level's mean as a share of its scale.
func (b rulesView) bars(f Influence) []web.Bar {
	var bars []web.Bar
	for _, l := range f.Levels {
		bar := web.Bar{Label: b.levelName(f.Measure, l.Key), Evidence: experience.Stated, Note: "n = " + b.l.N(l.N)}
		if l.TooFew() {
			bar.Value = b.l.TooFew(l.N)
		} else {
			bar.Value = b.mean(l.Interval) + " (" + b.meanBetween(l.Interval) + ")"
			bar.Amount = l.Value - f.Scale.Low
			v, _ := f.Scale.Value(l.Value)
			bar.Tone = tone(v)
		}
		bars = append(bars, bar)
	}
	return bars
}

func (b rulesView) has(d experience.Dimension) bool {
	return slices.ContainsFunc(b.p.Book.Rules, func(r Rule) bool { return r.Dimension == d })
}

func (b rulesView) events(r Rule) string { return strings.Join(r.Events, ", ") }
