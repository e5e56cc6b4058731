package survey

import (
	"context"
	"strconv"

	"regia/internal/web"
)

// groups puts the items of a matrix together; every other figure stands alone.
func (v resultsView) groups() [][]*Figure {
	var out [][]*Figure
	for i := range v.Figures {
		f := &v.Figures[i]
		if n := len(out); n > 0 && f.Item != "" {
			if last := out[n-1][0]; last.Item != "" && last.Question.Key == f.Question.Key && last.Scale == f.Scale {
				out[n-1] = append(out[n-1], f)
				continue
			}
		}
		out = append(out, []*Figure{f})
	}
	return out
}

// itemText is the wording of the item of a matrix.
func (f *Figure) itemText(ctx context.Context) string {
	for _, item := range f.Question.Items {
		if item.Key == f.Item {
			return wording(ctx, item.Text)
		}
	}
	return f.Item
}

// bounds is the 95 % interval in few signs.
func (f *Figure) bounds(l *web.Locale) string {
	if f.Value.TooFew() {
		return ""
	}
	return f.value(l, f.Value.Low) + " – " + f.value(l, f.Value.High)
}

func (f *Figure) scoreColumns(ctx context.Context) []web.Column {
	out := []web.Column{{Label: web.T(ctx, "survey.matrix.item")}}
	for _, c := range f.Counts {
		out = append(out, web.Column{Label: f.labelOf(ctx, c), Number: true})
	}
	return out
}

// thirds counts low, middle and high answers.
func (f *Figure) thirds() (low, middle, high int64) {
	for _, c := range f.Counts {
		switch f.tone(c.Value) {
		case web.Terracotta:
			low += c.N
		case web.Sand:
			middle += c.N
		default:
			high += c.N
		}
	}
	return low, middle, high
}

// band is a part of the bar of spread, 200 wide.
type band struct{ class, x, width string }

func (f *Figure) bands() []band {
	low, middle, high := f.thirds()
	all := float64(low + middle + high)
	if all == 0 {
		return []band{{"text-base-300", "0", "200"}}
	}
	var out []band
	at := 0.0
	for _, p := range []struct {
		class string
		n     int64
	}{{"text-terracotta", low}, {"text-base-300", middle}, {"text-primary", high}} {
		width := 200 * float64(p.n) / all
		if p.n > 0 {
			out = append(out, band{p.class, strconv.FormatFloat(at, 'f', 1, 64), strconv.FormatFloat(width, 'f', 1, 64)})
		}
		at += width
	}
	return out
}

func (f *Figure) spreadWords(ctx context.Context) string {
	l := web.LocaleFrom(ctx)
	low, middle, high := f.thirds()
	return l.T("survey.matrix.spread", "low", l.N(low), "middle", l.N(middle), "high", l.N(high))
}
