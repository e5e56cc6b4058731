package voice

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"regia/internal/language"
	"regia/internal/web"
)

// Regia's own tree passes what a company's must, and nothing is changed about it
// by itself.
func TestOwnTreeIsUnchanged(t *testing.T) {
	own := ownTree()
	if err := checkTopics(own.topics); err != nil {
		t.Error(err)
	}
	if c := changesOf(own.topics); len(c) > 0 {
		t.Errorf("%+v", c)
	}
	for _, one := range own.topics {
		for _, list := range []map[string][]string{one.Surely, one.Words} {
			for lang, phrases := range tidy(list) {
				for _, p := range phrases {
					if !slices.Contains(list[lang], p) {
						t.Errorf("%s: %q would be written otherwise", one.Key, p)
					}
				}
			}
		}
	}
	tree, err := newTree(1, []topicChange{{Key: "delivery", Names: map[string]string{"it": "Corriere"}}})
	if err != nil || tree.rules != nil || tree.name("it", "delivery") != "Corriere" || tree.name("en", "delivery") != "Delivery" {
		t.Errorf("a name alone changes what is read: %+v %v", tree.rules, err)
	}
}

// What a company changed is found, and made again.
func TestChangesAreTheTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		topics := slices.Clone(ownTree().topics)
		phrases := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{3,6}( [a-z]{3,6})?\*?`), 0, 4, rapid.ID[string])
		for i := range topics {
			one := &topics[i]
			one.Off = rapid.Bool().Draw(t, "off")
			one.Names = map[string]string{"it": rapid.StringMatching(`[A-Z][a-z]{2,5}`).Draw(t, "it") + fmt.Sprint(i), "en": one.Names["en"]}
			lang := rapid.SampledFrom(language.Languages).Draw(t, "language")
			dropped := map[string][]string{}
			if has := one.Words[lang]; len(has) > 1 {
				dropped[lang] = []string{has[0]}
			}
			one.Words = phraseChange{Added: tidy(map[string][]string{lang: phrases.Draw(t, "added")}), Dropped: dropped}.on(one.Words)
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "more") {
			key := fmt.Sprintf("own-%d", i)
			topics, _ = (&topicTree{topics: topics}).edited(VoiceTopic{Key: key, Names: map[string]string{"it": key}, Surely: map[string][]string{"it": {"una frase"}}, Words: map[string][]string{}})
			topics, _ = (&topicTree{topics: topics}).edited(VoiceTopic{Key: "delivery/" + key, Parent: "delivery", Names: map[string]string{"it": "part " + key}, Surely: map[string][]string{}, Words: map[string][]string{"de": {"ein wort"}}})
		}
		if err := checkTopics(topics); err != nil {
			t.Fatal(err)
		}
		again := changed(changesOf(topics))
		if d := cmp.Diff(topics, again, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Own" }, cmp.Ignore()), emptyIsNil()); d != "" {
			t.Fatal(d)
		}
		tree, err := newTree(1, changesOf(topics))
		if err != nil {
			t.Fatal(err)
		}
		same, err := newTree(2, changesOf(again))
		if err != nil || fmt.Sprint(tree.rules.Keys()) != fmt.Sprint(same.rules.Keys()) || !slices.Equal(tree.keys(), tree.rules.Keys()) {
			t.Fatalf("%v: %v, %v", err, tree.keys(), tree.rules.Keys())
		}
	})
}

func emptyIsNil() cmp.Option {
	return cmp.FilterValues(func(a, b map[string][]string) bool { return len(a) == 0 && len(b) == 0 }, cmp.Ignore())
}

func TestTopicsThatAreRefused(t *testing.T) {
	name := map[string]string{"it": "Nome"}
	words := func(lang string, p ...string) map[string][]string { return map[string][]string{lang: p} }
	for key, list := range map[string][]VoiceTopic{
		"voice.error.topics.twice":    {{Key: "a", Names: name}, {Key: "a", Names: name}},
		"voice.error.topics.key":      {{Key: "A b", Names: name}},
		"voice.error.topics.parent":   {{Key: "a", Parent: "b", Names: name}},
		"voice.error.topics.nameless": {{Key: "a"}},
		"voice.error.topics.name":     {{Key: "a", Names: map[string]string{"it": strings.Repeat("a", 61)}}},
		"voice.error.topics.samename": {{Key: "a", Names: name}, {Key: "b", Names: map[string]string{"it": "NOME"}}},
		"voice.error.topics.language": {{Key: "a", Names: name, Words: words("xx", "casa")}},
		"voice.error.topics.phrase":   {{Key: "a", Names: name, Words: words("it", "due\x00")}},
		"voice.error.topics.wordless": {{Key: "a", Names: name, Surely: words("it", "!!")}},
		"voice.error.topics.star":     {{Key: "a", Names: name, Surely: words("it", "ca*")}},
		"voice.error.topics.many":     make([]VoiceTopic, 201),
	} {
		if err := checkTopics(list); err == nil || !strings.HasPrefix(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
	grandchild := []VoiceTopic{{Key: "a", Names: name}, {Key: "b", Parent: "a", Names: map[string]string{"it": "B"}}, {Key: "c", Parent: "b", Names: map[string]string{"it": "C"}}}
	if err := checkTopics(grandchild); err == nil {
		t.Error("a part has parts")
	}
	for _, c := range [][3]string{{"Città & Mare", "", "citta-mare"}, {"!!", "delivery", "delivery/topic"}, {"Preso", "", "preso-2"}, {strings.Repeat("abc ", 30), "", ""}} {
		got := keyFor(c[0], c[1], func(key string) bool { return key == "preso" })
		if c[2] != "" && got != c[2] || !topicKey(got) || len(got) > mostKey {
			t.Errorf("%q becomes %q", c[0], got)
		}
	}
}

// A topic is added, tried, used for what is and was read, and undone; who was
// slower is told.
func TestTopicsAreEdited(t *testing.T) {
	everyEngine(t, func(t *testing.T, h *house) {
		h.tell(
			h.said(1, 2, "Review Posted", map[string]any{"text": "Il parcheggio sotterraneo è sempre allagato."}),
			h.said(2, 3, "Review Posted", map[string]any{"text": "Il corriere ha perso il pacco."}),
		)
		form := url.Values{"version": {"0"}, "name_it": {"Parcheggio"}, "name_en": {"Parking"}, "surely_it": {"Parchegg*, parchegg*\n posto auto"}, "on": {"true"}}
		body := h.ask("POST", topicsPath+"/try", "manager", form.Encode(), "HX-Request", "true").Body.String()
		wants(t, body, "One text of 2 would change", "Parking", "+1", "sotterraneo")
		if _, err := h.room.topicTree(t.Context()); err != nil || h.list(Filter{Topic: "parcheggio"}).All != 0 {
			t.Error("trying kept something")
		}
		if w := h.ask("POST", editPath, "manager", form.Encode()); w.Code != http.StatusSeeOther {
			t.Fatalf("saving answers %d: %.400s", w.Code, w.Body)
		}
		if w := h.ask("POST", editPath, "owner", form.Encode()); w.Code != http.StatusConflict {
			t.Errorf("who is slower is answered %d", w.Code)
		}
		wants(t, h.get(topicsPath, "owner"), "read again: 0 of 2", "company&#39;s own", "Parking: added", "Marta, ")
		h.look()
		if p := h.list(Filter{Topic: "parcheggio"}); p.All != 1 {
			t.Errorf("%d texts are about it", p.All)
		}
		h.tell(h.said(3, 1, "Review Posted", map[string]any{"text": "Un posto auto si trova sempre"}))
		if p := h.list(Filter{Topic: "parcheggio"}); p.All != 2 {
			t.Errorf("%d texts are about it, with one that is new", p.All)
		}
		wants(t, h.get(inboxPath+"?topic=parcheggio", "owner-it"), `selected>Parcheggio`)

		off := url.Values{"version": {"1"}, "key": {"delivery"}, "name_it": {"Consegna"}, "name_en": {"Delivery"}}
		if w := h.ask("POST", editPath, "owner", off.Encode()); w.Code != http.StatusSeeOther {
			t.Fatalf("switching off answers %d: %.400s", w.Code, w.Body)
		}
		h.look()
		if p := h.list(Filter{Topic: "delivery"}); p.All != 0 {
			t.Errorf("%d texts are about what is switched off", p.All)
		}
		undo := url.Values{"of": {"2"}, "version": {"0"}}
		if w := h.ask("POST", topicsPath+"/restore", "owner", undo.Encode()); w.Code != http.StatusSeeOther {
			t.Fatalf("undoing answers %d", w.Code)
		}
		h.look()
		if h.list(Filter{Topic: "delivery"}).All != 1 || h.list(Filter{Topic: "parcheggio"}).All != 0 {
			t.Error("what was undone holds still")
		}
		if body := h.get(topicsPath, "owner"); strings.Contains(body, "read again") || !strings.Contains(body, "Version 0 restored") {
			t.Error("it is not done")
		}
		if w := h.ask("POST", topicsPath+"/restore", "owner", url.Values{"of": {"3"}, "version": {"9"}}.Encode()); w.Code != http.StatusNotFound {
			t.Errorf("a version that is not there is answered %d", w.Code)
		}
	})
}

// What was learnt from corrections stays where the topics change.
func TestTopicsAndCorrections(t *testing.T) {
	h := newHouse(t, "DuckDB")
	one := h.said(1, 2, "Review Posted", map[string]any{"text": "Domani piove."})
	h.tell(one)
	marta := &web.User{ID: "u", Name: "Marta"}
	if err := h.room.Correct(t.Context(), one.ID, "topic", "+umbrella", marta); err != nil {
		t.Fatal(err)
	}
	if err := h.room.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := h.room.reader.version
	tree, err := h.room.topicTree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	topics, did := tree.edited(VoiceTopic{Key: "rain", Names: map[string]string{"it": "Pioggia"}, Words: map[string][]string{"it": {"piov*"}}})
	if _, err := h.room.SaveTopics(t.Context(), 0, topics, did, marta); err != nil {
		t.Fatal(err)
	}
	h.look()
	if v := h.list(Filter{Topic: "rain"}); v.All != 1 || !v.Voices[0].Labels.about("umbrella") {
		t.Errorf("%+v", v)
	}
	if was, is, _ := strings.Cut(h.room.reader.version, ", tree"); !strings.HasPrefix(before, was) || strings.HasSuffix(before, is) {
		t.Errorf("%s became %s", before, h.room.reader.version)
	}
}

// Programs read, try, put and restore the tree; who may not is refused, and
// nonsense told apart.
func TestTopicsForPrograms(t *testing.T) {
	h := newHouse(t, "DuckDB").shop()
	type tree struct {
		Version  int64
		Topics   []VoiceTopic
		Progress VoiceProgress
		Versions []VoiceTreeVersion
	}
	var was tree
	h.api("/api/v1/voice/topics", "viewer", &was)
	if was.Version != 0 || len(was.Topics) < 14 || was.Progress != (VoiceProgress{240, 240}) || was.Versions == nil {
		t.Fatalf("%+v", was)
	}
	send := func(method, path, role string, body any, code int) string {
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		w := h.ask(method, "/api/v1/voice/topics"+path, role, string(raw), "Content-Type", "application/json")
		if w.Code != code {
			t.Errorf("%s %s by %s answers %d: %.300s", method, path, role, w.Code, w.Body)
		}
		return w.Body.String()
	}
	topics := slices.DeleteFunc(slices.Clone(was.Topics), func(o VoiceTopic) bool { return o.Key == "payment" })
	var trial VoiceTrial
	if err := json.Unmarshal([]byte(send("POST", "/trial", "owner", map[string]any{"topics": topics[1:]}, 200)), &trial); err != nil || trial.Read == 0 || trial.Read > 240 {
		t.Errorf("%+v %v", trial, err)
	}
	send("PUT", "", "viewer", map[string]any{"version": 0, "topics": topics}, 403)
	send("PUT", "", "agent", map[string]any{"version": 0, "topics": topics}, 403)
	send("PUT", "", "owner", map[string]any{"version": 3, "topics": topics}, 409)
	wants(t, send("PUT", "", "owner", map[string]any{"version": 0, "topics": []VoiceTopic{{Key: "x", Names: map[string]string{"en": "X"}, Words: map[string][]string{"it": {"a*"}}}}}, 400), "three letters")
	wants(t, send("PUT", "", "owner", map[string]any{"version": 0, "topics": topics}, 200), `"version":1`, `"whole"`)
	send("PUT", "", "owner", map[string]any{"version": 1, "topics": topics}, 200)
	var now tree
	h.api("/api/v1/voice/topics", "owner", &now)
	gone := slices.IndexFunc(now.Topics, func(o VoiceTopic) bool { return o.Key == "payment" })
	if now.Version != 1 || gone < 0 || !now.Topics[gone].Off {
		t.Errorf("what was left out: version %d, %+v", now.Version, now.Topics[max(gone, 0)])
	}
	send("POST", "/restore", "owner", map[string]any{"version": 1, "of": 0}, 200)
	h.api("/api/v1/voice/topics", "owner", &now)
	if d := cmp.Diff(was.Topics, now.Topics); d != "" || now.Version != 2 {
		t.Errorf("version %d: %s", now.Version, d)
	}
	if _, err := language.ReadTree([]byte(h.get(topicsPath+".yaml", "viewer"))); err != nil {
		t.Error(err)
	}
}

func TestTopicsByRole(t *testing.T) {
	h := newHouse(t, "DuckDB").shop()
	if body := h.get(topicsPath, "viewer"); strings.Contains(body, editPath) || strings.Contains(body, "/restore") {
		t.Error("a viewer is offered to change topics")
	}
	for path, code := range map[string]int{editPath: 200, editPath + "?topic=delivery/late": 200, editPath + "?topic=nothing": 404, editPath + "?language=it&words=parchegg*,gru": 200} {
		if w := h.ask("GET", path, "owner", ""); w.Code != code {
			t.Errorf("%s answers %d", path, w.Code)
		}
		if w := h.ask("GET", path, "agent", ""); w.Code != 403 {
			t.Errorf("%s answers an agent %d", path, w.Code)
		}
	}
	bad := h.ask("POST", editPath, "owner", url.Values{"version": {"0"}, "name_it": {"Gru"}, "words_it": {"gr*"}, "on": {"true"}}.Encode())
	if bad.Code != http.StatusBadRequest {
		t.Errorf("nonsense is answered %d", bad.Code)
	}
	wants(t, bad.Body.String(), "«gr*»", `value="Gru"`)
}
