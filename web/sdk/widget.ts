// regia-widget.js: shows a question in a corner of a site's page. regia.js
// loads it when a page calls regia.survey(); the survey itself is a page of
// Regia in a frame, so that neither's styles reach the other.

interface Offer {
  url?: string;
  title?: string;
  close?: string;
  days?: number;
}

const me = document.currentScript as HTMLScriptElement;
const frameId = "regia-survey";

const style = (element: HTMLElement, text: string): void => {
  element.style.cssText = text; // by script: allowed where a page forbids inline styles
};

function show(offer: Offer): void {
  const box = document.createElement("div");
  box.id = frameId;
  box.setAttribute("role", "dialog");
  box.setAttribute("aria-label", offer.title || "");
  style(box, "all:initial;position:fixed;z-index:2147483000;right:0;bottom:0;width:min(400px,100vw);height:min(520px,70vh);" +
    "margin:0;box-sizing:border-box;background:#fff;border:1px solid #c9c2b4;border-radius:12px 12px 0 0;overflow:hidden;" +
    "box-shadow:0 8px 30px rgba(0,0,0,.25);display:flex;flex-direction:column;contain:layout paint");
  const head = document.createElement("div");
  style(head, "all:initial;display:flex;align-items:center;gap:8px;padding:4px 4px 4px 16px;background:#f6f2ea;color:#26302f;font:600 15px/1.3 system-ui,sans-serif");
  const title = document.createElement("span");
  title.textContent = offer.title || "";
  title.setAttribute("role", "status"); // read out when it appears; the focus stays where it is
  style(title, "flex:1;font:inherit;color:inherit");
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "×";
  close.setAttribute("aria-label", offer.close || "Close");
  style(close, "all:initial;cursor:pointer;min-width:44px;min-height:44px;text-align:center;font:24px/44px system-ui,sans-serif;color:#26302f;border-radius:8px");
  close.onfocus = () => (close.style.outline = close.matches(":focus-visible") ? "3px solid #1f5f63" : "");
  close.onblur = () => (close.style.outline = "");
  const frame = document.createElement("iframe");
  frame.title = offer.title || "";
  frame.src = offer.url as string;
  frame.setAttribute("sandbox", "allow-forms allow-same-origin allow-popups"); // its pages need no script
  frame.referrerPolicy = "no-referrer";
  style(frame, "all:initial;flex:1;width:100%;border:0;background:#fff");
  const away = (): void => {
    removeEventListener("keydown", key);
    box.remove();
    before?.focus?.();
  };
  const key = (e: KeyboardEvent): void => {
    if (e.key === "Escape" && box.contains(document.activeElement)) away();
  };
  const before = document.activeElement as HTMLElement | null;
  close.onclick = away;
  addEventListener("keydown", key);
  head.append(title, close);
  box.append(head, frame);
  document.body.append(box);
  me.dispatchEvent(new CustomEvent("shown", { detail: offer.days }));
}

async function ask(): Promise<void> {
  const answer = await fetch(me.dataset.host + "/v1/survey", { method: "POST", body: me.dataset.ask, credentials: "omit" });
  const offer = (await answer.json()) as Offer;
  if (offer.url && /^https?:/.test(offer.url) && !document.getElementById(frameId)) show(offer);
}

if (me && me.dataset.ask) ask().catch(() => { /* offline: another time */ });
