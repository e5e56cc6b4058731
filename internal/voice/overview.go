package voice

import (
	"math"
	"net/http"
	"strings"
	"time"

	"regia/internal/stats"
	"regia/internal/web"
)

// overviewView is what people said in a time.
type overviewView struct {
	names
	*Overview
	period string
	past   bool
	begins bool // of all there is: nothing was before
}

func (r *Room) overview(q *web.Request) (v overviewView, none bool, err error) {
	ctx := q.Context()
	f, err := readFilter(q.URL.Query())
	if err != nil {
		return v, false, err
	}
	e, err := r.extent(ctx)
	if err != nil || e.none {
		return v, e.none, err
	}
	v.period, v.past = f.Period, e.past
	if v.Overview, err = r.Overview(ctx, e.span(f.Period, q.Company.Location()), q.Company.Location()); err != nil {
		return v, false, err
	}
	v.begins = v.Before.All() == 0
	if err = r.explain(ctx, v.Overview); err != nil {
		return v, false, err
	}
	var said []Voice
	for _, m := range v.Moves {
		said = append(said, m.Voices...)
	}
	if v.Loudest != nil {
		said = append(said, v.Loudest.voices...)
	}
	v.names, err = r.names(q, said)
	return v, false, err
}

func (r *Room) overviewPage(w http.ResponseWriter, q *web.Request) error {
	v, none, err := r.overview(q)
	if err != nil {
		return err
	}
	page := web.Page{Room: "voice", Title: q.L.T("voice.room")}
	if none {
		return r.site.Render(w, q, page, emptyBody())
	}
	return r.site.Render(w, q, page, overviewBody(v))
}

func (v overviewView) tabs() []web.Tab {
	var out []web.Tab
	for _, p := range periods() {
		out = append(out, web.Tab{Label: v.l.T("voice.period." + p), URL: Filter{Period: p}.url(homePath), Active: p == v.period})
	}
	return out
}

func (v overviewView) head() web.HeadProps {
	h := web.HeadProps{Question: v.l.T("voice.question"), Period: v.l.Date(v.Span.From) + " – " + v.l.Date(v.Span.To), N: v.l.T("voice.told", "told", v.Now.Told(), "n", v.Now.All())}
	if !v.begins {
		h.Compare = v.l.T("voice.against", "from", v.l.Date(v.Former.From), "to", v.l.Date(v.Former.To.Add(-time.Second)), "n", v.Before.Told())
	}
	h.Answer = v.answer()
	return h
}

// answer says how people speak, and whether that differs from before.
func (v overviewView) answer() string {
	bad, good := v.Now.Bad(), v.Now.Good()
	if v.Now.All() == 0 {
		return v.l.T("voice.answer.silent")
	}
	if bad.TooFew() {
		return v.l.T("voice.answer.few", "n", v.Now.All())
	}
	said := v.l.T("voice.answer", "bad", v.l.Percent(bad.Value), "good", v.l.Percent(good.Value))
	before := v.Before.Bad()
	if before.TooFew() {
		return said
	}
	d := stats.DiffShares(v.Now.Negative, v.Now.Told(), v.Before.Negative, v.Before.Told())
	key := "voice.answer.same"
	switch {
	case d.P < 0.05 && d.Value > 0:
		key = "voice.answer.worse"
	case d.P < 0.05:
		key = "voice.answer.better"
	}
	return said + " " + v.l.T(key, "before", v.l.Percent(before.Value))
}

// share writes a share with its interval, or that there are too few.
func (n names) share(i stats.Interval) string {
	if i.TooFew() {
		return n.l.TooFew(i.N)
	}
	return n.l.Percent(i.Value)
}

func (n names) interval(i stats.Interval) string {
	if i.TooFew() {
		return ""
	}
	return n.l.T("voice.interval", "low", n.l.Percent(i.Low), "high", n.l.Percent(i.High))
}

func (v overviewView) moveTitle(m VoiceMove) string {
	return v.l.T("voice.move."+m.What, "topic", v.topic(m.Topic), "now", v.l.Percent(m.Now.Value), "before", v.l.Percent(m.Before.Value))
}

