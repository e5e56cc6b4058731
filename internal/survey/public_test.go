package survey

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/web"
)

// desk is a room with a site around it, and a log that remembers.
type desk struct {
	*Room
	t      *testing.T
	watch  *watch
	server *httptest.Server
	guests *guests
	mu     sync.Mutex
	log    []experience.Record
	as     *web.User
}

// guests are invitations in memory.
type guests struct {
	mu    sync.Mutex
	known map[string]Invited
	noted []string
}

func (g *guests) Look(_ context.Context, id string) (Invited, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if x, ok := g.known[id]; ok {
		return x, nil
	}
	return Invited{}, experience.Errorf(experience.NotFound, "nobody")
}

func (g *guests) note(what, id string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.noted = append(g.noted, what+" "+id)
	return nil
}

func (g *guests) Opened(_ context.Context, id string, _ time.Time) error { return g.note("opened", id) }
func (g *guests) Answered(_ context.Context, id string, _ time.Time, _ bool) error {
	return g.note("answered", id)
}
func (g *guests) Declined(_ context.Context, id string, _ time.Time) error {
	return g.note("declined", id)
}

// Authenticate lets everybody be who the test says.
func (d *desk) Authenticate(*http.Request) (*web.User, error) { return d.as, nil }

func newDesk(t *testing.T) *desk {
	t.Helper()
	db, err := registry.Open(t.Context(), registry.Options{Path: filepath.Join(t.TempDir(), "r.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	d := &desk{t: t, watch: &watch{now: noon}, guests: &guests{known: map[string]Invited{}},
		as: &web.User{ID: "u-1", Name: "Anna", Role: experience.Owner, Language: "en"}}
	d.Room = New(Options{
		Store: NewStore(db, d.watch.read), Tickets: NewTickets([]byte("secret")), Source: "regia", Invitations: d.guests, Clock: d.watch.read,
		Log: func(_ context.Context, records []experience.Record) error {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.log = append(d.log, records...)
			return nil
		},
	})
	site, err := web.New(web.Options{Auth: d, Clock: d.watch.read})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Register(site); err != nil {
		t.Fatal(err)
	}
	d.server = httptest.NewServer(site)
	t.Cleanup(d.server.Close)
	return d
}

// publish publishes a survey and gives its key.
func (d *desk) publish(s Survey) string {
	d.t.Helper()
	made, err := d.Store.Create(d.t.Context(), "anna", s)
	if err == nil {
		_, err = d.Store.Publish(d.t.Context(), "anna", made.Draft.Key)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return made.Draft.Key
}

// respondent is a browser without scripts.
type respondent struct {
	*http.Client
	d      *desk
	t      *testing.T
	url    string // of the page
	status int
	body   string
}

func (d *desk) respondent(ticket Ticket) *respondent {
	d.t.Helper()
	token := must[string](d.t)(d.Tickets.Sign(ticket))
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return &respondent{Client: &http.Client{Jar: jar}, d: d, t: d.t, url: d.server.URL + Path(token)}
}

func (p *respondent) done(answer *http.Response, err error) *respondent {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	p.status, p.body, p.url = answer.StatusCode, string(body), answer.Request.URL.String()
	return p
}

func (p *respondent) open(query string) *respondent {
	p.t.Helper()
	return p.done(p.Get(p.url + query))
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// send fills the page's form in and sends it; pairs are names and values.
func (p *respondent) send(pairs ...string) *respondent {
	p.t.Helper()
	form := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(p.body, -1) {
		form.Set(m[1], m[2])
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	u, err := url.Parse(p.url)
	if err != nil {
		p.t.Fatal(err)
	}
	u.RawQuery = ""
	return p.done(p.PostForm(u.String(), form))
}

func (p *respondent) shows(status int, texts ...string) {
	p.t.Helper()
	if p.status != status {
		p.t.Errorf("answered %d, want %d", p.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(p.body, text) {
			p.t.Errorf("the page does not say %q:\n%.1500s", text, p.body[max(0, strings.Index(p.body, "<main")):])
		}
	}
}

// told gives what the log was told.
func (d *desk) told() (events []experience.Event, said []told) {
	d.t.Helper()
	if _, err := d.Tell(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.log {
		var e experience.Event
		var s told
		if err := json.Unmarshal(r.Event, &e); err != nil {
			d.t.Fatal(err)
		}
		if err := json.Unmarshal(e.Properties, &s); err != nil {
			d.t.Fatal(err)
		}
		events, said = append(events, e), append(said, s)
	}
	return events, said
}

func TestAnsweringWithoutScripts(t *testing.T) {
	d := newDesk(t)
	key := d.publish(sample())
	p := d.respondent(Ticket{Survey: key, Channel: ByQR, Shop: "Trento", Language: "it"})
	p.open("").shows(200, "Consiglierebbe?", "Domanda 1 di 4", "Per niente probabile")
	if size := len(p.body) + len(styles); size > 50<<10 {
		t.Errorf("the first page weighs %d bytes with its styles", size)
	}
	if strings.Contains(p.body, "<script") || strings.Contains(p.body, "style=") {
		t.Error("the page has scripts or styles inside")
	}
	p.send().shows(422, "Manca ancora questa risposta")
	p.send("q1", "11").shows(422, "non è tra quelle possibili")
	p.send("q1", "3").shows(200, "Che cosa non ha funzionato?")
	p.send("q2", "<script>alert(1)</script> tardi", "go", "back").shows(200, "Consiglierebbe?", `value="3" required checked`)
	p.send("q1", "2").shows(200, "&lt;script&gt;alert(1)&lt;/script&gt; tardi")
	p.send("q2", "tardi "+strings.Repeat("x", 6000)).shows(200, "Che cosa è piaciuto?", "Ne sono stati conservati i primi 5000", "Bello al tatto")
	p.send("q3", "kind", "q3", "fast", "q4.look", "4").shows(200, "Grazie")
	end := p.url
	p.open("").shows(200, "Grazie") // looked at again
	p.url = strings.Replace(end, "done=1", "q=q1", 1)
	p.open("").shows(409, "Già risposto")

	events, said := d.told()
	if len(events) != 1 || events[0].Name != experience.SurveyAnswered || !events[0].Imported || len(events[0].Identifiers) > 0 {
		t.Fatalf("the log was told %+v", events)
	}
	s := said[0]
	if s.Scale != "nps" || *s.Score != 2 || s.Shop != "Trento" || s.About != "delivery" || s.Channel != ByQR || len([]rune(s.Text)) != MaxText || len(s.Answers) != 4 {
		t.Errorf("told %+v", s)
	}
	if last := s.Answers[3]; last.Scale != "agree" || last.OutOf != 5 || last.Dimension != experience.Sensory || last.Item != "look" {
		t.Errorf("of the matrix %+v", last)
	}
	if again, _ := d.told(); len(again) != 1 {
		t.Errorf("told %d times", len(again))
	}
}

func TestInvitationsAreAnsweredOnce(t *testing.T) {
	d := newDesk(t)
	key := d.publish(sample())
	mail := experience.Identifier{Kind: experience.EmailID, Value: "anna@example.it"}
	d.guests.known["i-1"] = Invited{Survey: key, Open: true, Identifiers: []experience.Identifier{mail}, OrderID: "o-1", Language: "en"}
	d.guests.known["i-2"] = Invited{Survey: key, Open: true}
	d.guests.known["i-3"] = Invited{Survey: "another", Open: true}
	d.guests.known["i-4"] = Invited{Survey: key}
	ticket := Ticket{Survey: key, Invitation: "i-1", Channel: ByEmail}

	p := d.respondent(ticket)
	p.open("?a=9").shows(200, "Would you recommend us?", `value="9" required checked`, "Already chosen: 9", "I would rather not answer")
	if _, err := d.Store.Response(t.Context(), d.Tickets.invited(ticket)); !isMissing(err) {
		t.Errorf("looking at the link answered it: %v", err)
	}
	p.send("q1", "9").shows(200, "What did you like?")
	page := p.body
	other := d.respondent(ticket) // another browser goes on where the first was
	other.open("").shows(200, "What did you like?")
	other.send("q3", "fast").shows(200, "Thank you")
	p.send("q3", "kind").shows(409, "Already answered")
	twice := d.respondent(ticket)
	twice.url, twice.body = p.url, page // the button pressed twice, or a phone that sent again: nothing changes
	twice.send("q3", "fast").shows(200, "Thank you")
	d.respondent(ticket).open("").shows(409, "Already answered")

	events, said := d.told()
	if len(events) != 1 || len(events[0].Identifiers) != 1 || events[0].Identifiers[0] != mail || said[0].OrderID != "o-1" || said[0].Invitation != "i-1" {
		t.Fatalf("told %+v %+v", events, said)
	}
	no := d.respondent(Ticket{Survey: key, Invitation: "i-2", Channel: ByEmail})
	no.open("").send("go", "decline").shows(200, "Va bene così")
	d.respondent(Ticket{Survey: key, Invitation: "i-3", Channel: ByEmail}).open("").shows(403, "non è valido")
	d.respondent(Ticket{Survey: key, Invitation: "i-4", Channel: ByEmail}).open("").shows(410, "non è più valido")
	d.respondent(Ticket{Survey: key, Invitation: "i-5", Channel: ByEmail}).open("").shows(410, "non è più valido")
	noted := strings.Join(d.guests.noted, ", ")
	for _, want := range []string{"opened i-1", "answered i-1", "opened i-2", "declined i-2"} {
		if !strings.Contains(noted, want) {
			t.Errorf("whoever invited was not told %q: %s", want, noted)
		}
	}
}

func TestRefusals(t *testing.T) {
	d := newDesk(t)
	key := d.publish(sample())
	p := d.respondent(Ticket{Survey: key, Channel: ByLink})
	p.open("").send("q1", "9", "q2", strings.Repeat("x", 1<<20)).shows(413, "Troppo testo")
	if _, said := d.told(); len(said) != 0 {
		t.Errorf("told %+v", said)
	}
	link := p.url
	for name, at := range map[string]string{
		"a cut link":      link[:len(link)-4],
		"another's link":  d.server.URL + Path(must[string](t)(NewTickets([]byte("other")).Sign(Ticket{Survey: key, Channel: ByLink}))),
		"a made receipt":  link + "?r=AAAA",
		"a long nonsense": d.server.URL + "/s/" + strings.Repeat("A", 3000),
	} {
		t.Run(name, func(t *testing.T) {
			q := &respondent{Client: http.DefaultClient, d: d, t: t, url: at}
			q.open("").shows(403, "non è valido")
		})
	}
	d.respondent(Ticket{Survey: "none-such", Channel: ByLink}).open("").shows(404, "non c&#39;è")
	begun := d.respondent(Ticket{Survey: key, Channel: ByLink}).open("")
	must[Record](t)(d.Store.SetStatus(t.Context(), "anna", key, Closed))
	begun.send("q1", "9").shows(410, "chiuso")
}

func TestKioskBeginsAgain(t *testing.T) {
	d := newDesk(t)
	s := sample()
	s.Questions = s.Questions[:1]
	s.Questions[0].Rules = nil
	key := d.publish(s)
	p := d.respondent(Ticket{Survey: key, Channel: ByKiosk, Shop: "Trento"})
	answer, err := p.Get(p.url + "?kiosk")
	if p.done(answer, err); answer.Header.Get("Refresh") != "" {
		t.Error("the first page of a kiosk moves by itself")
	}
	form := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(p.body, -1) {
		form.Set(m[1], m[2])
	}
	form.Set("q1", "7")
	answer, err = p.PostForm(strings.Split(p.url, "?")[0], form)
	p.done(answer, err).shows(200, "Nuova risposta")
	if refresh := answer.Header.Get("Refresh"); !strings.HasPrefix(refresh, "8; url=/s/") {
		t.Errorf("after the thanks the kiosk goes %q", refresh)
	}
	if _, said := d.told(); len(said) != 1 || said[0].Channel != ByKiosk {
		t.Errorf("told %+v", said)
	}
}

func TestEmployeesAnswerAsNobody(t *testing.T) {
	d := newDesk(t)
	s := sample()
	s.Staff = true
	key := d.publish(s)
	d.guests.known["i-1"] = Invited{Survey: key, Open: true, Identifiers: []experience.Identifier{{Kind: experience.EmailID, Value: "berta@example.it"}}}
	p := d.respondent(Ticket{Survey: key, Channel: ByEmail, Invitation: "i-1"})
	p.open("").send("q1", "9").send("q3", "fast").shows(200)
	events, said := d.told()
	if len(events) != 1 || len(events[0].Identifiers) > 0 || said[0].Invitation != "" || d.log[0].Flags&experience.FlagStaff == 0 {
		t.Errorf("told %+v %+v, flags %v", events, said, d.log[0].Flags)
	}
	d.respondent(Ticket{Survey: key, Channel: ByEmail, Invitation: "i-1"}).open("").shows(409)
}

func TestReadyMadeSets(t *testing.T) {
	sets := must[[]Survey](t)(Sets())
	if len(sets) != 9 {
		t.Errorf("%d ready-made sets", len(sets))
	}
	for _, s := range sets {
		if p := s.problems(); len(p) > 0 {
			t.Errorf("%s cannot be published: %v", s.Key, p)
		}
	}
}

func TestPhrasesInEveryLanguage(t *testing.T) {
	all := must[phrases](t)(loadPhrases())
	for _, l := range Languages {
		for key, phrase := range all[Languages[0]] {
			if other, ok := all[l][key]; !ok || other == "" {
				t.Errorf("%s does not say %q", l, key)
			} else if list, ok := phrase.([]any); ok && len(all.in(l).list(key)) != len(list) {
				t.Errorf("%s says %q as %v", l, key, other)
			}
		}
		if len(all[l]) != len(all[Languages[0]]) {
			t.Errorf("%s says %d phrases", l, len(all[l]))
		}
	}
	web.CheckMessages(t, messages)
}
