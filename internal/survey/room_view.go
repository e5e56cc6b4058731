package survey

import (
	"context"
	"strconv"

	"regia/internal/experience"
	"regia/internal/stats"
	"regia/internal/web"
)

// wording gives words in the reader's language.
func wording(ctx context.Context, w Words) string { return w.In(web.LocaleFrom(ctx).Lang()) }

// value writes the figure of a scale.
func (f *Figure) value(l *web.Locale, x float64) string {
	switch f.Question.scale().Measure {
	case experience.NetPromoter:
		if x > 0.5 {
			return "+" + l.Decimal(x, 0)
		}
		return l.Decimal(x, 0)
	case experience.TopBox:
		return l.Percent(x)
	}
	return l.Decimal(x, 1)
}

// said is the figure with its interval, or that there are too few.
func (f *Figure) said(l *web.Locale) string {
	if f.Value.TooFew() {
		return l.TooFew(f.N)
	}
	return f.value(l, f.Value.Value)
}

func (f *Figure) interval(l *web.Locale) string {
	if f.Value.TooFew() {
		return ""
	}
	return l.T("survey.interval", "low", f.value(l, f.Value.Low), "high", f.value(l, f.Value.High))
}

// name is the name of the figure: "NPS", "Satisfied".
func (f *Figure) name(l *web.Locale) string {
	return l.T("survey.figure." + f.kind())
}

// title is what was asked.
func (f *Figure) title(ctx context.Context) string {
	text := wording(ctx, f.Question.Text)
	for _, item := range f.Question.Items {
		if item.Key == f.Item {
			text += ": " + wording(ctx, item.Text)
		}
	}
	return text
}

func (f *Figure) bars(ctx context.Context) web.BarsProps {
	l := web.LocaleFrom(ctx)
	p := web.BarsProps{Label: f.title(ctx)}
	for _, c := range f.Counts {
		label := c.Value
		if c.Label != nil {
			label = wording(ctx, c.Label)
		}
		p.Bars = append(p.Bars, web.Bar{Label: label, Value: l.N(c.N), Amount: float64(c.N), Tone: f.tone(c.Value)})
	}
	return p
}

// tone is how good an answer is, from what hurts to what is well.
func (f *Figure) tone(value string) web.Tone {
	n, err := strconv.Atoi(value)
	if f.Scale == "" || err != nil {
		return web.Petrol
	}
	switch f.Question.scale().Verdict(float64(n)) {
	case experience.Poor:
		return web.Terracotta
	case experience.Good:
		return web.Petrol
	}
	return web.Sand
}

// share writes a share with its interval.
func share(l *web.Locale, x stats.Interval) string {
	if x.TooFew() {
		return "–"
	}
	return l.Percent(x.Value) + " (" + l.Percent(x.Low) + "–" + l.Percent(x.High) + ")"
}

func part(l *web.Locale, n, of int64) string {
	if of == 0 {
		return "–"
	}
	return l.Percent(float64(n) / float64(of))
}

// verbatim is what somebody wrote, with the score they gave.
type verbatim struct {
	response Response
	score    string
	texts    []string
}

func verbatims(versions []*Version, list []Response) (out []verbatim) {
	for _, x := range list {
		v := versions[x.Version-1]
		one := verbatim{response: x}
		for i := range v.Questions {
			q := &v.Questions[i]
			a := x.Answers[q.Key]
			if a.Text != "" {
				one.texts = append(one.texts, a.Text)
			}
			if _, high := q.Range(); a.Score != nil && one.score == "" {
				one.score = strconv.Itoa(*a.Score) + "/" + strconv.Itoa(high)
			}
		}
		out = append(out, one)
	}
	return out
}

// kind is the key of the figure's words.
func (f *Figure) kind() string {
	scale := f.Question.scale()
	return scale.Name()
}

// note tells how many answered, on which scale, and whether it is still asked.
func (f *Figure) note(ctx context.Context) string {
	note := web.T(ctx, "survey.n", "n", f.N)
	if low, high := f.Question.Range(); f.Scale != "" {
		note += " · " + web.T(ctx, "survey.scale", "low", low, "high", high)
	}
	if f.Former {
		note += " · " + web.T(ctx, "survey.former")
	}
	return note
}

func (f *Figure) labelOf(ctx context.Context, c Count) string {
	if c.Label != nil {
		return wording(ctx, c.Label)
	}
	return c.Value
}

// answer says how the survey stands.
func (v resultsView) answer(ctx context.Context) string {
	l := web.LocaleFrom(ctx)
	main := v.Main()
	switch {
	case v.hidden() || v.Finished+v.Partial == 0:
		return web.T(ctx, "survey.results.answer.none")
	case main == nil:
		return web.T(ctx, "survey.results.answer.plain", "n", v.Finished+v.Partial)
	case main.Value.TooFew():
		return web.T(ctx, "survey.results.answer.few", "n", main.N)
	}
	return web.T(ctx, "survey.results.answer", "figure", main.name(l), "value", main.said(l), "interval", main.interval(l))
}

// period is from when to when people answered.
func (v resultsView) period(ctx context.Context) string {
	l := web.LocaleFrom(ctx)
	if v.First.IsZero() || v.hidden() {
		return ""
	}
	from, to := l.Date(v.First), l.Date(v.Last)
	if from == to {
		return from
	}
	return from + " – " + to
}
