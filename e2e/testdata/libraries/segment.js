// As docs/collect.md says, and with the waits of a test.
const asked = new URLSearchParams(location.search);
const target = { deliveryStrategy: { config: { keepalive: true } }, httpConfig: { backoffConfig: { baseBackoffInterval: 0.1, maxBackoffInterval: 0.3, maxRetryCount: 100 } } };
if (asked.has("batch")) {
  target.deliveryStrategy = { strategy: "batching", config: { size: Number(asked.get("batch")), timeout: 600000 } };
}
var analytics = AnalyticsNext.AnalyticsBrowser.load(
  { writeKey: asked.get("key"), cdnURL: asked.get("regia") },
  { integrations: { "Segment.io": target } },
);
