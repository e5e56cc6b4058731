package lifecycle

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/registry"
	"regia/internal/testkit/books"
)

var rome = func() *time.Location {
	l, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		panic(err)
	}
	return l
}()

var beginning = time.Date(2026, 1, 10, 9, 0, 0, 0, time.UTC)

// world is a random log: few people, few orders with few ids, long pauses, and
// everything that may happen to an order.
func world(t *rapid.T) []experience.Interaction {
	n := rapid.IntRange(0, 40).Draw(t, "rows")
	rows := make([]experience.Interaction, n)
	for i := range rows {
		name := rapid.SampledFrom([]string{"Order Completed", "order_completed", "Receipt Issued", "Order Refunded", "Order Cancelled", "Payment Received", "Referral Sent",
			"Survey Answered", "Review Posted", "Product Viewed"}).Draw(t, "name")
		r := experience.Interaction{
			ID: experience.HashID(nil, "row", strconv.Itoa(i)), MessageID: strconv.Itoa(i), Source: rapid.SampledFrom([]string{"web", "till"}).Draw(t, "source"),
			Kind: experience.Track, Name: name, ReceivedAt: beginning.Add(time.Duration(i) * time.Microsecond),
			Time:       beginning.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "at")) * 5 * 24 * time.Hour),
			Touchpoint: rapid.SampledFrom([]string{"site", "shop", ""}).Draw(t, "touchpoint"),
			OrderID:    rapid.SampledFrom([]string{"", "", "1", "2", "3"}).Draw(t, "order"),
			Properties: json.RawMessage(fmt.Sprintf(`{"score":%d,"scale":%q}`, rapid.IntRange(0, 11).Draw(t, "score"), rapid.SampledFrom([]string{"nps", "ces", ""}).Draw(t, "scale"))),
		}
		if who := rapid.IntRange(0, 4).Draw(t, "who"); who > 0 {
			r.Person = experience.HashID(nil, "person", strconv.Itoa(who))
		}
		if rapid.IntRange(0, 9).Draw(t, "bot") == 0 {
			r.Flags = experience.FlagBot
		}
		if amount := rapid.SampledFrom([]int64{0, 100, 100, 50}).Draw(t, "amount"); amount != 0 && name != "Product Viewed" {
			r.Revenue, r.Currency = amount, rapid.SampledFrom([]string{"EUR", "EUR", "EUR", "USD"}).Draw(t, "currency")
			if name == "Order Refunded" || name == "Order Cancelled" {
				r.Revenue = -amount
			}
		}
		rows[i] = r
	}
	return rows
}

// on makes the room on books.
func on(l *ledger.Ledger, book *registry.DB) *Room {
	return &Room{
		Ledger: l, Book: book, Clock: func() time.Time { return beginning.AddDate(0, 10, 3) }, People: &crowd{},
		Company: func(context.Context) experience.Company { return experience.Company{TimeZone: "Europe/Rome"} },
		Touchpoints: func(context.Context) ([]experience.Touchpoint, error) {
			return []experience.Touchpoint{{Key: "site", Channel: experience.Web}, {Key: "shop", Channel: experience.Shop}}, nil
		},
		Sources: func(context.Context) ([]experience.Source, error) {
			return []experience.Source{{ID: "till", Channel: experience.Shop}}, nil
		},
	}
}

// crowd names everybody but those who are anonymous.
type crowd struct{ anonymous []experience.ID }

func (c *crowd) Names(_ context.Context, ids []experience.ID) (map[experience.ID]string, error) {
	out := map[experience.ID]string{}
	for _, id := range ids {
		out[id] = "Anna Ferri"
	}
	return out, nil
}

func (c *crowd) Anonymous(_ context.Context, after experience.ID, limit int) ([]experience.ID, error) {
	list := []experience.ID{}
	for _, id := range c.anonymous {
		if compareIDs(id, after) > 0 && len(list) < limit {
			list = append(list, id)
		}
	}
	return list, nil
}

func everyEngine(t *testing.T, check func(t *rapid.T, r *Room, rows []experience.Interaction)) {
	books.Each(t, func(t *testing.T, l *ledger.Ledger, book *registry.DB) {
		r := on(l, book)
		rapid.Check(t, func(t *rapid.T) {
			rows := world(t)
			books.Fill(t, l, rows)
			var nobody []experience.ID
			if rapid.Bool().Draw(t, "anonymous") {
				nobody = append(nobody, experience.HashID(nil, "person", "1"))
			}
			r.People = &crowd{nobody}
			check(t, r, rows)
		})
	})
}

// The reference: what the rules say, as slowly and plainly as can be. It knows
// nothing of histories that are built step by step.

type pastOrder struct {
	placed, void time.Time
	touchpoint   string
	source       string
}

// referenceOrders finds the orders of one person by looking at all rows for
// every one of them.
func referenceOrders(rows []experience.Interaction) []pastOrder {
	var list []pastOrder
	buys := func(r experience.Interaction) bool {
		named := slices.Contains([]string{"Order Completed", "order_completed", "Receipt Issued"}, r.Name)
		other := r.Name == "Payment Received" && r.Revenue > 0
		return named || other
	}
	known := map[string]bool{}
	for _, r := range rows {
		if !buys(r) || r.OrderID != "" && known[r.OrderID] {
			continue
		}
		known[r.OrderID] = true
		o := pastOrder{placed: r.Time, touchpoint: r.Touchpoint, source: r.Source}
		if r.OrderID != "" {
			o.void = referenceVoid(rows, r, buys)
		}
		list = append(list, o)
	}
	return list
}

