package collect

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/web"
)

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

// asRole lets in whoever says what role they have: "Authorization: As owner".
type asRole struct{}

func (asRole) Authenticate(r *http.Request) (*web.User, error) {
	role, ok := strings.CutPrefix(r.Header.Get("Authorization"), "As ")
	if !ok {
		return nil, nil
	}
	return &web.User{ID: "u-" + role, Name: "Ada", Role: experience.Role(role), Language: r.Header.Get("Speaks")}, nil
}

// fakeRecent says what the test says.
type fakeRecent struct {
	events []RecentEvent
	err    error
}

func (f *fakeRecent) RecentEvents(context.Context, string, int) ([]RecentEvent, error) {
	return f.events, f.err
}

func (f *fakeRecent) Activity(context.Context, time.Time) (map[string]Activity, error) {
	if len(f.events) == 0 {
		return nil, f.err
	}
	return map[string]Activity{"site": {Events: 1234, Last: f.events[0].ReceivedAt}}, f.err
}

// liveBus lets a test say something to whoever listens.
type liveBus struct{ heard chan func([]byte) }

func (b liveBus) Subscribe(subject string, f func([]byte)) (func(), error) {
	if subject == wovenSubject {
		select {
		case b.heard <- f:
		default: // nobody asks for it
		}
	}
	return func() {}, nil
}

type room struct {
	*house
	site   *web.Site
	recent *fakeRecent
	bus    liveBus
	told   int
}

func newRoom(t *testing.T) *room {
	t.Helper()
	r := &room{house: newHouse(t, nil), recent: &fakeRecent{}, bus: liveBus{make(chan func([]byte), 1)}}
	clock := func() time.Time { return r.now }
	site, err := web.New(web.Options{Auth: asRole{}, Clock: clock})
	must(t, err)
	r.site = site
	must(t, NewRoom(RoomOptions{Sources: r.sources, Recent: r.recent, Bus: r.bus, Clock: clock,
		Changed: func(context.Context) error { r.told++; return errors.New("late") }}).Register(site))
	return r
}

