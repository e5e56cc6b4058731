package web

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"regia/internal/experience"
	"regia/internal/testkit"
)

// TestGalleryInChromium looks at the gallery as people do: narrow and wide,
// light and dark. Nothing may spill over the side, break the policy or fail to
// load. With REGIA_SCREENSHOTS=folder it leaves the pictures there.
func TestGalleryInChromium(t *testing.T) {
	path := chromium()
	if path == "" {
		testkit.Missing(t, "no Chromium here: install Debian's package chromium")
	}
	site := thingSite(t)
	if site.assets.missing {
		testkit.Missing(t, "the assets were not built: make build")
	}
	names := fstest.MapFS{}
	for _, lang := range Languages {
		names["messages."+lang+".json"] = &fstest.MapFile{Data: []byte(`{"pulse.room": "Polso", "people.room": "Persone", ` +
			`"touchpoints.room": "Punti di contatto", "sources.room": "Fonti", "journeys.room": "Percorsi", "settings.room": "Impostazioni"}`)}
	}
	if err := site.Messages(names); err != nil {
		t.Fatal(err)
	}
	for _, r := range []Room{
		{Key: "pulse", Path: "/_gallery", Icon: "pulse"}, {Key: "people", Path: "/people", Icon: "people"},
		{Key: "touchpoints", Path: "/touchpoints", Icon: "touchpoints"}, {Key: "sources", Path: "/sources", Icon: "sources"},
		{Key: "journeys", Path: "/journeys", Icon: "journeys"}, {Key: "settings", Path: "/settings", Icon: "settings"},
	} {
		site.Room(r)
	}
	server := httptest.NewServer(site)
	defer server.Close()
	defer site.CloseStreams()

	ctx, cancel := browser(t, path)
	defer cancel()
	complaints := complaints(t, ctx)
	for _, c := range []struct {
		name, address, scheme string
		width                 int64
	}{
		{"gallery-wide-light", "/_gallery", "light", 1280},
		{"gallery-wide-dark", "/_gallery", "dark", 1280},
		{"gallery-phone-light", "/_gallery", "light", 390},
		{"gallery-phone-dark", "/_gallery", "dark", 390},
		{"sign-in-wide-light", "/_gallery/sign-in", "light", 1280},
		{"sign-in-phone-dark", "/_gallery/sign-in", "dark", 390},
		{"missing-wide-light", "/_gallery/missing", "light", 1280},
		{"docs-wide-light", "/api/docs", "light", 1280},
	} {
		t.Run(c.name, func(t *testing.T) {
			media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: c.scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}
			if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, media); err != nil {
				t.Fatal(err)
			}
			err := chromedp.Do(ctx,
				chromedp.EmulateViewport(c.width, 800),
				chromedp.Navigate(server.URL+c.address),
				chromedp.WaitReady("#content"),
				chromedp.WaitNotPresent("[hx-get='/_gallery/lazy'] .bone"),
			)
			if err != nil {
				t.Fatal(err)
			}
			spill, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("document.documentElement.scrollWidth > innerWidth"))
			if err != nil || spill {
				t.Errorf("the page is wider than the screen (%v)", err)
			}
			barriers(t, ctx)
			picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			if folder := os.Getenv("REGIA_SCREENSHOTS"); folder != "" {
				if err := os.WriteFile(filepath.Join(folder, c.name+".png"), picture, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	if list := complaints(); len(list) > 0 {
		t.Errorf("the browser complains: %q", list)
	}
}

// barriers asks axe-core, where npm installed it, what would keep people out.
func barriers(t *testing.T, ctx context.Context) {
	t.Helper()
	axe, err := os.ReadFile("../../web/node_modules/axe-core/axe.min.js")
	if err != nil {
		return // a fresh clone before npm ran
	}
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[int](string(axe)+";0")); err != nil {
		t.Fatal(err)
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](`axe.run(document).then(r => r.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => v.id + ": " + v.nodes.map(n => n.target.join(" ")).join(", ")))`, chromedp.EvalAwaitPromise))
	if err != nil || len(found) > 0 {
		t.Errorf("barriers: %q %v", found, err)
	}
}

// complaints gathers what the browser writes to its console as an error.
func complaints(t *testing.T, ctx context.Context) func() []string {
	t.Helper()
	var mu sync.Mutex
	var list []string
	err := chromedp.Listen(ctx, func(e any) {
		mu.Lock()
		defer mu.Unlock()
		switch x := e.(type) {
		case *log.EventEntryAdded:
			if x.Entry.Level == log.EntryLevelError && !strings.Contains(x.Entry.Text, "Failed to load resource") {
				list = append(list, x.Entry.Text)
			}
		case *runtime.EventExceptionThrown:
			list = append(list, x.ExceptionDetails.Text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(list)
	}
}

// TestSearchByKeyboard types into the search and walks the suggestions.
func TestSearchByKeyboard(t *testing.T) {
	path := chromium()
	if path == "" {
		testkit.Missing(t, "no Chromium here: install Debian's package chromium")
	}
	site := testSite(t, nil)
	if site.assets.missing {
		testkit.Missing(t, "the assets were not built: make build")
	}
	site.Public("GET /people/suggest", func(w writer, r *Request) error {
		return site.RenderFragment(w, r, Suggestions([]Suggestion{{URL: "/a", Title: "A"}, {URL: "/_gallery?chosen", Title: "B"}}))
	})
	server := httptest.NewServer(site)
	defer server.Close()
	ctx, cancel := browser(t, path)
	defer cancel()
	err := chromedp.Do(ctx,
		chromedp.EmulateViewport(1280, 800),
		chromedp.Navigate(server.URL+"/_gallery"),
		chromedp.WaitVisible("#search"),
		chromedp.KeyEvent("/"),
		chromedp.SendKeys("#search", "gi"),
		chromedp.WaitVisible("#suggestion-1"),
		chromedp.KeyEvent(kb.ArrowDown),
		chromedp.KeyEvent(kb.ArrowDown),
		chromedp.WaitVisible(`#suggestion-1[aria-selected="true"]`),
		chromedp.KeyEvent(kb.Enter),
		chromedp.WaitNotPresent("#suggestion-1"),
		chromedp.WaitReady("#content"),
	)
	if err != nil {
		t.Fatal(err)
	}
	address, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil || !strings.HasSuffix(address, "/_gallery?chosen") {
		t.Errorf("Enter led to %s, %v", address, err)
	}
}

func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func browser(t *testing.T, path string) (context.Context, context.CancelFunc) {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true), chromedp.UserDataDir(t.TempDir()), chromedp.Flag("accept-lang", "it"))
	ctx, cancelTime := context.WithTimeout(t.Context(), 3*time.Minute)
	ctx, cancelAlloc := chromedp.NewExecAllocator(ctx, options...)
	ctx, cancelTab := chromedp.NewContext(ctx)
	return ctx, func() { cancelTab(); cancelAlloc(); cancelTime() }
}

// testNow is a Sunday afternoon.
var testNow = time.Date(2026, 11, 22, 13, 5, 0, 0, time.UTC)

// asUser is an Authenticator that takes the user from a header, as if a cookie said so.
type asUser struct{}

func testUsers(header string) *User {
	if header == "" {
		return nil
	}
	role, kind, _ := strings.Cut(header, " ")
	return &User{ID: "u1", Name: "Marta Bellini", Email: "marta@esempio.it", Role: experience.Role(role), Token: kind == "token"}
}
