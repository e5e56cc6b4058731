package demo

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"regia/internal/experience"
)

// These tests look at what was told, as Regia does, and must find the causes
// that docs/demo.md says are in it.

// fact is a told event with the properties the tests ask about.
type fact struct {
	experience.Event
	source string
	P      struct {
		OrderID  string  `json:"order_id"`
		Delay    int     `json:"delay_days"`
		Score    float64 `json:"score"`
		Scale    string  `json:"scale"`
		Staff    string  `json:"staff_id"`
		Topic    string  `json:"topic"`
		Revenue  float64 `json:"revenue"`
		Product  string  `json:"product_id"`
		Carrier  string  `json:"carrier"`
		Case     string  `json:"case_id"`
		Agent    string  `json:"agent"`
		Products []struct {
			ID string `json:"product_id"`
		} `json:"products"`
	}
}

// byEvent is the default history by event name.
var byEvent = sync.OnceValue(func() map[string][]fact {
	m := map[string][]fact{}
	for _, i := range told() {
		if i.Event.Kind != experience.Track {
			continue
		}
		f := fact{Event: i.Event, source: i.Source}
		if i.Event.Properties != nil {
			if err := json.Unmarshal(i.Event.Properties, &f.P); err != nil {
				panic(err)
			}
		}
		m[f.Name] = append(m[f.Name], f)
	}
	return m
})

// who is the surest name of whoever did it.
func (f fact) who() string {
	if f.UserID != "" {
		return f.UserID
	}
	for _, id := range f.Identifiers {
		return id.String()
	}
	return f.AnonymousID
}

// mean of a series, with how many are in it.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(x float64) { m.sum += x; m.n++ }
func (m *mean) is() float64   { return m.sum / float64(max(m.n, 1)) }

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func lateness() map[string]int {
	m := map[string]int{}
	for _, f := range byEvent()["Order Delivered"] {
		m[f.P.OrderID] = f.P.Delay
	}
	return m
}

// band gathers days late: on time, one or two, more.
func band(delay int) int { return min((delay+1)/2, 2) }

func TestLateDeliveriesLowerReviews(t *testing.T) {
	late := lateness()
	var score, nps [3]mean
	for _, f := range byEvent()["Review Posted"] {
		if d, ok := late[f.P.OrderID]; ok {
			score[band(d)].add(f.P.Score)
		}
	}
	for _, f := range byEvent()["Survey Answered"] {
		if d, ok := late[f.P.OrderID]; ok && f.P.Scale == "nps" {
			nps[band(d)].add(f.P.Score)
		}
	}
	t.Logf("reviews %v, nps %v", score, nps)
	if score[0].is() < score[1].is()+0.4 || score[1].is() < score[2].is()+0.4 {
		t.Errorf("mean reviews on time, late, very late: %.2f %.2f %.2f", score[0].is(), score[1].is(), score[2].is())
	}
	if nps[0].is() < nps[2].is()+1 {
		t.Errorf("mean answers to would-you-recommend on time and very late: %.2f %.2f", nps[0].is(), nps[2].is())
	}
}

func TestLateDeliveriesRaiseComplaintsAndCalls(t *testing.T) {
	complained := map[string]bool{}
	for _, name := range []string{"Case Opened", "Phone Call Received", "Chat Started"} {
		for _, f := range byEvent()[name] {
			complained[f.P.OrderID] = true
		}
	}
	var share [3]mean
	for id, d := range lateness() {
		share[band(d)].add(yes(complained[id]))
	}
	t.Logf("share complaining %v", share)
	if share[1].is() < 3*share[0].is() || share[2].is() < 1.4*share[1].is() {
		t.Errorf("share of orders complained of, on time, late, very late: %.3f %.3f %.3f", share[0].is(), share[1].is(), share[2].is())
	}
}

func TestBadDeliveriesLoseCustomers(t *testing.T) {
	const half = 180 * 24 * time.Hour
	bought := map[string][]time.Time{}
	for _, f := range byEvent()["Order Completed"] {
		bought[f.who()] = append(bought[f.who()], f.Time)
	}
	var again [3]mean
	for _, f := range byEvent()["Order Delivered"] {
		if f.Time.After(noon.Add(-half)) {
			continue
		}
		again[band(f.P.Delay)].add(yes(slices.ContainsFunc(bought[f.who()], func(b time.Time) bool {
			return b.After(f.Time) && b.Before(f.Time.Add(half))
		})))
	}
	t.Logf("share buying again within 180 days %v", again)
	if again[0].is() < again[2].is()*1.4 {
		t.Errorf("bought again after a delivery on time %.3f, very late %.3f", again[0].is(), again[2].is())
	}
}

