package pulse

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/stats"
)

// world is a company in which nothing changes: touchpoints of which much or
// little is known, people of different minds, weeks a little better or worse
// than others, and ever more answers.
type world struct {
	r     *rand.Rand
	lanes []series
}

func calm(seed uint64, lanes int) world {
	w := world{r: rand.New(rand.NewPCG(seed, 3))}
	for k := range lanes {
		l := lane{fmt.Sprintf("t%02d", k/2), experience.Dimensions[k%2], experience.Stated}
		s := series{l, make([]stats.Running, newsWeeks)}
		level, busy := w.r.Float64()-0.3, 8+w.r.IntN(60)
		for week := range s.weeks {
			mood := 0.03 * w.r.NormFloat64()
			for range busy + week*w.r.IntN(3) {
				s.weeks[week].Add(stars(level + mood + 0.6*w.r.NormFloat64()))
			}
		}
		w.lanes = append(w.lanes, s)
	}
	return w
}

// stars is what somebody says who may only give one to five of them.
func stars(v float64) float64 { return math.Round(2*min(max(v, -1), 1)) / 2 }

// shift gives a lane a level of nought that moves from a week on.
func (w world) shift(k, from int, by float64) {
	for week := range newsWeeks {
		fresh, level := stats.Running{}, 0.0
		if week >= from {
			level = by
		}
		for range 40 {
			fresh.Add(stars(level + 0.6*w.r.NormFloat64()))
		}
		w.lanes[k].weeks[week] = fresh
	}
}

var mondays = wholeWeeks(now, rome, newsWeeks)

// TestNewsOfCalmTimes counts in how many worlds without any change something
// is reported: no more than promised.
func TestNewsOfCalmTimes(t *testing.T) {
	const worlds = 300
	alarms := 0
	for k := range worlds {
		w := calm(uint64(k), 30)
		news, tested, short := detect(w.lanes, mondays)
		if tested != 30 || short != 0 {
			t.Fatalf("%d were tested, %d too short", tested, short)
		}
		if len(news) > 0 {
			alarms++
		}
	}
	t.Logf("something was reported in %d of %d calm worlds", alarms, worlds)
	// 5 % of 300 are 15, with a standard error of 3.8. (Of 2,000 worlds it was
	// 99 once: 4.95 %.)
	if alarms > 23 {
		t.Errorf("something was reported in %d of %d calm worlds: more than %v", alarms, worlds, falseAlarms)
	}
}

// TestNewsOfChange: what really moves is found, and said as it was.
func TestNewsOfChange(t *testing.T) {
	w := calm(7, 30)
	w.shift(4, 18, -0.35)
	w.shift(11, 9, 0.4)
	news, _, _ := detect(w.lanes, mondays)
	if len(news) != 2 {
		t.Fatalf("%d movements were found, two there are: %+v", len(news), news)
	}
	for _, m := range news {
		k, week, by := 4, 18, -0.35
		if m.Difference.Value > 0 {
			k, week, by = 11, 9, 0.4
		}
		if m.Touchpoint != w.lanes[k].touchpoint || m.Dimension != w.lanes[k].dimension || m.Kind != "step" {
			t.Errorf("found %s %s, a %s", m.Touchpoint, m.Dimension, m.Kind)
		}
		if d := m.Since.Sub(mondays[week]); d < -7*24*time.Hour || d > 7*24*time.Hour {
			t.Errorf("it began on %v, not on %v", m.Since, mondays[week])
		}
		if math.Abs(m.Difference.Value-by) > 0.15 || m.Difference.Low > m.Difference.Value || m.Difference.High < m.Difference.Value {
			t.Errorf("it moved by %+v, really by about %v", m.Difference, by)
		}
		if m.P > 0.001 || len(m.Weeks) != newsWeeks || m.Before.N == 0 || m.After.N == 0 {
			t.Errorf("%+v", m)
		}
	}
}

// TestNewsOfDrift: what falls little by little is called a trend or a step,
// and in any case found.
func TestNewsOfDrift(t *testing.T) {
	w := calm(8, 10)
	for week := range newsWeeks {
		fresh := stats.Running{}
		for range 60 {
			fresh.Add(stars(0.5 - float64(week)*0.03 + 0.6*w.r.NormFloat64()))
		}
		w.lanes[3].weeks[week] = fresh
	}
	news, _, _ := detect(w.lanes, mondays)
	if len(news) != 1 || news[0].Difference.Value > -0.2 || news[0].Touchpoint != w.lanes[3].touchpoint {
		t.Errorf("found %+v", news)
	}
}

