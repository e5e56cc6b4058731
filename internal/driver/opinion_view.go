package driver

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

// Periods, as the address has them.
func periods() []string { return []string{"30d", "90d", "12m", "all"} }

const usualPeriod = "12m"

// state is what a page is asked for: all of it stands in the address.
type state struct {
	period string
	scale  string
	by     Axis
	only   map[Axis]string
}

// filters are the axes by which a page can be narrowed.
func filters() []Axis {
	return []Axis{ByTouchpoint, ByShop, ByChannel, BySurvey, ByQuestion, ByStage, ByMonth}
}

func readState(q url.Values) state {
	s := state{period: usualPeriod, scale: q.Get("scale"), by: Axis(q.Get("by")), only: map[Axis]string{}}
	if slices.Contains(periods(), q.Get("period")) {
		s.period = q.Get("period")
	}
	if s.by.check() != nil || s.by == ByMonth {
		s.by = ByTouchpoint
	}
	for _, a := range filters() {
		if q.Has(string(a)) && len(q.Get(string(a))) <= mostText {
			s.only[a] = q.Get(string(a))
		}
	}
	for name := range q {
		if a := Axis(name); strings.HasPrefix(name, traitPrefix) && a.check() == nil && len(q.Get(name)) <= mostText {
			s.only[a] = q.Get(name)
		}
	}
	return s
}

// url gives the address of a page in this state; change alters it.
func (s state) url(path string, change func(url.Values)) string {
	q := url.Values{}
	if s.period != usualPeriod {
		q.Set("period", s.period)
	}
	if s.scale != "" {
		q.Set("scale", s.scale)
	}
	if s.by != ByTouchpoint && s.by != "" {
		q.Set("by", string(s.by))
	}
	for a, key := range s.only {
		q.Set(string(a), key)
	}
	if change != nil {
		change(q)
	}
	if len(q) > 0 {
		path += "?" + q.Encode()
	}
	return path
}

// set puts one part into an address.
func set(name, value string) func(url.Values) {
	return func(q url.Values) { q.Set(name, value) }
}

// span is the period that is looked at. Where its last days have no answers,
// those before the end of the answers are meant.
type span struct {
	from, to time.Time
	past     bool
}

func (s state) span(b *book, now time.Time, zone *time.Location) span {
	first, last := b.span()
	day := func(t time.Time) time.Time {
		y, m, d := t.In(zone).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, zone)
	}
	out := span{to: day(now).AddDate(0, 0, 1)}
	if !last.IsZero() && last.Before(out.to.AddDate(0, 0, -30)) {
		out.to, out.past = day(last).AddDate(0, 0, 1), true
	}
	switch s.period {
	case "all":
		out.from = day(first)
	case "12m":
		end := out.to.AddDate(0, 0, -1)
		out.from = time.Date(end.Year(), end.Month()-11, 1, 0, 0, 0, 0, zone)
	default:
		n, _ := strconv.Atoi(strings.TrimSuffix(s.period, "d")) // one of periods
		out.from = out.to.AddDate(0, 0, -n)
	}
	return out
}

// frame is what every page of the room knows.
type frame struct {
	state
	span
	l      *web.Locale
	sees   bool
	zone   *time.Location
	places map[string]experience.Touchpoint
	stage  func(key string) string
	survey map[string]string // names of the company's own surveys, by key
}

func (f frame) words() string {
	return f.l.Date(f.from) + " – " + f.l.Date(f.to.Add(-time.Nanosecond))
}

// scaleLabel names a scale where it begins a line.
func scaleLabel(l *web.Locale, s experience.Scale) string { return web.Capital(l.ScaleLabel(s)) }

// value writes a figure of a scale in its own unit.
func value(l *web.Locale, s experience.Scale, v float64) string {
	switch s.Measure {
	case experience.NetPromoter:
		return signed(l, v, 0)
	case experience.TopBox:
		return l.Percent(v)
	}
	return l.Decimal(v, 2) + "/" + l.Decimal(s.High, 0)
}

// bare is value without its unit, for ends of intervals.
func bare(l *web.Locale, s experience.Scale, v float64) string {
	if s.Measure == experience.Mean {
		return l.Decimal(v, 2)
	}
	return value(l, s, v)
}