func TestVelociaHadTrouble(t *testing.T) {
	var usual, trouble mean
	begin := Start(Options{Clock: at(noon)})
	from, to := begin.AddDate(0, 14, 0), begin.AddDate(0, 17, 0)
	for _, f := range byEvent()["Order Delivered"] {
		switch {
		case f.P.Carrier != "Velocia":
		case f.Time.After(from) && f.Time.Before(to):
			trouble.add(yes(f.P.Delay > 0))
		default:
			usual.add(yes(f.P.Delay > 0))
		}
	}
	if trouble.is() < 1.7*usual.is() {
		t.Errorf("late with Velocia: usually %.3f, in the bad months %.3f", usual.is(), trouble.is())
	}
}

// kindness of staff, which is never sent.
func kindness() map[string]float64 {
	m := map[string]float64{}
	for _, s := range shops() {
		for _, c := range s.staff {
			m[c.id] = c.kindness
		}
	}
	return m
}

func TestKindStaffBringPeopleBack(t *testing.T) {
	const window = 60 * 24 * time.Hour
	kind := kindness()
	visits := map[string][]time.Time{}
	for _, f := range byEvent()["Shop Visited"] {
		visits[f.who()] = append(visits[f.who()], f.Time)
	}
	var back, stars, basket struct{ kind, cold mean }
	shopBack := map[string]*mean{"shop-milano": {}, "shop-bologna": {}, "shop-bari": {}}
	for _, f := range byEvent()["Shop Visited"] {
		if f.Time.After(noon.Add(-window)) {
			continue
		}
		again := yes(slices.ContainsFunc(visits[f.who()], func(v time.Time) bool {
			return v.After(f.Time) && v.Before(f.Time.Add(window))
		}))
		shopBack[f.source].add(again)
		switch k := kind[f.P.Staff]; {
		case k >= 0.75:
			back.kind.add(again)
		case k <= 0.4:
			back.cold.add(again)
		}
	}
	for _, f := range byEvent()["Survey Answered"] {
		if k := kind[f.P.Staff]; f.P.Scale == "csat" && k >= 0.75 {
			stars.kind.add(f.P.Score)
		} else if f.P.Scale == "csat" && k <= 0.4 {
			stars.cold.add(f.P.Score)
		}
	}
	for _, f := range byEvent()["Receipt Issued"] {
		if k := kind[f.P.Staff]; k >= 0.75 {
			basket.kind.add(f.P.Revenue)
		} else if k <= 0.4 {
			basket.cold.add(f.P.Revenue)
		}
	}
	t.Logf("back %v, stars %v, basket %v, by shop %v %v %v", back, stars, basket, *shopBack["shop-milano"], *shopBack["shop-bologna"], *shopBack["shop-bari"])
	if back.kind.is() < back.cold.is()+0.15 {
		t.Errorf("back within 60 days after kind staff %.3f, after cold %.3f", back.kind.is(), back.cold.is())
	}
	if stars.kind.is() < stars.cold.is()+1 {
		t.Errorf("satisfaction with kind staff %.2f, with cold %.2f", stars.kind.is(), stars.cold.is())
	}
	if basket.kind.is() < basket.cold.is()*1.1 {
		t.Errorf("basket with kind staff %.2f, with cold %.2f", basket.kind.is(), basket.cold.is())
	}
	if b := shopBack["shop-bologna"].is(); b < shopBack["shop-milano"].is()+0.05 || b < shopBack["shop-bari"].is()+0.1 {
		t.Error("Bologna should bring most people back")
	}
}

