package voice

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"regia/internal/experience"
)

// flooded says of the last month that a car park is flooded, which no topic
// knows, and of both months that it rains.
func (h *house) flooded() *house {
	h.t.Helper()
	rain := []string{"Domani piove, buongiorno.", "Oggi nevica ancora.", "Stamattina tirava vento.", "Che caldo in agosto."}
	var rows []experience.Interaction
	for i := range 80 {
		text := rain[i%len(rain)]
		if i < 40 && i%2 == 0 {
			text = fmt.Sprintf("Parcheggio sotterraneo allagato, numero %d", i)
		}
		rows = append(rows, h.said(1+i, float64(i)*0.75+0.1, "Review Posted", map[string]any{"text": text}))
	}
	h.tell(rows...)
	return h
}

// What texts that no topic fits have in common is suggested with its rise; it
// becomes a topic, or is thrown away and taken up again.
func TestThemesAreSuggested(t *testing.T) {
	everyEngine(t, func(t *testing.T, h *house) {
		h.flooded()
		var found struct {
			VoiceThemes
			ThrownAway []VoiceDiscarded `json:"thrown_away"`
		}
		const api = "/api/v1/voice/themes?period=30"
		h.api(api, "viewer", &found)
		if len(found.Themes) == 0 || found.Unfit < 25 {
			t.Fatalf("%+v", found)
		}
		theme := found.Themes[0]
		if !strings.Contains(strings.Join(theme.Words, " "), "parcheggio") || theme.Texts != 20 || theme.Before != 0 || theme.Move != more || theme.Change == nil || theme.Language != "it" {
			t.Errorf("%+v", theme)
		}
		var ever struct{ Themes []VoiceTheme }
		if h.api("/api/v1/voice/themes?period=all", "owner", &ever); len(ever.Themes) == 0 || ever.Themes[0].Then != nil || ever.Themes[0].Change != nil {
			t.Errorf("of all there is, with nothing before: %+v", ever)
		}
		part := h.get(themesPath+"?period=30", "owner")
		wants(t, part, "parcheggio", "Spoken of more", "allagato, numero", "Throw away", "language=it")
		if body := h.get(themesPath+"?period=30", "viewer"); strings.Contains(body, "allagato, numero") || strings.Contains(body, "discard") {
			t.Error("a viewer reads what people wrote, or is offered to throw it away")
		}
		if w := h.ask("POST", themesPath+"/discard", "owner", url.Values{"word": theme.Words}.Encode()); w.Code != http.StatusSeeOther {
			t.Fatalf("throwing away answers %d", w.Code)
		}
		h.api(api, "owner", &found)
		if len(found.ThrownAway) != 1 || len(found.Themes) > 0 && strings.Contains(strings.Join(found.Themes[0].Words, " "), "parcheggio") {
			t.Errorf("what was thrown away is suggested: %+v", found)
		}
		if w := h.ask("POST", themesPath+"/"+found.ThrownAway[0].ID+"/restore", "owner", ""); w.Code != http.StatusSeeOther {
			t.Fatalf("taking up answers %d", w.Code)
		}
		h.api(api, "owner", &found)
		if len(found.Themes) == 0 || len(found.ThrownAway) != 0 {
			t.Errorf("it is not suggested again: %+v", found)
		}
		wants(t, h.get(theme.nameURL(), "owner"), "parchegg*")
		wants(t, h.get(strings.Replace(theme.nameURL(), "?", "?topic=site&", 1), "owner"), "parchegg*", "Site and app")
		form := url.Values{"version": {"0"}, "name_it": {"Parcheggio"}, "words_it": {theme.patterns()}, "on": {"true"}}
		if w := h.ask("POST", editPath, "owner", form.Encode()); w.Code != http.StatusSeeOther {
			t.Fatalf("naming it answers %d: %.300s", w.Code, w.Body)
		}
		h.look()
		h.api(api, "owner", &found)
		if h.list(Filter{Topic: "parcheggio"}).All != 20 || len(found.Themes) > 0 && found.Themes[0].Texts >= 20 {
			t.Errorf("what has a name is suggested: %+v", found.Themes)
		}
	})
}

func TestThemesOfFewAndNone(t *testing.T) {
	h := newHouse(t, "DuckDB")
	wants(t, h.get(themesPath, "owner"), "Nobody wrote")
	h.tell(h.said(1, 1, "Review Posted", map[string]any{"text": "Domani piove."}))
	wants(t, h.get(themesPath, "owner"), "Only one text of 1 has no topic")
	for path, code := range map[string]int{themesPath + "?period=5": 400, topicsPath + "?period=5": 400} {
		if w := h.ask("GET", path, "owner", ""); w.Code != code {
			t.Errorf("%s answers %d", path, w.Code)
		}
	}
	for _, words := range [][]string{nil, {"solo"}, {"a", "\x00"}, {"a", strings.Repeat("b", 100)}} {
		if w := h.ask("POST", themesPath+"/discard", "owner", url.Values{"word": words}.Encode()); w.Code != http.StatusBadRequest {
			t.Errorf("%q is answered %d", words, w.Code)
		}
	}
	if w := h.ask("POST", themesPath+"/"+person(1).String()+"/restore", "owner", ""); w.Code != http.StatusNotFound {
		t.Errorf("a theme that is not there is answered %d", w.Code)
	}
	if w := h.ask("POST", themesPath+"/discard", "agent", url.Values{"word": {"a", "b"}}.Encode()); w.Code != http.StatusForbidden {
		t.Errorf("an agent is answered %d", w.Code)
	}
}

// Where not all texts were read, those read stand for their part of the time.
func TestThemesOfMany(t *testing.T) {
	u := unfit{read: 100, some: 400, all: 1000}
	if u.of() != 250 {
		t.Errorf("they stand for %d", u.of())
	}
	if whole := (unfit{read: 3, some: 3, all: 10}); whole.of() != 10 {
		t.Errorf("all of them stand for %d", whole.of())
	}
}
