// Copy buttons, also those that arrive later. They say what they did.
function fallback(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr-only";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

async function toClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return fallback(text); // pages served over plain HTTP have no clipboard
  }
}

export function copy(): void {
  document.addEventListener("click", async (e) => {
    const button = (e.target as Element).closest<HTMLElement>("[data-copy]");
    if (!button || !(await toClipboard(button.dataset.copy ?? ""))) return;
    const before = button.getAttribute("aria-label") ?? "";
    button.classList.add("is-copied");
    button.setAttribute("aria-label", document.body.dataset.copied ?? before);
    setTimeout(() => {
      button.classList.remove("is-copied");
      button.setAttribute("aria-label", before);
    }, 1600);
  });
}