func (v overviewView) moveNote(m VoiceMove) string {
	return v.l.T("voice.move.note", "now", v.l.N(m.Now.N), "before", v.l.N(m.Before.N), "low", v.points(m.Change.Low), "high", v.points(m.Change.High))
}

// points writes a difference of shares in percentage points, with its sign.
func (v overviewView) points(f float64) string {
	text := v.l.Decimal(math.Abs(f)*100, 0)
	switch {
	case text == "0":
		return text
	case f < 0:
		return "−" + text
	}
	return "+" + text
}

func (m VoiceMove) tone() web.Tone {
	switch m.What {
	case worse:
		return web.Terracotta
	case better:
		return web.Petrol
	}
	return web.Ochre
}

func (v overviewView) topicURL(topic, sentiment string) string {
	return Filter{Period: v.period, Topic: topic, Sentiment: sentiment}.url(inboxPath)
}

func (v overviewView) topicColumns() []web.Column {
	return []web.Column{
		{Label: v.l.T("voice.topic")}, {Label: v.l.T("voice.column.texts"), Number: true}, {Label: v.l.T("voice.column.mix"), Hide: true},
		{Label: v.l.T("voice.column.bad"), Number: true}, {Label: v.l.T("voice.column.before"), Number: true, Hide: true},
	}
}

// chart shows how large a part was negative and positive, piece by piece; where
// there were too few texts there is a gap.
func (v overviewView) chart() web.ChartProps {
	bad, good := web.Series{Name: v.l.T("voice.sentiment.negative"), Tone: web.Terracotta}, web.Series{Name: v.l.T("voice.sentiment.positive"), Tone: web.Petrol}
	c := web.ChartProps{Format: func(f float64) string { return v.l.Percent(f) }}
	for i, t := range v.Pieces {
		c.Labels = append(c.Labels, v.l.Day(v.cuts[i]))
		b, g := t.Bad(), t.Good()
		if b.TooFew() {
			b.Value, g.Value = math.NaN(), math.NaN()
		}
		bad.Values, good.Values = append(bad.Values, b.Value), append(good.Values, g.Value)
	}
	c.Series = []web.Series{bad, good}
	return c
}

// charted tells whether there is enough for a chart: at least three pieces with
// enough texts.
func (v overviewView) charted() bool {
	n := 0
	for _, t := range v.Pieces {
		if !t.Bad().TooFew() {
			n++
		}
	}
	return n >= 3
}

// bars are parts by their number of texts, each with how bad it sounds.
func (v overviewView) bars(list []VoicePart, name func(string) string, url func(string) string) []web.Bar {
	var out []web.Bar
	for i, p := range list {
		if i == 8 {
			break
		}
		b := web.Bar{Label: name(p.Key), Value: v.l.N(p.Now.All()), Amount: float64(p.Now.All()), URL: url(p.Key)}
		if bad := p.Now.Bad(); bad.TooFew() {
			b.Note = v.l.TooFew(bad.N)
		} else {
			b.Note = v.l.T("voice.bar.bad", "share", v.l.Percent(bad.Value))
		}
		out = append(out, b)
	}
	return out
}

func (v overviewView) languageBars() []web.Bar {
	return v.bars(v.Languages, func(k string) string {
		if k == "" {
			return v.l.T("voice.language.none")
		}
		return v.l.T("voice.language." + k)
	}, func(k string) string {
		if k == "" {
			return ""
		}
		return Filter{Period: v.period, Language: k}.url(inboxPath)
	})
}

func (v overviewView) platformBars() []web.Bar {
	return v.bars(v.Platforms, func(k string) string { return k }, func(k string) string { return Filter{Period: v.period, Platform: k}.url(inboxPath) })
}

func (v overviewView) touchpointBars() []web.Bar {
	return v.bars(v.Touchpoints, v.touchpoint, func(k string) string {
		if k == "" {
			return ""
		}
		return Filter{Period: v.period, Touchpoint: k}.url(inboxPath)
	})
}

// stripLabel says what a topic's strip shows: of each piece of the time, how many
// texts are negative.
func (v overviewView) stripLabel(t VoicePart) string {
	var list []string
	for i, p := range t.pieces {
		list = append(list, v.l.T("voice.strip.piece", "from", v.l.Day(v.cuts[i]), "bad", p.Negative, "all", p.All()))
	}
	return strings.Join(list, ", ")
}
