package touchpoint

import (
	"cmp"
	"context"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"regia/internal/experience"
	"regia/internal/web"
)

// overview is what the page of the catalogue shows.
type overview struct {
	head    web.HeadProps
	spans   []web.Tab
	filter  Filter
	choices filterChoices
	span    span
	groups  []group
	err     error // of the figures
	unbound unboundView
	never   bool // nothing has ever come in
	steers  bool
}

// group is the touchpoints of one stage.
type group struct {
	stage experience.Stage
	title string
	note  string
	bars  []web.Bar // where something happened, the busiest first
	idle  []web.Bar // where nothing did
}

// measured is the figures of a span and of the one before it.
type measured struct {
	now, before map[string]Figure
	compares    bool
	period      Period
}

func (r *Room) measure(ctx context.Context, s span, now time.Time, zone *time.Location) (measured, error) {
	m := measured{period: s.period(now, zone)}
	var err error
	if m.now, err = Figures(ctx, r.Ledger, m.period); err != nil {
		return m, err
	}
	former, ok := s.former(m.period)
	if !ok {
		return m, nil
	}
	m.compares = true
	m.before, err = Figures(ctx, r.Ledger, former)
	return m, err
}

// active counts the touchpoints where something happened.
func active(figures map[string]Figure) int {
	n := len(figures)
	if _, unbound := figures[""]; unbound {
		n--
	}
	return n
}

// answer says in a sentence where people meet the company.
func answer(l *web.Locale, c Catalogue, s span, m measured, last time.Time) string {
	var total, bound, most int64
	busiest := ""
	for key, f := range m.now {
		total += f.Interactions
		if key == "" {
			continue
		}
		bound += f.Interactions
		if f.Interactions > most || f.Interactions == most && key < busiest {
			most, busiest = f.Interactions, key
		}
	}
	if total == 0 {
		if last.IsZero() {
			return l.T("touchpoint.answer.never")
		}
		return l.T("touchpoint.answer.nothing."+string(s), "date", l.Date(last))
	}
	if bound == 0 {
		return l.T("touchpoint.answer.unbound", "n", total)
	}
	name := busiest
	if t, ok := c.Touchpoint(busiest); ok {
		name = t.Name.In(l.Lang())
	}
	text := l.T("touchpoint.answer."+string(s), "n", active(m.now), "name", name, "most", most, "total", total)
	if bound == total {
		return text // that nothing is missing is no news
	}
	return text + " " + l.T("touchpoint.answer.share", "share", wholePercent(l, bound, total))
}

// wholePercent rounds down, so that 100 % means all.
func wholePercent(l *web.Locale, part, whole int64) string {
	return l.Percent(math.Floor(float64(part)/float64(whole)*100) / 100)
}

// groupByStage gathers the touchpoints the filter takes by stage, the busiest first.
func groupByStage(l *web.Locale, c Catalogue, f Filter, m measured) []group {
	byStage := map[experience.Stage][]Touchpoint{}
	for _, t := range c.Touchpoints {
		n := m.now[t.Key].Interactions
		// A retired touchpoint where something still happens is no secret.
		if f.Takes(t) || n > 0 && f.withRetired().Takes(t) {
			byStage[t.Stage] = append(byStage[t.Stage], t)
		}
	}
	var out []group
	for _, stage := range experience.Stages {
		list := byStage[stage]
		if len(list) == 0 {
			continue
		}
		slices.SortStableFunc(list, func(a, b Touchpoint) int {
			return cmp.Compare(m.now[b.Key].Interactions, m.now[a.Key].Interactions)
		})
		g := group{stage: stage, title: web.Capital(l.StageLabel(stage))}
		var total int64
		for _, t := range list {
			total += m.now[t.Key].Interactions
			if m.now[t.Key].Interactions+m.before[t.Key].Interactions > 0 {
				g.bars = append(g.bars, barOf(l, t, m))
			} else {
				g.idle = append(g.idle, barOf(l, t, m))
			}
		}
		g.note = l.T("touchpoint.group.all", "n", len(list))
		if total > 0 {
			g.note += " · " + l.T("touchpoint.group.contacts", "n", total)
		}
		out = append(out, g)
	}
	return out
}

// idleLabel names the fold over the touchpoints where nothing happened.
func idleLabel(ctx context.Context, g group) string {
	if len(g.bars) == 0 {
		return web.T(ctx, "touchpoint.group.which")
	}
	return web.T(ctx, "touchpoint.group.idle", "n", len(g.idle))
}

func (f Filter) withRetired() Filter {
	f.Retired = true
	return f
}

func barOf(l *web.Locale, t Touchpoint, m measured) web.Bar {
	n := m.now[t.Key].Interactions
	return web.Bar{Label: t.Name.In(l.Lang()), URL: pathOf(t.Key), Channel: t.Channel, Note: strings.Join(marks(l, t), " · "),
		Value: l.N(n), Amount: float64(n), Former: float64(m.before[t.Key].Interactions), HasFormer: m.compares}
}

