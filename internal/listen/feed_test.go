package listen

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regia/internal/experience"
	"regia/internal/web"
)

func TestMessages(t *testing.T) { web.CheckMessages(t, messages) }

const rss = `<?xml version="1.0" encoding="ISO-8859-1"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Forum</title><language>it</language>
<item><title>Consegna lenta</title><link>https://forum.example.it/t/2</link><guid isPermaLink="false">t-2</guid><pubDate>Sat, 21 Nov 2026 18:00:00 +0100</pubDate>
<dc:creator>giulia77</dc:creator><description><![CDATA[<p>Il pacco &egrave; arrivato <b>tardi</b>.</p><script>alert(1)</script><blockquote>prima</blockquote>]]></description></item>
<item><title>Ottimi</title><guid>t-1</guid><pubDate>Fri, 20 Nov 2026 18:00:00 +0100</pubDate><description>Perch` + "\xe9" + ` s` + "\xec" + `</description></item>
<item><guid>t-0</guid></item>
</channel></rss>`

func TestFeedIsHeardOnce(t *testing.T) {
	everyEngine(t, func(t *testing.T, h *house) {
		s := newServe(t, rss)
		p := h.look(h.post(Feed, Config{Address: s.URL + "/feed#top", Hears: Forum, Platform: "Forum"}, "").ID)
		if p.Health.Fault != "" || p.Health.Heard != 2 || p.Health.LeftOut != 1 || !p.Health.LastNew.Equal(now) || !p.Health.NextLook.Equal(now.Add(time.Hour)) {
			t.Fatalf("%+v", p.Health)
		}
		items := h.door.all()
		first, second := properties(t, items[0]), properties(t, items[1])
		if first["text"] != "Perché sì" || first["title"] != "Ottimi" || len(items[0].Identifiers) != 0 || items[0].AnonymousID == "" {
			t.Errorf("%+v %v", items[0], first)
		}
		if second["text"] != "Il pacco è arrivato tardi.\n\n> prima" || second["author"] != "giulia77" || second["language"] != "it" || second["url"] != "https://forum.example.it/t/2" ||
			items[1].Event != "Forum Post Posted" || items[1].Identifiers[0].String() != "author:forum:giulia77" || !items[1].Time.Equal(time.Date(2026, 11, 21, 17, 0, 0, 0, time.UTC)) {
			t.Errorf("%+v %v", items[1], second)
		}
		// Nothing changed: it is not even sent. Then one more comes.
		h.later(time.Hour)
		p = h.look(p.ID)
		h.later(time.Hour)
		s.set(200, strings.Replace(rss, "<item>", "<item><guid>t-3</guid><title>Di nuovo</title></item><item>", 1))
		p = h.look(p.ID)
		if h.door.told != 3 || p.Health.Heard != 3 || p.Health.LeftOut != 1 || !p.Health.LastNew.Equal(now.Add(2*time.Hour)) {
			t.Errorf("told %d times; %+v", h.door.told, p.Health)
		}
		// Removed and set up again, nothing counts twice; another of the same is refused.
		if _, err := h.room.create(t.Context(), Post{Kind: Feed, Config: p.Config}, "u"); experience.CodeOf(err) != experience.Conflict {
			t.Errorf("the same again: %v", err)
		}
		if err := h.room.remove(t.Context(), p.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := h.room.get(t.Context(), p.ID); experience.CodeOf(err) != experience.NotFound {
			t.Errorf("what was removed: %v", err)
		}
		if again := h.look(h.post(Feed, p.Config, "").ID); again.Health.Heard != 0 || h.door.told != 3 {
			t.Errorf("set up again: %+v", again.Health)
		}
	})
}

func TestBackOff(t *testing.T) {
	h := newHouse(t, "SQLite")
	s := newServe(t, "")
	id := h.post(Feed, Config{Address: s.URL}, "").ID
	for k, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
		s.set(500, "")
		if p := h.look(id); p.Health.Fault != "status" || p.Health.Failures != k+1 || p.Health.NextLook.Sub(h.now()) != want {
			t.Errorf("after %d failures: %+v", k+1, p.Health)
		}
	}
	s.set(503, "", "Retry-After", "10000")
	if p := h.look(id); p.Health.Fault != "later" || !p.Health.Until.Equal(h.now().Add(10000*time.Second)) || !p.Health.NextLook.Equal(p.Health.Until) {
		t.Errorf("asked to wait: %+v", p.Health)
	}
	if w := h.send(postPath(id)+"/look", "owner"); w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), "asked to wait") {
		t.Errorf("looking in spite of it: %d", w.Code)
	}
	h.later(3 * time.Hour)
	s.set(200, rss)
	if p := h.look(id); p.Health.Failures != 0 || p.Health.Fault != "" || p.Health.Heard != 2 {
		t.Errorf("well again: %+v", p.Health)
	}
	if w := h.send(postPath(id)+"/look", "owner"); w.Code != http.StatusTooManyRequests {
		t.Errorf("twice in a minute: %d", w.Code)
	}
	s.set(410, "")
	if p := h.look(id); !p.Paused || p.Health.Fault != "gone" {
		t.Errorf("gone for good: %+v", p)
	}
	if ids, err := h.room.due(t.Context(), h.now().AddDate(1, 0, 0), 10); err != nil || len(ids) != 0 {
		t.Errorf("a paused post would look: %v %v", ids, err)
	}
}

