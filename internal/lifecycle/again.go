package lifecycle

import (
	"slices"
	"strings"
	"time"

	"regia/internal/web"
)

// waiting0 is the address that waits for the figures.
func waiting0(url string) string {
	if strings.Contains(url, "?") {
		return url + "&wait=1"
	}
	return url + "?wait=1"
}

func (v *view) againTitle() string {
	b := v.bought()
	if few(b.Times.N) {
		return v.l.T("lifecycle.again")
	}
	return v.l.T("lifecycle.again.title", "n", b.Times.Median)
}

// rateStat is a rate as a figure, with the people behind it.
func (v *view) rateStat(key string, r Rate) web.StatProps {
	s := web.StatProps{Label: v.l.T("lifecycle.rate." + key), Value: told(v.l, r), Hint: v.l.T("lifecycle.rate." + key + ".hint"),
		URL: who{bought: key}.url(homePath + "/people")}
	if !few(r.N) {
		s.N = sure(v.l, r.Low, r.High, r.N)
	}
	return s
}

// chanceBars are the chances to buy again, of those horizons that enough people
// have reached.
func (v *view) chanceBars() []web.Bar {
	var bars []web.Bar
	for _, c := range v.bought().Within {
		if c.Known {
			bars = append(bars, web.Bar{Label: v.l.T("lifecycle.within.days", "n", c.Days), Value: percent(v.l, c.Share), Amount: c.Share, Note: sure(v.l, c.Low, c.High, c.N)})
		}
	}
	return bars
}

func (v *view) timesText(t Times) string {
	if few(t.N) {
		return ""
	}
	text := v.l.T("lifecycle.times.text", "first", t.First, "median", t.Median, "third", t.Third, "n", t.N)
	if t.Half != nil {
		text += " " + v.l.T("lifecycle.times.half", "n", *t.Half)
	}
	return text
}

// cohortLine is a month of first orders.
type cohortLine struct {
	CohortAnswer
	month string
	url   string
}

// mostCohorts is how many months the page shows, the latest.
const mostCohorts = 13

func (v *view) cohortLines() []cohortLine {
	var lines []cohortLine
	for _, c := range slices.Backward(v.bought().Cohorts) {
		if len(lines) == mostCohorts {
			break
		}
		start, _ := time.ParseInLocation(monthFormat, c.Month, v.zone)
		lines = append(lines, cohortLine{c, v.l.Month(start), who{cohort: c.Month}.url(homePath + "/people")})
	}
	return lines
}

func (v *view) cohortColumns() []web.Column {
	return []web.Column{
		{Label: v.l.T("lifecycle.cohorts.began")}, {Label: v.l.T("lifecycle.column.buyers"), Number: true}, {Label: v.l.T("lifecycle.cohorts.soon"), Number: true},
		{Label: v.l.T("lifecycle.cohorts.again"), Number: true}, {Label: v.l.T("lifecycle.cohorts.third"), Number: true},
	}
}

// cohortsTitle is the finding: the best and the worst month, of those that are
// told apart by their intervals.
func (v *view) cohortsTitle() string {
	var best, worst *CohortAnswer
	for _, c := range v.cohortLines() {
		if c.Soon == nil || few(c.Soon.N) {
			continue
		}
		if best == nil || c.Soon.Share > best.Soon.Share {
			best = &c.CohortAnswer
		}
		if worst == nil || c.Soon.Share < worst.Soon.Share {
			worst = &c.CohortAnswer
		}
	}
	if best == nil || best.Soon.Low <= worst.Soon.High {
		return v.l.T("lifecycle.cohorts")
	}
	name := func(c *CohortAnswer) string {
		start, _ := time.ParseInLocation(monthFormat, c.Month, v.zone)
		return v.l.Month(start)
	}
	return v.l.T("lifecycle.cohorts.title", "best", name(best), "high", v.l.Percent(best.Soon.Share), "worst", name(worst), "low", v.l.Percent(worst.Soon.Share))
}

// mostOrigins is how many places the page shows: those where most began.
const mostOrigins = 12

func (v *view) originBars(list []OriginAnswer, channels bool) []web.Bar {
	if len(list) == 1 && list[0].Key == "" {
		return nil
	}
	var bars []web.Bar
	for _, o := range list[:min(len(list), mostOrigins)] {
		b := web.Bar{Label: v.placeName(o.Key), Value: told(v.l, o.Again), URL: who{touchpoint: o.Key, touched: true}.url(homePath + "/people"), Channel: v.places[o.Key].Channel}
		if channels {
			b.Label, b.Channel = v.channelName(o.Key), channelOf(o.Key)
			b.URL = who{channel: o.Key}.url(homePath + "/people")
			if o.Key == "" {
				b.URL = ""
			}
		}
		if !few(o.Again.N) {
			b.Amount, b.Note = o.Again.Share, sure(v.l, o.Again.Low, o.Again.High, o.Again.N)
		}
		bars = append(bars, b)
	}
	return bars
}

func (v *view) movementNote() string {
	if v.goesOn(v.month) {
		return v.l.T("lifecycle.movement.note.open", "at", v.l.Date(v.at))
	}
	return v.l.T("lifecycle.movement.note")
}

func (v *view) rulesNote() string {
	r := v.report.rules
	if r.Number == 0 {
		return v.l.T("lifecycle.rules.default")
	}
	return v.l.T("lifecycle.rules.version", "version", r.Number, "by", r.By, "at", v.l.DateTime(r.At))
}

// title says how many people other rules would move.
func (o outlook) title() string {
	if o.changed == 0 {
		return o.l.T("lifecycle.outlook.none", "n", o.of)
	}
	return o.l.T("lifecycle.outlook", "n", o.changed, "of", o.l.N(o.of), "share", o.l.Percent(float64(o.changed)/float64(o.of)))
}

func (o outlook) line(s Shift) string {
	return o.l.T("lifecycle.outlook.line", "people", o.l.T("lifecycle.people", "n", s.People), "from", stageName(o.l, s.From), "to", stageName(o.l, s.To))
}
