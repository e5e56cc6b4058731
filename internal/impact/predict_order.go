package impact

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
)

// The events of an order, as senders name them.
var (
	placed    = []string{"Order Completed", "Completed Order", "Order Placed", "Marketplace Order Completed", "Marketplace Order Placed", "Receipt Issued", "purchase"}
	approved  = []string{"Order Approved", "Order Paid", "Payment Received"}
	sent      = []string{"Order Shipped", "Order Fulfilled", "Order Packed"}
	cancelled = []string{"Order Cancelled", "Order Canceled"}
)

// orderFacts is what is known of an order at a time, beside what rules tell.
// What is not known is NaN.
type orderFacts struct {
	approved, sent, cancelled bool
	delivery                  Delivery
	age                       float64 // days since it was placed
	promised                  float64 // days from the order to the promised day
	took                      float64 // days from the order to the delivery
	worth                     float64 // what was paid, in minor units
	freight                   float64 // the part of it that delivery costs, 0 to 1
	items, sellers            float64
	payments                  []string
	earlier, earlierLate      float64 // orders of the same person before
}

// orderAt gathers what was known of an order before a time. Moments are in order.
func (b *Book) orderAt(moments []Moment, order string, at time.Time) orderFacts {
	f := orderFacts{age: math.NaN(), promised: math.NaN(), took: math.NaN(), worth: math.NaN(), freight: math.NaN(), items: math.NaN(), sellers: math.NaN()}
	deliveries := b.deliveries(moments, at)
	f.delivery = deliveries[order]
	var begun time.Time
	for i := range moments {
		m := &moments[i]
		if !m.Time.Before(at) {
			break
		}
		if m.Order != order {
			if m.Order != "" && begun.IsZero() && slices.Contains(placed, m.Name) {
				f.earlier++
				if d := deliveries[m.Order]; d.Known && d.DaysLate > 0 {
					f.earlierLate++
				}
			}
			continue
		}
		switch {
		case slices.Contains(placed, m.Name):
			begun = m.Time
			f.place(m)
		case slices.Contains(approved, m.Name):
			f.approved = true
		case slices.Contains(sent, m.Name):
			f.sent = true
		case slices.Contains(cancelled, m.Name):
			f.cancelled = true
		}
		if day, ok := promisedDay(m); ok && !begun.IsZero() && math.IsNaN(f.promised) {
			f.promised = days(begun, day)
		}
		if f.delivery.Known && !f.delivery.Overdue && !begun.IsZero() && math.IsNaN(f.took) && slices.Contains(arrived, m.Name) {
			f.took = m.Time.Sub(begun).Hours() / 24
		}
	}
	if !begun.IsZero() {
		f.age = at.Sub(begun).Hours() / 24
	}
	return f
}

// arrived are the events that end the wait for an order.
var arrived = []string{"Order Delivered", "Delivered", "Order Delivered Late", "Delivered Late", "Order Collected", "Parcel Picked Up"}

// place reads what the order itself says.
func (f *orderFacts) place(m *Moment) {
	if m.Revenue > 0 {
		f.worth = float64(m.Revenue)
	}
	if shipping, ok := m.number(factShipping); ok && m.Revenue > 0 && shipping >= 0 {
		f.freight = math.Min(1, 100*shipping/f.worth)
	}
	f.payments = payments(m)
	var lines []struct {
		Quantity float64 `json:"quantity"`
		Seller   string  `json:"seller_id"`
	}
	if json.Unmarshal([]byte(m.facts[factProducts]), &lines) == nil && len(lines) > 0 {
		sellers := map[string]bool{}
		f.items = 0
		for _, l := range lines {
			f.items += math.Max(1, l.Quantity)
			sellers[l.Seller] = true
		}
		f.sellers = float64(len(sellers))
	}
}

// payments reads how an order was paid: one way, or a list of them.
func payments(m *Moment) []string {
	text := m.facts[factPayments]
	if text == "" {
		text = m.facts[factPayment]
	}
	var list []string
	if json.Unmarshal([]byte(text), &list) != nil && text != "" {
		list = []string{text}
	}
	for i, p := range list {
		list[i] = strings.Clone(strings.ToLower(strings.TrimSpace(p))) // it must not keep all that was read
	}
	slices.Sort(list)
	return slices.Compact(list)
}
