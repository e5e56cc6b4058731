package testkit

import (
	"bytes"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

const goodPage = `<!doctype html><html lang="en"><head><title>Good</title>
<style>body{background:#fff;color:#111} @media (prefers-color-scheme: dark){body{background:#111;color:#fff}}</style></head>
<body><main><h1>Good</h1><label>Name <input></label></main></body></html>`

const badPage = `<!doctype html><html><head><title>Bad</title></head>
<body><main><h1>Bad</h1><input><img src="data:,"><p style="color:#eee;background:#fff">faint</p></main></body></html>`

// recorder stands in for the test whose page is being looked at.
type recorder struct {
	testing.TB
	said []string
}

func (r *recorder) Errorf(_ string, args ...any) {
	for _, arg := range args {
		if v, ok := arg.(violation); ok {
			r.said = append(r.said, v.String())
		}
	}
}

func serve(t *testing.T, page string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAxeTellsGoodPagesFromBad(t *testing.T) {
	ctx := Browser(t)
	for _, c := range []struct {
		name, page string
		want       []string // rules that are broken
	}{
		{"good", goodPage, nil},
		{"bad", badPage, []string{"label", "image-alt", "color-contrast", "html-has-lang"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := chromedp.Do(ctx, chromedp.Navigate(serve(t, c.page))); err != nil {
				t.Fatal(err)
			}
			heard := &recorder{TB: t}
			Axe(heard, ctx)
			if len(heard.said) != len(c.want) {
				t.Errorf("%d violations, want %d:\n%s", len(heard.said), len(c.want), strings.Join(heard.said, "\n"))
			}
			for _, rule := range c.want {
				if !strings.Contains("\n"+strings.Join(heard.said, "\n"), "\n"+rule+" (") {
					t.Errorf("rule %s was not reported", rule)
				}
			}
		})
	}
}

func TestScreenshotHasSizeAndScheme(t *testing.T) {
	ctx := Browser(t)
	if err := chromedp.Do(ctx, chromedp.Navigate(serve(t, goodPage))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		dark bool
		want uint32 // red of the background, of 255
	}{{"light", false, 255}, {"dark", true, 17}} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "images", "page.png")
			Screenshot(t, ctx, path, 390, 300, c.dark)
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			picture, err := png.Decode(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			if size := picture.Bounds().Size(); size.X != 390 || size.Y != 300 {
				t.Errorf("the picture is %v, want 390x300", size)
			}
			if red, _, _, _ := picture.At(380, 290).RGBA(); red>>8 != c.want {
				t.Errorf("the background's red is %d, want %d", red>>8, c.want)
			}
		})
	}
}