// ask sends a request as a role; a form when there is one.
func (r *room) ask(role, method, path string, form url.Values, headers ...string) *httptest.ResponseRecorder {
	r.t.Helper()
	q := httptest.NewRequestWithContext(r.t.Context(), method, path, strings.NewReader(form.Encode()))
	if form != nil {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if role != "" {
		q.Header.Set("Authorization", "As "+role)
	}
	q.Header.Set("Accept", "text/html")
	q.Header.Set("Speaks", "en")
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		q.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	r.site.ServeHTTP(w, q)
	return w
}

func (r *room) page(role, path string, want ...string) string {
	r.t.Helper()
	w := r.ask(role, "GET", path, nil)
	text := w.Body.String()
	if w.Code != 200 {
		r.t.Fatalf("%s as %s: %d\n%s", path, role, w.Code, text)
	}
	for _, s := range want {
		if !strings.Contains(text, s) {
			r.t.Errorf("%s as %s does not say %q", path, role, s)
		}
	}
	if i := strings.Index(text, "collect."); i >= 0 {
		r.t.Errorf("%s shows a message's key: %s", path, text[i:min(len(text), i+60)])
	}
	return text
}

func TestPages(t *testing.T) {
	r := newRoom(t)
	r.page("owner", "/sources", "Where do contacts come from?", "12 sources", "nothing has come in yet", "New source", `href="/sources/shop"`)
	if text := r.page("agent", "/sources"); strings.Contains(text, "New source") {
		t.Error("an agent is offered to make a source")
	}
	r.recent.events = []RecentEvent{
		{ID: "1", Kind: experience.Track, Name: "Order <Completed>", ReceivedAt: testNow.Add(-3 * time.Minute), Touchpoint: "till", Person: "p-1"},
		{ID: "2", Kind: experience.PageView, ReceivedAt: testNow.Add(-time.Hour), Flags: experience.FlagBot | experience.FlagStaff, Imported: true},
	}
	r.page("owner", "/sources", "1,234")
	text := r.page("owner", "/sources/site", "The last event came in", "Order &lt;Completed&gt;", "/people/p-1", "/touchpoints/till", "bot", "staff", "imported",
		"Page viewed", r.keys[Site], "http://example.com/regia.js", "data-consent", "Do Not Track", `sse-connect="/sources/site/events"`, "Nothing was refused")
	if !strings.Contains(text, "This key is public") {
		t.Error("a site's key is said to be secret")
	}
	for _, kind := range Kinds {
		shows := r.keys[kind]
		if kind == WebhookSource { // its secret is another one, and is shown once
			shows = "/sources/webhook/webhook"
		}
		r.page("manager", "/sources/"+string(kind), shows)
	}
	if text := r.page("agent", "/sources/shop", "Keep this key secret", "only owners and managers"); strings.Contains(text, r.keys[Shop]) || strings.Contains(text, "/rotate") {
		t.Error("an agent sees a key, or may change it")
	}
	must(t, r.sources.EnsureRegia(t.Context()))
	if text := r.page("owner", "/sources/regia"); strings.Contains(text, "/rotate") {
		t.Error("Regia is offered a key")
	}
	if w := r.ask("owner", "GET", "/sources/nothing", nil); w.Code != 404 {
		t.Errorf("an unknown source: %d", w.Code)
	}
	r.recent.err = errors.New("broken inside")
	if text := r.page("owner", "/sources"); strings.Contains(text, "broken inside") {
		t.Error("an error's inside is shown")
	}
	r.page("owner", "/sources/site", "Refused last")
}

func TestPageOfRejections(t *testing.T) {
	r := newRoom(t)
	r.post(Shop, "/v1/batch", `{"batch":[{"type":"track","event":"Coffee","messageId":"m-7"}]}`)
	r.door.Close()
	r.page("agent", "/sources/shop", "none was taken", "Coffee", "The person is missing", "m-7", "who?")
	if w := r.ask("agent", "GET", "/sources/shop/live", nil, "HX-Request: true"); w.Code != 200 || !strings.Contains(w.Body.String(), "Coffee") || strings.Contains(w.Body.String(), "<html") {
		t.Errorf("the live part: %d", w.Code)
	}
	w := r.ask("agent", "GET", "/api/v1/sources/shop/rejections", nil)
	var out rejectionsOutput
	must(t, json.Unmarshal(w.Body.Bytes(), &out.Body))
	if w.Code != 200 || len(out.Body.Items) != 1 || out.Body.Items[0].Class != "who" || out.Body.Items[0].MessageID != "m-7" {
		t.Errorf("API: %d %s", w.Code, w.Body)
	}
}

// Every class a rejection may have is explained in words.
func TestClassesAreExplained(t *testing.T) {
	r := newRoom(t)
	l := r.site.Locale("en", time.UTC)
	for _, class := range []string{"body", "depth", "id", "identifiers", "name", "number", "shape", "size", "time", "type", "who"} {
		for _, key := range []string{"collect.class." + class, "collect.fix." + class} {
			if !l.Has(key) {
				t.Errorf("%s is missing", key)
			}
		}
	}
}

func TestForms(t *testing.T) {
	r := newRoom(t)
	r.page("manager", "/sources/new", "Shop till")
	w := r.ask("manager", "POST", "/sources", url.Values{"name": {"Cassa di via Roma"}, "kind": {"shop"}, "channel": {""}})
	if w.Code != 303 || w.Header().Get("Location") != "/sources/cassa-di-via-roma?done=created" || r.told != 1 {
		t.Fatalf("create: %d %s", w.Code, w.Header().Get("Location"))
	}
	made, err := r.sources.Get(t.Context(), "cassa-di-via-roma")
	must(t, err)
	if made.Channel != experience.Shop || made.Kind != Shop {
		t.Errorf("made %+v", made)
	}
	r.page("manager", w.Header().Get("Location"), "The source is ready")
	if w := r.ask("manager", "POST", "/sources", url.Values{"name": {" "}, "kind": {"shop"}}); w.Code != 400 || !strings.Contains(w.Body.String(), "needs a name") {
		t.Errorf("without a name: %d", w.Code)
	}
	path := "/sources/" + made.ID
	for _, c := range []struct {
		path string
		form url.Values
		done string
	}{
		{path, url.Values{"name": {"Via Roma"}, "channel": {"device"}}, "saved"},
		{path + "/state", url.Values{"disabled": {"true"}}, "disabled"},
		{path + "/rotate", nil, "rotated"},
	} {
		w := r.ask("owner", "POST", c.path, c.form)
		if w.Code != 303 || w.Header().Get("Location") != path+"?done="+c.done {
			t.Errorf("%s: %d %s", c.path, w.Code, w.Header().Get("Location"))
		}
	}
	got, err := r.sources.Get(t.Context(), made.ID)
	must(t, err)
	if got.Name != "Via Roma" || got.Channel != experience.Device || !got.Disabled || got.WriteKey == made.WriteKey {
		t.Errorf("after all: %+v", got)
	}
	r.page("owner", path, "disabled", "Enable the source")
	if w := r.ask("owner", "POST", path, url.Values{"name": {""}, "channel": {"web"}}); w.Code != 400 {
		t.Errorf("renamed to nothing: %d", w.Code)
	}
	if w := r.ask("owner", "POST", path+"/state", nil); w.Code != 303 || !strings.HasSuffix(w.Header().Get("Location"), "enabled") {
		t.Errorf("enable: %d", w.Code)
	}
}

func TestRoles(t *testing.T) {
	r := newRoom(t)
	for _, route := range r.site.Routes() {
		if !strings.Contains(route.Pattern, "/sources") || strings.HasSuffix(route.Pattern, "/events") {
			continue
		}
		path := strings.ReplaceAll(route.Pattern, "{id}", "site")
		for _, role := range append([]experience.Role{""}, experience.Roles...) {
			w := r.ask(string(role), route.Method, path, url.Values{}, "Content-Type: application/json", "Accept: application/json")
			refused := w.Code == 401 || w.Code == 403
			changes := route.Method != "GET" || strings.HasSuffix(path, "/new")
			may := role == experience.Owner || role == experience.Manager || role == experience.Agent && !changes
			if refused == may {
				t.Errorf("%s %s as %q: %d", route.Method, path, role, w.Code)
			}
		}
	}
}

func TestAPI(t *testing.T) {
	r := newRoom(t)
	call := func(role, method, path, body string, status int, out any) {
		t.Helper()
		q := httptest.NewRequest(method, path, strings.NewReader(body))
		q.Header.Set("Authorization", "As "+role)
		q.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		r.site.ServeHTTP(w, q)
		if w.Code != status {
			t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		if out != nil {
			must(t, json.Unmarshal(w.Body.Bytes(), out))
		}
	}
	var list listSourcesOutput
	call("owner", "GET", "/api/v1/sources", "", 200, &list.Body)
	if len(list.Body.Items) != len(Kinds) || list.Body.Items[0].WriteKey == "" {
		t.Errorf("list: %+v", list.Body)
	}
	call("agent", "GET", "/api/v1/sources", "", 200, &list.Body)
	var made, changed, rotated sourceItem
	call("owner", "POST", "/api/v1/sources", `{"name":"Till 2","kind":"shop"}`, 201, &made)
	told := r.told
	call("owner", "PATCH", "/api/v1/sources/till-2", `{"disabled":true}`, 200, &changed)
	call("owner", "PATCH", "/api/v1/sources/till-2", `{"channel":"phone"}`, 200, nil)
	if r.told != told+1 {
		t.Errorf("of a new channel, and of that alone, whoever binds events must hear: %d times", r.told-told)
	}
	call("owner", "POST", "/api/v1/sources/till-2/rotate", ``, 200, &rotated)
	if made.ID != "till-2" || made.WriteKey == "" || !changed.Disabled || changed.Name != "Till 2" || rotated.WriteKey == made.WriteKey || !rotated.Disabled {
		t.Errorf("made %+v, changed %+v, rotated %+v", made, changed, rotated)
	}
	call("owner", "POST", "/api/v1/sources", `{"name":"x","kind":"fax"}`, 422, nil)
	call("owner", "PATCH", "/api/v1/sources/nobody", `{}`, 404, nil)
	call("owner", "PATCH", "/api/v1/sources/till-2", `{"channel":"smoke"}`, 400, nil)
	call("owner", "GET", "/api/v1/sources/nobody/rejections", ``, 404, nil)
	call("agent", "GET", "/api/v1/sources", "", 200, &list.Body)
	list = listSourcesOutput{}
	call("agent", "GET", "/api/v1/sources", "", 200, &list.Body)
	for _, x := range list.Body.Items {
		if x.WriteKey != "" {
			t.Errorf("an agent sees the key of %s", x.ID)
		}
	}
}

// The page of a source moves when something comes in.
func TestLive(t *testing.T) {
	r := newRoom(t)
	server := httptest.NewServer(r.site)
	defer server.Close()
	defer r.site.CloseStreams()
	q, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/sources/site/events", nil)
	must(t, err)
	q.Header.Set("Authorization", "As agent")
	answer, err := http.DefaultClient.Do(q)
	must(t, err)
	defer func() { _ = answer.Body.Close() }()
	say := <-r.bus.heard
	r.recent.events = []RecentEvent{{ID: "1", Kind: experience.Track, Name: "Coffee Drunk", ReceivedAt: testNow}}
	say(nil)
	lines := bufio.NewScanner(answer.Body)
	seen := false
	for lines.Scan() {
		if text := lines.Text(); text == "event: live" {
			seen = true
		} else if seen && strings.Contains(text, "Coffee Drunk") {
			return
		}
	}
	t.Errorf("the stream ended without the event: %v", lines.Err())
}
