package invite

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/ledger"
	outgoing "regia/internal/mail"
	"regia/internal/registry"
	"regia/internal/testkit/books"
)

// strict signs links as the surveys do: no part may be long, or have a line
// break in it.
type strict struct{ *shelf }

func (s strict) Path(l Link) (string, error) {
	for _, part := range []string{l.Invitation, l.Touchpoint, l.Shop, l.OrderID, l.ProductID, l.Language} {
		if len(part) > 200 || strings.ContainsFunc(part, func(r rune) bool { return r < ' ' }) {
			return "", experience.Errorf(experience.Invalid, "survey.error.ticket")
		}
	}
	return s.shelf.Path(l)
}

// Anybody with the key of a site can send an order of any name: it must not
// keep all others from being asked.
func TestAStrangeOrderHoldsUpNobody(t *testing.T) {
	w := newWorld(t, books.Ledger(t), books.Registry(t))
	w.Surveys = strict{w.shelf}
	w.rule(usualRule())
	w.happens(w.people.add(1), func(x *experience.Interaction) { x.Properties = []byte(`{"shop":"` + strings.Repeat("T", 300) + `"}`) })
	w.happens(w.people.add(2), func(x *experience.Interaction) { x.OrderID = "O\n2" })
	w.happens(w.people.add(3))
	w.after(25 * time.Hour)
	if n := len(w.box.letters()); n != 3 {
		t.Errorf("%d of three were asked", n)
	}
	shops := map[string]bool{}
	for _, e := range w.told {
		shops[string(e.Properties)] = true
		if strings.Contains(string(e.Properties), "TTT") || strings.Contains(string(e.Properties), `\n`) {
			t.Errorf("told %s", e.Properties)
		}
	}
	if len(shops) != 3 {
		t.Errorf("told %v", shops)
	}
}

