package journey

import (
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regia/internal/experience"
)

// shape is what a test wants to know of an SVG.
type shape struct {
	elements map[string]int
	texts    string
	title    string
	desc     string
}

func parse(t *testing.T, svg string) shape {
	t.Helper()
	s := shape{elements: map[string]int{}}
	d := xml.NewDecoder(strings.NewReader(svg))
	inside := ""
	for {
		token, err := d.Token()
		if err == io.EOF {
			return s
		}
		if err != nil {
			t.Fatalf("the drawing is not XML: %v\n%s", err, svg)
		}
		switch x := token.(type) {
		case xml.StartElement:
			inside = x.Name.Local
			s.elements[inside]++
			for _, a := range x.Attr {
				if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("%s has %s, which pages forbid", inside, a.Name.Local)
				}
			}
		case xml.EndElement:
			inside = ""
		case xml.CharData:
			switch inside {
			case "title":
				s.title += string(x)
			case "desc":
				s.desc += string(x)
			case "text":
				s.texts += string(x) + " "
			}
		}
	}
}

func TestADrawingHoldsAllOfTheMap(t *testing.T) {
	h := newHouse(t)
	m := h.draw(sample())
	w := h.ask("viewer-it", "GET", pathOf(m.Key)+"/map.svg", nil)
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/svg+xml; charset=utf-8" || !strings.Contains(w.Header().Get("Content-Disposition"), m.Key+".svg") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	s := parse(t, w.Body.String())
	if s.title != m.Name || !strings.Contains(s.desc, "Consegna: Spedizione; Pacco a casa (Momento della verità), Entro cinque giorni") {
		t.Errorf("title %q, alternative %q", s.title, s.desc)
	}
	for _, text := range []string{m.Name, "Acquisto", "Ordine", "Pacco a casa", "Consegna a casa", "In ritardo", "Avvisare prima", "Corriere", "Entro cinque giorni", "Com'è oggi", "versione 1", "Dietro le quinte"} {
		if text == "Consegna a casa" {
			continue // that touchpoint is not on the sample
		}
		if !strings.Contains(s.texts, text) {
			t.Errorf("the drawing lacks %q: %s", text, s.texts)
		}
	}
	if s.elements["rect"] < 1+3 { // the paper and a card a step
		t.Errorf("%d cards are drawn", s.elements["rect"])
	}

	m.Stages[0].Steps[0].Name, m.Name = "a < b & \"c\" \x01 "+strings.Repeat("x", 60), "</svg><script>alert(1)</script>"
	m.Stages[0].Steps[0].Assumed = map[experience.Dimension]float64{experience.Emotional: -1}
	m = must[Map](t)(h.room.Store.Save(t.Context(), "", m))
	s = parse(t, h.ask("viewer", "GET", pathOf(m.Key)+"/map.svg", nil).Body.String())
	if s.elements["script"] != 0 || s.title != m.Name || !strings.Contains(s.texts, "as the designer supposes") {
		t.Errorf("title %q of %v", s.title, s.elements)
	}
}

func TestWordsAreFolded(t *testing.T) {
	for _, text := range []string{"", "one", "one two three four five six", strings.Repeat("long", 40), "a " + strings.Repeat("W", 50) + " b"} {
		lines := fold(text, 100, 12)
		for _, line := range lines {
			if width(line, 12) > 100 {
				t.Errorf("%q is too wide", line)
			}
		}
		if got := strings.ReplaceAll(strings.Join(lines, ""), " ", ""); got != strings.ReplaceAll(text, " ", "") {
			t.Errorf("%q becomes %q", text, lines)
		}
	}
}

func TestAMapOnPaper(t *testing.T) {
	h := newHouse(t)
	m := h.draw(sample())
	h.shows(h.ask("viewer", "GET", pathOf(m.Key)+"/print", nil), 200, "sheet-a4", "<svg xmlns", "Order on the site", "data-print", "In ritardo")
	h.shows(h.ask("viewer", "GET", pathOf(m.Key)+"/print?paper=a3&version=1", nil), 200, "sheet-a3", "version=1")
	h.shows(h.ask("viewer", "GET", pathOf("nothing")+"/print", nil), 404)
}

