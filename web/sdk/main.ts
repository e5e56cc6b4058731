// regia.js: tells Regia what happens in the pages of a site.
// The guide is docs/browser.md, the types are regia.d.ts.

import { surroundings } from "./context";
import type { Message } from "./message";
import { makeQueue } from "./queue";
import type { Answer, Properties, Regia } from "./regia";
import { eventName, money, shopEvents } from "./shop";
import { forget, fresh, read, site, version, warn, write } from "./store";

type Stub = Regia & { q?: [string, ArrayLike<unknown>][]; version?: string };
type Fields = Partial<Omit<Message, "context">>;

const idle = 30 * 60e3; // after so long a visit is over
const mostPending = 100; // calls kept in the page's memory while people choose

function start(script: HTMLScriptElement, regia: Stub): void {
  const options = script.dataset;
  const host = (options.host || new URL(script.src).origin).replace(/\/$/, "");
  const queue = makeQueue(host + "/v1/batch", options.key as string);
  site.domain = options.domain;
  let pending: Message[] = []; // before an answer; in memory only
  let due: (() => void) | undefined; // a page view that waits for its title
  let from = document.referrer;

  // Who may be recognised

  const answer = (): Answer | undefined => {
    try {
      return JSON.parse(read("consent") as string);
    } catch { /* nobody asked yet */ }
  };
  const yes = (a: Answer | undefined): boolean =>
    !!a && ("analytics" in a ? a.analytics : Object.values(a).some(Boolean));
  // A general "do not track me" counts until people answer this site in particular.
  const signalled = (): boolean => {
    const n = navigator as Navigator & { globalPrivacyControl?: boolean };
    return !!n.globalPrivacyControl || n.doNotTrack === "1";
  };
  const allowed = (): boolean => {
    const a = answer();
    return a ? yes(a) : options.consent !== "required" && !signalled();
  };

  function forgetAll(): void {
    ["id", "user", "session", "rest", "asked"].forEach(forget);
    pending = [];
    queue.clear();
  }

  function consent(choice?: boolean | Answer): Answer | undefined {
    const before = answer();
    if (choice === undefined) return before;
    const now: Answer = { ...before };
    for (const [purpose, given] of Object.entries(typeof choice === "object" ? choice : { analytics: choice })) now[purpose] = !!given;
    const text = JSON.stringify(now);
    if (text === JSON.stringify(before)) return now; // banners repeat the answer on every page
    const withdrawn = Object.keys(now).some((purpose) => before && before[purpose] && !now[purpose]);
    const known = allowed() && read("id");
    const event = message("track", { event: yes(now) && !withdrawn ? "Consent Given" : "Consent Withdrawn", properties: now });
    if (yes(now)) {
      write("consent", text);
      pending.splice(0).forEach(hand);
      hand(event);
    } else {
      const last = known && complete(event, now);
      forgetAll();
      write("consent", text);
      if (last) queue.add(last, true); // only in memory: nothing of it stays here
    }
    return now;
  }

  // Who it is

  function remembered(name: string): string {
    const kept = read(name) || fresh();
    write(name, kept);
    return kept;
  }

  function session(): string {
    const [id, last] = (read("session") || "").split(".");
    const current = id && Date.now() - +last < idle ? id : fresh();
    write("session", current + "." + Date.now());
    return current;
  }

  function reset(): void {
    ["id", "user", "session"].forEach(forget);
  }

  // What happened

  function message(type: Message["type"], fields: Fields): Message {
    const context = surroundings(from, yes(answer()));
    // A copy: the page may change its objects before they are sent.
    return JSON.parse(JSON.stringify({ type, messageId: fresh(), timestamp: new Date(), ...fields, context }));
  }

  // complete says whose a message is, as of now, and writes it down.
  function complete(m: Message, a: Answer | undefined): string {
    const user = read("user");
    m.anonymousId = remembered("id");
    if (user && m.type !== "alias") m.userId = m.userId || user;
    if (m.type === "alias") m.previousId = m.previousId || m.anonymousId;
    m.context.sessionId = session();
    if (a) m.context.consent = { categoryPreferences: a };
    return JSON.stringify(m);
  }

  function hand(m: Message): void {
    if (m.type === "identify" && m.userId) {
      const before = read("user");
      if (before && before !== m.userId) reset(); // somebody else sits there now
      write("user", m.userId, true);
    }
    queue.add(complete(m, answer()));
  }

  function send(m: Message): void {
    due?.();
    if (allowed()) hand(m);
    else if (!answer() && pending.length < mostPending) pending.push(m);
  }

  const track = (event: string, properties: Properties = {}): void => send(message("track", { event, properties }));

  function pageView(name: string | undefined, properties: Properties): Message {
    const m = message("page", { name });
    m.properties = { ...m.context.page, ...properties };
    return m;
  }

  // survey has the second script show a question, where there is one for whoever
  // is looking. Who may not be recognised is asked only what the page names.
  function survey(key?: string, about: Properties = {}): void {
    const known = allowed();
    if (!known && !key || known && +(read("asked") || 0) > Date.now()) return;
    const widget = document.createElement("script");
    widget.src = host + "/regia-widget.js";
    widget.dataset.host = host;
    widget.dataset.ask = JSON.stringify({ ...about, writeKey: options.key, survey: key, anonymousId: known ? remembered("id") : undefined, language: document.documentElement.lang || navigator.language });
    widget.addEventListener("shown", (e) => known && write("asked", "" + (Date.now() + ((e as CustomEvent).detail || 30) * 864e5), true));
    document.head.append(widget);
  }

  const api = {
    track,
    survey,
    consent,
    page: (name?: string, properties: Properties = {}): void => send(pageView(name, properties)),
    identify(user?: string | number | Properties | null, traits?: Properties): void {
      const named = typeof user !== "object";
      send(message("identify", { userId: named && user !== undefined ? "" + user : undefined, traits: (named ? traits : user || traits) || {} }));
    },
    group: (groupId: string | number, traits: Properties = {}): void => send(message("group", { groupId: "" + groupId, traits })),
    alias: (userId: string | number, previousId?: string): void => send(message("alias", { userId: "" + userId, previousId })),
    reset,
    flush: queue.flush,
    anonymousId: (): string | undefined => (allowed() ? remembered("id") : undefined),
  } as Regia;

  for (const call of shopEvents) {
    (api as unknown as Record<string, (goods: Properties) => void>)[call] = (goods = {}) => {
      const properties = money(options.currency ? { currency: options.currency, ...goods } : goods);
      const m = message("track", { event: eventName(call), properties });
      // A thank-you page that is loaded again tells the same order, not a second one.
      if (call === "orderCompleted" && properties.order_id) m.messageId = "order-completed-" + properties.order_id;
      send(m);
    };
  }

  // Pages, also those that an application draws without loading them

  function watch(): void {
    const route = (): string => location.pathname + (/^#!?\//.test(location.hash) ? location.hash : "");
    let path = "";
    let full = "";
    let here = "";
    const moved = (replaced?: boolean): void => {
      const before = path;
      const shown = full;
      path = route();
      full = path + location.search;
      if (replaced ? path === before : full === shown) return;
      due?.();
      from = here || from;
      const m = pageView(undefined, {});
      here = m.context.page.url;
      const timer = setTimeout(() => due?.(), before ? 50 : 0);
      due = () => {
        due = undefined;
        clearTimeout(timer);
        m.name = m.context.page.title = document.title;
        m.properties = { ...m.context.page };
        send(m);
      };
    };
    for (const call of ["pushState", "replaceState"] as const) {
      const own = history[call];
      history[call] = function (this: History, ...args) {
        own.apply(this, args);
        moved(call === "replaceState");
      };
    }
    addEventListener("popstate", () => moved());
    moved();
  }

  function open(): void {
    if (options.pages !== "manual") watch();
    const calls = regia.q || [];
    Object.assign(regia, safely(api), { q: undefined, version });
    for (const [call, args] of calls) (regia as unknown as Record<string, (...args: unknown[]) => void>)[call]?.(...Array.from(args));
    void queue.flush(); // what the last page left
  }

  const leave = (): void => {
    due?.();
    queue.leave();
  };
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && leave());
  addEventListener("pageshow", (e) => e.persisted && void queue.flush());

  const d = document as Document & { prerendering?: boolean };
  if (d.prerendering) d.addEventListener("prerenderingchange", open, { once: true }); // nobody sees it yet
  else open();
}

// safely lets no mistake of ours, or in what we are given, stop the page.
function safely<T extends object>(api: T): T {
  const out: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(api)) {
    out[name] = (...args: unknown[]) => {
      try {
        return call(...args);
      } catch (e) {
        warn(name, e);
      }
    };
  }
  return out as T;
}

const script = (document.currentScript || document.querySelector("script[data-key][src*='regia']")) as HTMLScriptElement | null;
const page = window as unknown as { regia?: Stub };
if (!script?.dataset.key) warn("the script tag needs data-key");
else if (!page.regia?.version) start(script, (page.regia = page.regia || ({} as Stub)));
