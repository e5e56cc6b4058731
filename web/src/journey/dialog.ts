import { filled, h, icon, one } from "./dom";
import type { Texts } from "./board";
import { at, type Expectation, type Filter, type JourneyMap, type Match, type Step } from "./model";

export interface Offered { key: string; label: string }
export interface Offer { touchpoints: Offered[]; events: Offered[]; properties: string[] }

const dimensions = ["cognitive", "emotional", "behavioural", "sensory"];

// StepDialog edits one step in a window of its own; nothing of it counts
// before it is done.
export class StepDialog {
  private dialog: HTMLDialogElement;
  private form: HTMLFormElement;
  private touchpoints: string[] = [];
  private match: Match[] = [];
  private places: { stage: number; step: number } = { stage: 0, step: 0 };
  private done: (step: Step, stage: number, place: number) => void = () => undefined;
  private step: Step = { id: "", name: "" };

  constructor(root: HTMLElement, private offer: Offer, private t: Texts) {
    this.dialog = one(root, "[data-step-dialog]");
    this.form = one(root, "[data-step-form]");
    this.form.addEventListener("submit", (e) => {
      e.preventDefault();
      this.finish();
    });
    one(this.dialog, "[data-cancel]").addEventListener("click", () => this.dialog.close());
    one<HTMLSelectElement>(this.dialog, "[data-add-touchpoint]").addEventListener("change", (e) => {
      const select = e.target as HTMLSelectElement;
      if (select.value && !this.touchpoints.includes(select.value)) this.touchpoints.push(select.value);
      select.value = "";
      this.list();
    });
    one(this.dialog, "[data-add-event]").addEventListener("click", () => this.addEvent());
    for (const type of ["keydown", "keypress"] as const) { // Enter adds the event, it does not end the dialog
      this.dialog.addEventListener(type, (e) => {
        if (e.key !== "Enter" || !(e.target as HTMLElement).matches("[data-event], [data-event-property], [data-event-value]")) return;
        e.preventDefault();
        if (type === "keydown") this.addEvent();
      });
    }
    this.field("stage").addEventListener("change", () => this.offerPlaces());
  }

  open(map: JourneyMap, step: Step, stage: number, done: StepDialog["done"]): void {
    const where = at(map, step.id);
    this.places = where.stage < 0 ? { stage, step: map.stages[stage].steps.length } : where;
    this.step = step;
    this.done = done;
    this.touchpoints = [...(step.touchpoints ?? [])];
    this.match = JSON.parse(JSON.stringify(step.match ?? [])) as Match[];
    this.options("stage", map.stages.map((s, i) => ({ key: String(i), label: s.name || this.t["stage.new"] })), String(this.places.stage));
    this.sizes = map.stages.map((s) => s.steps.filter((o) => o.id !== step.id).length + 1);
    this.offerPlaces(this.places.step);
    const others = map.stages.flatMap((s) => s.steps).filter((s) => s.id !== step.id);
    this.options("from", [{ key: "", label: this.t.before }, ...others.map((s) => ({ key: s.id, label: s.name }))], step.expectation?.from ?? "");
    this.fill(step);
    this.list();
    this.dialog.showModal();
    this.field("name").focus();
  }

  private sizes: number[] = [];

  private field(name: string): HTMLInputElement {
    return this.form.elements.namedItem(name) as HTMLInputElement;
  }

  private options(name: string, list: Offered[], chosen: string): void {
    this.field(name).replaceChildren(...list.map((o) => h("option", { value: o.key, selected: o.key === chosen }, o.label)));
  }

  private offerPlaces(chosen?: number): void {
    const n = this.sizes[Number(this.field("stage").value)] ?? 1;
    const now = chosen ?? n - 1;
    this.options("place", Array.from({ length: n }, (_, i) => ({ key: String(i), label: filled(this.t.place, { place: i + 1, of: n }) })), String(now));
  }

  private fill(s: Step): void {
    const e = s.expectation ?? {};
    const [, amount, unit] = /^(\d+)([smhdw])$/.exec(e.within ?? "") ?? [];
    const seconds = unit === "s"; // whoever wrote seconds by API keeps them, as minutes where they are whole
    const values: Record<string, string> = {
      name: s.name, expectation_text: e.text ?? "", within: seconds ? String(Math.ceil(Number(amount) / 60)) : (amount ?? ""), unit: seconds ? "m" : (unit ?? "d"),
      measure: (e.measure?.field ?? "").replace(/^properties\./, ""), measure_is: e.measure?.is ?? "equal", measure_value: (e.measure?.values ?? []).join(", "),
      pains: (s.pains ?? []).join("\n"), opportunities: (s.opportunities ?? []).join("\n"), backstage: (s.backstage ?? []).join("\n"),
    };
    for (const [name, value] of Object.entries(values)) this.field(name).value = value;
    this.field("moment_of_truth").checked = Boolean(s.moment_of_truth);
    for (const d of dimensions) {
      const select = this.field(`assumed_${d}`);
      const value = s.assumed?.[d] === undefined ? "" : String(s.assumed[d]);
      select.querySelector("[data-own]")?.remove();
      if (![...select.querySelectorAll("option")].some((o) => o.value === value)) select.append(h("option", { value, "data-own": true }, value));
      select.value = value;
    }
  }

