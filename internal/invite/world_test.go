package invite

import (
	"context"
	"errors"
	"io"
	"net"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"regia/internal/experience"
	"regia/internal/ledger"
	outgoing "regia/internal/mail"
	"regia/internal/registry"
	"regia/internal/web"
)

var noon = time.Date(2026, 11, 2, 11, 0, 0, 0, time.UTC) // a Monday, noon in Rome

// crowd is people as the record knows them, some of whom turn out to be one.
type crowd struct {
	contacts map[experience.ID]Contact
	into     map[experience.ID]experience.ID // who was merged into whom
}

func (c *crowd) root(id experience.ID) experience.ID {
	for {
		next, ok := c.into[id]
		if !ok {
			return id
		}
		id = next
	}
}

func (c *crowd) add(n int) experience.ID {
	id := experience.HashID(nil, "person", strconv.Itoa(n))
	email := "p" + strconv.Itoa(n) + "@cliente.example"
	c.contacts[id] = Contact{
		Person: id, FirstName: "Anna", Email: email, Phone: "+39333123456" + strconv.Itoa(n%10), Language: "it", Consents: map[string]bool{},
		Identifiers: []experience.Identifier{{Kind: experience.UserID, Value: strconv.Itoa(n)}, {Kind: experience.EmailID, Value: email}, {Kind: experience.AnonymousID, Value: "visitor-" + strconv.Itoa(n)}},
	}
	return id
}

func (c *crowd) merge(a, b experience.ID) {
	a, b = c.root(a), c.root(b)
	if a == b {
		return
	}
	x, y := c.contacts[a], c.contacts[b]
	x.Identifiers = append(slices.Clone(x.Identifiers), y.Identifiers...)
	c.contacts[a], c.into[b] = x, a
}

func (c *crowd) Contact(_ context.Context, _ registry.Tx, id experience.ID) (Contact, error) {
	x, ok := c.contacts[c.root(id)]
	if !ok {
		return x, experience.Errorf(experience.NotFound, "nobody")
	}
	return x, nil
}

func (c *crowd) Holder(_ context.Context, _ registry.Tx, i experience.Identifier) (experience.ID, error) {
	for id, x := range c.contacts {
		if slices.Contains(x.Identifiers, i) {
			return c.root(id), nil
		}
	}
	return experience.ID{}, nil
}

func (c *crowd) Names(_ context.Context, ids []experience.ID) (map[experience.ID]string, error) {
	out := map[experience.ID]string{}
	for _, id := range ids {
		out[id] = c.contacts[c.root(id)].FirstName
	}
	return out, nil
}

// shelf holds one survey.
type shelf struct{ survey Survey }

func (s *shelf) List(context.Context) ([]Survey, error) { return []Survey{s.survey}, nil }

func (s *shelf) Get(_ context.Context, key string) (Survey, error) {
	if key != s.survey.Key {
		return Survey{}, experience.Errorf(experience.NotFound, "no survey")
	}
	return s.survey, nil
}

func (s *shelf) Path(l Link) (string, error) { return "/s/" + l.Channel + "-" + l.Invitation, nil }

// letterbox is a mail server, with the moment each mail came.
type letterbox struct {
	mu   sync.Mutex
	now  func() time.Time
	got  []delivered
	port int
}

type delivered struct {
	to, id, raw string
	at          time.Time
}

func (b *letterbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &slot{box: b}, nil }

type slot struct {
	box *letterbox
	to  string
}

func (s *slot) Mail(string, *smtp.MailOptions) error { return nil }

func (s *slot) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	if strings.HasPrefix(to, "gone") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	return nil
}

func (s *slot) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		return err
	}
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	id := m.Header.Get("Message-ID")
	if !slices.ContainsFunc(s.box.got, func(d delivered) bool { return d.id == id }) {
		s.box.got = append(s.box.got, delivered{s.to, id, string(raw), s.box.now()})
	}
	return nil
}

func (s *slot) Reset()        {}
func (s *slot) Logout() error { return nil }

