package app_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"regia/internal/app"
	"regia/internal/experience"
	"regia/internal/ledger"
	"regia/internal/survey"
	"regia/internal/testkit"
)

// town is a house with an address, a survey that may be answered, and a browser
// as large as a phone.
type town struct {
	*house
	address string
	browser context.Context
}

func openTown(t *testing.T) *town {
	t.Helper()
	browser := testkit.Browser(t)
	server := httptest.NewUnstartedServer(nil)
	address := "http://" + server.Listener.Addr().String()
	h := openHouse(t, app.Config{URL: address})
	h.furnish()
	_, err := h.Surveys.Store.Create(t.Context(), "test", survey.Survey{
		Key: "negozio", Name: survey.Words{"it": "Il negozio"}, Languages: []string{"it"},
		Questions: []survey.Question{{Key: "q1", Type: survey.NPS, Text: survey.Words{"it": "Quanto è probabile un consiglio?"}, Required: true}},
	})
	h.must(err)
	_, err = h.Surveys.Store.Publish(t.Context(), "test", "negozio")
	h.must(err)
	server.Config.Handler = h.Site
	server.Start()
	t.Cleanup(server.Close)
	h.must(chromedp.Do(browser, testkit.View(390, 780, false)))
	return &town{h, address, browser}
}

// answered waits until an answer by a channel is woven, and gives what it says.
func (h *town) answered(channel string) map[string]any {
	h.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		_, err := h.Surveys.Tell(h.t.Context())
		h.must(err)
		h.must(h.Caught(h.t.Context()))
		said := map[string]any{}
		h.must(h.Ledger.Scan(h.t.Context(), ledger.Filter{}, func(x experience.Interaction) error {
			if x.Name != experience.SurveyAnswered {
				return nil
			}
			all := map[string]any{}
			err := json.Unmarshal(x.Properties, &all)
			if all["channel_asked"] == channel {
				said = all
				said["person"] = x.Person.String()
			}
			return err
		}))
		if len(said) > 0 {
			return said
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("no answer by %s was woven", channel)
		}
		<-time.After(100 * time.Millisecond)
	}
}

func TestAPosterIsScannedAnsweredAndWoven(t *testing.T) {
	h := openTown(t)
	about := h.touchpoint()
	q := url.Values{"survey": {"negozio"}, "about": {about}, "shop": {"Perù è qui"}, "language": {"it"}, "size": {"A5"}}
	w := h.visit(visit{method: http.MethodGet, path: "/voice/invitations/poster.pdf?" + q.Encode(), token: h.tokens[experience.Owner]})
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/pdf" {
		t.Fatalf("the poster: %d %.200s", w.Code, w.Body)
	}
	page := drawing(t, w.Body.Bytes())
	if !strings.Contains(page, "Per\xf9 \xe8 qui") {
		t.Error("the shop's name lost its accents")
	}
	link := scanned(t, page)
	if !strings.HasPrefix(link, h.address+"/s/") {
		t.Fatalf("the code leads to %s", link)
	}
	h.must(chromedp.Do(h.browser, chromedp.Navigate(link), chromedp.WaitVisible(`form.sv-card`)))
	testkit.Axe(t, h.browser)
	h.must(chromedp.Do(h.browser, chromedp.Evaluate[chromedp.Void](`(document.querySelector('input[type=radio][value="9"]').click(), document.querySelector('form.sv-card button[type=submit]').click(), true)`)))
	said := h.answered("qr")
	for name, want := range map[string]any{"survey": "negozio", "about": about, "shop": "Perù è qui", "score": 9.0, "scale": "nps"} {
		if said[name] != want {
			t.Errorf("%s is %v, want %v", name, said[name], want)
		}
	}
}

var (
	streamPattern = regexp.MustCompile(`(?s)stream\r?\n(.*?)\r?\nendstream`)
	rectPattern   = regexp.MustCompile(`([\d.-]+) ([\d.-]+) ([\d.-]+) ([\d.-]+) re f`)
)

// drawing gives what a PDF's page draws.
func drawing(t *testing.T, pdf []byte) string {
	t.Helper()
	for _, m := range streamPattern.FindAllSubmatch(pdf, -1) {
		z, err := zlib.NewReader(bytes.NewReader(m[1]))
		if err != nil {
			continue
		}
		text, err := io.ReadAll(z)
		if err == nil && bytes.Contains(text, []byte(" re f")) {
			return string(text)
		}
	}
	t.Fatal("the PDF draws nothing")
	return ""
}

