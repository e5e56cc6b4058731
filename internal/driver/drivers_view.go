package driver

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"regia/internal/experience"
	"regia/internal/stats"
	"regia/internal/web"
)

// driversView is the page of drivers.
type driversView struct {
	frame
	a        Analysis
	at       time.Time // when it was reckoned
	fresh    bool      // false: it is being reckoned anew
	scales   []Figure  // outcomes that were answered on
	surveys  []string  // that rate something beside the outcome
	kind     Kind      // as asked; "": as it comes
	passages map[string]Passage
	topic    func(key string) string
}

// address keeps what the page was asked for and changes a part of it.
func (v driversView) address(change func(url.Values)) string {
	return v.state.url(driversPath, func(q url.Values) {
		q.Del("by")
		if v.kind != "" {
			q.Set("of", string(v.kind))
		}
		if change != nil {
			change(q)
		}
	})
}

func (v driversView) periodTabs() []web.Tab {
	var tabs []web.Tab
	for _, p := range periods() {
		tabs = append(tabs, web.Tab{Label: v.l.T("opinion.period." + p), URL: v.address(set("period", p)), Active: p == v.period})
	}
	return tabs
}

func (v driversView) scaleTabs() []web.Tab {
	var tabs []web.Tab
	for _, f := range v.scales {
		tabs = append(tabs, web.Tab{Label: scaleLabel(v.l, f.Scale), URL: v.address(set("scale", f.Key)), Active: f.Key == v.a.Scale.Key, Count: v.l.N(f.Interval.N)})
	}
	return tabs
}

func (v driversView) kindTabs() []web.Tab {
	var tabs []web.Tab
	for _, k := range kinds() {
		tabs = append(tabs, web.Tab{Label: v.l.T("driver.kind." + string(k)), URL: v.address(set("of", string(k))), Active: k == v.a.Kind})
	}
	return tabs
}

func (v driversView) surveyTabs() []web.Tab {
	var tabs []web.Tab
	for _, s := range v.surveys {
		tabs = append(tabs, web.Tab{Label: v.name(BySurvey, s), URL: v.address(set("of-survey", s)), Active: s == v.a.Survey})
	}
	return tabs
}

// called names a driver.
func (v driversView) called(key string) string {
	switch v.a.Kind {
	case Lived:
		if p, ok := v.passages[key]; ok {
			return first(p.Name[v.l.Lang()], p.Name["en"], key)
		}
	case Written:
		if v.topic != nil {
			return v.topic(key)
		}
	}
	return key
}

// unit says what one of a driver is.
func (v driversView) unit(d Ranked) string {
	switch {
	case d.Scale != nil:
		return v.l.T("driver.unit.rated", "low", v.l.Decimal(d.Scale.Low, 0), "high", v.l.Decimal(d.Scale.High, 0))
	case v.a.Kind == Lived:
		return first(v.passages[d.Key].Unit[v.l.Lang()], v.l.T("driver.unit.lived"))
	}
	return v.l.T("driver.unit.said")
}

func (v driversView) evidence() experience.Evidence {
	if v.a.Kind == Rated {
		return experience.Stated
	}
	return experience.Inferred
}

// answer is the finding in one sentence.
func (v driversView) answer() string {
	if v.a.Refused != "" {
		return v.l.T("driver.refused")
	}
	d := v.a.Drivers[0]
	s := d.Weight.Share
	return v.l.T("driver.answer", "name", v.called(d.Key), "share", v.l.Percent(s.Value), "low", v.l.Percent(s.Low), "high", v.l.Percent(s.High))
}

// note says how much all drivers explain together.
func (v driversView) note() string {
	r := v.a.R2
	return v.l.T("driver.importance.note", "r2", v.l.Percent(r.Value), "scale", v.l.ScaleLabel(v.a.Scale), "low", v.l.Percent(r.Low), "high", v.l.Percent(r.High))
}

func (v driversView) basis() string {
	return v.l.T("opinion.n", "n", v.a.N, "people", v.l.T("opinion.people", "n", v.a.People))
}

