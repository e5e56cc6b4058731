// What surrounds an event, in the shape of Segment's context.

import type { Message } from "./message";
import { version } from "./store";

// What says who clicked an advertisement: kept only once people said yes.
const clicks = /cl(ic)?k?id$|^[gw]braid$|^(li_fat_id|mc_eid|_hs\w+|igshi?d?|epik|rdt_cid|srsltid|mkt_tok)$/i;
// What opens an account or names somebody: never kept.
const secrets = /token|passw|secret|^e-?mail$/i;

// clean leaves out of an address what must not be kept, and its fragment unless
// it is a route of the page's own.
export function clean(address: string, consented: boolean): URL | undefined {
  try {
    const url = new URL(address);
    for (const name of [...url.searchParams.keys()]) {
      if (secrets.test(name) || (!consented && clicks.test(name))) url.searchParams.delete(name);
    }
    if (!/^#!?\//.test(url.hash)) url.hash = "";
    url.username = url.password = "";
    return url;
  } catch { /* no address */ }
}

// surroundings are taken when something happens: a moment later the page may be another.
export function surroundings(referrer: string, consented: boolean): Message["context"] {
  const url = clean(location.href, consented) as URL;
  const from = clean(referrer, consented);
  const campaign: Record<string, string> = {};
  url.searchParams.forEach((value, name) => {
    if (/^utm_/.test(name)) campaign[name === "utm_campaign" ? "name" : name.slice(4)] = value;
  });
  return {
    library: { name: "regia.js", version },
    page: { url: url.href, path: url.pathname, search: url.search, title: document.title, referrer: from ? from.href : "" },
    campaign: Object.keys(campaign).length ? campaign : undefined,
    locale: navigator.language,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    screen: { width: screen.width, height: screen.height, density: devicePixelRatio },
  };
}
