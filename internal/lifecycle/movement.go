package lifecycle

import (
	"slices"
	"strings"

	"regia/internal/web"
)

// turn is a kind of movement that a manager asks for: from some stages to some.
type turn struct {
	key  string
	from []string
	to   []string
	good int
}

func names(stages ...Stage) []string {
	out := make([]string, len(stages))
	for i, s := range stages {
		out[i] = string(s)
	}
	return out
}

// turns are the movements that matter, the good ones first.
func turns() []turn {
	alive, away := names(New, Active, Repeat, Fan), names(Dormant, Lost)
	before := []string{fromNowhere, string(Prospect)}
	return []turn{
		{"customer", before, slices.Concat(alive, away), 1},
		{"repeat", slices.Concat(before, names(New, Active)), names(Repeat, Fan), 1},
		{"fan", slices.Concat(before, names(New, Active, Repeat), away), names(Fan), 1},
		{"returned", away, alive, 1},
		{"dormant", alive, names(Dormant), -1},
		{"lost", slices.Concat(alive, names(Dormant)), names(Lost), -1},
	}
}

// turned counts a movement in a month.
func (p *report) turned(t turn, month int) (n int64) {
	for _, f := range p.flowsOf(month) {
		from := string(f.From)
		if from == "" {
			from = fromNowhere
		}
		if slices.Contains(t.from, from) && slices.Contains(t.to, string(f.To)) {
			n += f.People
		}
	}
	return n
}

// turnStats are the movements of the month shown, against the month before.
func (v *view) turnStats() []web.StatProps {
	var list []web.StatProps
	for _, t := range turns() {
		n := v.turned(t, v.month)
		one := web.StatProps{Label: v.l.T("lifecycle.turn." + t.key), Value: v.l.N(n), Hint: v.l.T("lifecycle.turn." + t.key + ".hint")}
		if n > 0 {
			one.URL = who{month: v.monthKey(v.month), from: t.from, stages: t.to}.url(homePath + "/people")
		}
		if before := int64(0); v.month >= 2 {
			before = v.turned(t, v.month-1)
			one.N = v.l.T("lifecycle.turn.before", "before", before, "month", v.monthName(v.month-1))
		}
		list = append(list, one)
	}
	return list
}

func (v *view) monthKey(i int) string { return v.months[i].Format(monthFormat) }

// movers are the flows that the drawing shows: who came to another stage, but
// not who was seen for the first time and bought nothing.
func (v *view) movers() []Flow {
	return slices.DeleteFunc(v.flowsOf(v.month), func(f Flow) bool { return f.From == "" && f.To == Prospect })
}

func (v *view) fromName(s Stage) string {
	if s == "" {
		return v.l.T("lifecycle.from.none")
	}
	return stageName(v.l, s)
}

func (v *view) sankey() web.SankeyProps {
	p := web.SankeyProps{Label: v.movementTitle(), Heads: []string{v.l.T("lifecycle.movement.before"), v.l.T("lifecycle.movement.after")}}
	flows := v.movers()
	at := [2]map[Stage]int{{}, {}}
	order := append([]Stage{""}, Stages...)
	for level := range at {
		for _, s := range order {
			n := int64(0)
			for _, f := range flows {
				if (level == 0 && f.From == s) || (level == 1 && f.To == s) {
					n += f.People
				}
			}
			if n == 0 {
				continue
			}
			at[level][s] = len(p.Nodes)
			node := web.SankeyNode{Level: level, Label: v.fromName(s), Value: v.l.N(n), Weight: float64(n), Tone: s.tone(),
				Tip: v.fromName(s) + ": " + v.l.T("lifecycle.people", "n", n)}
			if s == "" {
				node.Tone, node.Faint = web.Sand, true
			}
			if level == 1 {
				node.URL = who{month: v.monthKey(v.month), from: []string{fromOther}, stages: names(s)}.url(homePath + "/people")
			}
			p.Nodes = append(p.Nodes, node)
		}
	}
	for _, f := range flows {
		p.Links = append(p.Links, web.SankeyLink{From: at[0][f.From], To: at[1][f.To], Weight: float64(f.People),
			Tip: v.fromName(f.From) + " → " + stageName(v.l, f.To) + ": " + v.l.T("lifecycle.people", "n", f.People)})
	}
	return p
}

// movementTitle is the finding of the month: the good against the bad.
func (v *view) movementTitle() string {
	if v.month < 1 {
		return v.l.T("lifecycle.movement.first", "month", v.monthName(v.month))
	}
	counts := map[string]int64{}
	for _, t := range turns() {
		counts[t.key] = v.turned(t, v.month)
	}
	return v.l.T("lifecycle.movement.title", "month", v.monthName(v.month), "n", counts["customer"]+counts["returned"], "gone", v.l.N(counts["dormant"]))
}

func (v *view) flowURL(f Flow) string {
	from := string(f.From)
	if from == "" {
		from = fromNowhere
	}
	return who{month: v.monthKey(v.month), from: []string{from}, stages: names(f.To)}.url(homePath + "/people")
}

// describe says in words who is meant.
func (w who) describe(l *web.Locale, month func(string) string, place func(string) string) string {
	var parts []string
	name := func(list []string) string {
		words := make([]string, len(list))
		for i, s := range list {
			switch s {
			case fromNowhere, fromOther:
				words[i] = l.T("lifecycle.from." + s)
			default:
				words[i] = stageName(l, Stage(s))
			}
		}
		return strings.Join(words, ", ")
	}
	add := func(key string, args ...any) { parts = append(parts, l.T("lifecycle.who."+key, args...)) }
	when := l.T("lifecycle.who.now")
	if w.month != "" {
		when = l.T("lifecycle.who.end", "month", month(w.month))
	}
	if len(w.stages) > 0 {
		add("stage", "stage", name(w.stages), "when", when)
	}
	if len(w.from) > 0 {
		add("from", "from", name(w.from))
	}
	if w.cohort != "" {
		add("cohort", "month", month(w.cohort))
	}
	if w.touched {
		add("origin", "place", place(w.touchpoint))
	}
	if w.channel != "" {
		add("origin", "place", web.Capital(l.ChannelLabel(channelOf(w.channel))))
	}
	if w.bought != "" {
		add("bought." + w.bought)
	}
	if len(parts) == 0 {
		add("everybody")
	}
	return web.Capital(strings.Join(parts, "; "))
}