func referenceVoid(rows []experience.Interaction, first experience.Interaction, buys func(experience.Interaction) bool) time.Time {
	begun, currency := false, ""
	var named, paid, back int64
	for _, r := range rows {
		begun = begun || r.ID == first.ID
		if !begun || r.OrderID != first.OrderID {
			continue
		}
		switch {
		case buys(r):
			currency = cmp.Or(currency, r.Currency)
			if r.Currency == currency && r.Name == "Payment Received" {
				paid += r.Revenue
			} else if r.Currency == currency {
				named = max(named, r.Revenue)
			}
		case r.Name == "Order Cancelled":
			return r.Time
		case r.Name == "Order Refunded" && r.Revenue < 0 && r.Currency == currency:
			back -= r.Revenue
			if worth := cmp.Or(named, paid); worth > 0 && back >= worth {
				return r.Time
			}
		}
	}
	return time.Time{}
}

// referenceStage is a stage at a moment, from the rows alone; "" before anybody
// was seen.
func referenceStage(rows []experience.Interaction, r Rules, at time.Time) Stage {
	seen := slices.ContainsFunc(rows, func(x experience.Interaction) bool { return !x.Time.After(at) })
	if !seen {
		return ""
	}
	var standing []pastOrder
	for _, o := range referenceOrders(rows) {
		if !o.placed.After(at) && (o.void.IsZero() || o.void.After(at)) {
			standing = append(standing, o)
		}
	}
	if len(standing) == 0 {
		return Prospect
	}
	ago := func(t time.Time) float64 { return at.Sub(t).Hours() / 24 }
	quiet := ago(standing[len(standing)-1].placed)
	praised := slices.ContainsFunc(rows, func(x experience.Interaction) bool {
		return !x.Time.After(at) && ago(x.Time) < float64(r.PraiseFor) && referencePraise(x, r)
	})
	switch {
	case quiet >= float64(r.LostAfter):
		return Lost
	case quiet >= float64(r.DormantAfter):
		return Dormant
	case len(standing) >= r.FanOrders || praised && len(standing) >= r.PraiseOrders:
		return Fan
	case len(standing) >= r.RepeatOrders:
		return Repeat
	case ago(standing[0].placed) < float64(r.NewFor):
		return New
	}
	return Active
}

func referencePraise(x experience.Interaction, r Rules) bool {
	var p struct {
		Score int
		Scale string
	}
	_ = json.Unmarshal(x.Properties, &p)
	if x.Revenue != 0 && x.Name == "Product Viewed" {
		return false
	}
	switch x.Name {
	case "Referral Sent":
		return true
	case "Survey Answered":
		return p.Scale != "ces" && p.Score >= r.PraiseScore && p.Score <= 10
	case "Review Posted":
		return p.Score >= r.PraiseStars && p.Score <= 5
	}
	return false
}

// people sorts the rows that count by person and time, as the pass does.
func referencePeople(r *Room, rows []experience.Interaction, upTo time.Time) map[experience.ID][]experience.Interaction {
	out := map[experience.ID][]experience.Interaction{}
	nobody := r.People.(*crowd).anonymous
	for _, x := range rows {
		if !x.Person.IsZero() && x.Flags == 0 && !x.Time.After(upTo) && !slices.Contains(nobody, x.Person) {
			out[x.Person] = append(out[x.Person], x)
		}
	}
	for _, list := range out {
		slices.SortStableFunc(list, func(a, b experience.Interaction) int {
			return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(whatOf(a), whatOf(b)), cmp.Compare(a.OrderID, b.OrderID), cmp.Compare(b.Revenue, a.Revenue),
				cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Touchpoint, b.Touchpoint), cmp.Compare(a.Source, b.Source))
		})
	}
	return out
}

func whatOf(x experience.Interaction) int {
	switch x.Name {
	case "Order Completed", "order_completed", "Receipt Issued":
		return rowOrder
	case "Order Cancelled":
		return rowCancelled
	}
	return rowMoney
}

func randomRules(t *rapid.T) Rules {
	if rapid.Bool().Draw(t, "default") {
		return DefaultRules()
	}
	r := DefaultRules()
	r.NewFor = rapid.IntRange(1, 40).Draw(t, "new")
	r.DormantAfter = r.NewFor + rapid.IntRange(1, 60).Draw(t, "dormant")
	r.LostAfter = r.DormantAfter + rapid.IntRange(1, 90).Draw(t, "lost")
	r.RepeatOrders = rapid.IntRange(2, 3).Draw(t, "repeat")
	r.FanOrders = r.RepeatOrders + rapid.IntRange(0, 2).Draw(t, "fan")
	r.PraiseOrders = rapid.IntRange(1, 3).Draw(t, "praised")
	r.PraiseFor = rapid.IntRange(0, 100).Draw(t, "praise")
	return r
}
