package invite

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"regia/internal/experience"
	"regia/internal/testkit"
	"regia/internal/testkit/books"
	"regia/internal/web"
)

// byCookie signs in whoever says a role and a language.
type byCookie struct{}

func (byCookie) Authenticate(r *http.Request) (*web.User, error) {
	c, err := r.Cookie("role")
	if err != nil {
		return nil, nil
	}
	role, language, _ := strings.Cut(c.Value, "-")
	return &web.User{ID: "anna", Name: "Anna", Role: experience.Role(role), Language: language}, nil
}

// serve shows the room's pages to whoever says who they are.
func (w *world) serve() *httptest.Server {
	w.t.Helper()
	site, err := web.New(web.Options{Auth: byCookie{}, Clock: func() time.Time { return w.now }, Company: w.Company})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.Register(site); err != nil {
		w.t.Fatal(err)
	}
	s := httptest.NewServer(site)
	w.t.Cleanup(s.Close)
	return s
}

// Every page of the room, empty and filled, the invitation as a mail reader
// shows it and the page where somebody leaves, in both languages: usable with a
// screen reader, no wider than the screen. The pictures go where REGIA_SHOTS says.
func TestPagesInABrowser(t *testing.T) {
	empty, full := newWorld(t, books.Ledger(t), books.Registry(t)), newWorld(t, books.Ledger(t), books.Registry(t))
	full.shelf.survey.Name = map[string]string{"it": strings.Repeat("Donaudampfschiff", 7)}
	rule := full.rule(usualRule())
	for n := range 4 {
		full.happens(full.people.add(n))
	}
	full.happens(full.people.add(1)) // asked a moment ago
	full.happens(experience.ID{})    // nobody known
	full.step()
	full.after(25 * time.Hour)
	if len(full.box.letters()) == 0 {
		t.Fatal("no letter was sent")
	}
	_, text, letter := partsOf(t, full.box.letters()[0].raw)
	_, after, _ := strings.Cut(text, "https://regia.example/u/")
	leave, _, _ := strings.Cut(after, "\n")

	ctx := testkit.Browser(t)
	for name, w := range map[string]*world{"empty": empty, "full": full} {
		server := w.serve()
		mail := httptest.NewServer(http.HandlerFunc(func(a http.ResponseWriter, _ *http.Request) {
			a.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = a.Write([]byte(letter))
		}))
		t.Cleanup(mail.Close)
		for _, language := range []string{"it", "en"} {
			testkit.SignIn(t, ctx, server.URL, "role=owner-"+language)
			look := func(page, address, language string) {
				t.Run(name+" "+page+" "+language, func(t *testing.T) {
					testkit.Look(t, ctx, "invite-"+name+"-"+page, address, language, nil)
				})
			}
			look("rules", server.URL+home, language)
			look("rule-new", server.URL+home+"/rules/"+newRule, language)
			look("doors", server.URL+home+"/doors?"+url.Values{"survey": {"consegna"}, "shop": {"Trento, via del Suffragio"}}.Encode(), language)
			look("settings", server.URL+home+"/settings", language)
			if w == full {
				look("rule", server.URL+home+"/rules/"+rule.ID.String(), language)
				look("leave", server.URL+"/u/"+strings.TrimSpace(leave), language)
			}
		}
		if w == full {
			testkit.Look(t, ctx, "invite-letter", mail.URL, "it", nil)
			testkit.Open(t, ctx, mail.URL, testkit.View(390, 844, false))
			if least := testkit.Tell[float64](t, ctx, `Math.min(...[...document.querySelectorAll("a[aria-label]")].map(a => a.getBoundingClientRect().width))`); least < 36 {
				t.Errorf("an answer in the letter is %.0f pixels wide on a phone", least)
			}
		}
	}
}