// refusal says in words why nothing is told.
func (v driversView) refusal() string {
	return v.l.T("driver.refused."+v.a.Refused, "n", v.a.N, "least", leastInAll, "each", leastEach)
}

// arrow shows the direction of a driver.
func (d Ranked) arrow() string { return map[int]string{1: "↑", -1: "↓", 0: "↕"}[d.Direction()] }

// bars are the drivers by importance.
func (v driversView) bars() []web.Bar {
	var bars []web.Bar
	for i, d := range v.a.Drivers {
		tone := map[int]web.Tone{1: web.Petrol, -1: web.Terracotta, 0: web.Sand}[d.Direction()]
		s := d.Weight.Share
		bars = append(bars, web.Bar{Label: strconv.Itoa(i+1) + ". " + v.called(d.Key), Value: v.l.Percent(s.Value), Amount: s.Value, Tone: tone, Evidence: v.evidence(),
			Note: d.arrow() + " " + v.l.Percent(s.Low) + " – " + v.l.Percent(s.High)})
	}
	return bars
}

// points writes how much something changes, with its interval.
func (v driversView) points(i *stats.Interval, factor float64, digits int) (value, ends string) {
	if i == nil || !i.Bounded() {
		return "–", ""
	}
	return signed(v.l, i.Value*factor, digits), signed(v.l, i.Low*factor, digits) + " … " + signed(v.l, i.High*factor, digits)
}

// slope is what one more of a driver is worth on the answer's own scale.
func (v driversView) slope(d Ranked) *stats.Interval { return &d.Weight.Slope }

func (v driversView) slopeHead() string {
	return v.l.T("driver.slope", "low", v.l.Decimal(v.a.Scale.Low, 0), "high", v.l.Decimal(v.a.Scale.High, 0))
}

func (v driversView) worthColumns() []web.Column {
	columns := []web.Column{{Label: v.l.T("driver.driver")}, {Label: v.l.T("driver.one")}, {Label: v.slopeHead(), Number: true}}
	if v.a.Scale.Measure == experience.NetPromoter {
		columns = append(columns, web.Column{Label: v.l.T("driver.nps"), Number: true})
	}
	return append(columns, web.Column{Label: v.l.T("driver.again"), Number: true}, web.Column{Label: v.l.T("driver.times"), Number: true})
}

// why says why a driver was left out.
func (v driversView) why(x LeftOut) string {
	return v.l.T("driver.left."+x.Why, "name", v.called(x.Key), "other", v.called(x.Other), "n", x.N, "each", leastEach)
}

// againBars are who bought again, by the answer; by promoters, passives and
// detractors where those are told apart.
func (v driversView) againBars() []web.Bar {
	var bars []web.Bar
	add := func(label string, share stats.Interval) {
		b := web.Bar{Label: label, Tone: web.Petrol, Note: "n = " + v.l.N(share.N)}
		if share.TooFew() {
			b.Value = v.l.TooFew(share.N)
		} else {
			b.Value, b.Amount = v.l.Percent(share.Value), share.Value
			b.Note += " · " + v.l.T("opinion.interval") + " " + v.l.Percent(share.Low) + " – " + v.l.Percent(share.High)
		}
		bars = append(bars, b)
	}
	if v.a.Scale.Measure != experience.NetPromoter {
		for _, s := range v.a.Again.Scores {
			add(v.l.Decimal(s.Score, 0), s.Share)
		}
		return bars
	}
	for k, key := range []string{"worst", "middle", "best"} {
		var yes, n int64
		for _, s := range v.a.Again.Scores {
			if v.a.Scale.Verdict(s.Score) == experience.Poor+experience.Verdict(k) {
				yes, n = yes+s.Yes, n+s.Share.N
			}
		}
		add(v.l.T("opinion.part.nps."+key), stats.Share(yes, n))
	}
	return bars
}

