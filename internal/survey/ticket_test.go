package survey

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"regia/internal/experience"
)

func TestTickets(t *testing.T) {
	x := NewTickets([]byte("secret"))
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.StringMatching(`[^\x00-\x1f]{0,40}`)
		want := Ticket{
			Survey: rapid.StringMatching(`[a-z][a-z0-9-]{0,20}`).Draw(t, "survey"), Channel: rapid.SampledFrom(Channels).Draw(t, "channel"),
			Invitation: part.Draw(t, "invitation"), About: part.Draw(t, "about"), Shop: part.Draw(t, "shop"),
			OrderID: part.Draw(t, "order"), ProductID: part.Draw(t, "product"), Language: part.Draw(t, "language"),
		}
		token, err := x.Sign(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := x.Read(token)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		at := rapid.IntRange(0, len(token)-1).Draw(t, "at")
		other := rapid.SampledFrom([]byte("Aa0-_")).Draw(t, "other")
		forged := token[:at] + string(other) + token[at+1:]
		if forged == token {
			return
		}
		if _, err := x.Read(forged); !errors.Is(err, errForged) {
			t.Fatalf("a changed token was taken: %v", err)
		}
	})
}

func TestTicketsOfAnotherInstallation(t *testing.T) {
	token := must[string](t)(NewTickets([]byte("one")).Sign(Ticket{Survey: "s", Channel: ByLink}))
	for _, wrong := range []string{token, "", "x", "AAAA", token + "A", string(make([]byte, maxToken+1))} {
		if _, err := NewTickets([]byte("two")).Read(wrong); !errors.Is(err, errForged) {
			t.Errorf("%.20q was taken: %v", wrong, err)
		}
	}
	if _, err := NewTickets([]byte("one")).Sign(Ticket{Survey: "s", Channel: ByLink, Shop: "a\nb"}); experience.CodeOf(err) != experience.Invalid {
		t.Errorf("a line break in a ticket: %v", err)
	}
}

// What can be signed can be read: a link that is too long for whoever made it
// would be called forged.
func TestTheLongestTicket(t *testing.T) {
	long := strings.Repeat("è", maxTicketPart/2)
	want := Ticket{Survey: strings.Repeat("s", 60), Channel: ByWidget, Invitation: long, About: long, Shop: long, OrderID: long, ProductID: long, Language: long}
	x := NewTickets([]byte("secret"))
	if got := must[Ticket](t)(x.Read(must[string](t)(x.Sign(want)))); got != want {
		t.Errorf("read %+v", got)
	}
}

func TestReceiptsBelongToTheirTicket(t *testing.T) {
	x := NewTickets([]byte("secret"))
	one := must[string](t)(x.Sign(Ticket{Survey: "s", Channel: ByQR}))
	other := must[string](t)(x.Sign(Ticket{Survey: "s", Channel: ByKiosk}))
	id := experience.NewID()
	if got := must[experience.ID](t)(x.readReceipt(one, x.receipt(one, id))); got != id {
		t.Errorf("read %v, want %v", got, id)
	}
	if _, err := x.readReceipt(other, x.receipt(one, id)); !errors.Is(err, errForged) {
		t.Errorf("a receipt of another ticket was taken: %v", err)
	}
}