// signed writes a number with its sign.
func signed(l *web.Locale, v float64, digits int) string {
	unit := math.Pow(10, float64(digits))
	v = math.Round(v*unit) / unit
	if v == 0 {
		return l.Decimal(0, digits)
	}
	text := l.Decimal(math.Abs(v), digits)
	if v < 0 {
		return "−" + text
	}
	return "+" + text
}

// chance writes how probable something is by chance alone.
func chance(l *web.Locale, p float64) string {
	if p < 0.001 {
		return "p < " + l.Decimal(0.001, 3)
	}
	return "p = " + l.Decimal(p, 3)
}

// change writes how much a figure moved.
func change(l *web.Locale, s experience.Scale, v float64) string {
	switch s.Measure {
	case experience.NetPromoter:
		return l.T("opinion.points", "v", signed(l, v, 0))
	case experience.TopBox:
		return l.T("opinion.percentpoints", "v", signed(l, 100*v, 0))
	}
	return signed(l, v, 2)
}

// name says what a key of an axis is called.
func (f frame) name(a Axis, key string) string {
	if key == "" {
		if a == BySurvey {
			return f.l.T("opinion.none.survey")
		}
		return f.l.T("opinion.none")
	}
	switch a {
	case ByTouchpoint:
		if t, ok := f.places[key]; ok {
			return t.Called(f.l.Lang())
		}
		return key
	case ByChannel:
		if f.l.Has("opinion.asked." + key) {
			return f.l.T("opinion.asked." + key)
		}
		return web.Capital(f.l.ChannelLabel(experience.Channel(key)))
	case BySurvey:
		return first(f.survey[key], key)
	case ByStage:
		return f.stage(key)
	case ByMonth:
		t, err := time.ParseInLocation(monthFormat, key, f.zone)
		if err != nil {
			return key
		}
		return f.l.Month(t)
	}
	return key
}

// axisName names an axis.
func (f frame) axisName(a Axis) string {
	if name, ok := a.trait(); ok {
		return name
	}
	return f.l.T("opinion.by." + string(a))
}

// opinionsView is the page of opinions.
type opinionsView struct {
	frame
	scales    []Figure
	scale     experience.Scale
	all       Figure
	figures   []Figure
	months    []Figure
	scores    map[float64]int64
	responses Responses
	traits    []string
	currency  string
}

// answer is the finding in one sentence.
func (v opinionsView) answer() string {
	i := v.all.Interval
	if i.TooFew() {
		return v.l.T("opinion.answer.few", "scale", v.l.ScaleLabel(v.scale), "n", i.N)
	}
	kind := string(v.scale.Measure)
	text := web.Capital(v.l.T("opinion.answer."+kind, "value", value(v.l, v.scale, i.Value), "scale", v.l.ScaleLabel(v.scale), "low", bare(v.l, v.scale, i.Low), "high", bare(v.l, v.scale, i.High)))
	if c := v.all.Change; c != nil {
		key := "opinion.answer.alike"
		if v.all.Clear {
			key = "opinion.answer.up"
		}
		text += " " + v.l.T(key, "change", change(v.l, v.scale, c.Value))
	}
	return text
}

func (v opinionsView) basis() string {
	return v.l.T("opinion.n", "n", v.all.Interval.N, "people", v.l.T("opinion.people", "n", v.all.People))
}

func (v opinionsView) compare() string {
	if v.all.Change == nil || v.period == "all" {
		return ""
	}
	from := v.from.Add(-v.to.Sub(v.from))
	return v.l.T("opinion.against", "from", v.l.Date(from), "to", v.l.Date(v.from.Add(-time.Nanosecond)), "p", chance(v.l, v.all.Change.P))
}

func (v opinionsView) periodTabs() []web.Tab {
	var tabs []web.Tab
	for _, p := range periods() {
		s := v.state
		s.period = p
		tabs = append(tabs, web.Tab{Label: v.l.T("opinion.period." + p), URL: s.url(opinionsPath, nil), Active: p == v.period})
	}
	return tabs
}

func (v opinionsView) scaleTabs() []web.Tab {
	var tabs []web.Tab
	for _, f := range v.scales {
		s := v.state
		s.scale = f.Key
		tabs = append(tabs, web.Tab{Label: scaleLabel(v.l, f.Scale), URL: s.url(opinionsPath, nil), Active: f.Key == v.scale.Key, Count: v.l.N(f.Interval.N)})
	}
	return tabs
}

