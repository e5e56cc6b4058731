package pulse

import (
	"math"
	"net/url"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

const shown = 10 // touchpoints in the list

type headView struct {
	places Places
	err    error
}

type feedView struct {
	moments []Moment
	names   map[experience.ID]string
}

type emptyView struct{ base, key string }

// when says the period in words that begin a sentence.
func (v view) when() string {
	last := v.l.Date(v.p.now.To.Add(-time.Nanosecond))
	switch {
	case v.p.name == custom:
		return v.l.T("pulse.when.custom", "from", v.l.Date(v.p.now.From), "to", last)
	case v.p.past:
		return v.l.T("pulse.when."+v.p.name+".past", "to", last)
	}
	return v.l.T("pulse.when." + v.p.name)
}

// against names the period compared with: "sui 30 giorni prima".
func (v view) against() string {
	return v.l.T("pulse.against."+v.p.name, "n", v.p.days())
}

func (v view) span(s Span) string {
	from, to := s.From, s.To.Add(-time.Nanosecond)
	if v.p.name == today || midnight(from, v.p.zone).Equal(midnight(to, v.p.zone)) {
		return v.l.Date(from)
	}
	if from.In(v.p.zone).Year() == to.In(v.p.zone).Year() {
		return v.l.Day(from) + " – " + v.l.Date(to)
	}
	return v.l.Date(from) + " – " + v.l.Date(to)
}

// basis is what a box's figures rest on.
func (v view) basis(n int64) string {
	return v.span(v.p.now) + " · n = " + v.l.N(n)
}

// answer says in a sentence what is going on.
func (v view) answer(p Places) string {
	l := v.l
	if p.Interactions.Now == 0 {
		return l.T("pulse.answer.nothing", "when", v.when(), "last", l.Date(v.extent.last))
	}
	contacts := l.T("pulse.contacts", "n", p.Interactions.Now)
	if p.People.Now == 0 {
		return l.T("pulse.answer.nobody", "when", v.when(), "contacts", contacts, "change", v.change(p.Interactions))
	}
	return l.T("pulse.answer", "n", p.People.Now, "when", v.when(), "contacts", contacts, "change", v.change(p.Interactions))
}

// change is the end of a sentence: ", +8 % sui 30 giorni prima".
func (v view) change(n Pair) string {
	switch ratio := float64(n.Now-n.Before) / float64(n.Before); {
	case !v.p.compares(v.extent):
		return ""
	case n.Before < few:
		return v.l.T("pulse.change.few", "before", n.Before)
	case math.Abs(ratio) < 0.005:
		return v.l.T("pulse.change.steady", "against", v.against())
	default:
		return v.l.T("pulse.change", "percent", v.l.PercentChange(ratio), "against", v.against())
	}
}

func (v view) head(h headView) web.HeadProps {
	p := web.HeadProps{Question: v.l.T("pulse.question"), Live: v.live(), Period: v.span(v.p.now)}
	if h.err != nil {
		return p
	}
	p.Answer = v.answer(h.places)
	p.N = v.l.T("pulse.n", "n", h.places.Interactions.Now)
	p.Compare = v.l.T("pulse.compare", "span", v.span(v.p.before), "n", h.places.Interactions.Before)
	if !v.p.compares(v.extent) {
		p.Compare = v.l.T("pulse.compare.none", "first", v.l.Date(v.extent.first))
	}
	return p
}

func (v view) tabs() []web.Tab {
	var out []web.Tab
	for _, name := range presets {
		if v.p.past && name == today {
			continue
		}
		p := v.p
		p.name = name
		out = append(out, web.Tab{Label: v.l.T("pulse.period." + name), URL: "/" + p.query(), Active: v.p.name == name})
	}
	return out
}

// toggled is the address of the page with or without bots and staff.
func (v view) toggled() string {
	p := v.p
	p.all = !p.all
	return "/" + p.query()
}

// few is below how many a share, a change or a peak says nothing.
const few = 20

// compared gives the change of a figure that stands on n; nil where n says
// nothing.
func (v view) compared(figure, n Pair, good int) *web.Change {
	if !v.p.compares(v.extent) || n.Before < few {
		return nil
	}
	return &web.Change{Now: float64(figure.Now), Before: float64(figure.Before), Good: good, Against: v.against()}
}

// label names a piece of a chart.
func (v view) label(start time.Time) string {
	at := time.Date(start.Year(), start.Month(), start.Day(), start.Hour(), 0, 0, 0, v.p.zone)
	switch {
	case v.p.step == monthly:
		return v.l.Month(at)
	case v.p.step == daily:
		return v.l.Day(at)
	case v.p.days() > 1:
		return v.l.Day(at) + ", " + v.l.Time(at)
	}
	return v.l.Time(at)
}

func (v view) chart(volume Volume) web.ChartProps {
	c := web.ChartProps{Head: v.l.T("pulse.step." + volume.Step), Height: 240,
		Series: []web.Series{{Name: v.span(v.p.now), Tone: web.Petrol}}}
	begins := wall(v.extent.first, v.p.zone)
	for k, n := range volume.Now {
		value := float64(n.Interactions)
		if k+1 < len(volume.Now) && !volume.Now[k+1].Start.After(begins) {
			value = math.NaN() // nothing was measured yet: that is no zero
		}
		c.Labels = append(c.Labels, v.label(n.Start))
		c.Series[0].Values = append(c.Series[0].Values, value)
	}
	if v.p.aligned() && v.p.compares(v.extent) {
		former := web.Series{Name: v.span(v.p.before), Former: true}
		for k := range min(len(volume.Before), len(volume.Now)) {
			former.Values = append(former.Values, float64(volume.Before[k].Interactions))
		}
		c.Series = append(c.Series, former)
	}
	return c
}

// volumeTitle is the finding of the chart: its highest piece.
func (v view) volumeTitle(volume Volume) string {
	var peak Count
	for _, c := range volume.Now {
		if c.Interactions > peak.Interactions {
			peak = c
		}
	}
	if total(volume.Now) < few {
		return v.l.T("pulse.volume")
	}
	return v.l.T("pulse.volume.peak."+volume.Step, "at", v.label(peak.Start), "n", peak.Interactions)
}

func total(counts []Count) (n int64) {
	for _, c := range counts {
		n += c.Interactions
	}
	return n
}

func (v view) placeBar(p Place, label, url string) web.Bar {
	b := web.Bar{Label: label, URL: url, Value: v.l.N(p.Interactions.Now), Amount: float64(p.Interactions.Now),
		Former: float64(p.Interactions.Before), HasFormer: v.p.compares(v.extent)}
	if p.Interactions.Now > 0 {
		b.Note = v.l.T("pulse.people", "n", p.People.Now)
	}
	return b
}

func (v view) touchpointName(key string) string {
	if t, ok := v.c.touchpoints[key]; ok {
		return t.Called(v.l.Lang())
	}
	return key
}

func (v view) touchpointBars(p Places) []web.Bar {
	var bars []web.Bar
	for _, t := range p.Touchpoints {
		if t.Key == "" || t.Interactions.Now == 0 || len(bars) == shown {
			continue
		}
		b := v.placeBar(t, v.touchpointName(t.Key), "/touchpoints/"+url.PathEscape(t.Key))
		b.Channel = v.c.channel(t.Key, "")
		bars = append(bars, b)
	}
	return bars
}

func (v view) channelBars(p Places) []web.Bar {
	var bars []web.Bar
	for _, c := range p.Channels {
		if c.Interactions.Now == 0 {
			continue
		}
		label := web.Capital(v.l.T("web.channel.none"))
		if c.Key != "" {
			label = web.Capital(v.l.ChannelLabel(experience.Channel(c.Key)))
		}
		b := v.placeBar(c, label, "")
		b.Channel = experience.Channel(c.Key)
		bars = append(bars, b)
	}
	return bars
}

// stageBars keep the order of the journey.
func (v view) stageBars(p Places) []web.Bar {
	by := map[string]Place{}
	for _, s := range p.Stages {
		by[s.Key] = s
	}
	var bars []web.Bar
	for _, s := range experience.Stages {
		place := by[string(s)]
		b := v.placeBar(place, web.Capital(v.l.StageLabel(s)), "/touchpoints?stage="+string(s))
		b.Tone = web.StageTone(s)
		bars = append(bars, b)
	}
	if none, ok := by[""]; ok && none.Interactions.Now > 0 {
		b := v.placeBar(none, web.Capital(v.l.T("pulse.stage.none")), "/touchpoints/unbound")
		b.Tone = web.Sand
		bars = append(bars, b)
	}
	return bars
}

// finding says which place leads: "Il sito porta il 41 % dei contatti".
func (v view) finding(key string, list []Place, name func(string) string, n int64) string {
	for _, p := range list {
		if p.Key != "" && p.Interactions.Now > 0 && n >= few {
			return v.l.T(key+".finding", "name", name(p.Key), "share", v.l.Percent(float64(p.Interactions.Now)/float64(n)))
		}
	}
	return v.l.T(key)
}

// momentTitle and momentNote say what somebody did, and where.
func (v view) momentTitle(m Moment) string {
	if m.Touchpoint != "" && (m.Name == "" || m.Kind == experience.PageView || m.Kind == experience.Screen) {
		return v.touchpointName(m.Touchpoint)
	}
	return v.title(m.Kind, m.Name)
}

func (v view) momentPlace(m Moment) string {
	if m.Touchpoint != "" {
		return v.touchpointName(m.Touchpoint)
	}
	if s := v.c.sources[m.Source]; s.Name != "" {
		return s.Name
	}
	return m.Source
}

// mark tells anonymous visitors apart: the end of their id.
func mark(id experience.ID) string {
	s := id.String()
	return s[len(s)-4:]
}

func (v view) channelNames(list []experience.Channel) string {
	var names []string
	for _, c := range list {
		names = append(names, v.l.ChannelLabel(c))
	}
	return strings.Join(names, ", ")
}

// demoPort is one that a running Regia does not use.
const demoPort = 8081

// gapsShown is how many channels that are not measured say how to connect them.
const gapsShown = 6

func (v view) lastDay() string {
	return v.p.now.To.Add(-time.Nanosecond).In(v.p.zone).Format(dateFormat)
}

func (v view) channelName(key string) string { return v.l.ChannelLabel(experience.Channel(key)) }

func (v view) stageName(key string) string { return v.l.StageLabel(experience.Stage(key)) }

// stream is the address of the feed's events.
func (v view) stream() string {
	if v.p.all {
		return "/pulse/events?all=1"
	}
	return "/pulse/events"
}

func (v view) facesTitle(f Faces) string {
	n := f.New.Now + f.Returning.Now
	if n < few || !v.extent.first.Before(v.p.now.From) { // before all data everybody is new
		return v.l.T("pulse.faces")
	}
	return v.l.T("pulse.faces.finding", "share", v.l.Percent(float64(f.New.Now)/float64(n)))
}

func (v view) moneyTitle(list []Money) string {
	if len(list) == 0 {
		return v.l.T("pulse.money")
	}
	return v.l.T("pulse.money.finding", "amount", v.l.Money(list[0].Minor.Now, list[0].Currency), "change", v.moneyChange(list[0]))
}

func (v view) moneyChange(m Money) string {
	if m.Orders.Before < few || m.Minor.Before < few {
		return ""
	}
	return v.change(m.Minor)
}

// formerly says the figure of before where no percentage can.
func (v view) formerly(n Pair) string {
	if !v.p.compares(v.extent) || n.Before >= few {
		return ""
	}
	return v.l.T("pulse.before", "before", n.Before)
}

func (v view) gapsTitle(g Gaps) string {
	if len(g.Stages)+len(g.Channels) == 0 {
		return v.l.T("pulse.gaps.all")
	}
	return v.l.T("pulse.gaps")
}

// snippet tells this Regia of every page view of a site.
func (e emptyView) snippet() string {
	return `<script>
fetch("` + e.base + `/v1/page?writeKey=` + e.key + `", {
  method: "POST", keepalive: true,
  body: JSON.stringify({
    anonymousId: (localStorage.visitor ||= crypto.randomUUID()),
    name: document.title,
    properties: { url: location.href, referrer: document.referrer }
  })
});
</script>`
}
