package people

import (
	"testing"
	"time"

	"regia/internal/experience"
)

func TestEventKey(t *testing.T) {
	for in, want := range map[string]string{
		"Order Completed": "order_completed", "orderCompleted": "order_completed", "order-completed": "order_completed",
		"  Order  Completed! ": "order_completed", "view_item": "view_item", "": "", "Ticket: 12": "ticket_12",
	} {
		if got := eventKey(in); got != want {
			t.Errorf("eventKey(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestLongRunsOfPagesFold(t *testing.T) {
	page := moment{Item: Item{Kind: experience.PageView}}
	order := moment{Item: Item{Kind: experience.Track}}
	repeat := func(m moment, n int) (out []moment) {
		for range n {
			out = append(out, m)
		}
		return out
	}
	for _, c := range []struct {
		name string
		run  []moment
		want int
	}{
		{"few pages stay", repeat(page, manyPages), manyPages},
		{"many fold", repeat(page, manyPages+1), 1},
		{"what stands between parts them", append(append(repeat(page, 6), order), repeat(page, 7)...), 3},
	} {
		if got := len(linesOf(c.run)); got != c.want {
			t.Errorf("%s: %d lines, want %d", c.name, got, c.want)
		}
	}
}

// Records stand in the visit they fall into; they are not counted, and do not
// make one visit of two.
func TestRecordsAreNoContacts(t *testing.T) {
	at := func(minute int, record bool) moment {
		return moment{Item: Item{Time: time.Unix(0, 0).Add(time.Duration(minute) * time.Minute), Record: record}}
	}
	for _, c := range []struct {
		name    string
		moments []moment
		end, of int
	}{
		{"contacts", []moment{at(40, false), at(20, false), at(0, false)}, 3, 3},
		{"a pause", []moment{at(40, false), at(0, false)}, 1, 1},
		{"a record within", []moment{at(40, false), at(35, true), at(20, false)}, 3, 2},
		{"a record in a pause", []moment{at(50, false), at(25, true), at(0, false)}, 2, 1},
		{"records first", []moment{at(50, true), at(25, true), at(0, false)}, 3, 1},
		{"records alone", []moment{at(50, true), at(49, true)}, 2, 0},
	} {
		if end, contacts := runOf(c.moments, 0, 30*time.Minute); end != c.end || contacts != c.of {
			t.Errorf("%s: %d moments, %d contacts; want %d, %d", c.name, end, contacts, c.end, c.of)
		}
	}
}

func TestLastVisit(t *testing.T) {
	at := func(minutes ...int) (rows []experience.Interaction) {
		for _, m := range minutes {
			rows = append(rows, experience.Interaction{Time: time.Unix(0, 0).Add(time.Duration(m) * time.Minute)})
		}
		return rows
	}
	for _, c := range []struct {
		rows []experience.Interaction
		want int
	}{{nil, 0}, {at(9), 0}, {at(9, 8, 7), 0}, {at(90, 8, 7), 1}, {at(200, 100, 99), 1}, {at(300, 200, 100), 2}} {
		if got := lastVisit(c.rows, 30*time.Minute); got != c.want {
			t.Errorf("%v begins at %d, want %d", c.rows, got, c.want)
		}
	}
}
