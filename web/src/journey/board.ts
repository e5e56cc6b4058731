import { filled, h, icon } from "./dom";
import type { JourneyMap, Stage, Step } from "./model";

export type Texts = Record<string, string>;

// Acts are what one can do on the board.
export interface Acts {
  open(id: string): void;
  add(stage: number): void;
  addStage(): void;
  rename(stage: number, name: string): void;
  removeStep(id: string): void;
  removeStage(stage: number): void;
  moveStep(id: string, key: string): void;
  moveStage(stage: number, key: string): void;
  label(touchpoint: string): string;
}

const arrows = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];

// draw puts the map on the board anew. Focus returns to what has the same
// data-focus.
export function draw(board: HTMLElement, tabs: HTMLElement, map: JourneyMap, t: Texts, acts: Acts): void {
  const focus = (document.activeElement as HTMLElement | null)?.dataset.focus;
  board.replaceChildren(...map.stages.map((s, i) => column(s, i, map, t, acts)), adding(t, acts));
  tabs.replaceChildren(
    ...map.stages.map((s, i) =>
      h("button", {
        type: "button", class: "stage-tab",
        click: () => board.children[i]?.scrollIntoView({ behavior: "smooth", inline: "start", block: "nearest" }),
      }, s.name || t["stage.new"])),
  );
  if (focus) focusOn(board, focus);
}

export function focusOn(board: HTMLElement, focus: string): void {
  board.querySelector<HTMLElement>(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
}

function adding(t: Texts, acts: Acts): HTMLElement {
  return h("li", { class: "journey-stage stage-add" },
    h("button", { type: "button", class: "btn btn-outline", "data-focus": "add-stage", click: () => acts.addStage() }, icon("add"), t["add.stage"]));
}

function column(s: Stage, i: number, map: JourneyMap, t: Texts, acts: Acts): HTMLElement {
  const name = h("input", {
    class: "stage-name", value: s.name, maxlength: "80", "aria-label": t["stage.name"], "data-focus": `name-${s.id}`,
    change: (e) => acts.rename(i, (e.target as HTMLInputElement).value),
  });
  const of = { name: s.name };
  return h("li", { class: "journey-stage", "data-stage": String(i) },
    h("div", { class: "journey-head editor-head" },
      grip("stage", filled(t["grip.stage"], of), `grip-${s.id}`, (key) => acts.moveStage(i, key)),
      name,
      h("button", {
        type: "button", class: "card-tool", "aria-label": filled(t["remove.stage"], of), "data-focus": `remove-${s.id}`, disabled: map.stages.length === 1,
        click: () => acts.removeStage(i),
      }, icon("remove"))),
    h("ol", { class: "journey-steps", "data-steps": true }, ...s.steps.map((step) => card(step, t, acts))),
    h("button", { type: "button", class: "add-step", "data-focus": `add-${s.id}`, click: () => acts.add(i) }, icon("add"), t["add.step"], h("span", { class: "sr-only" }, `: ${s.name}`)));
}

function grip(kind: string, label: string, focus: string, move: (key: string) => void): HTMLElement {
  return h("button", {
    type: "button", class: "card-tool grip", "data-grip": kind, "aria-label": label, "aria-describedby": "move-help", "data-focus": focus,
    keydown: (e) => {
      const key = (e as KeyboardEvent).key;
      if (!arrows.includes(key)) return;
      e.preventDefault();
      move(key);
    },
  }, icon("grip"));
}

function card(s: Step, t: Texts, acts: Acts): HTMLElement {
  const of = { name: s.name };
  const expected = s.expectation ? s.expectation.text || filled(t.within, { time: s.expectation.within ?? "" }) : "";
  const notes = (["pains", "opportunities", "backstage"] as const).filter((k) => s[k]?.length).map((k) => `${t[k]}: ${s[k]?.length}`);
  return h("li", { class: `journey-step editor-step${s.moment_of_truth ? " is-truth" : ""}`, "data-step": s.id },
    h("div", { class: "card-top" },
      grip("step", filled(t["grip.step"], of), `grip-${s.id}`, (key) => acts.moveStep(s.id, key)),
      h("button", { type: "button", class: "card-name", "data-focus": `open-${s.id}`, "aria-label": filled(t["open.step"], of), click: () => acts.open(s.id) }, s.name),
      h("button", { type: "button", class: "card-tool", "aria-label": filled(t["remove.step"], of), "data-focus": `remove-${s.id}`, click: () => acts.removeStep(s.id) }, icon("remove"))),
    s.moment_of_truth && h("p", { class: "truth" }, icon("truth"), t.truth),
    s.touchpoints?.length ? h("p", { class: "note" }, s.touchpoints.map((k) => acts.label(k)).join(" · ")) : h("p", { class: "note" }, t.nowhere),
    expected && h("p", { class: "journey-line" }, icon("clock"), h("span", {}, expected)),
    notes.length > 0 && h("p", { class: "note" }, notes.join(" · ")));
}
