package voice

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"regia/internal/experience"
)

// shop is half a year in which deliveries became worse two months ago.
func (h *house) shop() *house {
	h.t.Helper()
	texts := []string{
		"Il corriere ha lasciato il pacco in strada, consegna pessima e in ritardo.", "Ottimo prodotto, la qualità è eccellente.",
		"Vorrei sapere se la borsa è disponibile in blu.", "Consegna puntuale, tutto perfetto, grazie.",
	}
	var rows []experience.Interaction
	for i := range 240 {
		days := float64(i) * 0.75 // half a year
		text := texts[i%len(texts)]
		if i%len(texts) == 3 && days < 80 {
			text = texts[0]
		}
		rows = append(rows, h.said(1+i%50, days+0.1, "Review Posted", map[string]any{"text": text, "score": 1 + i%5, "platform": "mappe"}))
	}
	h.tell(rows...)
	return h
}

var keyShown = regexp.MustCompile(`voice\.[a-z]+[a-z0-9.-]*`)

func TestPagesInWords(t *testing.T) {
	h := newHouse(t, "DuckDB").shop()
	wants(t, h.get(homePath, "owner-it"), "in cui un sentimento si riconosce", "Che cosa è cambiato", "Peggiora", "Consegna", "corriere", "contro", "Dedotto dai testi")
	wants(t, h.get(homePath, "owner"), "in which a feeling is recognised", "That is worse than before", "Delivery: ", "against", "n = 1")
	wants(t, h.get(inboxPath+"?sentiment=negative&topic=delivery&q=CORRIERE", "owner"), "Anna Ferri", "decoration-terracotta", "of 5 · stars", "Download CSV", "Correct")
	for _, language := range []string{"it", "en"} {
		for _, page := range []string{homePath, homePath + "?period=all", inboxPath, inboxPath + "?period=7&urgency=2", "/voice/texts/" + h.list(Filter{}).Voices[0].ID.String()} {
			body := strings.NewReplacer("/voice.", "", "voice.inbox.csv", "", "voice.css", "").Replace(h.get(page, "owner-"+language))
			if keyShown.MatchString(body) {
				t.Errorf("%s in %s shows the key %s", page, language, keyShown.FindString(body))
			}
		}
	}
}

// Where nothing changed, people are quoted nevertheless.
func TestNothingChanged(t *testing.T) {
	h := newHouse(t, "DuckDB")
	h.tell(h.said(1, 1, "Review Posted", map[string]any{"text": "Il corriere ha lasciato il pacco in strada, consegna pessima e in ritardo."}))
	wants(t, h.get(homePath, "owner"), "What people complain of most: Delivery (one negative text)", "lasciato")
	if body := h.get(homePath, "viewer"); strings.Contains(body, "lasciato") {
		t.Error("a viewer reads what people wrote")
	}
}

func TestNobodyYet(t *testing.T) {
	h := newHouse(t, "DuckDB")
	for _, page := range []string{homePath, inboxPath} {
		wants(t, h.get(page, "owner"), "No text yet", "Import a file")
	}
	if w := h.ask("GET", inboxPath+".csv", "owner", ""); w.Code != http.StatusOK {
		t.Errorf("an empty file answers %d", w.Code)
	}
}

// Who may not see people reads no text, searches none, and keeps none; names are
// masked.
func TestViewersReadNoTexts(t *testing.T) {
	h := newHouse(t, "DuckDB").shop()
	for _, page := range []string{homePath, inboxPath, "/voice/texts/" + h.list(Filter{}).Voices[0].ID.String(), "/api/v1/voice/texts"} {
		body := h.get(page, "viewer")
		if strings.Contains(body, "corriere") || strings.Contains(body, "Vorrei") || strings.Contains(body, "Ferri") {
			t.Errorf("%s shows a viewer what people wrote", page)
		}
	}
	wants(t, h.get(inboxPath, "viewer"), "Only those who may see people can read the text", "A•••")
	for _, page := range []string{inboxPath + "?q=corriere", inboxPath + ".csv", "/api/v1/voice/texts?q=corriere"} {
		if w := h.ask("GET", page, "viewer", ""); w.Code != http.StatusForbidden {
			t.Errorf("%s answers a viewer %d", page, w.Code)
		}
	}
}

