package journey

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regia/internal/analytics"
	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/testkit/books"
	"regia/internal/web"
)

// did adds what somebody did so many hours before noon.
func (h *house) did(who int, hours float64, kind experience.Kind, name, touchpoint string) {
	at := noon.Add(-time.Duration(hours * float64(time.Hour))).Truncate(time.Microsecond)
	id := fmt.Sprintf("%d %f %s %d", who, hours, name, len(h.rows))
	row := experience.Interaction{
		ID: experience.HashID(nil, id), MessageID: id, Source: "site", Kind: kind, Name: name, Time: at, ReceivedAt: at, Touchpoint: touchpoint,
		Properties: []byte(`{"colour":"red","size":12,"lines":[1]}`),
	}
	if who > 0 {
		row.Subject, row.Person = experience.HashID(nil, "subject", fmt.Sprint(who)), experience.HashID(nil, "person", fmt.Sprint(who))
		row.Visit = fmt.Sprintf("v-%d", who)
	}
	h.rows = append(h.rows, row)
}

func (h *house) record(l *ledger.Ledger) {
	h.t.Helper()
	head, err := l.Head(h.t.Context())
	if err == nil {
		err = l.Append(h.t.Context(), ledger.Batch{Before: head.Position, After: experience.Position{Sequence: head.Position.Sequence + 1, Hash: "a"}, Rows: h.rows})
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.rows = nil
}

// shop is forty people who look, of whom most order and get a parcel; one in
// forty does something odd, and everybody gets a letter from nobody knows where.
func (h *house) shop() {
	for n := 1; n <= 40; n++ {
		day := float64(24 * n)
		h.did(n, day+9, experience.PageView, "Home", "site-page")
		h.did(n, day+8, experience.Track, "Product Viewed", "product-page")
		h.did(n, day+7, experience.Track, "Product Viewed", "product-page")
		if n%4 != 0 {
			h.did(n, day+5, experience.Track, "Order Completed", "online-order")
			h.did(n, day+4, experience.Track, "Order Shipped", "dispatch")
			h.did(n, day+2, experience.Track, "Order Delivered", "home-delivery")
			h.did(n, day+3, experience.Track, "Letter Written", "")
		}
		h.did(0, day, experience.Track, "Nobody Did This", "product-page")
	}
	h.did(1, 30, experience.Track, "Telex Sent", "telex")
}

// ledgers runs one test on both engines of the ledger.
func ledgers(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	books.EachLedger(t, func(t *testing.T, l *ledger.Ledger) {
		h := newHouse(t)
		h.room.Ledger = l
		f(t, h)
	})
}

func (h *house) english() *web.Locale { return h.site.Locale("en", time.UTC) }

func TestAMapIsProposedFromTheRecord(t *testing.T) {
	ledgers(t, func(t *testing.T, h *house) {
		if _, err := h.room.Propose(t.Context(), h.english(), ""); experience.CodeOf(err) != experience.NotFound {
			t.Fatalf("an empty record gives %v", err)
		}
		h.shop()
		h.record(h.room.Ledger)
		for _, of := range []string{"", "person", "visit"} {
			m := must[Map](t)(h.room.Propose(t.Context(), h.english(), of))
			if err := m.Check(); err != nil {
				t.Fatal(err)
			}
			var drawn []string
			for _, stage := range m.Stages {
				for _, s := range stage.Steps {
					drawn = append(drawn, stage.Name+": "+s.Name)
				}
			}
			// The letter, of no touchpoint, comes between the dispatch and the parcel; the telex is too rare.
			want := []string{"Consideration: site-page", "Consideration: Product Viewed", "Purchase: Order Completed", "Delivery: Order Shipped", "Delivery: Letter Written", "Delivery: Order Delivered"}
			if diff := cmp.Diff(want, drawn); diff != "" {
				t.Errorf("following %q: %s", of, diff)
			}
			if m.Origin != Proposed || !strings.Contains(m.About, "40 cases") {
				t.Errorf("proposed as %q: %s", m.Origin, m.About)
			}
			pages, product := m.Steps()[0], m.Steps()[1]
			if diff := cmp.Diff([]analytics.Match{{Kind: experience.PageView, Touchpoint: "site-page"}}, pages.Match); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"product-page"}, product.Touchpoints); diff != "" {
				t.Error(diff)
			}
		}
		if _, err := h.room.Propose(t.Context(), h.english(), "moon"); experience.CodeOf(err) != experience.Invalid {
			t.Errorf("following the moon gives %v", err)
		}
		if names := must[[]string](t)(h.room.properties(t.Context())); !slices.Equal(names, []string{"colour", "size"}) {
			t.Errorf("properties are %q", names)
		}
	})
}

func TestWithoutTouchpointsAProposalGoesByThirds(t *testing.T) {
	h := newHouse(t)
	for n := 1; n <= 12; n++ {
		for i, name := range []string{"Opened", "Taken", "Waited", "Solved", "Closed"} {
			h.did(n, float64(100*n-i), experience.Track, name, "")
		}
	}
	h.record(h.room.Ledger)
	m := must[Map](t)(h.room.Propose(t.Context(), h.english(), ""))
	var drawn []string
	for _, stage := range m.Stages {
		for _, s := range stage.Steps {
			drawn = append(drawn, stage.Name+": "+s.Name)
		}
	}
	want := []string{"Beginning: Opened", "Beginning: Taken", "Middle: Waited", "End: Solved", "End: Closed"}
	if diff := cmp.Diff(want, drawn); diff != "" {
		t.Error(diff)
	}
}
