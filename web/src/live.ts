// Greys the live dots while the stream is interrupted.
function say(on: boolean): void {
  for (const dot of document.querySelectorAll<HTMLElement>("[data-live]")) dot.classList.toggle("is-off", !on);
}

export function live(): void {
  document.addEventListener("htmx:sseOpen", () => say(true));
  document.addEventListener("htmx:sseError", () => say(false));
  document.addEventListener("htmx:sseClose", () => say(false));
  window.addEventListener("offline", () => say(false));
}
