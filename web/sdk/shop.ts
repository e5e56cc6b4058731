// What a shop tells, in the names of Segment's e-commerce events.

import { warn } from "./store";

export const shopEvents = ("productsSearched productListViewed productViewed productClicked productAdded productRemoved " +
  "cartViewed checkoutStarted couponApplied orderCompleted orderRefunded orderCancelled").split(" ");

// eventName turns "productAdded" into "Product Added".
export const eventName = (call: string): string =>
  call[0].toUpperCase() + call.slice(1).replace(/[A-Z]/g, " $&");

const amounts = /^(price|revenue|total|value|subtotal|shipping|tax|discount)$/;

type Goods = Record<string, unknown>;

// money makes amounts decimal numbers: "25,90" becomes 25.9. What cannot be
// read without guessing stays as it is, and is said.
export function money(goods: Goods): Goods {
  const out = { ...goods };
  for (const name of Object.keys(out)) {
    const value = out[name];
    if (name === "products" && Array.isArray(value)) out[name] = value.map(money);
    if (!amounts.test(name) || typeof value === "number" || value == null) continue;
    const text = String(value).trim().replace(/^(-?\d+),(\d\d?)$/, "$1.$2");
    if (/^-?\d+(\.\d+)?$/.test(text)) out[name] = +text;
    else warn(name, "is not a decimal amount such as 25.90:", value);
  }
  return out;
}