// scanned paints the squares of a page, and reads the code as a phone does.
func scanned(t *testing.T, page string) string {
	t.Helper()
	const scale = 4
	picture := image.NewGray(image.Rect(0, 0, 420*scale, 600*scale))
	for k := range picture.Pix {
		picture.Pix[k] = 255
	}
	number := func(s string) float64 {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	for k, m := range rectPattern.FindAllStringSubmatch(page, -1) {
		if k < 2 { // the band on top, and the white ground of the code
			continue
		}
		x, y, w, h := number(m[1]), number(m[2]), number(m[3]), number(m[4])
		if h < 0 {
			y, h = y+h, -h
		}
		for i := int(x*scale + 0.5); i < int((x+w)*scale+0.5); i++ {
			for j := int((600-y-h)*scale + 0.5); j < int((600-y)*scale+0.5); j++ {
				picture.SetGray(i, j, color.Gray{})
			}
		}
	}
	bits, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	read, err := qrcode.NewQRCodeReader().Decode(bits, nil)
	if err != nil {
		t.Fatalf("the code cannot be read: %v", err)
	}
	return read.GetText()
}

// The widget on a page of a shop, which is another site: shown without moving
// anything, reached and answered by the keyboard alone, and not shown again.
func TestTheWidgetAsksOnAPhone(t *testing.T) {
	h := openTown(t)
	if w := h.visit(visit{method: http.MethodGet, path: "/regia.js"}); w.Code != http.StatusOK {
		testkit.Missing(t, "regia.js was not built: run `make build`")
	}
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<!doctype html><html lang="it"><head><meta name="viewport" content="width=device-width"><title>Bottega</title>
			<script defer src="%s/regia.js" data-key="%s"></script></head><body><h1>Bottega</h1><p>Merce</p><main style="height:2000px"><a id="goods" href="#goods">merce</a></main></body></html>`, h.address, h.key)
	}))
	t.Cleanup(shop.Close)
	open := func() {
		h.must(chromedp.Do(h.browser, chromedp.Navigate(shop.URL), chromedp.Evaluate[chromedp.Void](`(async () => {
			window.moved = 0;
			new PerformanceObserver(l => l.getEntries().forEach(e => window.moved += e.value)).observe({type: "layout-shift", buffered: true});
			while (!window.regia?.version) await new Promise(r => setTimeout(r, 20));
			regia.survey("negozio");
			return true;
		})()`, chromedp.EvalAwaitPromise)))
	}
	open()
	h.must(chromedp.Do(h.browser, chromedp.WaitVisible(`#regia-survey iframe`)))
	loaded := `(async () => { for (let k = 0; k < 200; k++) { await new Promise(r => setTimeout(r, 50)); if (performance.getEntriesByType("resource").some(e => e.initiatorType === "iframe" && e.responseEnd > 0)) break; }
		await new Promise(r => setTimeout(r, 500));
		const b = document.getElementById("regia-survey").getBoundingClientRect();
		return {moved: window.moved, wide: document.documentElement.scrollWidth, bottom: Math.round(innerHeight - b.bottom), inside: b.left >= 0 && b.right <= innerWidth, focus: document.activeElement.tagName, anonymous: regia.anonymousId()}; })()`
	type look struct {
		Moved            float64
		Wide, Bottom     int
		Inside           bool
		Focus, Anonymous string
	}
	seen, err := chromedp.Run(h.browser, chromedp.Evaluate[look](loaded, chromedp.EvalAwaitPromise))
	h.must(err)
	if seen.Moved != 0 || seen.Wide > 390 || seen.Bottom != 0 || !seen.Inside || seen.Focus != "BODY" {
		t.Errorf("the widget stands so: %+v", seen)
	}
	testkit.Axe(t, h.browser)
	h.must(chromedp.Do(h.browser,
		chromedp.Evaluate[chromedp.Void](`(document.querySelector("#regia-survey button").focus(), true)`),
		chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(" "), chromedp.KeyEvent(kb.Enter)))
	said := h.answered("widget")
	if said["survey"] != "negozio" || said["score"] == nil || said["person"] == "" {
		t.Errorf("said %v", said)
	}
	open()
	h.must(chromedp.Do(h.browser, chromedp.Sleep(time.Second)))
	again, err := chromedp.Run(h.browser, chromedp.Evaluate[bool](`!!document.getElementById("regia-survey")`))
	h.must(err)
	if again {
		t.Error("the question comes again")
	}
}
