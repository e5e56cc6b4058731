package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"regia/internal/testkit"
)

// regia.js in a real browser, on a shop's pages, against a running Regia.
func TestRegiaJS(t *testing.T) {
	r := install(t)
	r.start()
	r.library(t)
	browser := testkit.Browser(t)
	for _, c := range []struct {
		name, attributes string
		scene            func(*shop)
	}{
		{"every call", `data-pages="manual"`, everyCall},
		{"money and orders", `data-pages="manual" data-currency="EUR"`, moneyAndOrders},
		{"what surrounds a page", ``, whatSurroundsAPage},
		{"an application of one page", ``, applicationOfOnePage},
		{"one visit, another visitor", `data-pages="manual"`, visitsAndVisitors},

		{"the server is down", `data-pages="manual"`, serverDown},
		{"the network is gone", `data-pages="manual"`, networkGone},
		{"the page is left", `data-pages="manual"`, pageLeft},
		{"two tabs", `data-pages="manual"`, twoTabs},
		{"come again later", `data-pages="manual"`, comeAgainLater},
		{"one bad event", `data-pages="manual"`, oneBadEvent},
		{"a refusal that names nobody", `data-pages="manual"`, refusalWithoutNames},
		{"more than fits", `data-pages="manual"`, moreThanFits},
		{"storage is closed", `data-pages="manual"`, storageClosed},

		{"consent required", `data-consent="required"`, consentRequired},
		{"consent refused", `data-consent="required"`, consentRefused},
		{"consent withdrawn", `data-pages="manual"`, consentWithdrawn},
		{"do not track", ``, doNotTrack},
		{"global privacy control", ``, globalPrivacyControl},
		{"a strict site", ``, strictSite},
		{"one cookie for all hosts of a site", `data-pages="manual"`, oneCookieForAllHosts},
	} {
		t.Run(c.name, func(t *testing.T) { c.scene(openShop(t, r, browser, c.attributes)) })
	}
}

// library reads the script, or skips where it was not built.
func (r *regia) library(t *testing.T) (script []byte, header http.Header) {
	t.Helper()
	answer, err := r.http.Get("http://" + r.addr + "/regia.js")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusServiceUnavailable {
		testkit.Missing(t, "regia.js was not built: run `make build`")
	}
	if script, err = io.ReadAll(answer.Body); err != nil {
		t.Fatal(err)
	}
	return script, answer.Header
}

func everyCall(s *shop) {
	b := s.tab().open("/home")
	b.run(`
		regia.page("Home", { shelf: "front" });
		regia.track("Newsletter Subscribed", { list: "offers" });
		regia.identify("anna-js", { email: "anna.js@example.com" });
		regia.group("acme", { name: "Acme" });
		regia.alias("anna-js", "anna-older");
		regia.track("Catalogue Asked");
		regia.identify({ city: "Lecce" });
		await regia.flush()`)
	got := s.expect("page Home", "Newsletter Subscribed", "identify", "group", "alias", "Catalogue Asked", "identify")
	visitor := told[string](b, "regia.anonymousId()")
	for _, m := range got {
		if m.AnonymousID != visitor || m.MessageID == "" || m.Context.SessionID != got[0].Context.SessionID || m.Context.Library["name"] != "regia.js" {
			s.t.Errorf("%s: of visitor %q in visit %q, id %q", m, m.AnonymousID, m.Context.SessionID, m.MessageID)
		}
	}
	want(s.t, "the page's property", got[0].Properties["shelf"], any("front"))
	want(s.t, "the user before", got[1].UserID, "")
	want(s.t, "the user after", got[5].UserID, "anna-js")
	want(s.t, "the group", got[3].GroupID, "acme")
	want(s.t, "the former name", got[4].PreviousID, "anna-older")
	want(s.t, "the city", got[6].Traits["city"], any("Lecce"))

	s.r.woven()
	anna := s.r.person("user_id:anna-js").ID
	want(s.t, "the person of the visitor", s.r.person("anonymous_id:"+visitor).ID, anna)
	want(s.t, "the person of the e-mail address", s.r.person("email:anna.js@example.com").ID, anna)
	want(s.t, "interactions", len(s.r.timeline(anna, 100)), len(got))
}

func moneyAndOrders(s *shop) {
	b := s.tab().open("/shop")
	b.run(`
		const lamp = { product_id: "lamp", name: "Lamp", price: "25,90", quantity: 1 };
		regia.productsSearched({ query: "lamp" });
		regia.productListViewed({ category: "light", products: [lamp] });
		regia.productClicked(lamp);
		regia.productViewed(lamp);
		regia.productAdded(lamp);
		regia.productRemoved(lamp);
		regia.cartViewed({ products: [lamp] });
		regia.couponApplied({ coupon: "SPRING" });
		regia.checkoutStarted({ order_id: "JS-1", revenue: 25.9 });
		regia.orderCompleted({ order_id: "JS-1", revenue: "25.90", shipping: "4,9", products: [lamp] });
		regia.orderRefunded({ order_id: "JS-1", total: 5 });
		regia.orderCancelled({ order_id: "JS-2", total: 7.5, currency: "CHF" });
		await regia.flush()`)
	story := []string{"Products Searched", "Product List Viewed", "Product Clicked", "Product Viewed", "Product Added", "Product Removed",
		"Cart Viewed", "Coupon Applied", "Checkout Started", "Order Completed", "Order Refunded", "Order Cancelled"}
	got := s.expect(story...)
	want(s.t, "the lamp's price", got[3].Properties["price"], any(25.9))
	want(s.t, "the order's currency", got[9].Properties["currency"], any("EUR"))
	want(s.t, "its shipping", got[9].Properties["shipping"], any(4.9))

	// The thank-you page is loaded again: the same order.
	b.open("/thanks").run(`regia.orderCompleted({ order_id: "JS-1", revenue: 25.9 }); regia.track("After"); await regia.flush()`)
	s.expect(append(story, "After")...)

	s.r.woven()
	var page list[struct {
		Name    string
		Revenue *struct {
			Minor    int64 `json:"amount_minor"`
			Currency string
		}
	}]
	s.r.get("/api/v1/people/"+s.r.person("anonymous_id:"+got[0].AnonymousID).ID+"/timeline", nil, &page)
	money := map[string]int64{}
	for _, m := range page.Items {
		if m.Revenue != nil {
			money[m.Name+" "+m.Revenue.Currency] += m.Revenue.Minor
		}
	}
	want(s.t, "the money in the ledger", fmt.Sprint(money), "map[Order Cancelled CHF:-750 Order Completed EUR:2590 Order Refunded EUR:-500]")
	want(s.t, "interactions", len(page.Items), len(story)+1)
}