  // list shows what was picked so far.
  private list(): void {
    const name = (key: string) => this.offer.touchpoints.find((o) => o.key === key)?.label ?? key;
    const entry = (label: string, drop: () => void) =>
      h("li", {}, h("span", {}, label), h("button", { type: "button", class: "card-tool", "aria-label": filled(this.t["remove.step"], { name: label }), click: () => { drop(); this.list(); } }, icon("remove")));
    one(this.dialog, "[data-touchpoints]").replaceChildren(...this.touchpoints.map((key, i) => entry(name(key), () => this.touchpoints.splice(i, 1))));
    one(this.dialog, "[data-events]").replaceChildren(...this.match.map((m, i) => entry(this.describe(m, name), () => this.match.splice(i, 1))));
  }

  private describe(m: Match, name: (key: string) => string): string {
    const event = this.offer.events.find((o) => o.key === m.event)?.label ?? m.event;
    let text = event ?? (m.kind ? this.t.pages : this.t.whatever);
    if (m.touchpoint) text += ` · ${name(m.touchpoint)}`;
    for (const f of m.where ?? []) text += `, ${f.field.replace(/^properties\./, "")} ${this.t[`is.${f.is}`]} ${(f.values ?? []).join(", ")}`;
    return text;
  }

  private addEvent(): void {
    const input = (name: string) => one<HTMLInputElement>(this.dialog, `[data-event${name}]`);
    const event = input("").value.trim();
    const property = input("-property").value.trim();
    if (!event) {
      input("").focus();
      return;
    }
    const m: Match = { event };
    if (property) m.where = [condition(property, input("-is").value, input("-value").value)];
    this.match.push(m);
    for (const part of ["", "-property", "-value"]) input(part).value = "";
    this.list();
    input("").focus();
  }

  private finish(): void {
    if (one<HTMLInputElement>(this.dialog, "[data-event]").value.trim()) this.addEvent(); // written and not yet added
    const text = (name: string) => this.field(name).value.trim();
    const lines = (name: string) => text(name).split("\n").map((s) => s.trim()).filter(Boolean);
    const s: Step = { id: this.step.id, name: text("name") };
    if (!s.name) {
      this.field("name").focus();
      return;
    }
    if (this.touchpoints.length) s.touchpoints = this.touchpoints;
    if (this.match.length) s.match = this.match;
    if (this.field("moment_of_truth").checked) s.moment_of_truth = true;
    const e: Expectation = {};
    if (text("expectation_text")) e.text = text("expectation_text");
    if (Number(text("within")) > 0) {
      e.within = `${Math.round(Number(text("within")))}${text("unit")}`;
      if (text("from")) e.from = text("from");
    }
    if (text("measure")) e.measure = condition(text("measure"), text("measure_is"), text("measure_value"));
    if (Object.keys(e).length) s.expectation = e;
    for (const name of ["pains", "opportunities", "backstage"] as const) if (lines(name).length) s[name] = lines(name);
    const assumed: Record<string, number> = {};
    for (const d of dimensions) if (text(`assumed_${d}`) !== "") assumed[d] = Number(text(`assumed_${d}`));
    if (Object.keys(assumed).length) s.assumed = assumed;
    this.dialog.close();
    this.done(s, Number(text("stage")), Number(text("place")));
  }
}

// Fields of an interaction that are no properties of it.
const own = ["event", "kind", "touchpoint", "source", "visit", "order", "product", "currency", "revenue"];

function condition(field: string, is: string, value: string): Filter {
  const f: Filter = { field: own.includes(field) || field.startsWith("properties.") ? field : `properties.${field}`, is };
  if (is !== "present" && is !== "absent") f.values = is === "equal" || is === "not_equal" || is === "contains" ? value.split(",").map((s) => s.trim()).filter(Boolean) : [value.trim().replace(",", ".")];
  return f;
}

// mapDialog edits what is said of the whole map.
export function mapDialog(root: HTMLElement, map: () => JourneyMap, done: (said: Partial<JourneyMap>) => void): () => void {
  const dialog = one<HTMLDialogElement>(root, "[data-map-dialog]");
  const form = one<HTMLFormElement>(root, "[data-map-form]");
  const names = { map_name: "name", about: "about", owner: "owner", persona: "persona", kind: "kind", case: "case" } as const;
  const field = (name: string) => form.elements.namedItem(name) as HTMLInputElement;
  one(dialog, "[data-cancel]").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    const said: Partial<JourneyMap> = {};
    for (const [name, key] of Object.entries(names)) said[key] = field(name).value.trim();
    dialog.close();
    done(said);
  });
  return () => {
    const now = map();
    for (const [name, key] of Object.entries(names)) field(name).value = String(now[key] ?? "");
    dialog.showModal();
  };
}
