package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"regia/internal/testkit"
)

// The tour goes through every room as a person would: in both languages, at a
// desk in light and on a phone in the dark. Each page must answer, be usable
// with a screen reader, fit the screen, and leave the browser's console clean.
// REGIA_SHOTS names a folder for pictures of what it saw.
func TestTour(t *testing.T) {
	r := install(t)
	r.start()
	r.send(
		event{"type": "page", "anonymousId": "browser-1", "name": "Home"},
		event{"type": "track", "anonymousId": "browser-1", "event": "Product Viewed"},
		event{"type": "identify", "anonymousId": "browser-1", "userId": "anna",
			"traits": map[string]any{"email": "anna@example.com", "first_name": "Anna", "last_name": "Rossi"}},
		event{"type": "track", "userId": "anna", "event": "Order Completed",
			"properties": map[string]any{"order_id": "o-1", "revenue": 49.9, "currency": "EUR"}},
		event{"type": "track", "userId": "anna", "event": "Something Nobody Bound"},
	)
	r.woven()

	b := r.browse()
	b.signIn()
	pages := append(b.rooms(), "/people/"+r.person("user_id:anna").ID)
	if len(pages) < 5 {
		t.Fatalf("the tour found only %v", pages)
	}
	for _, language := range []string{"it", "en"} {
		b.speak(language)
		for _, path := range pages {
			t.Run(language+path, func(t *testing.T) {
				b.look(t, path, language, 1280, 900, false)
				b.look(t, path, language, 390, 844, true)
			})
		}
	}
	t.Run("by keyboard", b.keyboard)
	for _, said := range b.complaints() {
		t.Errorf("the console says: %s", said)
	}
}

// A browser is somebody in front of an installation.
type browser struct {
	r   *regia
	ctx context.Context

	mu   sync.Mutex
	said []string // errors on the console
}

func (r *regia) browse(options ...chromedp.ExecAllocatorOption) *browser {
	r.t.Helper()
	b := &browser{r: r, ctx: testkit.Browser(r.t, options...)}
	messages := chromedp.Console(b.ctx)
	go func() {
		for message, err := range messages {
			if err != nil {
				return
			}
			if message.IsException() || message.Type == "error" {
				b.mu.Lock()
				b.said = append(b.said, fmt.Sprintf("%s (%s)", message, message.URL))
				b.mu.Unlock()
			}
		}
	}()
	return b
}

func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.said...)
}

// do runs steps that take a moment at most.
func (b *browser) do(t *testing.T, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, soon)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// ask evaluates a script in the page.
func ask[T any](t *testing.T, b *browser, script string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, soon)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("ask the page %s: %v", script, err)
	}
	return answer
}

// signIn opens the link that init gave, and chooses a password where it asks for one.
func (b *browser) signIn() {
	t := b.r.t
	t.Helper()
	link, err := url.Parse(b.r.keys.SignInURL)
	if err != nil {
		t.Fatalf("the sign-in link: %v", err)
	}
	b.do(t, "open the sign-in link", chromedp.Navigate("http://"+b.r.addr+link.RequestURI()))
	const fill = `(() => {
		const secret = document.querySelector("main input[type=password]")
		if (!secret) return false
		for (const field of secret.form.querySelectorAll("input:not([type=hidden]):not([type=submit])")) {
			if (field.type === "password") field.value = "correct horse battery staple"
			else if (field.type === "email" || field.name === "email") field.value = "owner@example.com"
			else if (field.type === "text") field.value = "Olivia Owner"
		}
		secret.form.requestSubmit()
		return true
	})()`
	ask[bool](t, b, fill)
	b.do(t, "come in", chromedp.WaitReady(chromedp.CSS("nav.thread a")))
}

// rooms gives the paths of the rooms in the rail.
func (b *browser) rooms() []string {
	b.r.t.Helper()
	return ask[[]string](b.r.t, b,
		`[...new Set([...document.querySelectorAll("nav.thread a")].map(a => new URL(a.href).pathname))]`)
}

// speak changes the language, by the switch that everybody has.
func (b *browser) speak(language string) {
	b.r.t.Helper()
	if ask[string](b.r.t, b, "document.documentElement.lang") == language {
		return
	}
	ask[bool](b.r.t, b, fmt.Sprintf(`(document.querySelector('form.languages button[value=%q]').click(), true)`, language))
	b.do(b.r.t, "speak "+language, chromedp.WaitReady(chromedp.CSS(fmt.Sprintf(`html[lang=%q] nav.thread a`, language))))
}

// look opens a page at a size and in a scheme, and holds it against what every page must be.
func (b *browser) look(t *testing.T, path, language string, width, height int, dark bool) {
	t.Helper()
	b.do(t, "lay out", testkit.View(width, height, dark))
	ctx, cancel := context.WithTimeout(b.ctx, soon)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.NavigateResponse("http://"+b.r.addr+path))
	if err != nil {
		t.Fatalf("open %s: %v", path, err)
	}
	if answer == nil || answer.Status != http.StatusOK {
		t.Fatalf("%s answered %+v", path, answer)
	}
	want(t, "language", ask[string](t, b, "document.documentElement.lang"), language)
	if title := ask[string](t, b, "document.title"); strings.TrimSpace(title) == "" {
		t.Error("the page has no title")
	}
	if over := ask[int](t, b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
		t.Errorf("at %d pixels the page is %d too wide", width, over)
	}
	testkit.Axe(t, b.ctx)
	if dir := os.Getenv("REGIA_SHOTS"); dir != "" {
		name := fmt.Sprintf("%s-%s-%d.png", language, strings.Trim(strings.ReplaceAll(path, "/", "-"), "-"), width)
		testkit.Screenshot(t, b.ctx, filepath.Join(dir, name), width, height, dark)
	}
}

// keyboard goes to the content without a mouse, past the rail.
func (b *browser) keyboard(t *testing.T) {
	b.do(t, "tab", testkit.View(1280, 900, false), chromedp.Navigate("http://"+b.r.addr+"/"), chromedp.KeyEvent(kb.Tab))
	want(t, "the first stop of Tab", ask[string](t, b, `document.activeElement.getAttribute("href")`), "#content")
	b.do(t, "skip", chromedp.KeyEvent(kb.Enter))
	deadline, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	if _, err := chromedp.Run(deadline, chromedp.Poll[bool](`document.activeElement.id === "content"`)); err != nil {
		t.Errorf("Enter on the skip link does not lead to the content: %v", err)
	}
}
