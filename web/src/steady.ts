// A part of a page that renews itself by the clock waits while somebody reads
// an opened fold in it, or stands in it with the keyboard.
export function steady(): void {
  document.addEventListener("htmx:beforeRequest", (e) => {
    const part = (e as CustomEvent<{ elt: HTMLElement }>).detail.elt;
    if (!part.getAttribute("hx-trigger")?.startsWith("every")) return;
    if (part.querySelector("details[open]") || (part !== document.activeElement && part.contains(document.activeElement))) e.preventDefault();
  });
}
