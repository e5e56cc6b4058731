package impact

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"regia/internal/experience"
	"regia/internal/stats"
	"regia/internal/web"
)

// points writes an impact as people read it, from −100 to +100.
func points(l *web.Locale, v float64) string {
	n := math.Round(100 * v)
	switch {
	case n > 0:
		return "+" + l.Decimal(n, 0)
	case n == 0:
		return "0"
	}
	return l.Decimal(n, 0)
}

// fine is points with a decimal, for what is small.
func fine(l *web.Locale, v float64) string {
	n := math.Round(1000*v) / 10
	if n > 0 {
		return "+" + l.Decimal(n, 1)
	}
	return l.Decimal(n+0, 1)
}

func between(l *web.Locale, low, high float64) string {
	return l.T("impact.between", "low", points(l, low), "high", points(l, high))
}

// tone is the colour of an impact: what hurts, what stands back, what is good.
func tone(v float64) web.Tone {
	switch {
	case v <= -0.05:
		return web.Terracotta
	case v >= 0.05:
		return web.Petrol
	}
	return web.Sand
}

// answered says an answer in its own scale.
func answered(l *web.Locale, key string, value float64) string {
	s, ok := experience.ScaleNamed(key, "")
	if !ok {
		return key
	}
	return l.Answer(s, s.Score(value))
}

func (v view) ruleName(key string) string {
	if i, ok := v.p.Book.rule(key); ok {
		return v.p.Book.Rules[i].Name.In(v.l.Lang())
	}
	return key
}

func (v view) why(e experience.Evidence, key string) string {
	switch e {
	case experience.Stated:
		if s, ok := experience.ScaleNamed(key, ""); ok {
			return v.l.ScaleLabel(s)
		}
	case experience.Inferred:
		return v.ruleName(key)
	}
	return key
}

func (v view) touchpoint(key string) string {
	if t, ok := v.places.of[key]; ok {
		return t.Name.In(v.l.Lang())
	}
	if key == "" {
		return v.l.T("impact.nowhere")
	}
	return key
}

func (v view) stage(key string) string {
	t, ok := v.places.of[key]
	if !ok {
		return ""
	}
	return web.Capital(v.l.StageLabel(t.Stage))
}

func (v view) channel(key string) experience.Channel { return v.places.of[key].Channel }

// measureName is what an influence is called.
func (v view) measureName(key string) string {
	if key == delivery {
		return v.l.T("impact.measure.delivery")
	}
	return v.ruleName(key)
}

func (v view) levelName(measure, level string) string {
	if level == levelSome || level == levelNone {
		return v.l.T("impact.level." + level)
	}
	if slices.Contains(levelOrder[:6], level) {
		return v.l.T("impact.level.delivery." + level)
	}
	unit := ""
	if i, ok := v.p.Book.rule(measure); ok {
		unit = v.p.Book.Rules[i].Many.In(v.l.Lang())
	}
	return v.l.T("impact.level."+level, "unit", unit)
}

// mean writes a mean in its scale's units.
func (v view) mean(i stats.Interval) string { return v.l.Decimal(i.Value, 2) }

func (v view) meanBetween(i stats.Interval) string {
	if !i.Bounded() {
		return "–"
	}
	return v.l.T("impact.between", "low", v.l.Decimal(i.Low, 2), "high", v.l.Decimal(i.High, 2))
}

// month writes 2026-11 as people do.
func (v view) month(key string) string {
	year, _ := strconv.Atoi(key[:4])
	number, _ := strconv.Atoi(key[5:])
	return v.l.Month(time.Date(year, time.Month(number), 15, 0, 0, 0, 0, v.zone))
}

// byPull orders figures of several kinds of evidence by how much they pull down
// (sign 1) or up (−1).
func byPull(list []Figure, sign float64) {
	slices.SortStableFunc(list, func(a, b Figure) int { return cmp.Compare(sign*a.Pull, sign*b.Pull) })
}