func (b *letterbox) letters() []delivered {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

// crashing is a book that a killed process no longer writes to.
type crashing struct {
	Book
	left int // writes until it is killed; below zero: it lives
}

var errKilled = errors.New("killed")

func (c *crashing) Write(ctx context.Context, f func(context.Context, registry.Tx) error) error {
	if c.left == 0 {
		return errKilled
	}
	c.left--
	return c.Book.Write(ctx, f)
}

// world is a room with everything around it.
type world struct {
	*Room
	t      testing.TB
	now    time.Time
	people *crowd
	shelf  *shelf
	box    *letterbox
	book   *crashing
	ledger *ledger.Ledger
	events int
	told   []experience.Event
	site   *web.Site
}

func newWorld(t testing.TB, l *ledger.Ledger, book Book) *world {
	t.Helper()
	w := &world{
		t: t, now: noon, ledger: l, people: &crowd{map[experience.ID]Contact{}, map[experience.ID]experience.ID{}}, book: &crashing{book, -1},
		shelf: &shelf{Survey{
			Key: "consegna", Name: map[string]string{"it": "Consegna"}, Open: true, Languages: []string{"it", "en"}, Accent: "#aa3311",
			Question: map[string]string{"it": "Com'è andata la consegna?", "en": "How was the delivery?"}, Low: map[string]string{"it": "male"}, High: map[string]string{"it": "bene"},
			Scale: "nps", From: 0, To: 10,
		}},
	}
	w.box = &letterbox{now: func() time.Time { return w.now }}
	w.box.serve(t)
	w.open()
	err := w.Mail.Save(t.Context(), outgoing.Settings{Host: "localhost", Port: w.box.port, Security: outgoing.Plain, From: "ciao@negozio.example"})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// open makes the room, as a process does when it starts.
func (w *world) open() {
	w.t.Helper()
	clock := func() time.Time { return w.now }
	outbox, err := outgoing.New(w.t.Context(), outgoing.Options{Book: w.book, Clock: clock})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Room, err = New(w.t.Context(), Options{
		Book: w.book, Ledger: w.ledger, Mail: outbox, People: w.people, Surveys: w.shelf, Clock: clock, BaseURL: "https://regia.example",
		Touchpoints: func(context.Context) ([]Touchpoint, error) { return nil, nil },
		Company: func(context.Context) experience.Company {
			return experience.Company{Name: "Bottega", TimeZone: "Europe/Rome", Region: "IT"}
		},
		Log: func(_ context.Context, records []experience.Record) error {
			for _, r := range records {
				w.told = append(w.told, eventOf(w.t, r))
			}
			return nil
		},
		Site: func(_ context.Context, key string) (bool, error) { return key == "wk_site", nil },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if w.site, err = web.New(web.Options{Clock: clock, Company: w.Company}); err != nil {
		w.t.Fatal(err)
	}
	if err := w.Register(w.site); err != nil {
		w.t.Fatal(err)
	}
}

func (b *letterbox) serve(t testing.TB) {
	t.Helper()
	x := smtp.NewServer(b)
	x.Domain = "localhost"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.port = l.Addr().(*net.TCPAddr).Port
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = x.Serve(l) // it ends with Close
	}()
	t.Cleanup(func() {
		_ = x.Close()
		<-done
	})
}

// usualRule asks by e-mail a day after a delivery.
func usualRule() Rule {
	return Rule{Active: true, Name: "Dopo la consegna", Event: "Order Delivered", Delay: 24 * 60, Share: 1, By: Email, Survey: "consegna", Expiry: 14}
}

func (w *world) rule(x Rule) Rule {
	w.t.Helper()
	saved, err := w.SaveRule(w.t.Context(), "anna", x)
	if err != nil {
		w.t.Fatal(err)
	}
	return saved
}

// happens weaves an interaction of somebody, now.
func (w *world) happens(person experience.ID, change ...func(*experience.Interaction)) experience.ID {
	w.t.Helper()
	w.events++
	x := experience.Interaction{
		ID: experience.NewID(), MessageID: strconv.Itoa(w.events), Source: "shop", Kind: experience.Track, Name: "Order Delivered",
		Time: w.now, ReceivedAt: w.now, Person: person, OrderID: "O" + strconv.Itoa(w.events), Properties: []byte(`{"total":42.5,"shop":"Trento"}`),
	}
	for _, f := range change {
		f(&x)
	}
	head, err := w.ledger.Head(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	after := experience.Position{Sequence: head.Position.Sequence + 1, Hash: strconv.Itoa(int(head.Position.Sequence + 1))}
	if err := w.ledger.Append(w.t.Context(), ledger.Batch{Before: head.Position, After: after, Rows: []experience.Interaction{x}}); err != nil {
		w.t.Fatal(err)
	}
	return x.ID
}

func (w *world) step() {
	w.t.Helper()
	if err := w.Step(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) deliver() {
	w.t.Helper()
	if _, err := w.Mail.Deliver(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// after lets time pass, and does what is due then.
func (w *world) after(d time.Duration) {
	w.t.Helper()
	w.now = w.now.Add(d)
	w.step()
	w.deliver()
	w.step()
}

func (w *world) figures() Figures {
	w.t.Helper()
	f, err := w.Figures(w.t.Context(), experience.ID{}, w.now.Add(-365*day))
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}
