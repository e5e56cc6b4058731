// Light, dark, or as the device has it. The choice is a cookie: the server
// draws the next page with it, so nothing flashes.
type Choice = "light" | "dark" | "system";
const order: Choice[] = ["system", "light", "dark"];

function current(): Choice {
  const set = document.documentElement.dataset.theme;
  if (set === "regia-light") return "light";
  if (set === "regia-dark") return "dark";
  return "system";
}

function label(button: HTMLElement): void {
  const words = button.dataset[current()] ?? "";
  button.setAttribute("aria-label", words);
  button.title = words;
}

function choose(choice: Choice): void {
  const root = document.documentElement;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  if (choice === "system") {
    delete root.dataset.theme;
    document.cookie = `theme=; Path=/; Max-Age=0; SameSite=Lax${secure}`;
  } else {
    root.dataset.theme = `regia-${choice}`;
    document.cookie = `theme=${choice}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }
}

export function theme(): void {
  document.addEventListener("DOMContentLoaded", () => {
    for (const button of document.querySelectorAll<HTMLElement>("[data-theme-switch]")) {
      label(button);
      button.addEventListener("click", () => {
        choose(order[(order.indexOf(current()) + 1) % order.length]);
        label(button);
      });
    }
  });
}
