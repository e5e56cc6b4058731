package access

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/registry"
	"regia/internal/web"
)

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

// Every error that people may see has its words in both languages.
func TestErrorsSpeakItalian(t *testing.T) {
	h := newHouse(t)
	italian := h.site.Locale("it", nil)
	for _, err := range []*experience.Error{errEmail, errName, errRole, errLanguage, errTaken, errLastOwner, errNoUser, errSignIn, errTries,
		errCurrent, errNoToken, errLink, errPasswordShort, errPasswordLong, errPasswordObvious, errBusy} {
		if italian.Explain(err) == err.Message {
			t.Errorf("%q is not translated", err.Message)
		}
	}
}

// Who may walk which way, for every route of the room.
func TestRolesMatrix(t *testing.T) {
	h := newHouse(t)
	h.user("spare@example.it", experience.Owner)
	own := map[string]bool{"/sign-in": true, "/sign-out": true, "/setup/{token}": true}
	browsers := map[experience.Role]*browser{"": h.as("")}
	for _, role := range experience.Roles {
		browsers[role] = h.as(role)
	}
	checked := 0
	for _, route := range h.site.Routes() {
		isOurs := strings.HasPrefix(route.Pattern, "/settings") || strings.HasPrefix(route.Pattern, "/api/v1/")
		if own[route.Pattern] && route.Kind != "public" || isOurs && (route.Kind == "public" || len(route.Allow) == 0) {
			t.Errorf("%s %s is %s for %v", route.Method, route.Pattern, route.Kind, route.Allow)
		}
		if !isOurs || strings.Contains(route.Pattern, "everywhere") {
			continue
		}
		checked++
		path := strings.ReplaceAll(route.Pattern, "{id}", experience.NewID().String())
		for role, b := range browsers {
			var p page
			if route.Kind == "api" {
				p = b.do(route.Method, path, "application/json", "{}")
			} else {
				p = b.do(route.Method, path, "application/x-www-form-urlencoded", "")
			}
			may := (&web.User{Role: role}).May(route.Allow)
			switch {
			case role == "" && route.Kind == "api" && p.status != http.StatusUnauthorized,
				role == "" && route.Kind == "page" && (p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, "/sign-in?next=")),
				role != "" && !may && p.status != http.StatusForbidden,
				role != "" && may && (p.status == http.StatusForbidden || p.status == http.StatusUnauthorized || p.status >= 500):
				t.Errorf("%q on %s %s: %d %s", role, route.Method, path, p.status, p.location)
			}
		}
	}
	if checked < 25 {
		t.Errorf("only %d routes were walked", checked)
	}
}

