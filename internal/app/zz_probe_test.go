package app_test

import (
	"context"
	"testing"
	"time"
	"strings"
	"log/slog"
	"os"
	"path/filepath"
	"net/url"

	"regia/internal/app"
	"regia/internal/testkit"
	"regia/internal/experience"
)

func TestProbe(t *testing.T) {
	c := app.Config{Registry: testkit.Postgres(t), Ledger: testkit.Postgres(t)}
	c.Data, c.Listen = filepath.Join(t.TempDir(), "data"), "127.0.0.1:0"
	c.CreateFolder()
	a, err := app.Open(t.Context(), c, "test", slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil { t.Fatal(err) }
	ctx, stop := context.WithCancel(context.Background())
	defer a.Close()
	defer stop()
	go a.Background(ctx)
	h := &house{App: a, t: t, users: map[experience.Role]experience.ID{}, tokens: map[experience.Role]string{}}
	h.users[experience.Owner] = h.user(experience.Owner)
	h.tokens[experience.Owner], _ = a.Access.CreateToken(ctx, "x", experience.Owner)
	h.furnish()
	w := h.visit(visit{method:"POST", path:"/sign-in", body: url.Values{"email":{"a@b.it"},"password":{"xx"}}.Encode(), header: map[string]string{"Content-Type":"application/x-www-form-urlencoded"}})
	t.Log("signin fair", w.Code)
	w = h.visit(visit{method:"POST", path:"/sign-in", body: url.Values{"email":{"a\x00@b.it"},"password":{"xx"}}.Encode(), header: map[string]string{"Content-Type":"application/x-www-form-urlencoded"}})
	t.Log("signin nul", w.Code)
	for _, e := range []string{`{"type":"track","userId":"q\u0000q","event":"E\u0000E","properties":{"a\u0000":"b\u0000"}}`, `{"type":"identify","userId":"u9","traits":{"email":"a\u0000@b.it","firstName":"N\u0000N"}}`} {
		w = h.visit(visit{method: "POST", path: "/v1/batch", body: `{"batch":[` + e + `]}`, header: map[string]string{"X-Write-Key": h.key}})
		t.Log(w.Code, w.Body)
		cc, cancel := context.WithTimeout(ctx, 4*time.Second)
		t.Log("caught", a.Caught(cc), a.Failing())
		cancel()
	}
	for _, f := range []url.Values{{"action":{"shared"},"kind":{"email"},"value":{"a\x00b"}}, {"action":{"shared"},"kind":{"em\x00ail"},"value":{"x@y.it"}}, {"action":{"shared"},"kind":{"email"},"value":{"\xff\xfe"}}, {"action":{"shared"},"kind":{strings.Repeat("x",5000)},"value":{"x@y.it"}},{"action":{"shared"},"kind":{"email"},"value":{"\u202e"}}} {
		w = h.visit(visit{method:"POST", path: h.path("/people/{id}/decisions"), token: h.tokens[experience.Owner], body: f.Encode(), header: map[string]string{"Content-Type":"application/x-www-form-urlencoded"}})
		t.Logf("%.40q %d %s", f, w.Code, w.Header().Get("Location"))
		cc, cancel := context.WithTimeout(ctx, 2*time.Second)
		t.Log("caught", a.Caught(cc), a.Failing())
		cancel()
	}
}