func TestThinSeriesAreNotTested(t *testing.T) {
	thin := series{lane{"cart", experience.Emotional, experience.Stated}, make([]stats.Running, newsWeeks)}
	for week := range newsWeeks {
		for k := range 1 + 4*(week%2) { // every second week has five people
			thin.weeks[week].Add(float64(k) / 10)
		}
	}
	if _, tested, short := detect([]series{thin}, mondays); tested != 1 || short != 0 {
		t.Errorf("13 weeks are enough: %d tested, %d short", tested, short)
	}
	thin.weeks[1], thin.weeks[3] = stats.Running{}, stats.Running{}
	if _, tested, short := detect([]series{thin}, mondays); tested != 0 || short != 1 {
		t.Errorf("11 weeks are too few: %d tested, %d short", tested, short)
	}
}

// told gives impressions as a picture of everybody would.
type told []experience.Impression

func (l told) Impressions(_ context.Context, from, to time.Time, do func(experience.Impression) error) error {
	for _, i := range l {
		if i.Time.Before(from) || !i.Time.Before(to) {
			continue
		}
		if err := do(i); err != nil {
			return err
		}
	}
	return nil
}

func person(k int) experience.ID { return experience.HashID(nil, fmt.Sprint("person", k)) }

func impression(who experience.ID, at time.Time, touchpoint string, value float64, e experience.Evidence) experience.Impression {
	return experience.Impression{Person: who, Time: at, Touchpoint: touchpoint, Kind: experience.Track, Name: "Said",
		Impacts: []experience.Impact{{Dimension: experience.Emotional, Value: value, Evidence: e}}}
}

// TestPeopleCountOnce: however often somebody was moved, they count once a
// week and once in the period; what designers assume counts never; what nobody
// known felt counts each time.
func TestPeopleCountOnce(t *testing.T) {
	day := now.AddDate(0, 0, -10)
	var list told
	for range 3 { // nobody known
		list = append(list, impression(experience.ID{}, day, "till", -0.5, experience.Stated))
	}
	for k := range 20 {
		for range 1 + k {
			list = append(list, impression(person(k), day, "cart", -0.4+0.01*float64(k%3), experience.Stated))
		}
		list = append(list, impression(person(k), day, "cart", 1, experience.Assumed), impression(person(k), day, "cart", 0.5, experience.Inferred))
	}
	r := testRoom(nil)
	r.Perception = list
	p, err := readPeriod(nil, extent{now.AddDate(-1, 0, 0), now}, now, rome)
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.catalogue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.perceived(t.Context(), p, c)
	if err != nil {
		t.Fatal(err)
	}
	if got.People != 23 || got.Scarce != 1 || len(got.Hurts) != 1 || len(got.Rose)+len(got.Fell)+got.Tested != 0 || got.Short != 3 {
		t.Fatalf("%+v", got)
	}
	hurt := got.Hurts[0]
	if hurt.Touchpoint != "cart" || hurt.Stage != experience.Purchase || hurt.Score.N != 20 || hurt.Score.Evidence != experience.Stated {
		t.Errorf("%+v", hurt)
	}
	if math.Abs(hurt.Weight-20*0.3905) > 1e-9 || math.Abs(hurt.Score.Value+0.3905) > 1e-9 {
		t.Errorf("it hurts by %v (%v)", hurt.Score.Value, hurt.Weight)
	}
}

// What a rule concludes the same of everybody is no surer than its weight.
func TestRulesLeaveADoubt(t *testing.T) {
	var list told
	for k := range 40 {
		one := impression(person(k), now.AddDate(0, 0, -10), "cart", -0.2, experience.Inferred)
		one.Impacts[0].Error = 0.05
		list = append(list, one)
	}
	tally := newTally(mondays, Span{now.AddDate(-1, 0, 0), now})
	for _, one := range list {
		if err := tally.add(one); err != nil {
			t.Fatal(err)
		}
	}
	_, places := tally.done()
	hurts, _ := pains(places)
	if len(hurts) != 1 || math.Abs(hurts[0].Score.High-(-0.2+1.959964*0.05)) > 1e-6 || math.Abs(hurts[0].Score.Low-(-0.2-1.959964*0.05)) > 1e-6 {
		t.Errorf("%+v", hurts)
	}
}

func TestWholeWeeks(t *testing.T) {
	// now is Tuesday 31 March 2026; clocks went forward on Sunday the 29th.
	last := mondays[newsWeeks].In(rome)
	if last.Format(time.RFC3339) != "2026-03-30T00:00:00+02:00" {
		t.Errorf("the last whole week ends on %v", last)
	}
	for k, m := range mondays {
		if at := m.In(rome); at.Weekday() != time.Monday || at.Hour() != 0 {
			t.Errorf("week %d begins on %v", k, at)
		}
	}
	sunday := time.Date(2026, 3, 29, 20, 0, 0, 0, time.UTC)
	if got := wholeWeeks(sunday, rome, 1)[1].In(rome).Format(time.DateOnly); got != "2026-03-23" {
		t.Errorf("on Sunday evening the week is not over, yet it ends on %v", got)
	}
}
