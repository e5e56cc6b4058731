package testkit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience bounds one step in a browser, on a machine that does much else.
const patience = time.Minute

// Do runs steps in the browser; what says what they are for.
func Do(t testing.TB, ctx context.Context, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// Open goes to an address, after the steps that come before.
func Open(t testing.TB, ctx context.Context, address string, before ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	Do(t, ctx, "open "+address, append(before, chromedp.Navigate(address))...)
}

// SignIn leaves a cookie (name=value) with the site, for tests whose
// authenticator reads it.
func SignIn(t testing.TB, ctx context.Context, site, cookie string) {
	t.Helper()
	Open(t, ctx, site+"/api/openapi.json") // a page that asks for no one
	Tell[string](t, ctx, fmt.Sprintf("document.cookie = %q", cookie+"; path=/"))
}

// Tell evaluates a script in the page and gives what it says.
func Tell[T any](t testing.TB, ctx context.Context, script string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[T](script))
	if err != nil {
		t.Fatalf("%s: %v", script, err)
	}
	return answer
}

// Until waits until a script says true, over pages that give way to others.
func Until(t testing.TB, ctx context.Context, script string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](script))
		if err == nil {
			return
		}
		if ctx.Err() != nil { // else the page gave way to another while it was looked at
			t.Fatalf("%s never came true: %v", script, err)
		}
	}
}

// Look opens a page at a desk in the light and on a phone in the dark, and
// holds it against what every page must be: in the language that is expected,
// no wider than the screen, nothing serious for axe-core. prepare, where it is
// not nil, brings the page into the state to be looked at. Where REGIA_SHOTS
// names a folder, pictures are left there, of desk and phone in both schemes.
func Look(t testing.TB, ctx context.Context, name, address, language string, prepare func()) {
	t.Helper()
	shots := os.Getenv("REGIA_SHOTS")
	for _, size := range []struct {
		kind          string
		width, height int
		dark          bool
	}{{"desk", 1280, 900, false}, {"phone-dark", 390, 844, true}, {"desk-dark", 1280, 900, true}, {"phone", 390, 844, false}} {
		if shots == "" && size.dark == (size.width > 500) {
			continue
		}
		Open(t, ctx, address, View(size.width, size.height, size.dark))
		if prepare != nil {
			prepare()
		}
		if got := Tell[string](t, ctx, "document.documentElement.lang"); got != language {
			t.Errorf("%s speaks %q", name, got)
		}
		Fits(t, ctx)
		Axe(t, ctx)
		if shots != "" {
			Screenshot(t, ctx, filepath.Join(shots, fmt.Sprintf("%s-%s-%s.png", name, language, size.kind)), size.width, 2000, size.dark)
		}
	}
}

// Fits reports a page that is wider than the screen, and what makes it so.
func Fits(t testing.TB, ctx context.Context) {
	t.Helper()
	if over := Tell[int](t, ctx, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
		t.Errorf("%s is %d pixels too wide: %s", Tell[string](t, ctx, "location.pathname"), over, Tell[string](t, ctx,
			`[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth)
				.map(e => e.tagName + "." + (e.className.baseVal ?? e.className) + " " + e.textContent.trim().slice(0, 40)).slice(0, 8).join(" | ")`))
	}
}