func TestClearSheetsLowerReturnsAndQuestions(t *testing.T) {
	full := map[string]bool{}
	for _, p := range catalogue() {
		full[p.id] = p.full
	}
	var sold, back, views, asked [2]float64
	side := func(id string) int { return int(yes(full[id])) }
	for _, f := range byEvent()["Order Completed"] {
		for _, p := range f.P.Products {
			sold[side(p.ID)]++
		}
	}
	for _, f := range byEvent()["Return Made"] {
		if f.P.OrderID != "" {
			back[side(f.P.Product)]++
		}
	}
	for _, f := range byEvent()["Product Viewed"] {
		views[side(f.P.Product)]++
	}
	for _, name := range []string{"Phone Call Received", "Chat Started"} {
		for _, f := range byEvent()[name] {
			if f.P.Topic == "product" {
				asked[side(f.P.Product)]++
			}
		}
	}
	t.Logf("returned %v of %v, asked %v of %v (short, full)", back, sold, asked, views)
	if back[0]/sold[0] < 1.8*back[1]/sold[1] {
		t.Errorf("returns of short sheets %.3f, of full ones %.3f", back[0]/sold[0], back[1]/sold[1])
	}
	if asked[0]/views[0] < 1.8*asked[1]/views[1] {
		t.Errorf("questions about short sheets %.4f, about full ones %.4f", asked[0]/views[0], asked[1]/views[1])
	}
}

func TestSomeLeaveInSilenceAndSomeBecomeFans(t *testing.T) {
	w := newWorld(Options{Clock: at(noon)}.withDefaults(), noon)
	w.run(noon.UnixMicro(), func(Item) bool { return true })
	var gone, fans float64
	for _, p := range w.people {
		gone += yes(p.gone)
		fans += yes(p.fan)
	}
	n := float64(len(w.people))
	if gone/n < 0.08 || gone/n > 0.4 {
		t.Errorf("%.3f of the people left", gone/n)
	}
	if fans/n < 0.02 || fans/n > 0.2 {
		t.Errorf("%.3f of the people are fans", fans/n)
	}
	spoke := map[string]bool{}
	for _, name := range []string{"Case Opened", "Phone Call Received", "Chat Started"} {
		for _, f := range byEvent()[name] {
			if f.P.Topic != "product" {
				spoke[f.UserID] = true
				for _, id := range f.Identifiers {
					spoke[id.Value] = true
				}
			}
		}
	}
	var silent float64
	for _, p := range w.people {
		silent += yes(p.gone && !(p.user != "" && spoke[p.user] || spoke[p.email] || spoke[p.phone]))
	}
	t.Logf("%v people, %v left, %v of them without a word, %v fans", n, gone, silent, fans)
	if silent < gone/2 {
		t.Errorf("of %v who left only %v did so without a word", gone, silent)
	}
	if len(byEvent()["Referral Sent"]) < 20 {
		t.Error("fans recommend nobody")
	}
}

func TestKindAnswersMakeItEasy(t *testing.T) {
	agent := map[string]string{}
	for _, f := range byEvent()["Case Closed"] {
		agent[f.P.Case] = f.P.Agent
	}
	var kind, curt mean
	for _, f := range byEvent()["Survey Answered"] {
		switch a := agent[f.P.Case]; {
		case f.P.Scale != "ces":
		case a == "Wanda":
			kind.add(f.P.Score)
		case a == "Cesare":
			curt.add(f.P.Score)
		}
	}
	t.Logf("ease with Wanda %v, with Cesare %v", kind, curt)
	if kind.is() < curt.is()+0.4 {
		t.Errorf("ease after Wanda's answers %.2f, after Cesare's %.2f", kind.is(), curt.is())
	}
}

func TestTheSeasonsShow(t *testing.T) {
	zone := Company().Location()
	month := map[time.Month]float64{}
	night, evening, sunday := 0, 0, 0
	for _, name := range []string{"Order Completed", "Receipt Issued"} {
		for _, f := range byEvent()[name] {
			local := f.Time.In(zone)
			if local.Before(time.Date(2026, 11, 1, 0, 0, 0, 0, zone)) { // 24 whole months
				month[local.Month()]++
			}
			if name == "Receipt Issued" {
				if local.Weekday() == time.Sunday && local.Month() != time.December {
					sunday++
				}
				continue
			}
			switch h := local.Hour(); {
			case h >= 1 && h < 6:
				night++
			case h >= 19 && h < 23:
				evening++
			}
		}
	}
	if sunday > 0 {
		t.Errorf("%d receipts on Sundays on which shops are closed", sunday)
	}
	if evening < 8*night {
		t.Errorf("%d orders in the evening, %d at night", evening, night)
	}
	if month[time.August] > 0.75*month[time.June] || month[time.December] < 1.1*month[time.October] || month[time.July] < 1.05*month[time.June] {
		t.Errorf("the year is flat: %v", month)
	}
}
