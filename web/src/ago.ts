// Keeps "3 minutes ago" true while a page stays open. The server writes the
// first words; afterwards the browser's own grammar does.
function words(format: Intl.RelativeTimeFormat, seconds: number): string | null {
  if (seconds < 10) return null;
  if (seconds < 60) return format.format(-Math.floor(seconds), "second");
  if (seconds < 3600) return format.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86400) return format.format(-Math.floor(seconds / 3600), "hour");
  if (seconds < 30 * 86400) return format.format(-Math.floor(seconds / 86400), "day");
  return null;
}

export function ago(): void {
  const format = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
  setInterval(() => {
    if (document.hidden) return;
    for (const time of document.querySelectorAll<HTMLTimeElement>("time[data-ago]")) {
      const text = words(format, (Date.now() - Date.parse(time.dateTime)) / 1000);
      if (text && time.textContent !== text) time.textContent = text;
    }
  }, 15_000);
}