func TestFirstOwnerComesIn(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	b.get("/sign-in").want(t, "an empty house", 200, "regia init")
	path, err := h.SetupLink(t.Context(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	b.get(path).want(t, "the link", 200, "Welcome to Regia", `autocomplete="new-password"`)
	p := b.post(path, "name", "Carla <b>Bruni</b>", "email", "carla", "password", "corta")
	p.want(t, "a wrong form", 422, "Carla &lt;b&gt;Bruni", "this is not an e-mail address", `aria-invalid="true"`)
	if strings.Contains(p.text, "corta") || strings.Contains(p.text, "<b>Bruni") {
		t.Error("the password was sent back, or markup was not escaped")
	}
	p = b.post(path, "name", "Carla Bruni", "email", "carla@example.it", "password", goodPassword)
	p.want(t, "the right form", 303)
	c := p.cookies[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Secure {
		t.Errorf("the cookie is %v", c)
	}
	b.get("/settings/me").want(t, "inside", 200, "Carla Bruni", "carla@example.it")
	if p := b.get(path); p.status != 303 || p.location != "/" {
		t.Errorf("opening the link again inside: %d %s", p.status, p.location)
	}
	h.browser().get(path).want(t, "a used link elsewhere", 404, "does not open any more")
	if p := b.get("/sign-in?next=//evil.example"); p.location != "/" {
		t.Errorf("sent away to %q", p.location)
	}
}

func TestOneClickLink(t *testing.T) {
	h := newHouse(t)
	u := h.user("demo@example.it", experience.Owner)
	path, err := h.SignInLink(t.Context(), u.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	b := h.browser()
	b.do(http.MethodHead, path, "", "").want(t, "a program that looks", 204)
	b.get(path, "Sec-Purpose", "prefetch;prerender").want(t, "a browser that fetches ahead", 204)
	if p := b.get(path); p.status != 303 || p.location != "/" {
		t.Fatalf("one click: %d %s", p.status, p.location)
	}
	b.get("/settings/users").want(t, "inside", 200, "demo@example.it")
}

func TestSignInAndOut(t *testing.T) {
	h := newHouse(t)
	h.user("anna@example.it", experience.Manager)
	b := h.browser()
	p := b.post("/sign-in", "email", "anna@example.it", "password", "<script>sbagliata</script>", "next", "/people")
	p.want(t, "a wrong password", 401, "anna@example.it", "the e-mail address or the password is not right", `value="/people"`)
	if strings.Contains(p.text, "sbagliata") {
		t.Error("the password was sent back")
	}
	p = b.post("/sign-in", "email", "anna@example.it", "password", goodPassword, "next", "/people?q=x")
	if p.status != 303 || p.location != "/people?q=x" {
		t.Errorf("signed in: %d %s", p.status, p.location)
	}
	forged := b.do(http.MethodPost, "/sign-out", "application/x-www-form-urlencoded", "", "Sec-Fetch-Site", "cross-site")
	forged.want(t, "another site signs us out", 403)
	secret := p.cookies[0].Value
	if p := b.post("/sign-out"); p.location != "/sign-in?done=signedout" {
		t.Errorf("signed out: %d %s", p.status, p.location)
	}
	if h.who(secret) != nil {
		t.Error("the session lives on")
	}
	for range 40 {
		p = b.post("/sign-in", "email", "anna@example.it", "password", "sbagliata")
	}
	p.want(t, "too many tries", 429, "too many tries")
	if p.header.Get("Retry-After") == "" {
		t.Error("not said when to come back")
	}
}

func TestCookieIsSecureBehindHTTPS(t *testing.T) {
	h := newHouse(t)
	h.user("anna@example.it", experience.Manager)
	v := url.Values{"email": {"anna@example.it"}, "password": {goodPassword}}
	p := h.browser().do(http.MethodPost, "/sign-in", "application/x-www-form-urlencoded", v.Encode(), "X-Forwarded-Proto", "https")
	if p.status != 303 || !p.cookies[0].Secure {
		t.Errorf("%d, %v", p.status, p.cookies)
	}
}

func TestUsersPage(t *testing.T) {
	h := newHouse(t)
	owner := h.as(experience.Owner)
	evil, err := h.CreateUser(t.Context(), NewUser{Email: "evil@example.it", Name: `<img src=x onerror=alert(1)>"'`, Role: experience.Agent})
	if err != nil {
		t.Fatal(err)
	}
	p := owner.get("/settings/users")
	p.want(t, "users", 200, "&lt;img src=x", "2 people</strong> may come in")
	if strings.Contains(p.text, "<img src=x") {
		t.Error("a name is markup")
	}
	owner.post("/settings/users/invite", "email", "nobody", "role", "agent").want(t, "a bad address", 422, `value="nobody"`, "not an e-mail address")
	owner.post("/settings/users/invite", "email", "", "role", "agent").want(t, "no address", 422, "not an e-mail address")
	p = owner.post("/settings/users/invite", "email", "bruno@example.it", "role", "store")
	p.want(t, "an invitation", 200, h.server.URL+"/setup/", "bruno@example.it", "1 open invitation")
	link := regexp.MustCompile(`/setup/[\w-]{43}`).FindString(p.text)
	h.browser().get(link).want(t, "the invited", 200, "bruno@example.it", "store")
	if p := owner.get("/settings/users"); strings.Contains(p.text, "/setup/") {
		t.Error("the link is shown twice")
	}
	me, err := h.UserByEmail(t.Context(), "owner@example.it")
	if err != nil {
		t.Fatal(err)
	}
	owner.post(userPath(me, "role"), "role", "viewer").want(t, "the last owner", 409, "the last owner stays")
	owner.post(userPath(me, "disable")).want(t, "the last owner", 409, "the last owner stays")
	for _, step := range []struct{ action, done string }{{"role", "role"}, {"disable", "disabled"}, {"enable", "enabled"}, {"remove", "removed"}} {
		if p := owner.post(userPath(evil, step.action), "role", "manager"); p.location != "/settings/users?done="+step.done {
			t.Errorf("%s: %d %s", step.action, p.status, p.location)
		}
	}
	owner.post(userPath(evil, "enable")).want(t, "nobody", 404)
	owner.post(userPath(me, "password-link")).want(t, "a new password", 200, h.server.URL+"/setup/")
	owner.get("/settings/users?done=<script>").want(t, "a strange word", 200)
}

func TestTokensPage(t *testing.T) {
	h := newHouse(t)
	owner := h.as(experience.Owner)
	owner.get("/settings/tokens").want(t, "none yet", 200, "No program has a token yet", "curl")
	owner.post("/settings/tokens", "name", "", "role", "viewer").want(t, "no name", 422, "please write a name")
	p := owner.post("/settings/tokens", "name", "Till", "role", "store")
	p.want(t, "made", 200, "Here is the new token", "Till")
	token := regexp.MustCompile(`rt_[\w-]{43}`).FindString(p.text)
	program := h.browser()
	program.token = token
	program.get("/api/v1/me").want(t, "the token", 200, `"role":"store"`, `"token":true`)
	program.get("/api/v1/users").want(t, "above its role", 403)
	program.get("/settings/me").want(t, "a page for people", 403)
	if p := owner.get("/settings/tokens"); strings.Contains(p.text, token) {
		t.Error("the token is shown twice")
	}
	tokens, err := h.ListTokens(t.Context())
	if err != nil || len(tokens) != 1 {
		t.Fatal(tokens, err)
	}
	owner.post("/settings/tokens/"+tokens[0].ID.String()+"/revoke").want(t, "revoke", 303)
	program.get("/api/v1/me").want(t, "a revoked token", 401)
}

func TestMePage(t *testing.T) {
	h := newHouse(t)
	b := h.as(experience.Viewer)
	b.get("/settings").want(t, "no company for viewers", 303)
	p := b.get("/settings/me")
	p.want(t, "me", 200, "viewer@example.it", "Signed in on 1 device")
	if strings.Contains(p.text, `href="/settings/users"`) {
		t.Error("a viewer is shown the way to the users")
	}
	b.post("/settings/me", "name", " ", "language", "it").want(t, "no name", 422, "please write a name")
	b.post("/settings/me", "name", "Viola", "language", "it").want(t, "saved", 303)
	b.get("/settings/me").want(t, "in Italian now", 200, "Il mio profilo", "Viola")
	b.post("/settings/me/password", "present", "sbagliata", "password", "cinque cani neri").want(t, "wrong present", 422, "non è la password attuale")
	b.post("/settings/me/password", "present", goodPassword, "password", "corta").want(t, "short", 422, "almeno 10 caratteri")
	other := h.as(experience.Viewer)
	b.post("/settings/me/password", "present", goodPassword, "password", "cinque cani neri").want(t, "changed", 303)
	b.get("/settings/me").want(t, "still in", 200)
	other.get("/settings/me").want(t, "the other device is out", 303)
	b.post("/settings/me/sign-out-everywhere").want(t, "everywhere", 303)
	b.get("/settings/me").want(t, "out", 303)
}

func TestCompanyPage(t *testing.T) {
	h := newHouse(t)
	b := h.as(experience.Manager)
	p := b.get("/settings")
	p.want(t, "as it is", 200, `<option value="Europe/Rome" selected>`, `<option value="EUR" selected>`, `<option value="IT" selected>Italy`, `value="30"`)
	good := map[string]string{"name": "Bottega <Aurora>", "time_zone": "Europe/Zurich", "currency": "chf", "region": "CH", "visit_gap": "45",
		"staff_emails": "@Aurora.example\r\n\r\nANNA@example.it", "staff_user_ids": "17, 18", "staff_networks": "192.0.2.7/24\n2001:db8::1"}
	wrong := map[string][]string{
		"name": {strings.Repeat("x", 101)}, "time_zone": {"", "Mars/Olympus", "../etc/passwd", "Local"}, "currency": {"EURO", ""}, "region": {"XX", ""},
		"visit_gap": {"0", "1441", "x", "99999999999"}, "staff_emails": {"@", "anna", "@no-dot"}, "staff_networks": {"10.0.0.0/99", "0.0.0.0/0", "office"},
	}
	send := func(change map[string]string) page {
		var fields []string
		for k, v := range good {
			if c, ok := change[k]; ok {
				v = c
			}
			fields = append(fields, k, v)
		}
		return b.post("/settings", fields...)
	}
	for field, values := range wrong {
		for _, v := range values {
			p := send(map[string]string{field: v})
			p.want(t, field+" "+v, 422, `id="field-`+field+`-error"`)
			if strings.Count(p.text, `aria-invalid="true"`) != 1 {
				t.Errorf("%s %q: not exactly one field is marked", field, v)
			}
		}
	}
	before, err := h.db.Company(t.Context())
	if err != nil || before.Name != "" {
		t.Errorf("a refused form was saved: %+v, %v", before, err)
	}
	send(nil).want(t, "good", 303)
	c, err := h.db.Company(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(c)
	want := `{"name":"Bottega \u003cAurora\u003e","time_zone":"Europe/Zurich","currency":"CHF","region":"CH","visit_gap":"45m0s",` +
		`"staff_emails":["@aurora.example","anna@example.it"],"staff_user_ids":["17","18"],"staff_networks":["192.0.2.0/24","2001:db8::1"]}`
	if string(got) != want {
		t.Errorf("saved %s", got)
	}
	b.get("/settings?done=company").want(t, "as saved", 200, "Bottega &lt;Aurora&gt;", "Saved")
}

func TestAPI(t *testing.T) {
	h := newHouse(t)
	h.user("owner@example.it", experience.Owner)
	token, err := h.CreateToken(t.Context(), "test", experience.Owner)
	if err != nil {
		t.Fatal(err)
	}
	b := h.browser()
	b.token = token
	call := func(method, path, body string) (int, map[string]any) {
		p := b.do(method, path, "application/json", body)
		out := map[string]any{}
		if p.text != "" {
			if err := json.Unmarshal([]byte(p.text), &out); err != nil {
				t.Fatalf("%s %s: %v\n%s", method, path, err, p.text)
			}
		}
		return p.status, out
	}
	status, made := call("POST", "/api/v1/users", `{"email":"bruno@example.it","name":"Bruno","role":"agent"}`)
	if status != 201 || made["email"] != "bruno@example.it" || made["seen_at"] != nil {
		t.Fatalf("made %d %v", status, made)
	}
	path := "/api/v1/users/" + made["id"].(string)
	if _, t2 := call("POST", "/api/v1/tokens", `{"name":"till","role":"store"}`); t2["name"] != "till" || t2["role"] != "store" ||
		!strings.HasPrefix(t2["token"].(string), tokenPrefix) {
		t.Errorf("the new token is %v", t2)
	}
	cases := []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"POST", "/api/v1/users", `{"email":"bruno@example.it","name":"Bruno","role":"agent"}`, 409, "conflict"},
		{"POST", "/api/v1/users", `{"email":"x","name":"X","role":"agent"}`, 400, "invalid"},
		{"POST", "/api/v1/users", `{"email":"x@example.it","name":"X","role":"king"}`, 422, "invalid"},
		{"PATCH", path, `{"role":"manager","name":"Bruno B","disabled":true}`, 200, ""},
		{"PATCH", path, `{"disabled":false}`, 200, ""},
		{"PATCH", "/api/v1/users/" + experience.NewID().String(), `{"role":"agent"}`, 404, "not_found"},
		{"POST", path + "/password-link", ``, 200, ""},
		{"POST", "/api/v1/invitations", `{"email":"new@example.it","role":"viewer","hours":2}`, 200, ""},
		{"GET", "/api/v1/invitations", ``, 200, ""},
		{"POST", "/api/v1/tokens", `{"name":"n","role":"viewer"}`, 201, ""},
		{"GET", "/api/v1/tokens", ``, 200, ""},
		{"DELETE", "/api/v1/tokens/" + experience.NewID().String(), ``, 404, "not_found"},
		{"DELETE", path, ``, 204, ""},
		{"DELETE", path, ``, 404, "not_found"},
	}
	for _, c := range cases {
		status, out := call(c.method, c.path, c.body)
		if code, _ := out["code"].(string); status != c.status || code != c.code {
			t.Errorf("%s %s %s: %d %v, want %d %s", c.method, c.path, c.body, status, out, c.status, c.code)
		}
	}
	for _, path := range []string{"/api/v1/users", "/api/v1/tokens", "/api/v1/invitations"} {
		_, out := call("GET", path, "")
		items, ok := out["items"].([]any)
		if next, there := out["next"]; !ok || len(items) == 0 || !there || next != nil {
			t.Errorf("%s answers %v", path, out)
		}
		if text, _ := json.Marshal(out); strings.Contains(string(text), "rt_") || strings.Contains(string(text), "argon2") {
			t.Errorf("%s tells secrets: %s", path, text)
		}
	}
}

// A user that a page shows is read in one go: no leftovers of a removed one.
func TestSessionsOfTheRemovedAreGone(t *testing.T) {
	h := newHouse(t)
	h.user("spare@example.it", experience.Owner)
	b := h.as(experience.Agent)
	u, err := h.UserByEmail(t.Context(), "agent@example.it")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Remove(t.Context(), u.ID); err != nil {
		t.Fatal(err)
	}
	b.get("/settings/me").want(t, "removed", 303)
	err = h.db.Read(t.Context(), func(ctx context.Context, tx registry.Tx) error {
		var n int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM sessions`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d sessions left, %v", n, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
