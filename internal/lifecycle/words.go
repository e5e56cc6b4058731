package lifecycle

import (
	"regia/internal/web"
)

// sentence is one rule in words.
type sentence struct {
	stage Stage
	text  string
}

// sentences says rules as one reads them, in the order in which they are
// looked at.
func sentences(l *web.Locale, r Rules) []sentence {
	fan := l.T("lifecycle.rule.fan", "n", r.FanOrders)
	if r.PraiseFor > 0 {
		fan = l.T("lifecycle.rule.fan.praise", "n", r.FanOrders, "few", l.T("lifecycle.times", "n", r.PraiseOrders),
			"days", r.PraiseFor, "score", r.PraiseScore, "stars", l.T("lifecycle.stars", "n", r.PraiseStars))
	}
	return []sentence{
		{Prospect, l.T("lifecycle.rule.prospect")},
		{Lost, l.T("lifecycle.rule.lost", "n", r.LostAfter)},
		{Dormant, l.T("lifecycle.rule.dormant", "n", r.DormantAfter)},
		{Fan, fan},
		{Repeat, l.T("lifecycle.rule.repeat", "n", r.RepeatOrders)},
		{New, l.T("lifecycle.rule.new", "n", r.NewFor)},
		{Active, l.T("lifecycle.rule.active")},
	}
}

// stageName names a stage.
func stageName(l *web.Locale, s Stage) string { return l.T("lifecycle.stage." + string(s)) }

// tone is the colour a stage has everywhere.
func (s Stage) tone() web.Tone { return web.Tone("life-" + string(s)) }