// longest is the scale that all groups share.
func (v overview) longest() float64 {
	var most float64
	for _, g := range v.groups {
		for _, b := range g.bars {
			most = max(most, b.Amount, b.Former)
		}
	}
	return most
}

// marks are the words that tell a touchpoint apart at a glance: who answers
// for it, and what is out of the ordinary.
func marks(l *web.Locale, t Touchpoint) []string {
	out := []string{departmentLabel(l, t.Department)}
	if t.Ownership != experience.Brand {
		out = append(out, ownershipLabel(l, t.Ownership))
	}
	if !t.Digital {
		out = append(out, natureLabel(l, false))
	}
	if t.Retired {
		out = append(out, l.T("touchpoint.retired"))
	}
	return out
}

func pathOf(key string) string { return "/touchpoints/" + url.PathEscape(key) }

func departmentLabel(l *web.Locale, d string) string {
	if slices.Contains(Departments, d) {
		return l.T("touchpoint.department." + d)
	}
	return strings.ReplaceAll(d, "-", " ")
}

func ownershipLabel(l *web.Locale, o experience.Ownership) string {
	return l.T("touchpoint.ownership." + string(o))
}

func natureLabel(l *web.Locale, digital bool) string {
	if digital {
		return l.T("touchpoint.digital")
	}
	return l.T("touchpoint.analogue")
}

func kindLabel(l *web.Locale, k experience.Kind) string {
	if k == "" {
		return l.T("touchpoint.kind.any")
	}
	return l.T("touchpoint.kind." + string(k))
}

// eventLabel names a sort of event: its name, or what it is where it has none.
func eventLabel(l *web.Locale, k experience.Kind, name string) string {
	if name != "" {
		return name
	}
	return kindLabel(l, k)
}

// sourceLabel names a source, or every source of a kind.
func sourceLabel(l *web.Locale, sources []Source, id string) string {
	if id == "" {
		return l.T("touchpoint.source.any")
	}
	if kind, ok := strings.CutPrefix(id, KindPrefix); ok {
		return l.T("touchpoint.source.kind", "kind", kindOfSourceLabel(l, kind))
	}
	for _, s := range sources {
		if s.ID == id && s.Name != "" {
			return s.Name
		}
	}
	return id
}

func kindOfSourceLabel(l *web.Locale, kind string) string {
	if slices.Contains(experience.Channels, experience.Channel(kind)) {
		return l.ChannelLabel(experience.Channel(kind))
	}
	return kind
}

func conditionLabel(l *web.Locale, c experience.Condition) string {
	return l.T("touchpoint.op."+string(c.Op), "property", c.Property, "value", c.Value)
}

// filterChoices are the entries of the filter's fields.
type filterChoices struct{ channel, stage, ownership, department []web.Choice }

func choicesOf(l *web.Locale, c Catalogue, f Filter) filterChoices {
	all := web.Choice{Label: l.T("touchpoint.filter.all")}
	return filterChoices{
		channel:    append([]web.Choice{all}, choices(experience.Channels, f.Channel, l.ChannelLabel)...),
		stage:      append([]web.Choice{all}, choices(experience.Stages, f.Stage, l.StageLabel)...),
		ownership:  append([]web.Choice{all}, choices(experience.Ownerships, f.Ownership, func(o experience.Ownership) string { return ownershipLabel(l, o) })...),
		department: append([]web.Choice{all}, choices(c.Departments(), f.Department, func(d string) string { return departmentLabel(l, d) })...),
	}
}

func choices[T ~string](values []T, chosen T, label func(T) string) []web.Choice {
	out := make([]web.Choice, len(values))
	for i, v := range values {
		out[i] = web.Choice{Value: string(v), Label: web.Capital(label(v)), Selected: v == chosen}
	}
	return out
}

// query writes a filter and a span as an address.
func (f Filter) query(s span) string {
	v := url.Values{}
	put := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	if s != thisMonth {
		put("period", string(s))
	}
	put("channel", string(f.Channel))
	put("stage", string(f.Stage))
	put("ownership", string(f.Ownership))
	put("department", f.Department)
	if f.Retired {
		put("retired", "true")
	}
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

func readFilter(v url.Values) Filter {
	return Filter{Channel: experience.Channel(v.Get("channel")), Stage: experience.Stage(v.Get("stage")),
		Ownership: experience.Ownership(v.Get("ownership")), Department: v.Get("department"), Retired: v.Get("retired") == "true"}
}

// spanTabs are the periods to choose from, each with its address.
func spanTabs(l *web.Locale, chosen span, address func(span) string) []web.Tab {
	var out []web.Tab
	for _, s := range []span{thisMonth, lastYear, allTime} {
		out = append(out, web.Tab{Label: l.T("touchpoint.span." + string(s)), URL: address(s), Active: s == chosen})
	}
	return out
}

func newButton(l *web.Locale, steers bool) templ.Component {
	if !steers {
		return nil
	}
	return web.LinkButton(l.T("touchpoint.new"), "/touchpoints/"+newPath)
}
