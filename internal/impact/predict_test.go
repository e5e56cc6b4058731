package impact

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/experience"
)

// oneOrder is an order by a person of a made-up shop, and what they said of it.
func oneOrder(r *rand.Rand, day float64, id string, low func(late float64, several bool) float64, speaks bool) []Moment {
	lines := fmt.Sprintf(`[{"quantity":%d,"seller_id":"a"}]`, 1+r.IntN(3))
	several := r.Float64() < 0.3
	if several {
		lines = `[{"quantity":1,"seller_id":"a"},{"quantity":1,"seller_id":"b"}]`
	}
	placed := happening(day, "Order Completed", "order", id, "products", lines, "shipping", "5", "payment_method", "card", "promised_days", "5")
	placed.Revenue = 5000
	late := math.Round(3 * r.NormFloat64())
	list := []Moment{placed, happening(day+1, "Order Shipped", "order", id),
		happening(day+6+late/2, "Order Delivered", "order", id, "delay_days", fmt.Sprint(late))}
	if speaks {
		score := "4"
		if r.Float64() < low(late, several) {
			score = "1"
		}
		list = append(list, happening(day+9, "Review Posted", "order", id, "score", score))
	}
	return list
}

// shopOf is a shop in which a third of the people speak.
func shopOf(t *testing.T, people int, low func(late float64, several bool) float64) (*Book, *gathered, time.Time) {
	t.Helper()
	b := book(t)
	b.tells["Order Delivered"] = true
	r := rand.New(rand.NewPCG(9, 9))
	g := &gathered{}
	end := monday.AddDate(0, 0, 420)
	for k := range people {
		who := experience.HashID(nil, fmt.Sprint("customer", k))
		g.take(b, who, sorted(oneOrder(r, 400*r.Float64(), fmt.Sprint("o", k), low, k%3 == 0)), end)
	}
	return b, g, end
}

// TestPredictionOfTheSilent: it beats the base rate and the delay, is honest,
// and what it says of the silent is what they would have said.
func TestPredictionOfTheSilent(t *testing.T) {
	odds := func(late float64, several bool) float64 {
		v := -2.2 + 0.5*math.Max(0, late)
		if several {
			v += 2
		}
		return 1 / (1 + math.Exp(-v))
	}
	b, g, _ := shopOf(t, 6000, odds)
	p := g.predict(b)
	if p.Refused != "" || !p.Proof.Beats() {
		t.Fatalf("refused as %q: %+v", p.Refused, p.Proof)
	}
	if p.Proof.Learned != 1500 || p.Proof.Tried != 500 || p.Scale.Key != "stars" || p.Answers != 2000 {
		t.Errorf("learned from %d, tried on %d of %d", p.Proof.Learned, p.Proof.Tried, p.Answers)
	}
	inside := 0
	for _, bin := range p.Proof.Bins {
		if bin.Observed.Low <= bin.Predicted && bin.Predicted <= bin.Observed.High {
			inside++
		}
	}
	if inside < len(p.Proof.Bins)-2 {
		t.Errorf("what happened is what was foretold in only %d of %d groups", inside, len(p.Proof.Bins))
	}
	if p.Silent.People != 4000 || p.Silent.Low.Evidence != experience.Inferred {
		t.Errorf("%+v", p.Silent)
	}
	// What they would have said, by the odds themselves.
	r := rand.New(rand.NewPCG(1, 2))
	var want float64
	const trials = 200_000
	for range trials {
		want += odds(math.Round(3*r.NormFloat64()), r.Float64() < 0.3) / trials
	}
	if e := p.Silent.Low; e.Low > want || e.High < want || e.High-e.Low > 0.08 {
		t.Errorf("%.3f of the silent would be low, foretold %+v", want, e)
	}
	if s := p.Silent.Score; math.Abs(s.Value-(0.5-1.5*p.Silent.Low.Value)) > 1e-9 || s.Low > s.Value || s.High < s.Value {
		t.Errorf("their experience is %+v", s)
	}
	first, last := p.likely[0], p.likely[len(p.likely)-1]
	if first.Low.Value < 0.5 || last.Low.Value > 0.3 || p.of[first.Person] != 0 {
		t.Errorf("the most probably unhappy are not first: %+v … %+v", first, last)
	}
	if !slices.ContainsFunc(p.Weights, func(i Influences) bool { return i.Key == "many-sellers" && i.Effect.Low > 0 }) {
		t.Errorf("it does not see that several sellers matter: %+v", p.Weights)
	}
}