// The door says later, or the source was switched off: nothing is taken for heard.
func TestNothingIsHeardThatTheLogHasNot(t *testing.T) {
	h := newHouse(t, "SQLite")
	s := newServe(t, rss)
	id := h.post(Feed, Config{Address: s.URL}, "").ID
	for _, c := range []struct {
		code experience.Code
		want string
	}{{experience.Unavailable, "busy"}, {experience.Forbidden, "disabled"}, {experience.Internal, "internal"}} {
		h.door.err = experience.Errorf(c.code, "no")
		if p := h.look(id); p.Health.Fault != c.want || p.Health.Heard != 0 || p.position != "" {
			t.Errorf("%s: %+v", c.code, p)
		}
	}
	h.door.err = nil
	if p := h.look(id); p.Health.Heard != 2 {
		t.Errorf("then: %+v", p.Health)
	}
}

// However often the machine goes, at whatever moment, everything is told, and
// counted once.
func TestCrashesLoseAndDoubleNothing(t *testing.T) {
	everyEngine(t, func(t *testing.T, h *house) {
		run := 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			n := rapid.IntRange(1, 30).Draw(rt, "entries")
			var b strings.Builder
			for k := range n {
				fmt.Fprintf(&b, "<item><guid>%d-%d</guid><title>said %d</title></item>", run, k, k)
			}
			s := newServe(t, `<rss version="2.0"><channel>`+b.String()+`</channel></rss>`)
			defer s.Close()
			before := len(h.door.all())
			id := h.post(Feed, Config{Address: s.URL + fmt.Sprint("/", run)}, "").ID
			for range rapid.IntRange(0, 3).Draw(rt, "crashes") {
				h.book.breakAfter(rapid.IntRange(0, 2).Draw(rt, "after"))
				h.room.lookAt(t.Context(), id)
				h.book.breakAfter(-1)
				h.later(claimed + time.Minute)
			}
			p := h.look(id)
			h.later(time.Hour)
			if all := len(h.door.all()) - before; all != n || p.Health.Heard != int64(n) {
				rt.Fatalf("%d of %d in the log, %d counted", all, n, p.Health.Heard)
			}
		})
	})
}

// Only one of several processes looks by a post.
func TestOneLooksAtATime(t *testing.T) {
	everyEngine(t, func(t *testing.T, h *house) {
		id := h.post(Feed, Config{Address: "https://example.it/feed"}, "").ID
		_, first, err := h.room.claim(t.Context(), id, now)
		if err != nil || !first {
			t.Fatal(first, err)
		}
		if _, second, err := h.room.claim(t.Context(), id, now.Add(time.Second)); err != nil || second {
			t.Errorf("a second one looks as well: %v", err)
		}
		if ids, err := h.room.due(t.Context(), now.Add(time.Second), 10); err != nil || len(ids) != 0 {
			t.Errorf("due while somebody looks: %v %v", ids, err)
		}
		if _, later, err := h.room.claim(t.Context(), id, now.Add(claimed)); err != nil || !later {
			t.Errorf("who claimed it is gone, and nobody looks: %v", err)
		}
	})
}