// One that cannot be handed over, for whatever reason, keeps no other from it.
func TestOneInvitationThatFailsHoldsUpNobody(t *testing.T) {
	w := newWorld(t, books.Ledger(t), books.Registry(t))
	w.rule(usualRule())
	w.happens(w.people.add(1))
	w.happens(w.people.add(2))
	w.step()
	var first string
	err := w.Book.Read(t.Context(), func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT id FROM invitations ORDER BY due_at, id LIMIT 1`).Scan(&first)
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Surveys = refusing{w.shelf, first}
	w.now = w.now.Add(25 * time.Hour)
	if err := w.Step(t.Context()); experience.CodeOf(err) != experience.Invalid {
		t.Errorf("what went wrong is not told: %v", err)
	}
	w.deliver()
	if n := len(w.box.letters()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

type refusing struct {
	*shelf
	id string
}

func (s refusing) Path(l Link) (string, error) {
	if l.Invitation == s.id {
		return "", experience.Errorf(experience.Invalid, "no link")
	}
	return s.shelf.Path(l)
}

// Who sends names in is not always who bears them: the company's mail says no
// stranger's words.
func TestALetterSaysNoStrangersWords(t *testing.T) {
	for name, want := range map[string]string{
		"Anna":                         "Anna",
		" Maria  Teresa ":              "Maria Teresa",
		"Jean-Pierre":                  "Jean-Pierre",
		"D'Angelo":                     "D'Angelo",
		"M. Luisa":                     "M. Luisa",
		"José":                         "José",
		"Зоя":                          "Зоя",
		"":                             "",
		"Anna http://evil.example":     "",
		"evil.example":                 "",
		"Anna\r\nBcc: x@evil.example":  "",
		"<b>Anna</b>":                  "",
		"chiama 3331234567":            "",
		"Complimenti hai vinto subito": "",
		strings.Repeat("a", 31):        "",
	} {
		if got := callable(name); got != want {
			t.Errorf("%q is called %q, want %q", name, got, want)
		}
	}
	w := newWorld(t, books.Ledger(t), books.Registry(t))
	w.rule(usualRule())
	id := w.people.add(1)
	c := w.people.contacts[id]
	c.FirstName = "Premio su evil.example/x"
	w.people.contacts[id] = c
	w.happens(id)
	w.after(25 * time.Hour)
	if raw := w.box.letters()[0].raw; strings.Contains(raw, "evil") || !strings.Contains(raw, "Buongiorno,") {
		t.Errorf("the mail says it:\n%.1500s", raw)
	}
}

// A mail that the server did not take in the evening does not go out at night.
func TestWhatWaitsKeepsQuietHours(t *testing.T) {
	books.EachRegistry(t, func(t *testing.T, book *registry.DB) {
		w := newWorld(t, books.Ledger(t), book)
		rule := usualRule()
		rule.Delay = 0
		w.rule(rule)
		w.now = time.Date(2026, 11, 2, 19, 59, 0, 0, time.UTC) // 20:59 in Rome; quiet from 21 to 9
		right, err := w.Mail.Settings(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wrong := right
		wrong.Port = 1 // nobody is there
		w.must(w.Mail.Save(t.Context(), wrong))
		w.happens(w.people.add(1))
		w.step()
		w.deliver() // out of order
		w.must(w.Mail.Save(t.Context(), right))
		for range 11 {
			w.after(time.Hour)
			if n := len(w.box.letters()); n != 0 {
				t.Fatalf("a mail at %s", w.now)
			}
		}
		w.after(2 * time.Hour)
		if n := len(w.box.letters()); n != 1 {
			t.Errorf("%d mails in the morning", n)
		}
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Text messages that wait for their gateway are no different.
func TestTextMessagesKeepQuietHours(t *testing.T) {
	up, took := false, 0
	gateway := httptest.NewServer(http.HandlerFunc(func(a http.ResponseWriter, _ *http.Request) {
		if !up {
			a.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		took++
	}))
	t.Cleanup(gateway.Close)
	w := newWorld(t, books.Ledger(t), books.Registry(t))
	_, err := w.SaveSettings(t.Context(), Settings{Window: 30, Quiet: usualSettings.Quiet, Gateway: gateway.URL})
	w.must(err)
	rule := usualRule()
	rule.Delay, rule.By = 0, SMS
	w.rule(rule)
	w.now = time.Date(2026, 11, 2, 19, 59, 0, 0, time.UTC)
	w.happens(w.people.add(1))
	w.step()
	up = true
	for range 11 {
		if w.after(time.Hour); took != 0 {
			t.Fatalf("a message at %s", w.now)
		}
	}
	if w.after(2 * time.Hour); took != 1 {
		t.Errorf("%d messages in the morning", took)
	}
}

// A reminder that waits for a mail server goes to nobody who answered, declined
// or unsubscribed meanwhile.
func TestNobodyIsRemindedOfWhatTheyAnswered(t *testing.T) {
	for name, does := range map[string]func(w *world, id string) error{
		"answered":     func(w *world, id string) error { return w.Answered(w.t.Context(), id, w.now, true) },
		"declined":     func(w *world, id string) error { return w.Declined(w.t.Context(), id, w.now) },
		"unsubscribed": func(w *world, id string) error { return w.Unsubscribe(w.t.Context(), id) },
		"complained": func(w *world, id string) error {
			return w.Book.Write(w.t.Context(), func(ctx context.Context, tx registry.Tx) error {
				return w.mailFate(ctx, tx, mailPrefix+":"+id, outgoing.Outcome{Fate: outgoing.Complained, At: w.now})
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, books.Ledger(t), books.Registry(t))
			rule := usualRule()
			rule.Remind = 3
			w.rule(rule)
			w.happens(w.people.add(1))
			w.after(25 * time.Hour)
			w.now = w.now.Add(4 * day)
			w.step() // the reminder is queued, and not sent
			var id string
			w.must(w.Book.Read(t.Context(), func(ctx context.Context, tx registry.Tx) error {
				return tx.QueryRow(ctx, `SELECT id FROM invitations`).Scan(&id)
			}))
			w.must(does(w, id))
			w.deliver()
			if n := len(w.box.letters()); n != 1 {
				t.Errorf("%d mails", n)
			}
		})
	}
}

// What came with a file that was taken back asks nobody, however late it is
// noticed; what came with another does.
func TestAnImportTakenBackAsksNobody(t *testing.T) {
	books.Each(t, func(t *testing.T, l *ledger.Ledger, book *registry.DB) {
		w := newWorld(t, l, book)
		wrong, right := experience.NewID(), experience.NewID()
		back := false
		w.TakenBack = func(_ context.Context, _ registry.Tx, id experience.ID) (bool, error) {
			return back && id == wrong, nil
		}
		rule := usualRule()
		rule.Remind = 3
		w.rule(rule)
		for n, id := range []experience.ID{wrong, right} {
			w.happens(w.people.add(n+1), func(x *experience.Interaction) { x.Import, x.Imported = id, true })
		}
		w.step()
		back = true
		w.after(25 * time.Hour)
		if got := w.box.letters(); len(got) != 1 || got[0].to != "p2@cliente.example" {
			t.Errorf("mails: %+v", got)
		}
		if f := w.figures(); f.Decided[TakenBack] != 1 || f.Decided[Asked] != 1 || f.States[Dropped] != 1 {
			t.Errorf("figures: %+v", f)
		}
	})
}