func whatSurroundsAPage(s *shop) {
	b := s.tab()
	b.open("/lamps?utm_source=mail&utm_campaign=spring&gclid=secret-click&colour=red&reset_token=hush#part")
	got := s.expect("page lamps")[0]
	c := got.Context
	want(s.t, "the address", c.Page["url"], s.site.URL+"/lamps?utm_source=mail&utm_campaign=spring&colour=red")
	want(s.t, "the path", c.Page["path"], "/lamps")
	want(s.t, "the title", c.Page["title"], "lamps")
	want(s.t, "the campaign", fmt.Sprint(c.Campaign), "map[name:spring source:mail]")
	want(s.t, "the address in the properties", got.Properties["url"], any(c.Page["url"]))
	if c.Locale == "" || c.Timezone == "" || c.Screen["width"] == 0 {
		s.t.Errorf("the browser is not told: %q %q %v", c.Locale, c.Timezone, c.Screen)
	}
	raw, err := json.Marshal(s.letters())
	if err != nil {
		s.t.Fatal(err)
	}
	if strings.Contains(strings.ToLower(string(raw)), "mozilla") {
		s.t.Error("the browser's own name was sent")
	}

	// Who clicked an advertisement is kept once people said yes; secrets never are.
	b.run(`regia.consent(true)`)
	b.open("/lamps?gclid=click&access_token=hush")
	got = s.expect("page lamps", "Consent Given", "page lamps")[2]
	want(s.t, "the address after consent", got.Context.Page["url"], s.site.URL+"/lamps?gclid=click")
}

func applicationOfOnePage(s *shop) {
	b := s.tab().open("/app")
	s.expect("page app")
	b.run(`history.pushState({}, "", "/app/lamps"); document.title = "Lamps"`)
	got := s.expect("page app", "page Lamps")
	want(s.t, "the second page", got[1].Context.Page["path"], "/app/lamps")
	want(s.t, "where it came from", got[1].Context.Page["referrer"], s.site.URL+"/app")

	// Neither a filter written into the address, nor the same page again, is another page.
	b.run(`history.replaceState({}, "", "/app/lamps?colour=red"); history.pushState({}, "", "/app/lamps?colour=red#part"); regia.track("Filtered")`)
	s.expect("page app", "page Lamps", "Filtered")
	// What is tracked after a page comes after it, however fast it was.
	b.run(`history.pushState({}, "", "/app/chairs"); document.title = "Chairs"; regia.track("Chair Seen"); history.back()`)
	b.run(`while (location.pathname != "/app/lamps") await new Promise(done => addEventListener("popstate", done, { once: true })); document.title = "Lamps again"`)
	s.expect("page app", "page Lamps", "Filtered", "page Chairs", "Chair Seen", "page Lamps again")
	b.run(`history.replaceState({}, "", "/app/tables"); document.title = "Tables"`)
	s.expect("page app", "page Lamps", "Filtered", "page Chairs", "Chair Seen", "page Lamps again", "page Tables")
}

func visitsAndVisitors(s *shop) {
	b := s.tab().open("/")
	b.run(`regia.identify("first"); regia.track("A"); await regia.flush()`)
	// The clock says that half an hour went by.
	b.run(`const now = Date.now; Date.now = () => now() + 31 * 60e3; regia.track("B"); await regia.flush(); Date.now = now`)
	b.run(`regia.identify("second"); regia.track("C"); regia.reset(); regia.track("D"); await regia.flush()`)
	got := s.expect("identify", "A", "B", "identify", "C", "D")
	want(s.t, "the visitor after half an hour", got[2].AnonymousID, got[1].AnonymousID)
	want(s.t, "the user after half an hour", got[2].UserID, "first")
	want(s.t, "the user after another signed in", got[4].UserID, "second")
	want(s.t, "the user after a sign-out", got[5].UserID, "")
	visits := []string{got[1].Context.SessionID, got[2].Context.SessionID, got[4].Context.SessionID, got[5].Context.SessionID}
	visitors := []string{got[1].AnonymousID, got[4].AnonymousID, got[5].AnonymousID}
	for what, list := range map[string][]string{"visits": visits, "visitors": visitors} {
		slices.Sort(list)
		want(s.t, what, len(slices.Compact(list)), len(list))
	}
}
