// A shop's server that uses Segment: node segment-node.mjs <regia> <write key>
import { Analytics } from "@segment/analytics-node";

const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host, flushAt: 4, maxRetries: 5 });
analytics.on("error", (e) => {
  console.error(e);
  process.exitCode = 1;
});

analytics.page({ anonymousId: "node-1", name: "Home", properties: { path: "/" } });
analytics.track({ anonymousId: "node-1", event: "Product Viewed", properties: { product_id: "lamp", price: 49.9 } });
analytics.identify({ anonymousId: "node-1", userId: "nina", traits: { email: "nina@example.com", firstName: "Nina" } });
analytics.track({ userId: "nina", event: "Order Completed", timestamp: new Date(Date.now() - 3600_000), properties: { order_id: "n-1", revenue: 49.9, currency: "EUR" } });
analytics.group({ userId: "nina", groupId: "club", traits: { name: "The Club" } });
analytics.screen({ userId: "nina", name: "Basket" });
analytics.alias({ previousId: "nina", userId: "nina-2" });
await analytics.flush({ close: true });