func (v opinionsView) axisTabs() []web.Tab {
	var tabs []web.Tab
	list := []Axis{ByTouchpoint, ByShop, ByChannel, BySurvey, ByQuestion, ByStage}
	for _, t := range v.traits[:min(len(v.traits), mostTraits)] {
		list = append(list, Axis(traitPrefix+t))
	}
	for _, a := range list {
		tabs = append(tabs, web.Tab{Label: v.axisName(a), URL: v.url(opinionsPath, set("by", string(a))) + "#by", Active: a == v.by})
	}
	return tabs
}

// mostTraits is how many traits the page offers.
const mostTraits = 5

// chosen are the filters in force, each with the address without it.
type chosen struct{ label, url string }

func (v opinionsView) chosen() []chosen {
	var list []chosen
	for a, key := range v.only {
		list = append(list, chosen{v.axisName(a) + ": " + v.name(a, key), v.url(opinionsPath, func(q url.Values) { q.Del(string(a)) })})
	}
	slices.SortFunc(list, func(a, b chosen) int { return strings.Compare(a.label, b.label) })
	return list
}

// who is the address of the people behind a figure; "" for those who may not
// see people.
func (v opinionsView) who(a Axis, key string, part string) string {
	if !v.sees {
		return ""
	}
	s := v.state
	s.scale = v.scale.Key
	return s.url(opinionsPath+"/people", func(q url.Values) {
		q.Del("by")
		if a != "" {
			q.Set(string(a), key)
		}
		if part != "" {
			q.Set("part", part)
		}
	})
}

// narrow is the address of the page for one key alone.
func (v opinionsView) narrow(a Axis, key string) string {
	return v.url(opinionsPath, set(string(a), key))
}

// partBars are the sides of the scale.
func (v opinionsView) partBars() []web.Bar {
	var bars []web.Bar
	n := v.all.Interval.N
	for _, side := range []struct {
		verdict experience.Verdict
		key     string
		tone    web.Tone
	}{{experience.Good, "best", web.Petrol}, {experience.Fair, "middle", web.Sand}, {experience.Poor, "worst", web.Terracotta}} {
		count := v.all.Parts[side.verdict+1]
		b := web.Bar{Label: v.l.T("opinion.part." + string(v.scale.Measure) + "." + side.key), Value: v.l.N(count), Amount: float64(count), Tone: side.tone, Evidence: experience.Stated}
		if n >= experience.TooFew {
			b.Note = v.l.Percent(float64(count) / float64(n))
		}
		if count > 0 {
			b.URL = v.who("", "", side.key)
		}
		bars = append(bars, b)
	}
	return bars
}

// mostScores is up to how many different answers are shown one by one.
const mostScores = 12

// columns is how many gave each answer.
func (v opinionsView) columns() (web.ChartProps, bool) {
	c := web.ChartProps{Height: 160, Head: v.l.T("opinion.score")}
	steps := int(v.scale.High-v.scale.Low) + 1
	if steps > mostScores {
		return c, false
	}
	values := make([]float64, steps)
	for score, n := range v.scores {
		if score != math.Trunc(score) {
			return c, false
		}
		values[int(score-v.scale.Low)] += float64(n)
	}
	for i := range steps {
		c.Labels = append(c.Labels, v.l.Decimal(v.scale.Low+float64(i), 0))
	}
	c.Series = []web.Series{{Name: v.l.T("opinion.answers"), Values: values, Tone: web.Petrol}}
	return c, true
}

// least is how many months make a line.
const least = 5

// most is the highest that a figure of the scale can be.
func (v opinionsView) most() float64 {
	switch v.scale.Measure {
	case experience.NetPromoter:
		return 100
	case experience.TopBox:
		return 1
	}
	return v.scale.High
}

// chart is the figure month by month; months with too few are gaps.
func (v opinionsView) chart() (web.ChartProps, bool) {
	c := web.ChartProps{Format: func(x float64) string { return value(v.l, v.scale, x) }, Most: v.most()}
	line := web.Series{Name: scaleLabel(v.l, v.scale), Tone: web.Petrol}
	enough := 0
	for _, f := range v.months {
		c.Labels = append(c.Labels, v.name(ByMonth, f.Key))
		if f.Interval.TooFew() {
			line.Values = append(line.Values, math.NaN())
			continue
		}
		enough++
		line.Values = append(line.Values, f.Interval.Value)
	}
	c.Series = []web.Series{line}
	return c, enough >= least
}
