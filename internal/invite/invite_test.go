package invite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/registry"
	"regia/internal/testkit/books"
	"regia/internal/web"
)

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

func eventOf(t testing.TB, r experience.Record) (e experience.Event) {
	t.Helper()
	if err := json.Unmarshal(r.Event, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSomebodyIsAskedAfterWhatHappened(t *testing.T) {
	books.Each(t, func(t *testing.T, l *ledger.Ledger, book *registry.DB) {
		w := newWorld(t, l, book)
		w.rule(usualRule())
		anna := w.people.add(1)
		w.happens(anna)
		w.after(time.Hour)
		if len(w.box.letters()) != 0 {
			t.Fatal("asked before its time")
		}
		w.after(day)
		got := w.box.letters()
		if len(got) != 1 || got[0].to != "p1@cliente.example" {
			t.Fatalf("mails: %+v", got)
		}
		w.after(13 * day)
		w.after(2 * day)
		if n := len(w.box.letters()); n != 1 {
			t.Errorf("%d mails in the end", n)
		}
		if f := w.figures(); f.States[Expired] != 1 || f.Decided[Asked] != 1 {
			t.Errorf("figures: %+v", f)
		}
		if len(w.told) != 1 || w.told[0].Name != "Survey Sent" || w.told[0].Identifiers[0].Value != "1" {
			t.Errorf("told: %+v", w.told)
		}
		var said struct{ Survey, Channel_asked, Order_id, Shop string }
		if err := json.Unmarshal(w.told[0].Properties, &said); err != nil || said.Survey != "consegna" || said.Channel_asked != "email" || said.Order_id != "O1" || said.Shop != "Trento" {
			t.Errorf("said %+v %v", said, err)
		}
	})
}

func TestEachDecisionHasItsReason(t *testing.T) {
	books.Each(t, func(t *testing.T, l *ledger.Ledger, book *registry.DB) {
		w := newWorld(t, l, book)
		rule := usualRule()
		rule.Where = []Condition{{Property: "total", Op: AtLeast, Value: "40"}}
		rule = w.rule(rule)
		change := func(n int, f func(*Contact)) experience.ID {
			id := w.people.add(n)
			c := w.people.contacts[id]
			f(&c)
			w.people.contacts[id] = c
			return id
		}
		anna := w.people.add(1)
		w.happens(anna)
		w.happens(anna)                                                                                         // recently
		w.happens(change(2, func(c *Contact) { c.Email = "" }))                                                 // no address
		w.happens(change(3, func(c *Contact) { c.Consents[consentPurpose] = false }))                           // unsubscribed
		w.happens(experience.ID{})                                                                              // nobody
		w.happens(w.people.add(4), func(x *experience.Interaction) { x.Properties = []byte(`{"total":"39"}`) }) // not meant
		w.happens(w.people.add(5), func(x *experience.Interaction) { x.Name = "Order Completed" })              // not meant
		w.happens(w.people.add(6), func(x *experience.Interaction) { x.Time = noon.Add(-day) })                 // before the rule
		w.happens(w.people.add(7), func(x *experience.Interaction) { x.Flags = experience.FlagStaff })          // staff
		w.step()
		want := map[Reason]int64{Asked: 1, Recently: 1, NoAddress: 1, Unsubscribed: 1, Nobody: 1}
		if diff := cmp.Diff(want, w.figures().Decided); diff != "" {
			t.Errorf("decided (-want +got):\n%s", diff)
		}
		late := w.people.add(8)
		w.now = w.now.Add(10 * day)
		w.happens(late, func(x *experience.Interaction) { x.Time = noon.Add(day) })
		w.shelf.survey.Open = false
		w.happens(w.people.add(9))
		w.step()
		want[TooLate], want[Closed] = 1, 2 // the planned one is dropped as well
		want[Asked] = 0
		got := w.figures().Decided
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("decided later (-want +got):\n%s", diff)
		}
		if f, err := w.Figures(t.Context(), rule.ID, noon.Add(-day)); err != nil || f.against() != 7 {
			t.Errorf("the rule's own figures: %+v %v", f, err)
		}
	})
}

func TestARestartAsksNobodyTwice(t *testing.T) {
	w := newWorld(t, books.Ledger(t), books.Registry(t))
	w.rule(usualRule())
	for n := range 5 {
		w.happens(w.people.add(n))
	}
	for range 3 {
		w.open()
		w.step()
	}
	w.after(25 * time.Hour)
	w.open()
	w.after(time.Hour)
	if n := len(w.box.letters()); n != 5 {
		t.Errorf("%d mails for five people", n)
	}
	if f := w.figures(); f.Decided[Asked] != 5 || f.against() != 0 {
		t.Errorf("figures: %+v", f)
	}
}

// Whatever happens in whatever order, also when the process is killed at any
// step and when two people turn out to be one: nobody gets two invitations
// within the window.
func TestNobodyIsAskedTooOften(t *testing.T) {
	l, book := books.Ledger(t), books.Registry(t)
	rapid.Check(t, func(rt *rapid.T) {
		empty(t, book)
		books.Fill(rt, l, nil)
		w := newWorld(t, l, book)
		w.now = noon.Add(time.Duration(rapid.Int64Range(0, 1<<20).Draw(rt, "beginning")) * time.Microsecond)
		window := rapid.IntRange(1, 40).Draw(rt, "window")
		if _, err := w.SaveSettings(t.Context(), Settings{Window: window, Quiet: Quiet{From: 22 * 60, To: 7 * 60}}); err != nil {
			rt.Fatal(err)
		}
		a, b := usualRule(), usualRule()
		a.Delay = rapid.SampledFrom([]int{0, 60, 3 * 24 * 60, 30 * 24 * 60}).Draw(rt, "delay")
		b.Name, b.Delay, b.Event = "Altra", rapid.SampledFrom([]int{0, 5, 20 * 24 * 60}).Draw(rt, "other delay"), "Order Delivered"
		w.rule(a)
		w.rule(b)
		var all []experience.ID
		for n := range 3 {
			all = append(all, w.people.add(n+1)) // "0" names nobody
		}
		checked := 0
		var before []delivered
		check := func() {
			got := w.box.letters()
			for ; checked < len(got); checked++ {
				x := got[checked]
				for _, y := range before {
					if w.whose(y.to) == w.whose(x.to) && x.at.Sub(y.at) < time.Duration(window)*day {
						rt.Fatalf("%s at %s and %s at %s, within %d days", y.to, y.at, x.to, x.at, window)
					}
				}
				before = append(before, x)
			}
		}
		for range rapid.IntRange(1, 25).Draw(rt, "moves") {
			switch rapid.IntRange(0, 7).Draw(rt, "move") {
			case 0, 1, 2:
				w.happens(rapid.SampledFrom(all).Draw(rt, "who"), func(x *experience.Interaction) { x.Import = experience.HashID(nil, "world") })
			case 3, 4:
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 25*24).Draw(rt, "hours")) * time.Hour)
			case 5:
				w.book.left = rapid.IntRange(0, 12).Draw(rt, "kill")
				for _, f := range []func() error{func() error { return w.Step(t.Context()) }, func() error { _, err := w.Mail.Deliver(t.Context()); return err }} {
					if err := f(); err != nil && !errors.Is(err, errKilled) {
						rt.Fatal(err)
					}
				}
				w.book.left = -1
				w.open()
				w.now = w.now.Add(10 * time.Minute)
				check()
			case 6: // what is on its way cannot be called back: it arrives first
				w.deliver()
				check()
				w.people.merge(all[0], rapid.SampledFrom(all).Draw(rt, "merged"))
			case 7:
				person := rapid.SampledFrom(all).Draw(rt, "invited")
				who := w.people.contacts[person].Identifiers[0]
				if _, err := w.Ask(t.Context(), Request{Who: who, Survey: "consegna", By: Email}); err != nil {
					rt.Fatal(err)
				}
			}
			w.step()
			w.deliver()
			check()
		}
	})
}

