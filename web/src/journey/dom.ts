// Small helpers to make elements.
type Child = Node | string | null | undefined | false;
type Attributes = Record<string, string | boolean | ((e: Event) => void) | undefined>;

export function h(tag: string, attributes: Attributes = {}, ...children: Child[]): HTMLElement {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") e.addEventListener(name, value);
    else if (value === true) e.setAttribute(name, "");
    else if (typeof value === "string") e.setAttribute(name, value);
  }
  for (const c of children) if (c) e.append(c);
  return e;
}

export function one<T extends Element>(root: ParentNode, selector: string): T {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`the page lacks ${selector}`);
  return found;
}

// icon draws one of the icons that the page carries.
export function icon(name: string): Node {
  return one<HTMLTemplateElement>(document, `template[data-icon="${name}"]`).content.cloneNode(true);
}

// say fills words into a text: {name}, {place} and so on.
export function filled(text: string, words: Record<string, string | number> = {}): string {
  return text.replace(/\{(\w+)\}/g, (all, word: string) => (word in words ? String(words[word]) : all));
}
