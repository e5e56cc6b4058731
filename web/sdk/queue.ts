// The way out. Every event stands under a name of its own in localStorage until
// the server has it: two tabs never write over each other, a reload loses
// nothing, and names sort in the order things happened. One tab at a time sends
// (a lock); what is sent twice all the same, the server knows by its messageId.

import { fresh, prefix, read, warn, write } from "./store";

const events = prefix + "q.";
const mostWaiting = 500;
const mostAtOnce = 100;
const mostBytes = 60000; // browsers let 64 KB outlive a page
const mostOfOne = 32000; // the server takes 32 KB
const day = 23 * 3600e3; // so long the server knows a messageId for sure, with an hour to spare
const hour = 3600e3;

interface Said {
  accepted?: number;
  rejected?: { index: number; error: string }[];
  error?: string;
}

export interface Queue {
  add(event: string, passing?: boolean): void;
  flush(): Promise<void>;
  leave(): void;
  clear(): void;
}

const bytes = (text: string): number => new Blob([text]).size;

export function makeQueue(url: string, writeKey: string): Queue {
  const memory = new Map<string, string>(); // what could not be stored, or must not be
  const mine = new Set<string>(); // written by this page, unanswered
  const flying = new Map<string, number>(); // on the wire, with their bytes
  let count = 0;
  let last = 0;
  let failures = 0;
  let pauseUntil = 0;
  let size = mostAtOnce;
  let timer: number | undefined;
  let running: Promise<void> | undefined;
  let again = false;

  const waiting = (): string[] => {
    const names = [...memory.keys()];
    try {
      names.push(...Object.keys(localStorage).filter((name) => name.startsWith(events)));
    } catch { /* closed to us */ }
    return names.sort();
  };
  // What is stored is the event, after the moment of its last farewell if it had one.
  const stored = (name: string): string => {
    try {
      return memory.get(name) || localStorage.getItem(name) || "";
    } catch {
      return "";
    }
  };
  const eventOf = (text: string): string => text.slice(text.indexOf("{") >>> 0);
  const put = (name: string, text: string): void => {
    try {
      localStorage.setItem(name, text);
    } catch {
      memory.set(name, text);
    }
  };
  // mark writes the moment of a farewell before a stored event, or takes it away.
  const mark = (name: string, moment: number | string): void => {
    const event = eventOf(stored(name));
    if (event && !memory.has(name)) put(name, moment + event);
  };
  const drop = (name: string): void => {
    mine.delete(name);
    memory.delete(name);
    try {
      localStorage.removeItem(name);
    } catch { /* was not there */ }
  };

  // take chooses the first events that fit into one request.
  function take(names: string[], room: number): Map<string, string> {
    const batch = new Map<string, string>();
    for (const name of names) {
      if (batch.size >= size) break;
      const text = stored(name);
      const event = eventOf(text);
      const farewell = parseInt(text);
      if (flying.has(name) || !event) continue;
      if (farewell < Date.now() - day) {
        drop(name); // it went out with its page, and is too old to be told from its double
        continue;
      }
      room -= bytes(event) + 1;
      if (room < 0) break;
      batch.set(name, event);
    }
    return batch;
  }

  const rest = (): number => {
    const told = +(read("rest") || 0);
    return Math.max(pauseUntil, told <= Date.now() + hour ? told : 0) - Date.now();
  };
  const later = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(flush, ms);
  };

  // post sends a batch and does what the answer says.
  async function post(batch: Map<string, string>, leaving?: boolean): Promise<void> {
    const names = [...batch.keys()];
    batch.forEach((event, name) => flying.set(name, bytes(event)));
    const body = `{"writeKey":${JSON.stringify(writeKey)},"sentAt":"${new Date().toISOString()}","batch":[${[...batch.values()]}]}`;
    if (leaving && !("keepalive" in Request.prototype)) return void navigator.sendBeacon(url, body);
    let answer: Response | undefined;
    let said: Said = {};
    const patience = new AbortController();
    const bell = setTimeout(() => patience.abort(), 30000);
    try {
      // Text needs no preflight; no cookie of the server's own travels.
      answer = await fetch(url, { method: "POST", body, keepalive: true, credentials: "omit", signal: patience.signal });
      said = await answer.json();
    } catch { /* offline, or no answer of ours */ }
    clearTimeout(bell);
    settle(names, answer, said || {});
    names.forEach((name) => flying.delete(name));
  }

  function settle(names: string[], answer: Response | undefined, said: Said): void {
    const status = answer ? answer.status : 0;
    const refused = said.rejected || [];
    refused.forEach((r) => warn("an event was refused:", r.error));
    if (status >= 400 && !refused.length) warn(status, said.error);
    if (status === 200 && said.accepted !== undefined) {
      names.forEach(drop);
      failures = 0;
      size = mostAtOnce;
    } else if (status === 400 || status === 413 || status === 422) {
      const bad = refused.map((r) => names[r.index]).filter(Boolean);
      if (!bad.length && names.length > 1) size = names.length >> 1; // which one was it?
      else (bad.length ? bad : names).forEach(drop);
    } else {
      pause(answer, status);
      names.forEach((name) => mine.has(name) && mark(name, "")); // known not to have arrived
    }
  }

  // pause waits longer after each failure, never less than the server asked for.
  function pause(answer: Response | undefined, status: number): void {
    const header = (answer && answer.headers.get("Retry-After")) || "";
    const asked = +header * 1000 || Date.parse(header) - Date.now() || 0;
    const ms = Math.max(Math.min(asked, hour), Math.min(3e5, 1000 * 2 ** failures++) * (0.5 + Math.random() / 2));
    if (status) write("rest", "" + (Date.now() + ms), true); // for the other tabs and the next page too
    else pauseUntil = Date.now() + ms;
    later(ms);
  }

  async function drain(): Promise<void> {
    for (let sent = false; ; ) {
      const ms = rest();
      if (ms > 0) return later(ms);
      const batch = take(waiting(), mostBytes);
      if (batch.size) {
        await post(batch);
        sent = true;
      } else {
        if (!sent) return;
        // Other tabs learn a moment later what was taken out: they wait for the lock until then.
        await new Promise((done) => setTimeout(done, 50));
        sent = false;
      }
    }
  }

  function flush(): Promise<void> {
    again = !!running;
    if (running) return running;
    const locks = navigator.locks;
    const turn = locks ? locks.request("regia", drain).catch(drain) : drain();
    return (running = turn.then(() => {
      running = undefined;
      return again ? flush() : undefined;
    }));
  }

  function add(event: string, passing?: boolean): void {
    if (bytes(event) > mostOfOne) return warn("an event of more than 32 KB was left out");
    last = Math.max(last, Date.now());
    const name = events + last + "." + (1e6 + count++) + "." + fresh().slice(0, 8);
    const names = waiting();
    while (names.length >= mostWaiting) drop(names.shift() as string);
    if (passing) memory.set(name, event);
    else put(name, event);
    mine.add(name);
    if (rest() <= 0) later(0);
  }

  // leave hands to the browser what this page has not sent yet. It stays
  // stored, with the moment, as nobody will hear the answer.
  function leave(): void {
    if (rest() > 0 || navigator.onLine === false) return;
    let room = mostBytes;
    flying.forEach((n) => (room -= n));
    const batch = take([...mine], room);
    [...batch.keys(), ...flying.keys()].forEach((name) => mark(name, Date.now()));
    if (batch.size) void post(batch, true);
  }

  addEventListener("online", () => {
    pauseUntil = failures = 0;
    void flush();
  });

  return { add, flush, leave, clear: () => waiting().forEach(drop) };
}
