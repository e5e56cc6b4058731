// The search: "/" jumps into it, arrows walk through what it suggests.
export function search(): void {
  const form = document.querySelector<HTMLFormElement>("[data-search]");
  const input = form?.querySelector<HTMLInputElement>("input[type=search]");
  const list = form?.querySelector<HTMLElement>("[role=listbox]");
  if (!form || !input || !list) return;

  const options = () => [...list.querySelectorAll<HTMLAnchorElement>("[role=option]")];
  let chosen = -1;

  const show = (on: boolean) => {
    list.hidden = !on;
    input.setAttribute("aria-expanded", String(on));
    if (!on) mark(-1);
  };
  const mark = (index: number) => {
    chosen = index;
    options().forEach((o, i) => o.setAttribute("aria-selected", String(i === index)));
    const at = options()[index];
    if (at) {
      input.setAttribute("aria-activedescendant", at.id);
      at.scrollIntoView({ block: "nearest" });
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  };

  input.addEventListener("htmx:configRequest", (e) => {
    if (input.value.trim() === "") {
      e.preventDefault();
      list.replaceChildren();
      show(false);
    }
  });
  list.addEventListener("htmx:afterSwap", () => {
    mark(-1);
    show(list.childElementCount > 0 && document.activeElement === input);
  });
  input.addEventListener("focus", () => show(list.childElementCount > 0));
  form.addEventListener("focusout", (e) => {
    if (!form.contains(e.relatedTarget as Node | null)) show(false);
  });
  // Keep the focus in the field while a suggestion is pressed.
  list.addEventListener("mousedown", (e) => e.preventDefault());

  input.addEventListener("keydown", (e) => {
    const count = options().length;
    if (e.key === "Escape") {
      if (list.hidden) input.blur();
      show(false);
    } else if ((e.key === "ArrowDown" || e.key === "ArrowUp") && count > 0) {
      e.preventDefault();
      show(true);
      const step = e.key === "ArrowDown" ? 1 : -1;
      mark(chosen < 0 && step < 0 ? count - 1 : (chosen + step + count) % count);
    }
  });

  form.addEventListener("submit", (e) => {
    const at = options()[chosen];
    if (!at) return;
    e.preventDefault();
    at.click();
  });

  document.addEventListener("keydown", (e) => {
    if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey) return;
    const at = e.target as HTMLElement;
    if (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return;
    e.preventDefault();
    input.focus();
    input.select();
  });
}