// againTitle is the finding about who buys again.
func (v driversView) againTitle() string {
	p := v.a.Again.Point
	switch {
	case p == nil:
		return v.l.T("driver.again.title.few")
	case p.Low > 0:
		return v.l.T("driver.again.title.more", "v", strings.TrimLeft(signed(v.l, 100*p.Value, 1), "+"))
	case p.High < 0:
		return v.l.T("driver.again.title.less", "v", v.l.Decimal(-100*p.Value, 1))
	}
	return v.l.T("driver.again.title.none")
}

func (v driversView) againNote() string {
	note := v.l.T("driver.again.note", "days", againDays, "n", v.a.Again.N)
	if p := v.a.Again.Point; p != nil {
		note += " " + v.l.T("driver.again.point", "v", signed(v.l, 100*p.Value, 1), "low", signed(v.l, 100*p.Low, 1), "high", signed(v.l, 100*p.High, 1))
	}
	return note
}

// The picture of importance and performance, in its own units.
const (
	pictureWide  = 380
	pictureHigh  = 330
	pictureLeft  = 26
	pictureTop   = 24
	pictureEdge  = 26
	pictureBelow = 28
)

// dot is a driver in the picture.
type dot struct {
	number, tip string
	x, y        float64
	tone        web.Tone
	left        bool // the number stands at the left
}

// dots places the drivers: to the right is what goes well, above is what
// matters. Both axes reach a little beyond what is there.
func (v driversView) dots() (dots []dot, lineX, lineY float64) {
	low, high, most := v.a.Line.Performance, v.a.Line.Performance, v.a.Line.Importance
	for _, d := range v.a.Drivers {
		low, high, most = math.Min(low, d.Performance.Value), math.Max(high, d.Performance.Value), math.Max(most, d.Weight.Share.Value)
	}
	pad := math.Max(0.01, 0.12*(high-low))
	low, high, most = low-pad, high+pad, 1.2*most
	x := func(p float64) float64 {
		return pictureLeft + (p-low)/(high-low)*(pictureWide-pictureLeft-8)
	}
	y := func(s float64) float64 { // what matters nothing stands above the names of the corners
		return pictureHigh - pictureEdge - pictureBelow - s/most*(pictureHigh-pictureEdge-pictureTop-pictureBelow)
	}
	for i, d := range v.a.Drivers {
		one := dot{number: strconv.Itoa(i + 1), x: x(d.Performance.Value), y: y(d.Weight.Share.Value), tone: cornerTone(d.Corner),
			tip: v.l.T("driver.tip", "name", v.called(d.Key), "share", v.l.Percent(d.Weight.Share.Value), "well", v.l.Percent(d.Performance.Value))}
		for _, other := range dots { // of two that nearly touch one has its number at the left
			if math.Hypot(other.x-one.x, other.y-one.y) < 20 && !other.left {
				one.left = true
			}
		}
		dots = append(dots, one)
	}
	return dots, x(v.a.Line.Performance), y(v.a.Line.Importance)
}

func cornerTone(c Corner) web.Tone {
	return map[Corner]web.Tone{Act: web.Terracotta, Keep: web.Petrol, Later: web.Ochre, Enough: web.Sage}[c]
}

func corners() []Corner { return []Corner{Act, Keep, Later, Enough} }

// in lists the names of the drivers in a corner.
func (v driversView) in(c Corner) string {
	var names []string
	for i, d := range v.a.Drivers {
		if d.Corner == c {
			names = append(names, strconv.Itoa(i+1)+" "+v.called(d.Key))
		}
	}
	return strings.Join(names, ", ")
}

// pictureTitle is the finding of the picture.
func (v driversView) pictureTitle() string {
	i := slices.IndexFunc(v.a.Drivers, func(d Ranked) bool { return d.Corner == Act && d.Direction() != 0 })
	if i < 0 {
		return v.l.T("driver.picture")
	}
	return v.l.T("driver.picture.act", "name", v.called(v.a.Drivers[i].Key))
}

func px(v float64) string { return fmt.Sprintf("%.1f", v) }