// whose gives whose an address is by now.
func (w *world) whose(address string) experience.ID {
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(address, "p"), "@cliente.example"))
	if err != nil {
		w.t.Fatal(err)
	}
	return w.people.root(experience.HashID(nil, "person", strconv.Itoa(n)))
}

func empty(t *testing.T, book *registry.DB) {
	t.Helper()
	err := book.Write(t.Context(), func(ctx context.Context, tx registry.Tx) error {
		for _, table := range []string{"invite_rules", "invite_follow", "invite_decisions", "invite_tally", "invitations", "invitation_keys", "invite_refusals", "invite_untold", "invite_posts", "mail_queue", "mail_suppressed"} {
			if _, err := tx.Exec(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestQuietHoursAreThoseOfTheWall(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Fatal(err)
	}
	night, siesta := Quiet{From: 21 * 60, To: 9 * 60}, Quiet{From: 13 * 60, To: 15*60 + 30}
	for _, c := range []struct {
		quiet    Quiet
		at, want string
	}{
		{night, "2026-11-02T12:00:00+01:00", "2026-11-02T12:00:00+01:00"},
		{night, "2026-11-02T21:00:00+01:00", "2026-11-03T09:00:00+01:00"},
		{night, "2026-11-03T08:59:59+01:00", "2026-11-03T09:00:00+01:00"},
		{night, "2026-11-03T09:00:00+01:00", "2026-11-03T09:00:00+01:00"},
		{night, "2026-03-28T23:00:00+01:00", "2026-03-29T09:00:00+02:00"}, // summer time begins
		{night, "2026-10-24T23:00:00+02:00", "2026-10-25T09:00:00+01:00"}, // and ends
		{siesta, "2026-11-02T14:00:00+01:00", "2026-11-02T15:30:00+01:00"},
		{siesta, "2026-11-02T16:00:00+01:00", "2026-11-02T16:00:00+01:00"},
		// The hour that summer time leaves out, and the one that winter time has twice.
		{Quiet{From: 0, To: 2*60 + 30}, "2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"},
		{Quiet{From: 0, To: 2*60 + 30}, "2026-10-25T01:00:00+02:00", "2026-10-25T02:30:00+02:00"},
		{Quiet{From: 0, To: 2*60 + 30}, "2026-10-25T02:10:00+01:00", "2026-10-25T02:30:00+01:00"},
		{Quiet{From: 600, To: 600}, "2026-11-02T10:00:00+01:00", "2026-11-02T10:00:00+01:00"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.quiet.open(at, rome).In(rome).Format(time.RFC3339); got != c.want {
			t.Errorf("%v at %s: %s, want %s", c.quiet, c.at, got, c.want)
		}
	}
}

func TestASampleIsTheSameWheneverItIsDrawn(t *testing.T) {
	r := Rule{ID: experience.HashID(nil, "rule"), Share: 0.3}
	larger := r
	larger.Share = 0.5
	n := 0
	for k := range 10_000 {
		id := experience.HashID(nil, "event", strconv.Itoa(k))
		if r.draws(id) {
			n++
			if !larger.draws(id) {
				t.Fatal("a larger sample leaves out what a smaller one takes")
			}
		}
	}
	if first := experience.HashID(nil, "event", "0"); !r.draws(first) {
		t.Error("what was drawn once is not drawn any more")
	}
	if n < 2850 || n > 3150 { // 3.3 standard deviations of 46
		t.Errorf("%d of 10,000 drawn for a share of 0.3", n)
	}
}

// partsOf reads the plain text and the HTML of a mail.
func partsOf(t *testing.T, raw string) (header mail.Header, text, html string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	var out [2]string
	for k := range out {
		p, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		out[k] = string(body)
	}
	return m.Header, out[0], out[1]
}

func TestTheFirstQuestionIsAnsweredInTheMail(t *testing.T) {
	w := newWorld(t, books.Ledger(t), books.Registry(t))
	rule := usualRule()
	rule.Remind = 3
	w.rule(rule)
	w.happens(w.people.add(1))
	w.after(25 * time.Hour)
	header, text, html := partsOf(t, w.box.letters()[0].raw)
	for n := range 11 {
		link := fmt.Sprintf("?a=%d", n)
		if !strings.Contains(text, link) || !strings.Contains(html, link+`"`) {
			t.Errorf("no link to answer %d", n)
		}
	}
	for _, want := range []string{"Com'è andata la consegna?", "Buongiorno Anna,", "male", "https://regia.example/u/"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(html, "<img") || strings.Contains(html, "<script") || !strings.Contains(html, `lang="it"`) {
		t.Error("the mail has pictures or scripts, or no language")
	}
	if header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
		t.Errorf("headers: %v", header)
	}
	w.after(4 * day)
	got := w.box.letters()
	if len(got) != 2 {
		t.Fatalf("%d mails after the reminder's time", len(got))
	}
	again, _, _ := partsOf(t, got[1].raw)
	subject, err := new(mime.WordDecoder).DecodeHeader(again.Get("Subject"))
	if err != nil || !strings.HasPrefix(subject, "Promemoria: ") {
		t.Errorf("the reminder's subject is %q %v", subject, err)
	}
	w.after(5 * day)
	if n := len(w.box.letters()); n != 2 {
		t.Errorf("reminded again: %d mails", n)
	}
}

func TestWhoDoesNotWantToBeAskedIsNot(t *testing.T) {
	w := newWorld(t, books.Ledger(t), books.Registry(t))
	if _, err := w.SaveSettings(t.Context(), Settings{Window: 1, Quiet: Quiet{}}); err != nil {
		t.Fatal(err)
	}
	w.rule(usualRule())
	anna := w.people.add(1)
	w.happens(anna)
	w.after(25 * time.Hour)
	header, _, _ := partsOf(t, w.box.letters()[0].raw)
	address := strings.TrimPrefix(strings.Trim(header.Get("List-Unsubscribe"), "<>"), "https://regia.example")
	call := func(method, path, body string) *httptest.ResponseRecorder {
		q := httptest.NewRequest(method, path, strings.NewReader(body))
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		a := httptest.NewRecorder()
		w.site.ServeHTTP(a, q)
		return a
	}
	if a := call("GET", address, ""); a.Code != http.StatusOK || !strings.Contains(a.Body.String(), "<form") || strings.Contains(a.Body.String(), "<script>") {
		t.Errorf("the page answers %d", a.Code)
	}
	if yes, err := refusals(t, w); yes != 0 || err != nil {
		t.Fatal("looking at the page unsubscribes")
	}
	for _, forged := range []string{"/u/x", address[:len(address)-2] + "AA", address + "A"} {
		if a := call("POST", forged, "List-Unsubscribe=One-Click"); a.Code != http.StatusNotFound {
			t.Errorf("%s: %d", forged, a.Code)
		}
	}
	w.now = w.now.Add(3 * day)
	w.happens(anna)
	w.step() // planned for tomorrow
	if a := call("POST", address, "List-Unsubscribe=One-Click"); a.Code != http.StatusOK {
		t.Fatalf("one click: %d", a.Code)
	}
	w.after(2 * day)
	w.happens(anna)
	w.after(2 * day)
	if n := len(w.box.letters()); n != 1 {
		t.Errorf("asked again: %d mails", n)
	}
	f := w.figures()
	if f.Decided[Unsubscribed] != 1 || f.States[Dropped] != 1 || f.States[Declined] != 1 {
		t.Errorf("figures: %+v", f)
	}
	last := w.told[len(w.told)-1]
	if last.Name != "Consent Withdrawn" || !strings.Contains(string(last.Context), `"surveys":false`) {
		t.Errorf("told last: %+v", last)
	}
}

func refusals(t *testing.T, w *world) (n int, err error) {
	t.Helper()
	err = w.Book.Read(t.Context(), func(ctx context.Context, tx registry.Tx) error {
		return tx.QueryRow(ctx, `SELECT count(*) FROM invite_refusals`).Scan(&n)
	})
	return n, err
}

func TestAMailThatComesBackIsNoAsking(t *testing.T) {
	w := newWorld(t, books.Ledger(t), books.Registry(t))
	w.rule(usualRule())
	id := w.people.add(1)
	c := w.people.contacts[id]
	c.Email = "gone@cliente.example"
	w.people.contacts[id] = c
	w.happens(id)
	w.after(25 * time.Hour)
	if f := w.figures(); f.States[Bounced] != 1 || w.told[0].Name != "Survey Bounced" {
		t.Errorf("figures %+v, told %+v", f, w.told)
	}
	w.happens(id)
	w.step()
	if f := w.figures(); f.Decided[Undelivered] != 1 {
		t.Errorf("figures %+v", f)
	}
	c.Email = "p1@cliente.example" // another address: the first one reached nobody
	w.people.contacts[id] = c
	w.happens(id)
	w.after(25 * time.Hour)
	if len(w.box.letters()) != 1 {
		t.Error("the other address is not asked")
	}
}

func TestWhatTheSurveySaysOfAnInvitation(t *testing.T) {
	w := newWorld(t, books.Ledger(t), books.Registry(t))
	answer, err := w.Ask(t.Context(), Request{Who: experience.Identifier{Kind: experience.EmailID, Value: "nuova@cliente.example"}, Survey: "consegna", By: API, About: About{Shop: "Trento"}})
	if err != nil || answer.Reason != Asked || answer.Path == "" {
		t.Fatalf("%+v %v", answer, err)
	}
	id := answer.Invitation.String()
	seen, err := w.Look(t.Context(), id)
	if err != nil || !seen.Open || seen.About.Shop != "Trento" || len(seen.Identifiers) != 1 || seen.Identifiers[0].Value != "nuova@cliente.example" {
		t.Errorf("%+v %v", seen, err)
	}
	again, err := w.Ask(t.Context(), Request{Who: experience.Identifier{Kind: experience.EmailID, Value: "nuova@cliente.example"}, Survey: "consegna", By: API})
	if err != nil || again.Reason != Recently {
		t.Errorf("asked twice: %+v %v", again, err)
	}
	for range 2 {
		for _, f := range []func() error{
			func() error { return w.Opened(t.Context(), id, w.now) },
			func() error { return w.Answered(t.Context(), id, w.now, true) },
			func() error { return w.Declined(t.Context(), id, w.now) }, // too late
		} {
			if err := f(); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.step()
	var names []string
	for _, e := range w.told {
		names = append(names, e.Name)
	}
	if diff := cmp.Diff([]string{"Survey Opened", "Survey Sent"}, names); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	if f := w.figures(); f.States[Answered] != 1 {
		t.Errorf("%+v", f)
	}
	if _, err := w.Look(t.Context(), "x"); experience.CodeOf(err) != experience.NotFound {
		t.Errorf("an invitation that is none: %v", err)
	}
}
