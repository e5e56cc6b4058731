// As docs/collect.md says, and with the waits of a test.
const asked = new URLSearchParams(location.search);
const options = { configUrl: asked.get("regia"), logLevel: "ERROR", queueOptions: { minRetryDelay: 100, maxRetryDelay: 300, timerScaleFactor: 1 } };
if (asked.has("batch")) {
  options.queueOptions.batch = { enabled: true, maxItems: Number(asked.get("batch")), flushInterval: 600000 };
}
if (asked.has("beacon")) {
  options.useBeacon = true;
}
var analytics = new rudderanalytics.RudderAnalytics();
var ready = new Promise((done) => {
  analytics.load(asked.get("key"), asked.get("regia"), options);
  analytics.ready(done);
});
