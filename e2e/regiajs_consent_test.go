package e2e

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"regia/internal/testkit"
)

// Nobody is recognised who does not want to be.

// untouched checks that nothing was kept and nothing was sent, on a page that
// had every reason to.
func (b *tab) untouched() {
	b.s.t.Helper()
	b.run(`regia.track("Seen"); regia.identify("somebody"); regia.productViewed({ product_id: "lamp" }); await regia.flush();
		dispatchEvent(new Event("pagehide")); dispatchEvent(new Event("online")); await regia.flush()`)
	wantList(b.s.t, "what is kept", b.kept(), []string{})
	want(b.s.t, "batches", len(b.s.letters()), 0)
	want(b.s.t, "the visitor has an id", told[bool](b, "!!regia.anonymousId()"), false)
}

// consents asks Regia what a person said last.
func (s *shop) consents(identifier string) string {
	s.t.Helper()
	s.r.woven()
	var p struct {
		Consents []struct {
			Purpose string
			Given   bool
		}
	}
	s.r.get("/api/v1/people/"+s.r.person(identifier).ID, nil, &p)
	var out []string
	for _, c := range p.Consents {
		out = append(out, fmt.Sprint(c.Purpose, " ", c.Given))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func consentRequired(s *shop) {
	b := s.tab().open("/home?gclid=click")
	b.untouched()
	b.run(`regia.consent({ analytics: true, marketing: false }); await regia.flush()`)
	// What happened on this very page is told now, with what was then allowed.
	got := s.expect("page home", "Seen", "identify", "Product Viewed", "Consent Given")
	for _, m := range got {
		if m.Context.Consent == nil || fmt.Sprint(m.Context.Consent.CategoryPreferences) != "map[analytics:true marketing:false]" {
			s.t.Errorf("%s says of consent: %+v", m, m.Context.Consent)
		}
		if strings.Contains(m.Context.Page["url"], "gclid") {
			s.t.Errorf("%s says who clicked: %s", m, m.Context.Page["url"])
		}
	}
	wantList(s.t, "what is kept", b.kept(), []string{
		"cookie regia_consent", "cookie regia_id", "cookie regia_session", "regia.user"})
	want(s.t, "consents", s.consents("anonymous_id:"+got[0].AnonymousID), "analytics true, marketing false")

	// A banner says on every page what it knows; only what is new is told.
	b.open("/next").run(`regia.consent({ analytics: true, marketing: false }); regia.track("Again"); regia.consent({ marketing: true }); await regia.flush()`)
	s.expect("page home", "Seen", "identify", "Product Viewed", "Consent Given", "page next", "Again", "Consent Given")
	want(s.t, "consents", s.consents("anonymous_id:"+got[0].AnonymousID), "analytics true, marketing true")
}

func consentRefused(s *shop) {
	b := s.tab().open("/")
	b.untouched()
	b.run(`regia.consent(false)`)
	b.open("/next").run(`regia.track("Seen"); await regia.flush()`)
	// The refusal itself is remembered, so that nobody need ask again.
	wantList(s.t, "what is kept", b.kept(), []string{"cookie regia_consent"})
	want(s.t, "the answer", told[string](b, "JSON.stringify(regia.consent())"), `{"analytics":false}`)
	want(s.t, "batches", len(s.letters()), 0)
}

func consentWithdrawn(s *shop) {
	b := s.tab().open("/")
	b.run(`regia.consent({ analytics: true, marketing: true }); regia.identify("second-thoughts"); await regia.flush()`)
	first := s.expect("Consent Given", "identify")[0].AnonymousID
	want(s.t, "consents", s.consents("user_id:second-thoughts"), "analytics true, marketing true")

	b.run(`regia.consent({ marketing: false }); await regia.flush()`)
	s.expect("Consent Given", "identify", "Consent Withdrawn")
	b.run(`regia.consent(false); await regia.flush(); regia.track("Unseen"); await regia.flush()`)
	got := s.expect("Consent Given", "identify", "Consent Withdrawn", "Consent Withdrawn")
	want(s.t, "who withdrew", got[3].AnonymousID, first)
	wantList(s.t, "what is kept", b.kept(), []string{"cookie regia_consent"})
	want(s.t, "consents", s.consents("user_id:second-thoughts"), "analytics false, marketing false")

	b.open("/later").run(`regia.consent(true); await regia.flush()`)
	got = s.expect("Consent Given", "identify", "Consent Withdrawn", "Consent Withdrawn", "Consent Given")
	if again := got[4]; again.AnonymousID == first || again.UserID != "" {
		s.t.Errorf("who was forgotten is known again: %+v", again)
	}
}

func doNotTrack(s *shop) { signalled(s, "doNotTrack", `"1"`) }

func globalPrivacyControl(s *shop) { signalled(s, "globalPrivacyControl", "true") }

// signalled: a general wish counts until people answer this site in particular.
func signalled(s *shop, name, value string) {
	b := s.tab(fmt.Sprintf(`Object.defineProperty(navigator, %q, { get: () => %s })`, name, value)).open("/wish")
	b.untouched()
	b.run(`regia.consent(true)`)
	s.expect("page wish", "Seen", "identify", "Product Viewed", "Consent Given")
}

// A site whose policy allows scripts and connections of Regia only.
func strictSite(s *shop) {
	s.policy = "default-src 'none'; script-src " + s.road.URL + "; connect-src " + s.road.URL
	b := s.tab(`window.violations = []; addEventListener("securitypolicyviolation", e => violations.push(e.violatedDirective + " " + e.blockedURI))`).open("/strict")
	b.run(`regia.track("Seen")`)
	s.expect("page strict", "Seen")
	wantList(s.t, "violations of the policy", told[[]string](b, "violations.filter(v => !v.includes('favicon'))"), []string{})
}

// oneCookieForAllHosts: www.shop and shop are one visitor; another site is not.
func oneCookieForAllHosts(s *shop) {
	to, err := url.Parse(s.site.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	visitor := func(host string) string {
		b := s.tab()
		b.must(chromedp.Do(b.ctx, chromedp.Navigate("http://"+host+":"+to.Port()+"/")))
		return told[string](b, `regia.anonymousId()`)
	}
	first := visitor("www.shop.localhost")
	want(s.t, "the visitor of the other host", visitor("shop.localhost"), first)
	if visitor("other.localhost") == first {
		s.t.Error("another site knows the visitor")
	}
}

// The snippet of the page Sources works as it is copied, and keeps what is
// called before the library is there.
func TestRegiaJSSnippet(t *testing.T) {
	r := install(t)
	r.start()
	r.library(t)
	b := r.browse()
	b.signIn()
	b.do(t, "open the sources", chromedp.Navigate("http://"+r.addr+"/sources"))
	site := ask[string](t, b, `[...document.querySelectorAll("main td a")].map(a => a.getAttribute("href")).find(to => to.startsWith("/sources/"))`)
	b.do(t, "open the source", chromedp.Navigate("http://"+r.addr+site))
	snippets := ask[[]string](t, b, `[...document.querySelectorAll("#connect pre")].map(p => p.textContent)`)
	if len(snippets) < 3 || !strings.Contains(snippets[0], `integrity="sha384-`) || !strings.Contains(snippets[1], "/regia.js") {
		t.Fatalf("the page shows %q", snippets)
	}
	browser := testkit.Browser(t)
	for i, snippet := range snippets[:2] {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			s := openShop(t, r, browser, "")
			s.head = strings.ReplaceAll(snippet, "http://"+r.addr, s.road.URL)
			if i == 0 { // calls of the page, before the library is there
				s.head += `<script>regia.track("Early", { n: 1 }); regia.consent(true)</script>`
			} else {
				s.head += `<script>addEventListener("load", () => { regia.track("Early"); regia.consent(true) })</script>`
			}
			tab := s.tab().open("/snippet")
			s.expect("page snippet", "Early", "Consent Given")
			want(t, "the library's version", told[string](tab, "regia.version"), "1.1.0")
		})
	}
}