func TestPredictionRefuses(t *testing.T) {
	byChance := func(float64, bool) float64 { return 0.4 }
	b, g, _ := shopOf(t, 2400, byChance)
	if p := g.predict(b); p.Refused != "weak" || len(p.likely) != 0 || p.Proof.Tried == 0 || p.Silent.Low.N != 0 {
		t.Errorf("answers follow nothing, yet it is refused as %q", p.Refused)
	}
	b, g, _ = shopOf(t, 300, byChance)
	if p := g.predict(b); p.Refused != "few" || p.Answers != 100 {
		t.Errorf("a hundred answers are too few, yet it is refused as %q", p.Refused)
	}
	b, g, _ = shopOf(t, 1200, func(float64, bool) float64 { return 0.01 })
	if p := g.predict(b); p.Refused != "few" || p.Low >= fewLow {
		t.Errorf("%d low answers are too few, yet it is refused as %q", p.Low, p.Refused)
	}
	if p := (gathered{}).predict(b); p.Refused != "few" || p.Answers != 0 {
		t.Errorf("of nothing: %+v", p)
	}
}

// TestNothingLeaks: what came after an answer, what anybody said, and what may
// have come after it changes nothing of what its occasion knows.
func TestNothingLeaks(t *testing.T) {
	b := book(t)
	b.tells["Order Delivered"] = true
	names := []string{"Order Completed", "Order Shipped", "Order Delivered", "Order Cancelled", "Review Posted", "Case Opened", "Survey Answered"}
	rapid.Check(t, func(t *rapid.T) {
		var list []Moment
		for range rapid.IntRange(1, 12).Draw(t, "n") {
			m := happening(rapid.Float64Range(0, 40).Draw(t, "day"), rapid.SampledFrom(names).Draw(t, "name"),
				"order", rapid.SampledFrom([]string{"1", "2"}).Draw(t, "order"), "promised_days", "4", "score", "3", "scale", "stars")
			if m.Name == "Order Cancelled" && rapid.Bool().Draw(t, "unsure") {
				m.facts[factTimeIs] = "not before"
			}
			list = append(list, m)
		}
		asked := happening(20, "Review Posted", "order", "1", "score", fmt.Sprint(rapid.IntRange(1, 5).Draw(t, "score")))
		now := monday.AddDate(0, 0, 60)
		knew := func(list []Moment, answer Moment) string {
			answered, _, _ := b.occasions(experience.ID{1}, sorted(append(slices.Clone(list), answer)), now)
			for _, o := range answered {
				if o.interaction == asked.ID {
					o.answer = answerOf(t, asked)
					return fmt.Sprintf("%+v %+v", o.facts, o.rules)
				}
			}
			t.Fatal("the answer is no occasion")
			return ""
		}
		all := knew(list, asked)
		earlier := slices.DeleteFunc(slices.Clone(list), func(m Moment) bool {
			_, says := experience.AnswerScale(m.Name)
			return !m.Time.Before(asked.Time) || says || m.facts[factTimeIs] != ""
		})
		if only := knew(earlier, asked); only != all {
			t.Fatalf("with what came later, was said or is not sure it knows\n%s\nwithout\n%s", all, only)
		}
		other := asked
		other.facts[factScore] = "2"
		if said := knew(list, other); said != all {
			t.Fatalf("the answer itself changes what was known before it:\n%s\n%s", all, said)
		}
	})
}

func answerOf(t *rapid.T, m Moment) answer {
	a, ok := m.stated()
	if !ok {
		t.Fatal("it says nothing")
	}
	return a
}

// TestOrderFacts reads one order as a person would.
func TestOrderFacts(t *testing.T) {
	b := book(t)
	b.tells["Order Delivered"] = true
	before := happening(0, "Order Completed", "order", "0", "promised_days", "2")
	late := happening(5, "Order Delivered", "order", "0", "delay_days", "3")
	bought := happening(10, "Order Completed", "order", "1", "promised_days", "4", "shipping", "12.50", "payment_methods", `["Voucher","credit_card"]`,
		"products", `[{"quantity":2,"seller_id":"a"},{"seller_id":"b"}]`)
	bought.Revenue = 5000
	came := happening(13, "Order Delivered", "order", "1")
	moments := []Moment{before, late, bought, came}
	f := b.orderAt(moments, "1", monday.AddDate(0, 0, 20))
	if !f.delivery.Known || f.delivery.DaysLate != -1 || f.took != 3 || f.promised != 4 || f.worth != 5000 || f.freight != 0.25 ||
		f.items != 3 || f.sellers != 2 || !slices.Equal(f.payments, []string{"credit_card", "voucher"}) || f.earlier != 1 || f.earlierLate != 1 {
		t.Errorf("%+v", f)
	}
	f = b.orderAt(moments, "1", monday.AddDate(0, 0, 12))
	if f.delivery.Known || !math.IsNaN(f.took) {
		t.Errorf("two days after it was bought it was not there yet: %+v", f)
	}
	f = b.orderAt(moments, "2", monday.AddDate(0, 0, 20))
	if !math.IsNaN(f.age) || f.delivery.Known {
		t.Errorf("of an order that nobody placed: %+v", f)
	}
}
