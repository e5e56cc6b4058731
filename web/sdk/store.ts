// What this browser remembers, on the site's own domain only: each note in one
// place, a first-party cookie (other hosts of the same site read it), else
// localStorage, else the page's memory. Never in two: whoever deletes their
// cookies must not be found again by a copy.

declare const VERSION: string; // put in by web/build.mjs
export const version = VERSION;

export const prefix = "regia.";
const year = 34128000; // 395 days in seconds
const memory = new Map<string, string>();
let domain: string | undefined;

const cookieOf = (name: string): string | undefined =>
  document.cookie.split("; ").find((c) => c.startsWith("regia_" + name + "="))?.split("=")[1];

function bake(name: string, value: string, age: number, on: string): void {
  document.cookie = `regia_${name}=${value};path=/;max-age=${age};samesite=lax` +
    (on && ";domain=" + on) + (location.protocol === "https:" ? ";secure" : "");
}

// widest finds the widest domain the browser lets cookies have: the site's own.
function widest(wanted?: string): string {
  if (wanted) return wanted;
  const labels = location.hostname.split(".");
  for (let i = labels.length; i--; ) {
    const on = labels.slice(i).join(".");
    bake("try", "1", 9, on);
    if (cookieOf("try")) {
      bake("try", "", 0, on);
      return on;
    }
  }
  return "";
}

export function read(name: string): string | undefined {
  let kept: string | null | undefined;
  try {
    kept = cookieOf(name);
    if (kept) kept = decodeURIComponent(kept);
    kept = kept || localStorage.getItem(prefix + name);
  } catch { /* storage is closed to us */ }
  return kept || memory.get(name);
}

// write keeps a note; local ones never travel to the shop's server in a cookie.
export function write(name: string, value: string, local?: boolean): void {
  try {
    if (!local) bake(name, encodeURIComponent(value), year, (domain = domain ?? widest(site.domain)));
    if (cookieOf(name)) return;
  } catch { /* a page without an origin has no cookies */ }
  try {
    localStorage.setItem(prefix + name, value);
  } catch {
    memory.set(name, value);
  }
}

export function forget(name: string): void {
  memory.delete(name);
  try {
    bake(name, "", 0, (domain = domain ?? widest(site.domain)));
    localStorage.removeItem(prefix + name);
  } catch { /* nothing was kept */ }
}

// site is what the page says of itself, where it must.
export const site: { domain?: string } = {};

// fresh makes a name nobody can guess.
export const fresh = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => (b + 256).toString(16).slice(1)).join("");

export const warn = (...what: unknown[]): void => console.warn("regia:", ...what);
