package driver

import (
	"math"
	"strings"

	"regia/internal/experience"
	"regia/internal/stats"
	"regia/internal/web"
)

// mostFigures is how many lines a table of figures has.
const mostFigures = 30

// mark tells people without a name apart: the end of their id.
func mark(id experience.ID) string {
	s := id.String()
	return s[len(s)-4:]
}

func (v opinionsView) tableColumns(by Axis) []web.Column {
	columns := []web.Column{{Label: v.axisName(by)}, {Label: scaleLabel(v.l, v.scale), Number: true}, {Label: v.l.T("opinion.interval"), Number: true}}
	if by != ByMonth {
		columns = append(columns, web.Column{Label: v.l.T("opinion.change"), Number: true})
	}
	return append(columns, web.Column{Label: v.l.T("opinion.answers"), Number: true})
}

func (p peopleView) peopleColumns() []web.Column {
	return []web.Column{{Label: p.l.T("opinion.person")}, {Label: p.l.T("opinion.score"), Number: true}}
}

// ends writes the ends of an interval.
func (v opinionsView) ends(i stats.Interval) string {
	return bare(v.l, v.scale, i.Low) + " … " + bare(v.l, v.scale, i.High)
}

// test says how sure a change is.
func (v opinionsView) test(f Figure) string {
	return v.l.T("opinion.test", "low", change(v.l, v.scale, f.Change.Low), "high", change(v.l, v.scale, f.Change.High), "p", chance(v.l, f.Change.P))
}

// byTitle is the finding of the table: where it is best and worst, of those
// whose intervals do not touch.
func (v opinionsView) byTitle() string {
	var best, worst *Figure
	shown := 0
	for i := range v.figures {
		f := &v.figures[i]
		if f.Interval.TooFew() || f.Key == "" {
			continue
		}
		shown++
		if best == nil || f.Interval.Value > best.Interval.Value {
			best = f
		}
		if worst == nil || f.Interval.Value < worst.Interval.Value {
			worst = f
		}
	}
	if shown < 2 {
		return v.l.T("opinion.by.plain", "what", strings.ToLower(v.axisName(v.by)))
	}
	if best.Interval.Low <= worst.Interval.High {
		return v.l.T("opinion.by.title", "what", strings.ToLower(v.axisName(v.by)))
	}
	return v.l.T("opinion.by.finding", "best", v.name(v.by, best.Key), "high", value(v.l, v.scale, best.Interval.Value), "worst", v.name(v.by, worst.Key), "low", value(v.l, v.scale, worst.Interval.Value))
}

func (v opinionsView) ratesTitle() string {
	if v.responses.All.TooFew() {
		return v.l.T("opinion.rates")
	}
	return v.l.T("opinion.rates.title", "share", v.l.Percent(v.responses.All.Value))
}

func (v opinionsView) ratesNote() string {
	if v.responses.Asked+v.responses.Waiting+v.responses.Bounced == 0 {
		return ""
	}
	note := v.l.T("opinion.rates.note", "n", v.responses.Asked)
	if v.responses.Waiting > 0 {
		note += " " + v.l.T("opinion.rates.waiting", "n", v.responses.Waiting)
	}
	if v.responses.Bounced > 0 {
		note += " " + v.l.T("opinion.rates.bounced", "n", v.responses.Bounced)
	}
	return note
}

// silent says in words who is missing among those who answered.
func (v opinionsView) silent() string {
	var most *Contrast
	size := func(c *Contrast) float64 {
		if c.What == inSpent {
			return math.Abs(c.Less.Value) / math.Max(1, math.Max(c.Answered.Value, c.Silent.Value))
		}
		return math.Abs(c.Less.Value)
	}
	for i := range v.responses.Contrast {
		c := &v.responses.Contrast[i]
		if c.Clear && c.What != inSpent && (most == nil || size(c) > size(most)) {
			most = c
		}
	}
	if most == nil {
		return v.l.T("opinion.silence.alike")
	}
	key := "opinion.silence.missing"
	if most.Less.Value > 0 {
		key = "opinion.silence.over"
	}
	return v.l.T(key, "who", v.contrastName(*most), "answered", v.l.Percent(most.Answered.Value), "silent", v.l.Percent(most.Silent.Value))
}

func (v opinionsView) contrastName(c Contrast) string {
	switch c.What {
	case inChannel:
		return v.l.T("opinion.in.channel", "key", v.name(ByChannel, c.Key))
	case inStage:
		return v.l.T("opinion.in.stage", "key", v.name(ByStage, c.Key))
	case inOrders:
		return v.l.T("opinion.in.orders." + c.Key)
	}
	return v.l.T("opinion.in.spent")
}

func (v opinionsView) contrastValue(c Contrast, x float64) string {
	if c.What == inSpent {
		return v.l.Money(int64(math.Round(100*x)), v.currency)
	}
	return v.l.Percent(x)
}

func (v opinionsView) contrastLess(c Contrast, x float64) string {
	if c.What == inSpent {
		text := v.l.Money(int64(math.Round(100*math.Abs(x))), v.currency)
		if x < 0 {
			return "−" + text
		}
		return "+" + text
	}
	return signed(v.l, 100*x, 0)
}

func (v opinionsView) contrastEnds(c Contrast) string {
	return v.contrastLess(c, c.Less.Low) + " … " + v.contrastLess(c, c.Less.High)
}
