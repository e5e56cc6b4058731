package explore

import (
	"strconv"
	"strings"
	"time"

	"regia/internal/analytics"
	"regia/internal/experience"
	"regia/internal/web"
)

// Periods, as the address has them.
const (
	allTime = "all"
	custom  = "custom"
)

var periods = []string{"7d", "30d", "90d", "12m", allTime, custom}

// usual is the period of a question that names none.
var usual = map[string]string{funnel: "90d", paths: "90d", retention: "12m", trends: "90d", process: "90d"}

// span is a period, resolved.
type span struct {
	from, to time.Time // to is not part of it
	past     bool      // moved back to where the data end
}

func midnight(t time.Time, zone *time.Location) time.Time {
	y, m, d := t.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, zone)
}

// span resolves the period. Where the last days have nothing, those before the
// end of the data are meant: old data must not show an empty page.
func (s state) span(v *vocabulary, now time.Time, zone *time.Location) (span, error) {
	end := midnight(now, zone).AddDate(0, 0, 1)
	out := span{to: end}
	if !v.last.IsZero() && v.last.Before(end.AddDate(0, 0, -30)) {
		out.to, out.past = midnight(v.last, zone).AddDate(0, 0, 1), true
	}
	period := s.period
	if period == "" {
		period = usual[s.question]
	}
	switch period {
	case custom:
		return s.between(v, end, zone)
	case allTime:
		out.from, out.to = midnight(v.first, zone), end
		if out.past {
			out.to = midnight(v.last, zone).AddDate(0, 0, 1)
		}
		return out, nil
	case "12m":
		last := out.to.AddDate(0, 0, -1)
		out.from = time.Date(last.Year(), last.Month()-11, 1, 0, 0, 0, 0, zone)
		return out, nil
	}
	days, err := strconv.Atoi(strings.TrimSuffix(period, "d"))
	if err != nil || days < 1 || days > 3660 {
		return out, experience.Errorf(experience.Invalid, "explore.error.period")
	}
	out.from = out.to.AddDate(0, 0, -days)
	return out, nil
}

// between reads days, both included.
func (s state) between(v *vocabulary, end time.Time, zone *time.Location) (span, error) {
	out := span{from: midnight(v.first, zone), to: end}
	for _, l := range []struct {
		text string
		into *time.Time
		add  int
	}{{s.from, &out.from, 0}, {s.to, &out.to, 1}} {
		if l.text == "" {
			continue
		}
		t, err := time.ParseInLocation(time.DateOnly, l.text, zone)
		if err != nil {
			return out, experience.Errorf(experience.Invalid, "explore.error.date")
		}
		*l.into = t.AddDate(0, 0, l.add)
	}
	if !out.from.Before(out.to) {
		return out, experience.Errorf(experience.Invalid, "explore.error.order")
	}
	return out, nil
}

// words says a period.
func (p span) words(l *web.Locale) string {
	return l.Date(p.from) + " – " + l.Date(p.to.Add(-time.Nanosecond))
}

// scope says to the analytics what the page's question is about.
func (s state) scope(v *vocabulary, p span) (analytics.Scope, error) {
	out := analytics.Scope{From: p.from.UTC(), To: p.to.UTC(), Case: s.of, Everyone: s.all}
	if s.question == paths || s.question == process { // what senders tell about who somebody is, is nothing people do
		out.Where = append(out.Where, analytics.Filter{Field: "kind", Is: "not_equal", Values: []string{string(experience.Identify), string(experience.Alias), string(experience.Group)}})
	}
	if s.place != "" {
		out.Where = append(out.Where, v.placed(s.place))
	}
	if s.source != "" {
		out.Where = append(out.Where, analytics.Filter{Field: "source", Is: "equal", Values: []string{s.source}})
	}
	for _, c := range s.conditions {
		f, err := c.filter()
		if err != nil {
			return out, err
		}
		out.Where = append(out.Where, f)
	}
	return out, nil
}

// Conditions, in the order pages offer them.
var conditions = []string{"equal", "not_equal", "contains", "at_least", "at_most", "present", "absent"}

func (c condition) filter() (analytics.Filter, error) {
	f := analytics.Filter{Field: c.field, Is: c.is}
	switch c.is {
	case "present", "absent":
		return f, nil
	case "at_least", "at_most", "above", "below":
		number := strings.Replace(c.value, ",", ".", 1)
		amount, err := strconv.ParseFloat(number, 64)
		if err != nil {
			return f, experience.Errorf(experience.Invalid, "explore.error.number")
		}
		if c.field == "revenue" { // people write money, the ledger keeps minor units
			number = strconv.FormatFloat(amount*100, 'f', 0, 64)
		}
		f.Values = []string{number}
		return f, nil
	}
	if c.value == "" {
		return f, experience.Errorf(experience.Invalid, "explore.error.value")
	}
	for value := range strings.SplitSeq(c.value, ";") {
		f.Values = append(f.Values, strings.TrimSpace(value))
	}
	return f, nil
}

// nowhere is no touchpoint's key.
const nowhere = "-"

// placed is the condition that something happened at a touchpoint, in a
// channel or at a stage.
func (v *vocabulary) placed(item string) analytics.Filter {
	kind, key, _ := strings.Cut(item, ":")
	f := analytics.Filter{Field: "touchpoint", Is: "equal", Values: []string{key}}
	switch kind {
	case "channel":
		f.Values = v.within(func(t experience.Touchpoint) bool { return string(t.Channel) == key })
	case "stage":
		f.Values = v.within(func(t experience.Touchpoint) bool { return string(t.Stage) == key })
	}
	if len(f.Values) == 0 {
		f.Values = []string{nowhere}
	}
	f.Values = f.Values[:min(len(f.Values), 100)]
	return f
}

// match turns an item of a page into what the analytics look for: event:NAME,
// kind:KIND, touchpoint:KEY, channel:KEY, stage:KEY; "" is anything.
func (v *vocabulary) match(item string) analytics.Match {
	kind, key, _ := strings.Cut(item, ":")
	switch kind {
	case "":
		return analytics.Match{}
	case "event":
		return analytics.Match{Event: key}
	case "kind":
		return analytics.Match{Kind: experience.Kind(key)}
	case "touchpoint":
		return analytics.Match{Touchpoint: key}
	}
	return analytics.Match{Where: []analytics.Filter{v.placed(item)}}
}

func (v *vocabulary) matches(items []string) []analytics.Match {
	list := make([]analytics.Match, len(items))
	for i, item := range items {
		list[i] = v.match(item)
	}
	return list
}
