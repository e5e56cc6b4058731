package touchpoint

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"regia/internal/experience"
)

func mustDefaults(t *testing.T) Catalogue {
	t.Helper()
	c, err := Defaults()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sources has one source of every kind, named after it.
func everySource() []Source {
	var out []Source
	for _, c := range experience.Channels {
		out = append(out, Source{ID: string(c) + "-1", Kind: string(c)})
	}
	return out
}

func TestDefaultsAreWhole(t *testing.T) {
	c := mustDefaults(t)
	if c.Version < 1 {
		t.Error("the default catalogue has no version")
	}
	names := map[string]string{}
	for _, tp := range c.Touchpoints {
		for what, s := range map[string]string{"Italian name": tp.Name.IT, "English name": tp.Name.EN, "Italian description": tp.Description.IT, "English description": tp.Description.EN} {
			if strings.TrimSpace(s) == "" {
				t.Errorf("%s has no %s", tp.Key, what)
			}
		}
		if !slices.Contains(Departments, tp.Department) {
			t.Errorf("%s: department %q has no name in both languages", tp.Key, tp.Department)
		}
		for _, n := range []string{tp.Key, "it " + tp.Name.IT, "en " + tp.Name.EN} {
			if other, taken := names[n]; taken {
				t.Errorf("%s and %s are both called %q", other, tp.Key, n)
			}
			names[n] = tp.Key
		}
		if len(c.Of(tp.Key)) == 0 {
			t.Errorf("%s has no events", tp.Key)
		}
	}
	for _, stage := range experience.Stages {
		if !slices.ContainsFunc(c.Touchpoints, func(tp Touchpoint) bool { return tp.Stage == stage }) {
			t.Errorf("no touchpoint serves the stage %s", stage)
		}
	}
	for _, o := range experience.Ownerships {
		if !slices.ContainsFunc(c.Touchpoints, func(tp Touchpoint) bool { return tp.Ownership == o }) {
			t.Errorf("no touchpoint has the ownership %s", o)
		}
	}
	ids := map[string]bool{}
	for i, b := range c.Bindings {
		if ids[b.ID] {
			t.Errorf("two bindings say the same: %+v", b)
		}
		ids[b.ID] = true
		if kind, ok := strings.CutPrefix(b.Source, KindPrefix); ok && !slices.Contains(experience.Channels, experience.Channel(kind)) {
			t.Errorf("%s is bound to sources of the kind %q, which is no channel", b.Touchpoint, kind)
		}
		for _, other := range c.Bindings[i+1:] {
			if same(b.Binding, other.Binding) {
				t.Errorf("%s and %s want the same events: %+v", b.Touchpoint, other.Touchpoint, b.Binding)
			}
		}
	}
}

// TestEveryDefaultBindingDecides makes an event for each binding and finds that
// it comes to the touchpoint under which it is written.
func TestEveryDefaultBindingDecides(t *testing.T) {
	c := mustDefaults(t)
	m := NewMatcher(c.Rules(everySource()))
	for _, b := range c.Bindings {
		source := "somewhere"
		if kind, ok := strings.CutPrefix(b.Source, KindPrefix); ok {
			source = kind + "-1"
		}
		properties := map[string]string{}
		for _, cond := range b.Conditions {
			properties[cond.Property] = cond.Value
		}
		text, err := json.Marshal(properties)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := m.Match(source, cmp.Or(b.Kind, experience.Track), strings.ToUpper(b.Name), text)
		if got != b.Touchpoint {
			t.Errorf("%s %q from %s with %s came to %q, want %q", b.Kind, b.Name, source, text, got, b.Touchpoint)
		}
	}
}

func TestDefaultEvents(t *testing.T) {
	m := NewMatcher(mustDefaults(t).Rules(everySource()))
	for _, line := range strings.Split(strings.TrimSpace(defaultEvents), "\n") {
		want, events, _ := strings.Cut(line, ":")
		for _, name := range strings.Split(events, ",") {
			if got, _ := m.Match("site", experience.Track, strings.TrimSpace(name), nil); got != want {
				t.Errorf("%q came to %q, want %q", strings.TrimSpace(name), got, want)
			}
		}
	}
	for _, c := range []struct {
		source     string
		kind       experience.Kind
		name       string
		properties string
		want       string
	}{
		{"web-1", experience.Track, "Order Completed", `{}`, "online-order"},
		{"app-1", experience.Track, "Order Completed", `{}`, "app-order"},
		{"shop-1", experience.Track, "Order Completed", `{}`, "till"},
		{"phone-1", experience.Track, "Order Completed", `{}`, "phone-order"},
		{"marketplace-1", experience.Track, "Order Completed", `{}`, "marketplace-order"},
		{"social-1", experience.Track, "Order Completed", `{}`, "social-order"},
		{"shop-1", experience.Track, "Return Made", `{}`, "shop-return"},
		{"shop-1", experience.Track, "Parcel Picked Up", `{}`, "shop-collection"},
		{"marketplace-1", experience.Track, "Review Posted", `{}`, "marketplace-review"},
		{"app-1", experience.Track, "Product Viewed", `{}`, "app-browsing"},
		{"server-1", experience.Track, "Campaign Sent", `{"channel":"email"}`, "email-campaign"},
		{"server-1", experience.Track, "Campaign Sent", `{"channel":"WhatsApp"}`, "message-campaign"},
		{"server-1", experience.Track, "Campaign Sent", `{"channel":"post"}`, "printed-mail"},
		{"server-1", experience.Track, "Message Received", `{"channel":"chat"}`, "chat"},
		{"social-1", experience.Track, "Message Received", `{}`, "social-message"},
		{"web-1", experience.PageView, "Home", `{}`, "site-page"},
		{"web-1", experience.PageView, "Order Completed", `{}`, "site-page"},
		{"app-1", experience.Screen, "", `{}`, "app-screen"},
		{"web-1", experience.Identify, "", `{}`, "profile"},
		{"web-1", experience.Track, "Something Else", `{}`, ""},
	} {
		if got, _ := m.Match(c.source, c.kind, c.name, json.RawMessage(c.properties)); got != c.want {
			t.Errorf("%s %q from %s with %s came to %q, want %q", c.kind, c.name, c.source, c.properties, got, c.want)
		}
	}
}

// What a plain event, from a source of no special kind, must come to.
const defaultEvents = `
site-search:Products Searched
product-list:Product List Viewed, Product List Filtered, Product Clicked
site-promotion:Promotion Viewed, Promotion Clicked
product-page:Product Viewed
cart:Product Added, Product Removed, Cart Viewed
checkout:Checkout Started, Checkout Step Viewed, Checkout Step Completed, Payment Info Entered
online-order:Order Completed, Order Updated
refund:Order Refunded
order-cancellation:Order Cancelled
coupon:Coupon Entered, Coupon Applied, Coupon Denied, Coupon Removed
wishlist:Product Added to Wishlist, Product Removed from Wishlist, Wishlist Product Added to Cart
sharing:Product Shared, Cart Shared
site-review:Product Reviewed
app-install:Application Installed, Application Updated, Application Uninstalled
app-open:Application Opened, Application Backgrounded, Application Foregrounded, Deep Link Opened
app-crash:Application Crashed
push:Push Notification Received, Push Notification Tapped, Push Notification Bounced
advertising:Install Attributed
email-campaign:Email Delivered, Email Opened, Email Link Clicked, Email Bounced, Campaign Sent
unsubscribe:Email Marked as Spam, Unsubscribed
sign-up:Signed Up, Account Created
shop-visit:Shop Visited
fitting-room:Fitting Room Visited, Fitting Room Entered, Fitting Room Left
till:Receipt Issued
return:Return Made
loyalty-card:Loyalty Card Issued, Loyalty Card Used
phone-in:Phone Call Received
phone-out:Phone Call Made
phone-missed:Phone Call Missed
chat:Chat Started, Chat Ended
message:Message Received, Message Sent
letter-in:Letter Received
letter-out:Letter Sent
review:Review Posted
mention:Mention Posted
survey:Survey Sent, Survey Answered
case:Case Opened, Case Answered, Case Closed, Case Reopened
help-centre:Help Article Viewed, Help Searched
smart-mirror:Mirror Session, Mirror Session Started, Mirror Session Ended
showroom:Showroom Session, Showroom Session Started, Showroom Session Ended
order-confirmation:Order Approved
dispatch:Order Shipped
home-delivery:Order Out for Delivery, Out for Delivery, Order Delivered, Delivered Late, Order Delivered Late
failed-delivery:Delivery Failed
pick-up-point:Parcel Picked Up
appointment:Appointment Booked
product-registration:Product Registered
repair:Repair Requested, Repair Completed
referral:Referral Sent
event:Event Attended
marketplace-order:Marketplace Order Placed, Marketplace Order Completed
`
