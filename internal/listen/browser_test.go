package listen

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/testkit"
	"regia/internal/web"
)

// endless is a name of no spaces, as somebody may write it.
var endless = strings.Repeat("Donaudampfschiff", 20)

// Every page of the room, empty and filled, in both languages: usable with a
// screen reader, no wider than the screen. The pictures go where REGIA_SHOTS says.
func TestPagesInABrowser(t *testing.T) {
	empty, full := newHouse(t, "SQLite"), newHouse(t, "SQLite")
	posts := full.inEveryState()
	full.site.Page("GET /authors-waiting", nil, full.waitingAuthors)
	servers := map[*house]*httptest.Server{empty: httptest.NewServer(empty.site), full: httptest.NewServer(full.site)}
	for _, s := range servers {
		t.Cleanup(s.Close)
	}
	ctx := testkit.Browser(t)
	for _, language := range []string{"it", "en"} {
		testkit.SignIn(t, ctx, servers[full].URL, "role=owner-"+language)
		look := func(name string, h *house, path string) {
			t.Run(name+" "+language, func(t *testing.T) {
				testkit.Look(t, ctx, "listen-"+name, servers[h].URL+path, language, func() {
					testkit.Tell[bool](t, ctx, `(document.querySelectorAll("main details").forEach(d => d.open = true), true)`)
				})
			})
		}
		look("empty", empty, homePath)
		look("authors-empty", empty, authorsPath)
		look("choose", empty, homePath+"/new")
		look("full", full, homePath)
		look("authors", full, "/authors-waiting")
		for _, k := range Kinds {
			look("new-"+string(k), empty, homePath+"/new?kind="+string(k))
		}
		for _, p := range posts {
			look("post-"+string(p.Kind), full, postPath(p.ID))
		}
	}
}

// inEveryState makes a post of each kind: one that heard something, one in
// trouble, one in pause, and some that wait for a file.
func (h *house) inEveryState() []Post {
	blog := newServe(h.t, `<rss version="2.0"><channel><item><title>Ottimo</title><description>Consegna puntuale</description><link>https://a.example/1</link><guid>1</guid><author>Anna</author></item><item><title></title><guid>2</guid></item></channel></rss>`)
	gone := newServe(h.t, "")
	gone.set(http.StatusForbidden, "")
	posts := []Post{
		h.post(Feed, Config{Address: blog.URL + "/feed", Hears: Reviews, Platform: endless[:60]}, ""),
		h.post(Feed, Config{Address: gone.URL + "/" + endless, Hears: Mentions}, ""),
		h.post(AppStore, Config{App: "310633997", Country: "it"}, ""),
		h.post(Google, Config{Place: "Milano"}, ""),
		h.post(Archive, Config{Mailbox: "info@example.it"}, ""),
		h.post(Mailbox, Config{Mailbox: "clienti@example.it", Address: "imap.example.it", Security: TLS}, "segreta"),
	}
	for _, p := range posts[:2] {
		h.look(p.ID)
	}
	if w := h.send(postPath(posts[2].ID)+"/pause", "owner", "paused", "1"); w.Code != http.StatusSeeOther {
		h.t.Fatalf("pause: %d %s", w.Code, w.Body)
	}
	if heard, failed := h.read(posts[0].ID), h.read(posts[1].ID); heard.Health.Heard != 1 || failed.Health.Fault == "" {
		h.t.Fatalf("the posts are %+v and %+v", heard.Health, failed.Health)
	}
	return posts
}

// waitingAuthors shows authors of whom somebody has to decide, and decisions.
func (h *house) waitingAuthors(w http.ResponseWriter, q *web.Request) error {
	v := authorsView{view: h.room.view(q)}
	for n, name := range []string{"Anna Neri", endless} {
		s := Suggestion{Author: experience.Identifier{Kind: authorKind, Value: "x:" + name}, Shown: name, Platform: "Trustpilot", Time: now, Text: "Tutto bene. " + endless}
		for k := range n + 2 {
			s.Maybe = append(s.Maybe, Candidate{Somebody: Somebody{ID: experience.HashID(nil, name, string(rune('a'+k))), Name: name, Anchor: experience.Identifier{Kind: experience.EmailID, Value: "anna@example.it"}}, Order: now.Add(-72 * time.Hour)})
		}
		v.list = append(v.list, s)
	}
	v.matches = []match{
		{id: "1", author: "x", person: "anna@example.it", shown: endless, platform: "Google", decision: experience.Decision{Action: experience.SamePerson}},
		{id: "2", author: "y", person: "b@example.it", shown: "Bruno", platform: "Google", decision: experience.Decision{Action: experience.DifferentPeople}, undone: true},
	}
	return h.room.site.Render(w, q, web.Page{Room: "listen", Title: q.L.T("listen.authors")}, authorsBody(v))
}
