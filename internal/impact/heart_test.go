package impact

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/experience"
)

var monday = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// happening writes a moment as a test reads it: days after Monday at nine, the
// event, and facts in pairs; "order" names the order.
func happening(days float64, name string, pairs ...string) Moment {
	at := monday.Add(time.Duration(days * 24 * float64(time.Hour)))
	m := Moment{ID: experience.HashID(nil, name, at.String(), fmt.Sprint(pairs)), Time: at, Kind: experience.Track, Name: name}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == "order" {
			m.Order = pairs[i+1]
			continue
		}
		f, ok := parseFact(pairs[i])
		if !ok {
			panic("no fact " + pairs[i])
		}
		m.facts[f] = pairs[i+1]
	}
	return m
}

func book(t interface {
	Helper()
	Fatal(...any)
}) *Book {
	t.Helper()
	b, err := NewBook()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Each rule: what sets it off, how strongly, and what does not.
func TestRules(t *testing.T) {
	later := 60.0 // days after Monday it is now
	for _, c := range []struct {
		rule    string
		name    string
		now     float64
		moments []Moment
		want    map[int]float64 // amount by index of the moment it is about; none: it does not fire
	}{
		{"late-delivery", "told in days", later, []Moment{happening(0, "Order Delivered", "delay_days", "3")}, map[int]float64{0: 3}},
		{"late-delivery", "on time", later, []Moment{happening(0, "Order Delivered", "delay_days", "0")}, nil},
		{"late-delivery", "nothing promised", later, []Moment{happening(0, "Order Completed", "order", "1"), happening(9, "Order Delivered", "order", "1")}, nil},
		{"late-delivery", "by the promised day", later, []Moment{happening(0, "Order Completed", "order", "1", "estimated_delivery", "2026-11-05"), happening(5, "Order Delivered", "order", "1")}, map[int]float64{1: 2}},
		{"late-delivery", "by the days promised on shipping", later, []Moment{happening(1, "Order Shipped", "order", "1", "promised_days", "3"), happening(9, "Order Delivered", "order", "1")}, map[int]float64{1: 5}},
		{"late-delivery", "another order's promise", later, []Moment{happening(1, "Order Shipped", "order", "2", "promised_days", "1"), happening(9, "Order Delivered", "order", "1")}, nil},
		{"late-delivery", "the courier tells twice", later, []Moment{happening(0, "Order Delivered", "order", "1", "delay_days", "2"), happening(1, "Order Delivered", "order", "1", "delay_days", "3")}, map[int]float64{0: 2}},
		{"early-delivery", "two days early", later, []Moment{happening(0, "Order Delivered", "delay_days", "-2")}, map[int]float64{0: 2}},
		{"early-delivery", "late", later, []Moment{happening(0, "Order Delivered", "delay_days", "2")}, nil},
		{"late-waiting", "the day has gone by", 6, []Moment{happening(0, "Order Completed", "order", "1", "estimated_delivery", "2026-11-05")}, map[int]float64{0: 3}},
		{"late-waiting", "a day of grace", 3.9, []Moment{happening(0, "Order Completed", "order", "1", "estimated_delivery", "2026-11-05")}, nil},
		{"late-waiting", "it came", later, []Moment{happening(0, "Order Completed", "order", "1", "estimated_delivery", "2026-11-05"), happening(9, "Order Delivered", "order", "1")}, nil},
		{"late-waiting", "cancelled before", later, []Moment{happening(0, "Order Completed", "order", "1", "estimated_delivery", "2026-11-05"), happening(1, "Order Cancelled", "order", "1")}, nil},
		{"late-waiting", "cancelled too late", 10, []Moment{happening(0, "Order Completed", "order", "1", "estimated_delivery", "2026-11-05"), happening(8, "Order Cancelled", "order", "1")}, map[int]float64{0: 7}},
		{"delivery-failed", "nobody at home", later, []Moment{happening(0, "Delivery Failed")}, map[int]float64{0: 1}},
		{"cancellation", "told twice", later, []Moment{happening(0, "Order Cancelled", "order", "1"), happening(1, "Order Canceled", "order", "1")}, map[int]float64{0: 1}},
		{"cancellation", "two orders", later, []Moment{happening(0, "Order Cancelled", "order", "1"), happening(1, "Order Cancelled", "order", "2")}, map[int]float64{0: 1, 1: 1}},
		{"return", "asked and made", later, []Moment{happening(0, "Return Requested", "order", "1"), happening(1, "Return Made", "order", "1")}, map[int]float64{0: 1}},
		{"return", "no order known", later, []Moment{happening(0, "Return Made"), happening(1, "Return Made")}, map[int]float64{0: 1, 1: 1}},
		{"refund-slow", "in time", later, []Moment{happening(0, "Order Refunded", "days", "5")}, nil},
		{"refund-slow", "late", later, []Moment{happening(0, "Order Refunded", "days", "8")}, map[int]float64{0: 3}},
		{"refund-slow", "nobody says", later, []Moment{happening(0, "Order Refunded")}, nil},
		{"complaint", "opened and opened", later, []Moment{happening(0, "Case Opened", "case_id", "C"), happening(1, "Case Opened", "case_id", "D"), happening(2, "Case Opened", "case_id", "C")}, map[int]float64{0: 1, 1: 1}},
		{"third-contact", "three in a week", later, []Moment{happening(0, "Phone Call Received"), happening(2, "Chat Started"), happening(6.9, "Case Opened")}, map[int]float64{2: 1}},
		{"third-contact", "three in eight days", later, []Moment{happening(0, "Phone Call Received"), happening(2, "Chat Started"), happening(8, "Case Opened")}, nil},
		{"third-contact", "a call that became a case is one", later, []Moment{happening(0, "Phone Call Received"), happening(0.01, "Case Opened"), happening(2, "Phone Call Received")}, nil},
		{"waiting", "two minutes are as promised", later, []Moment{happening(0, "Phone Call Received", "wait_seconds", "120")}, nil},
		{"waiting", "five minutes", later, []Moment{happening(0, "Phone Call Received", "wait_seconds", "300")}, map[int]float64{0: 3}},
		{"waiting", "thirty seconds were promised", later, []Moment{happening(0, "Mirror Session Ended", "wait_seconds", "90", "promised_seconds", "30")}, map[int]float64{0: 1}},
		{"missed-call", "nobody answered", later, []Moment{happening(0, "Phone Call Missed")}, map[int]float64{0: 1}},
		{"answer-slow", "within a day", later, []Moment{happening(0, "Case Opened", "case_id", "C"), happening(0.9, "Case Answered", "case_id", "C")}, nil},
		{"answer-slow", "after three days", later, []Moment{happening(0, "Case Opened", "case_id", "C"), happening(3, "Case Answered", "case_id", "C")}, map[int]float64{1: 2}},
		{"answer-slow", "another case was answered", 5, []Moment{happening(0, "Case Opened", "case_id", "C"), happening(0.5, "Case Answered", "case_id", "D")}, map[int]float64{0: 4}},
		{"case-unsolved", "closed", later, []Moment{happening(0, "Case Closed", "outcome", "unsolved"), happening(1, "Case Closed", "outcome", "solved"), happening(2, "Chat Ended", "solved", "false")}, map[int]float64{0: 1, 2: 1}},
		{"case-solved", "closed", later, []Moment{happening(0, "Case Closed", "outcome", "unsolved"), happening(1, "Case Closed", "outcome", "solved"), happening(2, "Chat Ended", "solved", "true")}, map[int]float64{1: 1, 2: 1}},
		{"failed-searches", "two in vain", later, []Moment{happening(0, "Products Searched", "results", "0"), happening(0.01, "Products Searched", "results", "0")}, map[int]float64{1: 1}},
		{"failed-searches", "one found something", later, []Moment{happening(0, "Products Searched", "results", "0"), happening(0.01, "Products Searched", "results", "7")}, nil},
		{"failed-searches", "an hour apart", later, []Moment{happening(0, "Products Searched", "results", "0"), happening(1.0/24, "Products Searched", "results", "0")}, nil},
		{"error-page", "payment", later, []Moment{happening(0, "Payment Failed")}, map[int]float64{0: 1}},
		{"order", "told twice", later, []Moment{happening(0, "Order Placed", "order", "1"), happening(0.1, "Order Completed", "order", "1")}, map[int]float64{0: 1}},
		{"second-order", "three orders", later, []Moment{happening(0, "Order Completed", "order", "1"), happening(9, "Receipt Issued", "order", "2"), happening(50, "Order Completed", "order", "3")}, map[int]float64{1: 1, 2: 1}},
		{"second-order", "one order told twice", later, []Moment{happening(0, "Order Placed", "order", "1"), happening(0.1, "Order Completed", "order", "1")}, nil},
		{"abandoned-basket", "left", later, []Moment{happening(0, "Product Added"), happening(0.1, "Checkout Started")}, map[int]float64{1: 1}},
		{"abandoned-basket", "bought the same day", later, []Moment{happening(0, "Product Added"), happening(0.5, "Order Completed")}, nil},
		{"abandoned-basket", "bought two days later", later, []Moment{happening(0, "Product Added"), happening(2, "Order Completed")}, map[int]float64{0: 1}},
		{"abandoned-basket", "may yet be bought", 0.9, []Moment{happening(0, "Product Added")}, nil},
		{"abandoned-basket", "two baskets", later, []Moment{happening(0, "Product Added"), happening(3, "Product Added"), happening(3.1, "Order Completed"), happening(9, "Product Added")}, map[int]float64{0: 1, 3: 1}},
		{"unsubscribed", "gone", later, []Moment{happening(0, "Unsubscribed")}, map[int]float64{0: 1}},
		{"referral", "sent", later, []Moment{happening(0, "Referral Sent")}, map[int]float64{0: 1}},
		{"wishlist", "liked", later, []Moment{happening(0, "Product Added to Wishlist")}, map[int]float64{0: 1}},
	} {
		t.Run(c.rule+", "+c.name, func(t *testing.T) {
			b := book(t)
			k, ok := b.rule(c.rule)
			if !ok {
				t.Fatal("there is no such rule")
			}
			got := map[int]float64{}
			for _, f := range b.fire(c.moments, monday.Add(time.Duration(c.now*24*float64(time.Hour)))) {
				if f.rule == k {
					got[f.moment] = math.Round(f.amount*1e6) / 1e6
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(orNone(c.want)) {
				t.Errorf("fires %v, want %v", got, c.want)
			}
		})
	}
}

func orNone(m map[int]float64) map[int]float64 {
	if m == nil {
		return map[int]float64{}
	}
	return m
}

// Where a company never tells that parcels arrive or cases are answered, nobody
// waits for ever.
func TestSilenceOfTheCompanyIsNotWaiting(t *testing.T) {
	b := book(t)
	clear(b.tells)
	moments := []Moment{
		happening(0, "Order Completed", "order", "1", "estimated_delivery", "2026-11-05"), happening(1, "Case Opened", "case_id", "C"), happening(2, "Product Added"),
	}
	for _, f := range b.fire(moments, monday.AddDate(0, 2, 0)) {
		if key := b.Rules[f.rule].Key; key == "late-waiting" || key == "answer-slow" || key == "abandoned-basket" {
			t.Errorf("%s fires", key)
		}
	}
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		m         Moment
		scale     string
		value     float64
		dimension experience.Dimension
	}{
		{happening(0, "Review Posted", "score", "5"), "stars", 1, experience.Emotional},
		{happening(0, "Review Posted", "score", "2"), "stars", -0.5, experience.Emotional},
		{happening(0, "Review Posted", "score", "8", "out_of", "10"), "stars/10", 2*7.0/9 - 1, experience.Emotional},
		{happening(0, "Product Reviewed", "rating", "3"), "stars", 0, experience.Emotional},
		{happening(0, "Survey Answered", "scale", "nps", "score", "0"), "nps", -1, experience.Emotional},
		{happening(0, "Survey Answered", "scale", "NPS", "score", "9"), "nps", 0.8, experience.Emotional},
		{happening(0, "Survey Answered", "scale", "csat", "score", "4"), "csat", 0.5, experience.Emotional},
		{happening(0, "Survey Answered", "scale", "ces", "score", "7"), "ces", 1, experience.Cognitive},
		{happening(0, "Survey Answered", "scale", "csat", "score", "4", "dimension", "sensory"), "csat", 0.5, experience.Sensory},
		{happening(0, "Survey Answered", "scale", "nps", "score", "11"), "", 0, ""},
		{happening(0, "Survey Answered", "score", "5"), "", 0, ""},
		{happening(0, "Survey Answered", "scale", "kelvin", "score", "5"), "", 0, ""},
		{happening(0, "Survey Answered", "scale", "nps", "score", "many"), "", 0, ""},
		{happening(0, "Order Completed", "score", "5"), "", 0, ""},
	} {
		t.Run(fmt.Sprint(c.m.Name, c.m.facts), func(t *testing.T) {
			a, ok := c.m.stated()
			if ok != (c.scale != "") {
				t.Fatalf("it states: %t", ok)
			}
			if !ok {
				return
			}
			if a.scale.Key != c.scale || math.Abs(a.value-c.value) > 1e-9 || a.dimension != c.dimension {
				t.Errorf("%s %v %s, want %s %v %s", a.scale.Key, a.value, a.dimension, c.scale, c.value, c.dimension)
			}
			if back := a.scale.Score(a.value); math.Abs(back-a.score) > 1e-9 {
				t.Errorf("%v comes back as %v", a.score, back)
			}
		})
	}
}

// TestAnswersInSeveralDimensions: a survey of several questions states one
// impact a dimension, each on its own scale.
func TestAnswersInSeveralDimensions(t *testing.T) {
	said := `[{"scale":"nps","score":9,"dimension":"emotional"},{"scale":"agree","score":7,"dimension":"sensory"},{"scale":"agree","score":4,"dimension":"sensory"},
		{"scale":"agree","out_of":5,"score":1,"dimension":"cognitive"},{"scale":"ces","score":7,"dimension":"cognitive"},{"text":"bene"},
		{"scale":"agree","out_of":5,"score":9,"dimension":"behavioural"}]`
	want := map[experience.Dimension]string{experience.Emotional: "nps 0.80", experience.Sensory: "agree 0.50", experience.Cognitive: "agree/5 -1.00"}
	for _, c := range []struct {
		name  string
		pairs []string
		main  bool // only the main one can be read
	}{
		{"with a main answer", []string{"scale", "nps", "score", "9", "answers", said}, false},
		{"without one", []string{"answers", said}, false},
		{"of somebody else's", []string{"scale", "nps", "score", "9", "answers", `"all well"`}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := happening(0, "Survey Answered", c.pairs...)
			got := map[experience.Dimension]string{}
			for _, a := range m.states() {
				got[a.dimension] = fmt.Sprintf("%s %.2f", a.scale.Key, a.value)
			}
			expected := want
			if c.main {
				expected = map[experience.Dimension]string{experience.Emotional: "nps 0.80"}
			}
			if fmt.Sprint(got) != fmt.Sprint(expected) {
				t.Errorf("states %v, want %v", got, expected)
			}
		})
	}
}

// story is a random sequence of moments: few names and times, so that near
// misses are common.
func story(t *rapid.T) []Moment {
	list := make([]Moment, rapid.IntRange(0, 30).Draw(t, "moments"))
	for i := range list {
		name := rapid.SampledFrom(storyNames).Draw(t, "name")
		pairs := []string{}
		if o := rapid.IntRange(0, 3).Draw(t, "order"); o > 0 {
			pairs = append(pairs, "order", strconv.Itoa(o))
		}
		for _, f := range storyFacts {
			if rapid.IntRange(0, 2).Draw(t, f.name) > 0 {
				pairs = append(pairs, f.name, rapid.SampledFrom(f.values).Draw(t, "value"))
			}
		}
		list[i] = happening(float64(rapid.IntRange(0, 120).Draw(t, "hours"))/4, name, pairs...)
		list[i].ID = experience.HashID(nil, "m", strconv.Itoa(i))
		list[i].Touchpoint = rapid.SampledFrom([]string{"", "site", "phone"}).Draw(t, "touchpoint")
	}
	return list
}

var storyNames = []string{
	"Order Completed", "Order Shipped", "Order Delivered", "Order Cancelled", "Return Made", "Order Refunded", "Product Added", "Checkout Started",
	"Phone Call Received", "Chat Started", "Case Opened", "Case Answered", "Case Closed", "Products Searched", "Review Posted", "Survey Answered", "Unsubscribed", "Shop Visited",
}

var storyFacts = []struct {
	name   string
	values []string
}{
	{"score", []string{"1", "3", "5", "10", "x"}}, {"scale", []string{"nps", "csat", "ces", "stars"}}, {"case_id", []string{"A", "B"}},
	{"delay_days", []string{"-3", "0", "2", "40"}}, {"estimated_delivery", []string{"2026-11-04", "2026-11-20 10:00:00", "soon"}}, {"promised_days", []string{"3"}},
	{"wait_seconds", []string{"30", "700"}}, {"outcome", []string{"solved", "unsolved"}}, {"results", []string{"0", "4"}}, {"days", []string{"2", "30"}},
}

func TestTellingProperties(t *testing.T) {
	b := book(t)
	assumed := []Assumption{{Touchpoint: "phone", Impacts: map[experience.Dimension]float64{experience.Emotional: -0.3}, Why: "map, step"}}
	rapid.Check(t, func(t *rapid.T) {
		moments := story(t)
		now := monday.AddDate(0, 0, rapid.IntRange(0, 60).Draw(t, "now"))
		told := b.Tell(experience.ID{1}, moments, assumed, now)
		if again := b.Tell(experience.ID{1}, rapid.Permutation(moments).Draw(t, "arrival"), assumed, now); fmt.Sprint(again) != fmt.Sprint(told) {
			t.Fatalf("in another order of arrival it tells\n%v, not\n%v", again, told)
		}
		for i, x := range told {
			if i > 0 && x.Time.Before(told[i-1].Time) {
				t.Fatal("impressions are not in the order of time")
			}
			if x.Time.After(now) {
				t.Fatal("something is told that has not happened yet")
			}
			checkImpacts(t, b, x)
		}
		for _, k := range b.known(experience.ID{1}, sorted(moments), nil, now) {
			earlier := slices.DeleteFunc(slices.Clone(moments), func(m Moment) bool { return m.Time.After(k.Time) })
			for _, same := range b.known(experience.ID{1}, sorted(earlier), nil, now) {
				if same.Interaction == k.Interaction && fmt.Sprint(same.before, same.Before) != fmt.Sprint(k.before, k.Before) {
					t.Fatalf("what came after an answer changed what was known before it: %v, %v", k.before, same.before)
				}
			}
		}
	})
}

func checkImpacts(t *rapid.T, b *Book, x experience.Impression) {
	if len(x.Impacts) == 0 {
		t.Fatal("an impression without an impact")
	}
	for _, i := range x.Impacts {
		_, rule := b.rule(i.Why)
		_, scale := experience.ScaleNamed(i.Why, "")
		if !(i.Value >= -1 && i.Value <= 1) || !slices.Contains(experience.Dimensions, i.Dimension) {
			t.Fatalf("%v is no impact", i)
		}
		if rule != (i.Evidence == experience.Inferred) || scale != (i.Evidence == experience.Stated) || (i.Why == "map, step") != (i.Evidence == experience.Assumed) {
			t.Fatalf("%v: its evidence is not what it comes from", i)
		}
	}
}

func TestScoreProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := make([]felt, rapid.IntRange(1, 12).Draw(t, "n"))
		for i := range list {
			list[i] = felt{monday.AddDate(0, 0, 10*i), rapid.Float64Range(-1, 1).Draw(t, "value")}
		}
		s, ok := scoreOf(list, rapid.Float64Range(0, 1).Draw(t, "spread"), experience.Stated)
		if !ok || !(s.Low <= s.Value && s.Value <= s.High && s.Low >= -1 && s.High <= 1) || s.N != int64(len(list)) {
			t.Fatalf("%+v of %v", s, list)
		}
		later := slices.Clone(list)
		for i := range later {
			later[i].at = later[i].at.AddDate(3, 0, 0)
		}
		if l, _ := scoreOf(later, 0.5, experience.Stated); math.Abs(l.Value-s.Value) > 1e-6 {
			t.Fatal("silence changes the score")
		}
		last := slices.Clone(list)
		last[len(last)-1].value = 1
		if l, _ := scoreOf(last, 0.5, experience.Stated); l.Value < s.Value-1e-9 && list[len(list)-1].value >= 0 {
			t.Fatalf("a better end makes the score worse: %v, %v", s.Value, l.Value)
		}
	})
}

func TestScoreWorked(t *testing.T) {
	list := []felt{{monday, -1}, {monday.AddDate(0, 0, 90), 0.5}}
	// Weights ½ and 1: mean (−½ + ½)/1.5 = 0. |−1|·½ = |0.5|·1: of equals the later is the peak.
	s, _ := scoreOf(list, 0.4, experience.Stated)
	if math.Abs(s.Value-0.25) > 1e-9 {
		t.Errorf("the score is %v, want ½·0 + ¼·0.5 + ¼·0.5 = 0.25", s.Value)
	}
	half := 1.96 * 0.4 * math.Hypot(1.0/6, 1.0/3+0.5)
	if math.Abs(s.High-s.Value-half) > 1e-9 {
		t.Errorf("the interval is ± %v, want %v", s.High-s.Value, half)
	}
	if _, ok := scoreOf(nil, 0.4, experience.Stated); ok {
		t.Error("nothing has a score")
	}
}
