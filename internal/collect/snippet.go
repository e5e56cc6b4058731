package collect

import "strings"

// snippet is a working example of how to send events.
type snippet struct {
	label string // key of a message
	code  string
}

// snippets gives examples for a kind of source, the most fitting first. base is
// this Regia's address, without a slash at its end.
func snippets(kind SourceKind, base, key string) []snippet {
	of := func(label, code string) snippet {
		return snippet{"collect.snippet." + label, strings.NewReplacer("{base}", base, "{key}", key).Replace(code)}
	}
	curl, node, page := of("curl", curlSnippet), of("node", nodeSnippet), of("page", pageSnippet)
	switch kind {
	case Site:
		return []snippet{page, of("segment", segmentSnippet), of("rudder", rudderSnippet), curl, node}
	case App:
		return []snippet{of("app", appSnippet), curl}
	case Shop:
		return []snippet{of("till", tillSnippet), node}
	case ImportSource:
		return []snippet{of("import", importSnippet), of("csv", csvSnippet)}
	case RegiaSource:
		return nil
	}
	return []snippet{curl, node, of("segmentnode", segmentNodeSnippet)}
}

const pageSnippet = `<script>
(function (base, key) {
  var random = function () {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), function (b) { return b.toString(16).padStart(2, "0"); }).join("");
  };
  var visitor = localStorage.regia || (localStorage.regia = random());
  function send(type, data) {
    var now = new Date().toISOString();
    fetch(base + "/v1/" + type, {
      method: "POST", keepalive: true, headers: { "Content-Type": "text/plain" },
      body: JSON.stringify(Object.assign({
        writeKey: key, messageId: random(), anonymousId: visitor, timestamp: now, sentAt: now,
        context: { page: { url: location.href, title: document.title, referrer: document.referrer }, locale: navigator.language }
      }, data))
    });
  }
  window.regia = {
    page: function (name, properties) { send("page", { name: name, properties: properties || {} }); },
    track: function (event, properties) { send("track", { event: event, properties: properties || {} }); },
    identify: function (userId, traits) { send("identify", { userId: userId, traits: traits || {} }); }
  };
  regia.page(document.title);
})("{base}", "{key}");
</script>`

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

const importSnippet = `curl {base}/v1/import -u {key}: \
  -H 'Content-Type: application/json' \
  -d '{"batch": [
        {"type": "track", "event": "Order Completed", "messageId": "order-A-1",
         "userId": "42", "timestamp": "2024-03-01T10:00:00+01:00",
         "properties": {"order_id": "A-1", "revenue": 25.90, "currency": "EUR"}}]}'`

const csvSnippet = `regia import csv --mapping mapping.yaml orders.csv --dry-run`
