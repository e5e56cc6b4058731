package followup

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/testkit"
	"regia/internal/web"
)

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

var began = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// desk is a room with a registry of its own, people who speak, and a clock that
// is set.
type desk struct {
	t      *testing.T
	room   *Room
	site   *web.Site
	now    time.Time
	voices []Voice
	sent   []Letter
	told   []string
}

func newDesk(t *testing.T, engine string) *desk {
	t.Helper()
	o := registry.Options{}
	if engine == "SQLite" {
		o.Path = filepath.Join(t.TempDir(), "registry.db")
	} else {
		o.URL = testkit.Postgres(t)
	}
	book, err := registry.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { book.Close() })
	d := &desk{t: t, now: began}
	d.room = New(Options{
		Book: book, Bus: d, Voices: d, People: d, Mailer: d, BaseURL: "https://regia.example.it", Clock: func() time.Time { return d.now },
		Users: func(context.Context) ([]User, error) {
			return []User{{"o", "Olga Riva", "olga@example.it", experience.Owner, "it"}, {"m", "Marta Neri", "marta@example.it", experience.Manager, "en"}, {"a", "Aldo Verdi", "", experience.Agent, ""}}, nil
		},
	})
	if _, err := d.room.SaveHours(context.Background(), FollowUpHours{}); err != nil { // around the clock
		t.Fatal(err)
	}
	if d.site, err = web.New(web.Options{Auth: byCookie{}, Clock: d.room.Clock}); err != nil {
		t.Fatal(err)
	}
	if err := d.room.Register(d.site); err != nil {
		t.Fatal(err)
	}
	return d
}

func everyEngine(t *testing.T, check func(t *testing.T, d *desk)) {
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) { check(t, newDesk(t, engine)) })
	}
}

func (d *desk) Subscribe(string, func([]byte)) (func(), error) { return func() {}, nil }
func (d *desk) Publish(_ string, data []byte) error {
	d.told = append(d.told, string(data))
	return nil
}
func (d *desk) Put(_ context.Context, _ registry.Tx, l Letter) error {
	d.sent = append(d.sent, l)
	return nil
}

func (d *desk) Names(_ context.Context, ids []experience.ID) (map[experience.ID]string, error) {
	out := map[experience.ID]string{}
	for _, id := range ids {
		out[id] = "Anna Ferri"
	}
	return out, nil
}

func (d *desk) After(_ context.Context, number int64, limit int) (out []Voice, last int64, err error) {
	last = number
	for _, v := range d.voices {
		if v.Number > number && len(out) < limit {
			out, last = append(out, v), v.Number
		}
	}
	return out, last, nil
}