func TestAMapGoesOutAndComesBack(t *testing.T) {
	h := newHouse(t)
	m := h.draw(sample())
	out := h.ask("viewer", "GET", pathOf(m.Key)+"/map.json", nil)
	h.shows(out, 200, `"moment_of_truth": true`)
	w := h.ask("owner", "POST", "/journeys", url.Values{"way": {"import"}, "json": {out.Body.String()}})
	h.shows(w, 303)
	var want Map
	if err := json.Unmarshal(out.Body.Bytes(), &want); err != nil {
		t.Fatal(err)
	}
	back := must[Map](t)(h.room.Store.Get(t.Context(), m.Key+"-2"))
	if back.Origin != Imported || back.ID == want.ID {
		t.Errorf("came back as %s %s", back.Origin, back.ID)
	}
	back.Key, back.ID, back.Origin = want.Key, want.ID, want.Origin
	if diff := cmp.Diff(want, back); diff != "" {
		t.Error(diff)
	}

	wrong := strings.Replace(out.Body.String(), `"Pacco a casa"`, `" "`, 1)
	h.shows(h.ask("owner", "POST", "/journeys", url.Values{"way": {"import"}, "json": {wrong}}), 400, "A step has no name", "stages[1].steps[1].name", "Avvisare prima")
	h.shows(h.ask("owner", "POST", "/journeys", url.Values{"way": {"import"}, "json": {`{"name":"x","colour":"red"}`}}), 400, "fields that Regia does not know", "colour")
	h.shows(h.ask("owner", "POST", "/journeys", url.Values{"way": {"import"}, "json": {`{"name":"` + strings.Repeat("x", maxImport) + `"}`}}), 413)
	h.shows(h.ask("owner", "POST", "/journeys", url.Values{"way": {"import"}}), 400)
	if list := must[[]Map](t)(h.room.Store.List(t.Context())); len(list) != 2 {
		t.Errorf("there are %d maps", len(list))
	}
}

func TestMapsBegin(t *testing.T) {
	h := newHouse(t)
	h.shows(h.ask("owner-it", "GET", "/journeys", nil), 200, "Qui si disegna il percorso", "Dal primo sguardo al secondo ordine", "Dalla vetrina", "Proporre una mappa")
	h.shows(h.ask("viewer", "GET", "/journeys", nil), 200, "Here the journey of people is drawn", "!Use this map")
	h.shows(h.ask("owner-it", "POST", "/journeys", url.Values{"way": {"ready"}, "ready": {"shop"}}), 303)
	if m := must[Map](t)(h.room.Store.Get(t.Context(), "dalla-vetrina-al-ritorno-in-negozio")); m.Origin != ReadyMade || len(m.Steps()) < 10 {
		t.Errorf("made %+v", m)
	}
	h.shows(h.ask("owner", "POST", "/journeys", url.Values{"way": {"blank"}, "name": {"Mine"}}), 303)
	h.shows(h.ask("owner", "GET", "/journeys/mine?done=made", nil), 200, "The map is ready", "/journeys/mine/edit", "Before")
	h.shows(h.ask("owner", "POST", "/journeys", url.Values{"way": {"blank"}, "name": {" "}}), 400, "The map needs a name")
	h.shows(h.ask("owner", "POST", "/journeys", url.Values{"way": {"proposal"}}), 404, "The record has nothing yet")
	h.shows(h.ask("owner", "POST", "/journeys", url.Values{"way": {"ready"}, "ready": {"moon"}}), 404)
	h.shows(h.ask("owner", "POST", "/journeys", url.Values{}), 400)
	h.shop()
	h.record(h.room.Ledger)
	w := h.ask("owner", "POST", "/journeys", url.Values{"way": {"proposal"}, "case": {"person"}})
	h.shows(w, 303)
	h.shows(h.ask("owner", "GET", w.Header().Get("Location"), nil), 200, "nobody has reviewed it yet", "Order Delivered")
	h.shows(h.ask("viewer", "GET", "/journeys/new", nil), 403)
	h.shows(h.ask("viewer", "GET", "/journeys/mine/edit", nil), 403)
	h.shows(h.ask("owner", "GET", "/journeys/mine/edit", nil), 200, `data-save="/api/v1/journeys/mine"`, "Product Viewed", "Home delivery", "!Telex</option>")
}
