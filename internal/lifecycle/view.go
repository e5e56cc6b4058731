package lifecycle

import (
	"math"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

// percent writes a share with one digit after the point.
func percent(l *web.Locale, share float64) string {
	return strings.Replace(l.Percent(0), "0", l.Decimal(100*share, 1), 1)
}

// outOf writes a share as so many out of a hundred.
func outOf(l *web.Locale, share float64) string {
	return l.N(int64(math.Round(100 * share)))
}

// sure writes the interval and the number a rate rests on.
func sure(l *web.Locale, low, high float64, n int64) string {
	return l.T("lifecycle.sure", "low", l.Decimal(100*low, 1), "high", percent(l, high), "n", n)
}

func few(n int64) bool { return n < experience.TooFew }

// told writes a rate, or that it rests on too few.
func told(l *web.Locale, r Rate) string {
	if few(r.N) {
		return l.TooFew(r.N)
	}
	return percent(l, r.Share)
}

func (v *view) period() string { return v.l.Date(v.first) + " – " + v.l.Date(v.at) }

// answer says in a sentence whether they come back.
func (v *view) answer() string {
	again, third := rate(v.all.again, v.all.buyers), rate(v.all.third, v.all.again)
	switch {
	case again.N == 0:
		return v.l.T("lifecycle.answer.nobody")
	case few(again.N):
		return v.l.T("lifecycle.answer.few", "n", again.N)
	case few(third.N):
		return v.l.T("lifecycle.answer.again", "again", outOf(v.l, again.Share))
	}
	return v.l.T("lifecycle.answer", "again", outOf(v.l, again.Share), "third", outOf(v.l, third.Share))
}

// head is the question, its answer and what it rests on. The comparison is
// between people who have had the same time: whoever came lately looks as if
// they did not come back only because they could not yet.
func (v *view) head() web.HeadProps {
	h := web.HeadProps{Question: v.l.T("lifecycle.question"), Answer: v.answer(), Period: v.period(), N: v.l.T("lifecycle.n", "n", v.all.buyers)}
	now, before := v.lately[0], v.lately[1]
	if few(now.n) || few(before.n) {
		return h
	}
	a, b := rate(now.yes, now.n), rate(before.yes, before.n)
	key := "lifecycle.compare"
	if a.Low <= b.High && b.Low <= a.High {
		key += ".alike"
	}
	to := v.at.Add(-soonDays * 24 * time.Hour)
	h.Compare = v.l.T(key, "now", percent(v.l, a.Share), "before", percent(v.l, b.Share), "from", v.l.Date(to.Add(-soonDays*24*time.Hour)), "to", v.l.Date(to))
	return h
}

// customers counts those who bought, at the end of a month.
func customers(c [stageCount]int64) (n int64) {
	for _, k := range c[1:] {
		n += k
	}
	return n
}

func (v *view) stagesTitle() string {
	c := v.now()
	n := customers(c)
	if n == 0 {
		return v.l.T("lifecycle.stages")
	}
	alive := n - c[Dormant.place()] - c[Lost.place()]
	return v.l.T("lifecycle.stages.title", "n", alive, "customers", v.l.N(n), "dormant", v.l.N(c[Dormant.place()]), "lost", v.l.N(c[Lost.place()]))
}

func (v *view) stagesNote() string {
	_, sum := counts(v.now())
	note := v.l.T("lifecycle.stages.note", "at", v.l.Date(v.at), "n", sum)
	if v.unknown > 0 {
		note += " " + v.l.T("lifecycle.unknown", "n", v.unknown)
	}
	return note
}

// former gives the counts at the end of the month before.
func (v *view) former() ([stageCount]int64, bool) {
	if len(v.counts) < 2 {
		return [stageCount]int64{}, false
	}
	return v.counts[len(v.counts)-2], true
}

func (v *view) stageBars() []web.Bar {
	now := v.now()
	before, has := v.former()
	n := customers(now)
	var bars []web.Bar
	for i, s := range Stages {
		b := web.Bar{Label: stageName(v.l, s), Value: v.l.N(now[i]), Amount: float64(now[i]), Tone: s.tone(), Former: float64(before[i]), HasFormer: has}
		if now[i] > 0 {
			b.URL = who{stages: []string{string(s)}}.url(homePath + "/people")
		}
		if s != Prospect && !few(n) {
			b.Note = v.l.T("lifecycle.ofcustomers", "share", v.l.Percent(float64(now[i])/float64(n)))
		}
		bars = append(bars, b)
	}
	return bars
}

// bandStages are the stages of the chart, from its bottom: who buys stands on
// firm ground, who went floats above.
func bandStages() []Stage { return []Stage{Fan, Repeat, Active, New, Dormant, Lost} }

// shown are the places of the months that the bands show.
func (v *view) shown() (from int) {
	n := map[string]int{"12": 12, "24": 24}[v.span]
	if n == 0 || n > len(v.months) {
		return 0
	}
	return len(v.months) - n
}

func (v *view) bands() web.ChartProps {
	c := web.ChartProps{Height: 300}
	from := v.shown()
	for _, m := range v.months[from:] {
		c.Labels = append(c.Labels, v.l.Month(m))
	}
	for _, s := range bandStages() {
		line := web.Series{Name: stageName(v.l, s), Tone: s.tone()}
		for _, k := range v.counts[from:] {
			line.Values = append(line.Values, float64(k[s.place()]))
		}
		c.Series = append(c.Series, line)
	}
	return c
}

// bandsTitle is the finding of the bands: how many still buy, against a year
// before where there is one.
func (v *view) bandsTitle() string {
	last := len(v.counts) - 1
	alive := func(i int) int64 {
		c := v.counts[i]
		return customers(c) - c[Dormant.place()] - c[Lost.place()]
	}
	if last < 12 || few(alive(last-12)) {
		return v.l.T("lifecycle.bands")
	}
	now, before := alive(last), alive(last-12)
	change := float64(now-before) / float64(before)
	if math.Abs(change) < 0.005 {
		return v.l.T("lifecycle.bands.steady", "n", now)
	}
	return v.l.T("lifecycle.bands.title", "n", now, "change", v.l.PercentChange(change))
}

func (v *view) spanTabs() []web.Tab {
	var tabs []web.Tab
	for _, s := range []string{"12", "24", "all"} {
		tabs = append(tabs, web.Tab{Label: v.l.T("lifecycle.span." + s), URL: v.state(v.month, s).url() + "#bands", Active: v.span == s})
	}
	return tabs
}

// state is the address of the page with another month or span.
func (v *view) state(month int, span string) state {
	s := state{span: span}
	if month >= 0 && month < len(v.months)-1 {
		s.month = v.months[month].Format(monthFormat)
	}
	return s
}

func (v *view) monthURL(i int) string { return v.state(i, v.span).url() + "#movement" }

// monthName names a month; of one that goes on only a part is over.
func (v *view) monthName(i int) string { return v.l.Month(v.months[i]) }

func (v *view) goesOn(i int) bool {
	return v.ends[i] < v.months[i].AddDate(0, 1, 0).UnixMicro()-1
}

// placeName names a touchpoint or a channel.
func (v *view) placeName(key string) string {
	t, ok := v.places[key]
	switch {
	case key == "":
		return v.l.T("lifecycle.origin.none")
	case !ok:
		return key
	}
	return t.Called(v.l.Lang())
}

func (v *view) channelName(key string) string {
	if key == "" {
		return v.l.T("lifecycle.origin.none")
	}
	return web.Capital(v.l.ChannelLabel(experience.Channel(key)))
}