// A click puts a label right, and another takes that back.
func TestCorrectByClick(t *testing.T) {
	h := newHouse(t, "DuckDB").shop()
	path := "/voice/texts/" + h.list(Filter{}).Voices[0].ID.String()
	body := h.ask("POST", path+"/correct", "agent", url.Values{"aspect": {"topic"}, "value": {"+loyalty"}}.Encode(), "HX-Request", "true").Body.String()
	wants(t, body, "Marta, 22 Nov 2026: is about Loyalty", "put right by hand")
	undo := regexp.MustCompile(`hx-post="(/voice/corrections/[^"]+)"`).FindStringSubmatch(body)
	if undo == nil {
		t.Fatal("it cannot be undone")
	}
	if body = h.ask("POST", undo[1], "agent", "", "HX-Request", "true").Body.String(); strings.Contains(body, "put right by hand") {
		t.Errorf("undone, it still says %.900s", body)
	}
	if w := h.ask("POST", path+"/correct", "store", url.Values{"aspect": {"topic"}, "value": {"+loyalty"}}.Encode()); w.Code != http.StatusForbidden {
		t.Errorf("shop staff are answered %d", w.Code)
	}
	if w := h.ask("POST", path+"/correct", "agent", url.Values{"aspect": {"topic"}, "value": {""}}.Encode()); w.Code != http.StatusBadRequest {
		t.Errorf("nonsense is answered %d", w.Code)
	}
}

// Pages of a list hold every text once, and a file holds all of them.
func TestListIsWhole(t *testing.T) {
	h := newHouse(t, "DuckDB").shop()
	for _, filter := range []string{"period=all", "period=all&topic=delivery", "period=all&sentiment=negative", "period=all&q=qualit%C3%A0"} {
		seen, after := map[string]bool{}, ""
		var all int64
		for {
			var p struct {
				Items []VoiceText
				Next  string
				All   int64
			}
			h.api("/api/v1/voice/texts?limit=7&"+filter+"&after="+after, "owner", &p)
			for _, v := range p.Items {
				if seen[v.ID] {
					t.Fatalf("%s gives %s twice", filter, v.ID)
				}
				seen[v.ID] = true
			}
			all = max(all, p.All)
			if after = p.Next; after == "" {
				break
			}
		}
		if int64(len(seen)) != all || all == 0 {
			t.Errorf("%s gives %d of %d", filter, len(seen), all)
		}
		if lines := strings.Count(h.get(inboxPath+".csv?"+filter, "owner"), "\n"); int64(lines) != all+1 {
			t.Errorf("the file of %s has %d lines for %d texts", filter, lines, all)
		}
	}
}

// A spreadsheet must not take what people write for a formula.
func TestFileIsHarmless(t *testing.T) {
	h := newHouse(t, "DuckDB")
	h.tell(h.said(1, 1, "Review Posted", map[string]any{"text": `=HYPERLINK("http://x","gratis")`}))
	wants(t, h.get(inboxPath+".csv", "owner"), `'=HYPERLINK`)
}

// What somebody writes is text, never markup.
func TestTextIsNoMarkup(t *testing.T) {
	h := newHouse(t, "DuckDB")
	h.tell(h.said(1, 1, "Review Posted", map[string]any{"text": `Pessimo <script>alert(1)</script> servizio. <b>Mai più</b>`, "platform": `<i>x</i>`}))
	if body := h.get(inboxPath, "owner"); strings.Contains(body, "<script>alert") || strings.Contains(body, "<b>Mai") || strings.Contains(body, "<i>x") {
		t.Error("what people write becomes part of the page")
	}
}

func TestBadAddresses(t *testing.T) {
	h := newHouse(t, "DuckDB").shop()
	for page, code := range map[string]int{
		inboxPath + "?period=5": 400, inboxPath + "?topic=LOVE": 400, inboxPath + "?after=x": 400, inboxPath + "?person=x": 400, inboxPath + "?q=" + strings.Repeat("a", 101): 400,
		"/voice/texts/x": 404, "/voice/texts/" + person(1).String(): 404, "/api/v1/voice/texts?topic=LOVE": 400,
	} {
		if w := h.ask("GET", page, "owner", ""); w.Code != code {
			t.Errorf("%s answers %d, not %d", page, w.Code, code)
		}
	}
}