func (d *desk) Between(_ context.Context, from, to time.Time, do func(Voice) error) error {
	for _, v := range d.voices {
		if !v.Time.Before(from) && v.Time.Before(to) {
			if err := do(v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *desk) Get(_ context.Context, id experience.ID) (Voice, error) {
	for _, v := range d.voices {
		if v.ID == id {
			return v, nil
		}
	}
	return Voice{}, experience.Errorf(experience.NotFound, "none")
}

func (d *desk) Answer(_ context.Context, person experience.ID, scale string, after time.Time) (Voice, bool, error) {
	for _, v := range d.voices {
		if v.Person == person && v.Scale == scale && v.Time.After(after) {
			return v, true, nil
		}
	}
	return Voice{}, false, nil
}

func person(n int) experience.ID { return experience.HashID(nil, "person", string(rune('a'+n))) }

// hears has somebody say something now.
func (d *desk) hears(v Voice) Voice {
	d.t.Helper()
	v.Number = int64(len(d.voices) + 1)
	v.ID = experience.HashID(nil, "voice", string(rune('a'+len(d.voices))))
	if v.Time.IsZero() {
		v.Time = d.now
	}
	d.voices = append(d.voices, v)
	d.work()
	return v
}

func (d *desk) work() {
	d.t.Helper()
	if err := d.room.Work(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) list(view string) []Item {
	d.t.Helper()
	list, _, err := d.room.List(d.t.Context(), view, "m", 0, 100)
	if err != nil {
		d.t.Fatal(err)
	}
	return list
}

func marta() *web.User { return &web.User{ID: "m", Name: "Marta Neri", Role: experience.Manager} }

// Each rule speaks for what it says, and not for what only sounds like it.
func TestRulesSpeak(t *testing.T) {
	names := []string{"Marta"}
	for _, c := range []struct {
		rule string
		v    Voice
		ok   bool
		why  string
	}{
		{detractor, Voice{Scale: "nps", Score: 6}, true, ""},
		{detractor, Voice{Scale: "nps", Score: 7}, false, ""},
		{detractor, Voice{Scale: "stars", Score: 2}, true, ""},
		{detractor, Voice{Scale: "stars/10", Score: 2}, false, ""}, // another scale
		{detractor, Voice{Text: "Pessimo"}, false, ""},
		{detractor, Voice{Scale: "ces", Score: 3}, true, ""},
		{detractor, Voice{Scale: "thumb", Score: 0}, true, ""},
		{urgent, Voice{Text: "Aiuto", Urgency: 2}, true, ""},
		{urgent, Voice{Text: "Aiuto", Urgency: 1}, false, ""},
		{urgent, Voice{Text: "Aiuto", Urgency: -9}, false, ""},
		{leaving, Voice{Text: "Basta, NON COMPRERÒ PIÙ da voi.", Sentiment: "negative"}, true, "non comprerò più"},
		{leaving, Voice{Text: "Mai più senza questa padella", Sentiment: "positive"}, false, ""},
		{leaving, Voice{Text: "Chiudo l'account", Sentiment: "negative"}, true, "chiudo l account"},
		{legal, Voice{Text: "Mi rivolgerò al mio avvocato"}, true, "avvocat*"},
		{legal, Voice{Text: "Ci vediamo davanti al giudice", Signals: []string{"legal"}}, true, ""},
		{leaving, Voice{Text: "Cambio negozio", Signals: []string{"leave"}}, true, ""},
		{urgent, Voice{Text: "Esce fumo", Urgency: -9, Signals: []string{"danger"}}, true, ""},
		{legal, Voice{Text: "Le vie del centro"}, false, ""},
		{legal, Voice{Text: "Il crème avocado è buono"}, false, ""},
		{praise, Voice{Text: "Grazie a Marta, gentilissima", Sentiment: "positive"}, true, "Marta"},
		{praise, Voice{Text: "Marta è stata scortese", Sentiment: "negative"}, false, ""},
		{praise, Voice{Text: "Il martedì siete bravissimi", Sentiment: "positive"}, false, ""},
	} {
		for _, rule := range designed() {
			if rule.Key != c.rule {
				continue
			}
			if why, ok := rule.speaks(c.v, names); ok != c.ok || why != c.why {
				t.Errorf("%s of %+v: %v %q", c.rule, c.v, ok, why)
			}
			if rule.Off = true; c.ok {
				if _, ok := rule.speaks(c.v, names); ok {
					t.Errorf("%s speaks although it is off", c.rule)
				}
			}
		}
	}
}

// One follow-up a person and reason within the rest, one a voice; what was
// passed over is recorded; what is long past opens nothing; looking again opens
// nothing again.
func TestOpeningOnce(t *testing.T) {
	everyEngine(t, func(t *testing.T, d *desk) {
		first := d.hears(Voice{Person: person(1), Scale: "nps", Score: 2, Text: "Mi rivolgo a un avvocato", Sentiment: "negative", Urgency: 3})
		d.hears(Voice{Person: person(1), Text: "Il mio avvocato aspetta", Sentiment: "negative"})
		d.hears(Voice{Person: person(2), Scale: "nps", Score: 9})
		d.hears(Voice{Person: person(3), Scale: "stars", Score: 1, Time: began.Add(-15 * 24 * time.Hour)})
		d.hears(Voice{Scale: "stars", Score: 1})
		d.hears(Voice{Scale: "stars", Score: 1}) // nobody known: may be another
		d.work()
		list := d.list(viewAll)
		if len(list) != 3 {
			t.Fatalf("%d were opened: %+v", len(list), list)
		}
		at := 0
		for k, i := range list {
			if i.Voice == first.ID {
				at = k
			}
		}
		if i := list[at]; i.Rule != legal || i.Why != "avvocat*" || i.Owner != "m" || i.Due != began.Add(4*time.Hour) {
			t.Errorf("the first is %+v", i)
		}
		_, steps, passed, err := d.room.Get(t.Context(), list[at].ID)
		if err != nil || len(steps) != 1 || steps[0].What != stepOpened || passed != 3 { // urgent and low, and the second letter
			t.Errorf("steps %+v, passed over %d, %v", steps, passed, err)
		}
		d.now = began.AddDate(0, 0, 15)
		d.hears(Voice{Person: person(1), Text: "Il mio avvocato aspetta ancora"})
		if n := len(d.list(viewAll)); n != 4 {
			t.Errorf("after the rest there are %d", n)
		}
	})
}

// What is late is passed on once, and both are told by mail without a word about
// whom it concerns.
func TestLateIsPassedOn(t *testing.T) {
	everyEngine(t, func(t *testing.T, d *desk) {
		d.hears(Voice{Person: person(1), Scale: "nps", Score: 0, Text: "Vergogna"})
		if len(d.sent) != 1 || d.sent[0].To.ID != "m" || d.sent[0].Subject != "A voice is waiting: Low answer" {
			t.Fatalf("sent %+v", d.sent)
		}
		d.now = began.Add(18*time.Hour + time.Second)
		d.work()
		d.work()
		if len(d.sent) != 2 || d.sent[1].To.ID != "o" || d.sent[1].Subject != "In ritardo: Risposta bassa" {
			t.Fatalf("sent %+v", d.sent)
		}
		for _, l := range d.sent {
			if strings.Contains(l.Text, "Vergogna") || strings.Contains(l.Text, "Ferri") || !strings.Contains(l.Text, "https://regia.example.it/voice/follow-ups/") {
				t.Errorf("the letter says %q", l.Text)
			}
		}
		if list := d.list(viewLate); len(list) != 1 || list[0].LateTo != "o" {
			t.Errorf("late are %+v", list)
		}
		if strings.Join(d.told, "") != `{"what":"opened","n":1}{"what":"late","n":1}` {
			t.Errorf("told %v", d.told)
		}
	})
}

// A named person closes the loop; every step is recorded; the second answer is
// compared on the same scale alone.
func TestClosingAndTurning(t *testing.T) {
	everyEngine(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		for n := range 22 {
			d.hears(Voice{Person: person(n), Scale: "nps", Score: 3})
		}
		list := d.list(viewMine)
		for k, i := range list {
			if k == 20 {
				d.now = began.Add(72 * time.Hour) // the last two are closed late
			}
			if err := d.room.Assign(ctx, i.ID, "a", marta()); err != nil {
				t.Fatal(err)
			}
			if err := d.room.CloseIt(ctx, i.ID, resolved, "Chiamata: rimborsata.", marta()); err != nil {
				t.Fatal(err)
			}
		}
		d.now = d.now.AddDate(0, 0, 20)
		for k, i := range list {
			d.hears(Voice{Person: i.Person, Scale: "csat", Score: 5}) // another scale tells nothing
			if k < 21 {
				d.hears(Voice{Person: i.Person, Scale: "nps", Score: 3 + float64(k%2)*6})
			}
		}
		f, err := d.room.Figures(ctx, 90)
		if err != nil {
			t.Fatal(err)
		}
		// Wilson of 20 in 22, and of 10 in 21.
		if f.InTime.N != 22 || f.InTime.Value != 20.0/22 || f.InTime.Low < 0.72 || f.InTime.Low > 0.73 || f.Outcomes[resolved] != 22 || f.Waiting != 1 {
			t.Errorf("figures %+v", f)
		}
		if len(f.Turned) != 1 || f.Turned[0].Scale != "nps" || f.Turned[0].Share.N != 21 || f.Turned[0].Share.Value != 10.0/21 || f.Turned[0].Rise.Value < 2.8 || f.Turned[0].Rise.Value > 2.9 {
			t.Errorf("turned %+v", f.Turned)
		}
		_, steps, _, err := d.room.Get(ctx, list[0].ID)
		if err != nil || len(steps) != 3 || steps[2].Text != "resolved: Chiamata: rimborsata." || steps[2].Name != "Marta Neri" {
			t.Errorf("steps %+v %v", steps, err)
		}
		for what, err := range map[string]error{
			"again":     d.room.CloseIt(ctx, list[0].ID, resolved, "x", marta()),
			"assigned":  d.room.Assign(ctx, list[0].ID, "m", marta()),
			"nobody":    d.room.Assign(ctx, list[0].ID, "z", marta()),
			"outcome":   d.room.CloseIt(ctx, list[0].ID, "won", "x", marta()),
			"wordless":  d.room.CloseIt(ctx, list[0].ID, resolved, " ", marta()),
			"not there": d.room.Reopen(ctx, "x", marta()),
			"long":      d.room.Note(ctx, list[0].ID, strings.Repeat("a", 4001), marta()),
		} {
			if code := experience.CodeOf(err); code == "" || code == experience.Internal {
				t.Errorf("%s gives %v", what, err)
			}
		}
		if err := d.room.Reopen(ctx, list[0].ID, marta()); err != nil || len(d.list(viewClosed)) != 21 {
			t.Errorf("reopening: %v, closed are %d", err, len(d.list(viewClosed)))
		}
	})
}

// A preview tells what a rule would have opened, and keeps nothing; a rule that
// makes no sense is refused.
func TestRulesAreChanged(t *testing.T) {
	everyEngine(t, func(t *testing.T, d *desk) {
		d.now = began.AddDate(0, 0, -20)
		for n := range 5 {
			d.voices = append(d.voices, Voice{ID: person(n), Number: int64(n + 1), Time: d.now, Person: person(n / 2), Scale: "nps", Score: float64(4 + n)})
		}
		d.now = began
		rule, err := d.room.rule(t.Context(), detractor)
		if err != nil {
			t.Fatal(err)
		}
		o, err := d.room.Preview(t.Context(), rule)
		if err != nil || o.Voices != 5 || o.Spoken != 3 || o.Opened != 2 {
			t.Errorf("preview %+v %v", o, err)
		}
		rule.Most["nps"], rule.Owner = 4, "a"
		if err := d.room.Decide(t.Context(), rule, "Marta"); err != nil {
			t.Fatal(err)
		}
		d.hears(Voice{Person: person(9), Scale: "nps", Score: 5})
		low := d.hears(Voice{Person: person(9), Scale: "nps", Score: 4})
		if list := d.list(viewAll); len(list) != 1 || list[0].Voice != low.ID || list[0].Owner != "a" {
			t.Errorf("opened %+v", list)
		}
		for _, bad := range []FollowUpRule{
			{Key: "love", Hours: 1}, {Key: legal}, {Key: legal, Hours: 721}, {Key: legal, Hours: 1, Words: []string{" * "}}, {Key: urgent, Hours: 1, Urgency: 4},
			{Key: detractor, Hours: 1, Most: map[string]float64{"nps": 10}}, {Key: detractor, Hours: 1, Most: map[string]float64{"mood": 1}}, {Key: legal, Hours: 1, Owner: "z"},
		} {
			if err := d.room.Decide(t.Context(), bad, "Marta"); err == nil {
				t.Errorf("%+v is taken", bad)
			}
		}
	})
}

// byCookie signs in whoever says a role in the cookie: role=owner-it.
type byCookie struct{}

func (byCookie) Authenticate(r *http.Request) (*web.User, error) {
	role, language, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Cookie"), "role="), "-")
	if language == "" {
		language = "en"
	}
	return &web.User{ID: "m", Name: "Marta Neri", Role: experience.Role(role), Language: language}, nil
}

func (d *desk) ask(method, target, role string, form url.Values) *httptest.ResponseRecorder {
	d.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	r.Header.Set("Cookie", "role="+role)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	d.site.ServeHTTP(w, r)
	return w
}

func (d *desk) wants(target, role string, parts ...string) string {
	d.t.Helper()
	w := d.ask("GET", target, role, nil)
	if w.Code != http.StatusOK {
		d.t.Fatalf("%s answers %d: %.300s", target, w.Code, w.Body)
	}
	for _, p := range parts {
		if !strings.Contains(w.Body.String(), p) {
			d.t.Errorf("%s: %q is missing in %.3000s", target, p, w.Body)
		}
	}
	return w.Body.String()
}

var keyShown = regexp.MustCompile(`followup\.[a-z]+[a-z0-9.-]*`)

func TestPages(t *testing.T) {
	d := newDesk(t, "SQLite")
	d.wants(homePath, "owner", "Nobody is waiting")
	d.hears(Voice{Person: person(1), Scale: "nps", Score: 2, Text: "Il mio avvocato <b>aspetta</b>", Sentiment: "negative"})
	d.hears(Voice{Scale: "stars", Score: 1})
	path := ""
	for _, i := range d.list(viewAll) {
		if i.Rule == legal {
			path = i.path()
		}
	}
	d.wants(homePath, "agent-it", "2 voci", "Anna Ferri", "Parole legali", "Persona non riconosciuta", "Marta Neri", "troppo pochi (n = 0)")
	d.wants(path, "agent", "Legal words", "“avvocat”", "&lt;b&gt;aspetta", "2 of 10 · NPS", "What was done", "There was one more reason")
	d.wants(rulesPath, "manager", "NPS up to 6", "within 4 hours", "How many would it have opened?")
	for _, language := range []string{"it", "en"} {
		for _, page := range []string{homePath, homePath + "?view=late", homePath + "?view=closed", homePath + "?view=mine", path, rulesPath} {
			if body := d.wants(page, "owner-"+language); keyShown.MatchString(body) {
				t.Errorf("%s in %s shows the key %s", page, language, keyShown.FindString(body))
			}
		}
	}
	if w := d.ask("GET", homePath, "viewer", nil); w.Code != http.StatusForbidden {
		t.Errorf("a viewer is answered %d", w.Code)
	}
	if w := d.ask("POST", path+"/close", "agent", url.Values{"outcome": {"resolved"}}); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "a sentence is enough") {
		t.Errorf("closing without a word answers %d %.200s", w.Code, w.Body)
	}
	if w := d.ask("POST", path+"/close", "agent", url.Values{"outcome": {"resolved"}, "text": {"Called and refunded."}}); w.Code != http.StatusSeeOther {
		t.Errorf("closing answers %d", w.Code)
	}
	d.wants(path, "agent", "Closed by", "Called and refunded.", "Reopen", "They have not answered on the same scale")
	d.now = d.now.AddDate(0, 0, 3)
	d.hears(Voice{Person: person(1), Scale: "nps", Score: 9})
	d.wants(path, "agent", "higher: from 2 of 10 · NPS to 9 of 10 · NPS")
	if w := d.ask("POST", rulesPath+"/legal", "agent", url.Values{}); w.Code != http.StatusForbidden {
		t.Errorf("an agent changes rules: %d", w.Code)
	}
	form := url.Values{"on": {"true"}, "hours": {"4"}, "rest": {"14"}, "words": {"avvocat*\ntribunale"}, "owner": {"a"}, "late_to": {""}}
	if w := d.ask("POST", rulesPath+"/legal", "manager", form); w.Code != http.StatusSeeOther {
		t.Errorf("changing a rule answers %d %.300s", w.Code, w.Body)
	}
	d.wants(rulesPath, "manager", "one of 2 words", "Aldo Verdi looks after it within 4 hours", "Changed by Marta Neri")
	form.Set("hours", "x")
	if w := d.ask("POST", rulesPath+"/legal", "manager", form); w.Code != http.StatusBadRequest {
		t.Errorf("nonsense answers %d", w.Code)
	}
	if w := d.ask("POST", rulesPath+"/legal/preview", "manager", url.Values{"on": {"true"}, "hours": {"4"}, "rest": {"0"}, "words": {"avvocat*"}}); !strings.Contains(w.Body.String(), "In the last 30 days it would have opened one.") {
		t.Errorf("a preview answers %.300s", w.Body)
	}
}