func TestFeedsThatAreNone(t *testing.T) {
	deep := `<rss version="2.0"><channel><item>` + strings.Repeat("<a:b>", 100000)
	laughs := `<!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><rss version="2.0"><channel><item><guid>1</guid><title>&c;</title></item></channel></rss>`
	outside := `<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel><item><guid>1</guid><title>&x;</title></item></channel></rss>`
	for name, c := range map[string]struct{ body, want string }{
		"nothing": {"", "empty"}, "blanks": {" \n", "empty"}, "a page": {"<!doctype html><html><body>Hello</body></html>", "format"}, "JSON": {`{"a":1}`, "format"},
		"broken": {"<rss><channel><item><title>a</ti", "format"}, "binary": {"\x00\x01\x02\x03", "format"}, "deep": {deep, "bomb"},
		"wide": {`<rss version="2.0"><channel>` + strings.Repeat("<a/>", 300000) + `</channel></rss>`, "bomb"},
	} {
		if _, err := feedVoices([]byte(c.body), Config{}, now); faultKey(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	for name, body := range map[string]string{"laughs": laughs, "outside": outside} {
		voices, err := feedVoices([]byte(body), Config{Hears: Mentions}, now)
		if err == nil && len(voices) == 1 && (strings.Contains(fmt.Sprint(voices[0].Properties), "lol") || strings.Contains(fmt.Sprint(voices[0].Properties), "root:")) {
			t.Errorf("%s: the entity was read: %v", name, voices)
		}
	}
	many := `<rss version="2.0"><channel>` + strings.Repeat("<item><title>x</title></item>", 5000) + `</channel></rss>`
	if voices, err := feedVoices([]byte(many), Config{Hears: Mentions}, now); err != nil || len(voices) != maxEntries {
		t.Errorf("a feed without end: %d %v", len(voices), err)
	}
}

func FuzzFeed(f *testing.F) {
	f.Add([]byte(rss))
	f.Add([]byte(`<feed xmlns="http://www.w3.org/2005/Atom" xmlns:im="http://itunes.apple.com/rss"><entry><id>1</id><title>x</title><im:rating>4</im:rating><content type="html">&lt;p&gt;a</content></entry></feed>`))
	f.Add([]byte(`{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","content_text":"x","authors":[{"name":"A"}]}]}`))
	f.Add([]byte(`<rss version="2.0"><channel><item><guid>` + "\xff" + `</guid><title><![CDATA[<blockquote><blockquote>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		voices, err := feedVoices(body, Config{Hears: Reviews, Platform: "p"}, now)
		if err != nil && faultKey(err) == "" {
			t.Fatal("an error without words")
		}
		for _, v := range voices {
			if v.Event == "" {
				continue
			}
			i, err := v.item(now)
			if err != nil || i.MessageID == "" || i.Size() > 600<<10 {
				t.Fatalf("%v %+v", err, i)
			}
		}
	})
}

var keyShown = regexp.MustCompile(`listen\.[a-z]+[a-z._-]*`)

func TestPages(t *testing.T) { everyEngine(t, pages) }

func pages(t *testing.T, h *house) {
	wants(t, h.get(homePath, "owner"), "nobody is listening", "/voice/sources/new?kind=mailbox", "it is only read")
	wants(t, h.get(homePath, "agent-it"), "nessuno è in ascolto")
	for _, k := range Kinds {
		for _, language := range []string{"it", "en"} {
			if body := h.get(homePath+"/new?kind="+string(k), "owner-"+language); keyShown.MatchString(body) {
				t.Errorf("%s in %s shows the key %s", k, language, keyShown.FindString(body))
			}
		}
	}
	s := newServe(t, rss)
	w := h.send(homePath, "owner", "kind", "feed", "address", s.URL, "hears", "mentions", "name", "Il forum")
	if w.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	page := w.Header().Get("Location")
	wants(t, h.get(page, "owner"), "2 voices", "Il forum", "One entry without text", "every hour")
	wants(t, h.get(homePath, "owner-it"), "2 voci", "Il forum", "in ascolto")
	if body := h.get(homePath, "agent"); strings.Contains(body, "<form method=\"post\" action=\"/voice") {
		t.Error("who may only look is offered to change something")
	}
	for _, c := range []struct{ field, value, says string }{
		{"address", "ftp://example.it", "https://"}, {"address", "https://a:b@example.it", "https://"}, {"hears", "whispers", "Mentions"}, {"name", strings.Repeat("x", 81), "80"},
	} {
		fields := []string{"kind", "feed", "address", "https://example.it", c.field, c.value}
		if w := h.send(homePath, "owner", fields...); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s %q: %d", c.field, c.value, w.Code)
		}
	}
	id := strings.TrimPrefix(strings.Split(page, "?")[0], homePath+"/")
	for _, step := range []struct {
		path   string
		fields []string
		says   string
	}{
		{"/pause", []string{"paused", "1"}, "Resume"}, {"/pause", []string{"paused", "0"}, "Pause"}, {"", []string{"name", "Other", "every", "6h"}, "Other"},
	} {
		w := h.send(postPath(id)+step.path, "manager", step.fields...)
		if w.Code != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", step.path, w.Code, w.Body)
		}
		wants(t, h.get(w.Header().Get("Location"), "owner"), step.says)
	}
	if p := h.read(id); p.Every != 6*time.Hour {
		t.Errorf("the new pace is %v", p.Every)
	}
	if w := h.send(postPath(id), "owner", "every", "1s"); w.Code != http.StatusBadRequest {
		t.Errorf("a look every second: %d", w.Code)
	}
	if w := h.send(postPath(id)+"/delete", "owner"); w.Code != http.StatusSeeOther {
		t.Fatal(w.Code)
	}
	wants(t, h.get(homePath+"?done=removed", "owner"), "What was heard stays", "nobody is listening")
}
