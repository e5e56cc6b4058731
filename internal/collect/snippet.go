package collect

import (
	"net"
	"strings"

	"regia/internal/web"
)

// snippet is a working example of how to send events.
type snippet struct {
	label string // key of a message
	code  string
}

// place is what examples are filled in with.
type place struct {
	base     string // this Regia's address, without a slash at its end
	mqtt     string // host:port where devices connect; "" = nowhere
	key      string
	currency string      // the company's
	library  web.Library // empty when it was not built
}

// snippets gives examples for a kind of source, the most fitting first.
func snippets(kind SourceKind, at place) []snippet {
	device := "device"
	if at.mqtt == "" {
		device, at.mqtt = "device.off", "regia.example.it:1883"
	}
	host, port, _ := net.SplitHostPort(at.mqtt)
	fill := strings.NewReplacer("{base}", at.base, "{key}", at.key, "{currency}", at.currency,
		"{path}", at.library.Path, "{integrity}", at.library.Integrity,
		"{mqtt}", host, "{port}", port)
	of := func(label, code string) snippet { return snippet{"collect.snippet." + label, fill.Replace(code)} }
	curl, node := of("curl", curlSnippet), of("node", nodeSnippet)
	switch kind {
	case Site:
		list := []snippet{of("newest", newestSnippet), of("shop", shopSnippet),
			of("segment", segmentSnippet), of("rudder", rudderSnippet), curl, node}
		if at.library.Path == "" {
			return list
		}
		return append([]snippet{of("page", pageSnippet)}, list...)
	case App:
		return []snippet{of("app", appSnippet), curl}
	case Shop:
		return []snippet{of("till", tillSnippet), of(device, tillDeviceSnippet), node}
	case DeviceSource:
		return []snippet{of(device, deviceSnippet), curl}
	case ImportSource:
		return []snippet{of("import", importSnippet), of("csv", csvSnippet)}
	case RegiaSource, WebhookSource:
		return nil
	}
	return []snippet{curl, node, of("segmentnode", segmentNodeSnippet)}
}

// pageSnippet keeps what is called before the library is there, and loads the
// very version whose integrity it names.
const pageSnippet = `<script>
  window.regia = window.regia || { q: [] };
  ("page track identify group alias reset consent " +
   "productsSearched productListViewed productViewed productClicked productAdded productRemoved " +
   "cartViewed checkoutStarted couponApplied orderCompleted orderRefunded orderCancelled"
  ).split(" ").forEach(function (call) {
    regia[call] = regia[call] || function () { regia.q.push([call, arguments]); };
  });
</script>
<script async src="{base}{path}"
  integrity="{integrity}" crossorigin="anonymous"
  data-key="{key}" data-consent="required" data-currency="{currency}"></script>`

const newestSnippet = `<script defer src="{base}/regia.js"
  data-key="{key}" data-consent="required" data-currency="{currency}"></script>`

const shopSnippet = `// What people answered in your cookie banner:
regia.consent({ analytics: true, marketing: false });

// Who this is, once they signed in; and that they signed out:
regia.identify("42", { email: "anna@example.com", firstName: "Anna" });
regia.reset();

// What they do in the shop. Amounts are decimal:
regia.productViewed({ product_id: "lamp", name: "Lamp", price: 25.90 });
regia.productAdded({ product_id: "lamp", price: 25.90, quantity: 1 });
regia.orderCompleted({ order_id: "A-1", revenue: 25.90, currency: "{currency}",
  products: [{ product_id: "lamp", price: 25.90, quantity: 1 }] });

// Anything else:
regia.track("Newsletter Subscribed", { list: "offers" });`

const segmentSnippet = `import { AnalyticsBrowser } from "@segment/analytics-next";

export const analytics = AnalyticsBrowser.load({
  writeKey: "{key}",
  cdnURL: "{base}",
});`

const segmentNodeSnippet = `import { Analytics } from "@segment/analytics-node";

const analytics = new Analytics({ writeKey: "{key}", host: "{base}" });`

const rudderSnippet = `import { RudderAnalytics } from "@rudderstack/analytics-js/bundled";

const analytics = new RudderAnalytics();
analytics.load("{key}", "{base}", { configUrl: "{base}" });`

const curlSnippet = `curl {base}/v1/track -u {key}: \
  -H 'Content-Type: application/json' \
  -d '{"userId": "42", "event": "Order Completed",
       "properties": {"order_id": "A-1", "revenue": 25.90, "currency": "EUR"}}'`

const nodeSnippet = `await fetch("{base}/v1/track", {
  method: "POST",
  headers: { "Content-Type": "application/json", "X-Write-Key": "{key}" },
  body: JSON.stringify({
    userId: "42", event: "Order Completed", messageId: "order-A-1", timestamp: new Date(),
    properties: { order_id: "A-1", revenue: 25.90, currency: "EUR" },
  }),
});`

const appSnippet = `fetch("{base}/v1/screen", {
  method: "POST",
  headers: { "Content-Type": "application/json", "X-Write-Key": "{key}" },
  body: JSON.stringify({
    anonymousId: installationId, name: "Product", messageId: newId(),
    timestamp: happenedAt, sentAt: new Date(),
  }),
});`

const tillSnippet = `curl {base}/v1/track -u {key}: \
  -H 'Content-Type: application/json' \
  -d '{"event": "Order Completed", "messageId": "till1-20261122-0042",
       "identifiers": [{"kind": "loyalty_card", "value": "2900000012345"}],
       "properties": {"order_id": "till1-20261122-0042", "revenue": 25.90, "currency": "EUR"}}'`

const tillDeviceSnippet = `mosquitto_pub -h {mqtt} -p {port} -q 1 -t regia/{key}/track \
  -m '{"event": "Order Completed", "messageId": "till1-20261122-0042",
       "identifiers": [{"kind": "loyalty_card", "value": "2900000012345"}],
       "properties": {"order_id": "till1-20261122-0042", "revenue": 25.90, "currency": "EUR"}}'`

const deviceSnippet = `mosquitto_pub -h {mqtt} -p {port} -q 1 -t regia/{key}/track \
  -m '{"event": "Shop Visited", "properties": {"door": "main", "in": 12, "out": 9}}'`

const importSnippet = `curl {base}/v1/import -u {key}: \
  -H 'Content-Type: application/json' \
  -d '{"batch": [
        {"type": "track", "event": "Order Completed", "messageId": "order-A-1",
         "userId": "42", "timestamp": "2024-03-01T10:00:00+01:00",
         "properties": {"order_id": "A-1", "revenue": 25.90, "currency": "EUR"}}]}'`

const csvSnippet = `regia import csv --mapping mapping.yaml orders.csv --dry-run`
