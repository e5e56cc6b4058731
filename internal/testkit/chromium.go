package testkit

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// browserDeadline bounds one test's use of a browser.
const browserDeadline = 5 * time.Minute

// Browser starts a headless Chromium with an empty profile and gives the
// context to drive it with (chromedp.Run). It ends with the test. The program
// is the one that REGIA_CHROMIUM names, or the first found in PATH. It looks
// up no host by itself: tests send it to addresses of this machine only. More
// options come after Browser's own.
func Browser(t testing.TB, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	program := chromium()
	if program == "" {
		Missing(t, "no Chromium here: install Debian's package chromium, or name a program in REGIA_CHROMIUM")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.UserDataDir(profile(t)),
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-dev-shm-usage", true), // containers give /dev/shm 64 MB
		chromedp.Flag("lang", "en"),
		chromedp.WSURLReadTimeout(time.Minute), // a first start on a busy machine
	)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses root otherwise
	}
	options = append(options, more...)
	ctx, cancel := context.WithTimeout(context.Background(), browserDeadline)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	return ctx
}

// Screenshot writes what the browser shows to path as PNG, at the given size
// in CSS pixels and in the light or the dark scheme. Both stay so afterwards.
func Screenshot(t testing.TB, ctx context.Context, path string, width, height int, dark bool) {
	t.Helper()
	if err := chromedp.Do(ctx, View(width, height, dark), settle); err != nil {
		t.Fatalf("lay the page out: %v", err)
	}
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatalf("take a screenshot: %v", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// View sets the size of the page in CSS pixels, and the light or dark scheme
// that the reader's system would ask for. Nothing moves.
func View(width, height int, dark bool) chromedp.Action[chromedp.Void] {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}}
	return chromedp.Steps(
		chromedp.EmulateViewport(int64(width), int64(height)),
		chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, media)
			return err
		}),
	)
}

// settle waits until the fonts are in and what was asked for is painted.
func settle(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
	return chromedp.Evaluate[chromedp.Void](`document.fonts.ready.then(() => new Promise(done =>
		requestAnimationFrame(() => requestAnimationFrame(() => done(true)))))`, chromedp.EvalAwaitPromise)(ctx, target)
}

// profile gives an empty folder for the browser's data. The browser may still
// write while it ends, so a file that appears late fails no test.
func profile(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "regia-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func chromium() string {
	if named := os.Getenv("REGIA_CHROMIUM"); named != "" {
		return named
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// violation is what axe-core says of one broken rule.
type violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"` // minor, moderate, serious, critical
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string   `json:"html"`
		Target  []string `json:"target"`
		Summary string   `json:"failureSummary"`
	} `json:"nodes"`
}

func (v violation) serious() bool { return v.Impact == "serious" || v.Impact == "critical" }

// String tells the rule and up to five places that break it.
func (v violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s", v.ID, v.Impact, v.Help)
	for i, node := range v.Nodes {
		if i == 5 {
			fmt.Fprintf(&b, "\n    and %d more", len(v.Nodes)-i)
			break
		}
		fmt.Fprintf(&b, "\n    at %s\n       %.200s", strings.Join(node.Target, " "), node.HTML)
		for line := range strings.Lines(node.Summary) {
			fmt.Fprintf(&b, "\n       %s", strings.TrimSpace(line))
		}
	}
	return b.String()
}

// Axe runs axe-core's rules on the page that the browser shows, and reports
// each serious or critical violation as an error of the test.
func Axe(t testing.TB, ctx context.Context) {
	t.Helper()
	script := axeCore(t)
	if err := chromedp.Do(ctx, settle, chromedp.Evaluate[chromedp.Void](script+"\n;true")); err != nil {
		t.Fatalf("load axe-core: %v", err)
	}
	type outcome struct {
		Path       string      `json:"path"`
		Violations []violation `json:"violations"`
	}
	said, err := chromedp.Run(ctx, chromedp.Evaluate[outcome](
		`axe.run(document, {resultTypes: ["violations"]}).then(r => ({path: location.pathname, violations: r.violations}))`,
		chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("run axe-core: %v", err)
	}
	for _, v := range said.Violations {
		if v.serious() {
			t.Errorf("%s: %s", said.Path, v)
		}
	}
}

// axeCore reads the rules, which npm lays into e2e/node_modules.
func axeCore(t testing.TB) string {
	t.Helper()
	const file = "e2e/node_modules/axe-core/axe.min.js"
	script, err := os.ReadFile(filepath.Join(Root(t), filepath.FromSlash(file)))
	if err != nil {
		Missing(t, "no axe-core here: run `npm ci` in e2e/, or `make test`")
	}
	return string(script)
}

// Root gives the folder of the repository: the nearest one above the test
// that has a go.mod.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = parent
	}
}
