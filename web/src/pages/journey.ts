// The editor of maps. The map is drawn here and saved by the API; what is not
// saved yet is kept in this browser, so that nothing is lost.
import { draw, focusOn, type Acts, type Texts } from "../journey/board";
import { mapDialog, StepDialog, type Offer } from "../journey/dialog";
import { filled, h, one } from "../journey/dom";
import { drag } from "../journey/drag";
import { at, become, content, fresh, Model, moveStage, moveStep, outline, removeStep, type JourneyMap, type Step } from "../journey/model";

interface Problem { detail?: string; errors?: { location?: string; message: string }[] }

class Editor {
  private model: Model;
  private t: Texts;
  private offer: Offer;
  private steps: StepDialog;
  private board: HTMLElement;
  private tabs: HTMLElement;
  private theirs?: JourneyMap;
  private saving = false;

  constructor(private root: HTMLElement) {
    this.t = JSON.parse(root.dataset.texts ?? "{}") as Texts;
    this.offer = JSON.parse(root.dataset.offer ?? "{}") as Offer;
    this.model = new Model(JSON.parse(root.dataset.map ?? "{}") as JourneyMap);
    this.board = one(root, "[data-board]");
    this.tabs = one(root, "[data-tabs]");
    this.steps = new StepDialog(root, this.offer, this.t);
    const details = mapDialog(root, () => this.model.map, (said) => this.change((m) => Object.assign(m, said)));
    const click = (selector: string, f: () => void) => one(root, selector).addEventListener("click", f);
    click("[data-details]", details);
    click("[data-save-now]", () => void this.save());
    click("[data-undo]", () => this.back(this.model.undo(), "undone"));
    click("[data-redo]", () => this.back(this.model.redo(), "redone"));
    click("[data-conflict-later]", () => this.conflictDialog().close());
    click("[data-conflict-mine]", () => void this.keepMine());
    click("[data-conflict-theirs]", () => void this.keepTheirs());
    document.addEventListener("keydown", (e) => this.key(e));
    drag({
      board: this.board, scroll: one(root, "[data-scroll]"),
      step: (id, stage, place) => this.placed(id, (m) => moveStep(m, id, stage, place)),
      stage: (from, to) => this.stagePlaced(from, to),
    });
    this.resume();
    this.draw();
  }

  // --- drawing

  private draw(): void {
    draw(this.board, this.tabs, this.model.map, this.t, this.acts);
    one<HTMLButtonElement>(this.root, "[data-undo]").disabled = !this.model.canUndo();
    one<HTMLButtonElement>(this.root, "[data-redo]").disabled = !this.model.canRedo();
    one(this.root, "[data-title]").textContent = this.model.map.name;
    if (this.model.changed()) this.status(this.t.unsaved);
  }

  private status(text: string): void {
    one(this.root, "[data-status]").textContent = text;
  }

  private announce(key: string, words: Record<string, string | number> = {}): void {
    one(this.root, "[data-announce]").textContent = filled(this.t[key], words);
  }

  // change does something to the map, shows it and keeps it in this browser.
  private change(f: (m: JourneyMap) => void): boolean {
    const changed = this.model.change(f);
    if (changed) {
      this.keep();
      this.draw();
    }
    return changed;
  }

  private back(done: boolean, key: string): void {
    if (!done) return;
    this.keep();
    this.draw();
    this.announce(key);
    if (!this.model.changed()) this.status(filled(this.t.saved, { version: this.model.map.version }));
  }

  private acts: Acts = {
    open: (id) => {
      const where = at(this.model.map, id);
      const step = this.model.map.stages[where.stage]?.steps[where.step];
      if (step) this.edit(step, where.stage);
    },
    add: (stage) => this.edit({ id: "", name: "" }, stage),
    addStage: () => {
      const id = fresh(this.model.map, "stage");
      this.change((m) => m.stages.push({ id, name: this.t["stage.new"], steps: [] }));
      focusOn(this.board, `name-${id}`);
      one<HTMLInputElement>(this.board, `[data-focus="name-${id}"]`).select();
      this.announce("added.stage");
    },
    rename: (stage, name) => this.change((m) => { m.stages[stage].name = name.trim(); }),
    removeStep: (id) => {
      const where = at(this.model.map, id);
      const stage = this.model.map.stages[where.stage];
      const name = stage.steps[where.step].name;
      this.change((m) => removeStep(m, id));
      const next = stage.steps[Math.min(where.step, stage.steps.length - 1)];
      focusOn(this.board, next ? `open-${next.id}` : `add-${stage.id}`);
      this.announce("removed.step", { name });
    },
    removeStage: (stage) => {
      const name = this.model.map.stages[stage].name;
      this.change((m) => {
        for (const s of [...m.stages[stage].steps]) removeStep(m, s.id);
        m.stages.splice(stage, 1);
      });
      focusOn(this.board, "add-stage");
      this.announce("removed.stage", { name });
    },
    moveStep: (id, key) => this.placed(id, (m) => {
      const { stage, step } = at(m, id);
      if (key === "ArrowUp" && step > 0) moveStep(m, id, stage, step - 1);
      if (key === "ArrowDown") moveStep(m, id, stage, step + 1);
      if (key === "ArrowLeft" && stage > 0) moveStep(m, id, stage - 1, step);
      if (key === "ArrowRight" && stage < m.stages.length - 1) moveStep(m, id, stage + 1, step);
    }),
    moveStage: (stage, key) => this.stagePlaced(stage, stage + (key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1)),
    label: (key) => this.offer.touchpoints.find((o) => o.key === key)?.label ?? key,
  };

  // placed moves a step and says where it stands now.
  private placed(id: string, f: (m: JourneyMap) => void): void {
    const moved = this.change(f);
    const { stage, step } = at(this.model.map, id);
    const s = this.model.map.stages[stage];
    if (!s) return;
    focusOn(this.board, `grip-${id}`);
    this.announce(moved ? "moved.step" : "edges", { name: s.steps[step].name, stage: s.name, place: step + 1, of: s.steps.length });
  }

  private stagePlaced(from: number, to: number): void {
    const s = this.model.map.stages[from];
    const moved = to >= 0 && to < this.model.map.stages.length && this.change((m) => moveStage(m, from, to));
    focusOn(this.board, `grip-${s.id}`);
    this.announce(moved ? "moved.stage" : "edges", { name: s.name, place: this.model.map.stages.indexOf(s) + 1, of: this.model.map.stages.length });
  }

  private edit(step: Step, stage: number): void {
    this.steps.open(this.model.map, step, stage, (edited, into, place) => {
      const isNew = !edited.id;
      if (isNew) edited.id = fresh(this.model.map, "step");
      this.change((m) => {
        const where = at(m, edited.id);
        if (where.stage < 0) m.stages[into].steps.splice(place, 0, edited);
        else m.stages[where.stage].steps[where.step] = edited;
        moveStep(m, edited.id, into, place);
      });
      focusOn(this.board, `grip-${edited.id}`); // not the name: Enter, held a little long, would open it again
      if (isNew) this.announce("added.step", { name: edited.name });
    });
  }

  private key(e: KeyboardEvent): void {
    if (!(e.ctrlKey || e.metaKey) || document.querySelector("dialog[open]")) return;
    const key = e.key.toLowerCase();
    if (key === "s") {
      e.preventDefault();
      (document.activeElement as HTMLElement | null)?.blur(); // a name that is being written counts
      void this.save();
    }
    if ((e.target as HTMLElement).matches("input, textarea")) return; // there the browser undoes
    if (key === "z") {
      e.preventDefault();
      if (e.shiftKey) this.back(this.model.redo(), "redone");
      else this.back(this.model.undo(), "undone");
    }
  }

  // --- keeping what is not saved in this browser

  private draftName(): string {
    return `regia.journey.${this.model.map.id}`;
  }

  private keep(): void {
    try {
      if (this.model.changed()) localStorage.setItem(this.draftName(), JSON.stringify(this.model.map));
      else localStorage.removeItem(this.draftName());
    } catch {
      // a browser that keeps nothing: the map is still on the page
    }
  }

  private resume(): void {
    let draft: JourneyMap | null = null;
    try {
      draft = JSON.parse(localStorage.getItem(this.draftName()) ?? "null") as JourneyMap | null;
    } catch {
      return;
    }
    if (!draft || content(draft) === content(this.model.map)) return;
    const mine = draft;
    const latest = JSON.parse(this.root.dataset.map ?? "{}") as JourneyMap;
    this.model.change((m) => become(m, mine));
    if (mine.version === latest.version) this.announce("restored");
    else this.conflict(latest);
  }

  // --- saving

  private async ask(method: string, url: string, body?: JourneyMap): Promise<Response> {
    return fetch(url, { method, headers: body ? { "Content-Type": "application/json" } : {}, body: body && JSON.stringify(body), credentials: "same-origin" });
  }

  private async save(): Promise<void> {
    if (this.saving) return;
    this.saving = true;
    this.status(this.t.saving);
    this.refuse();
    try {
      const answer = await this.ask("PUT", this.root.dataset.save ?? "", this.model.map);
      await this.told(answer);
    } catch {
      this.refuse({ detail: this.t.failed });
    } finally {
      this.saving = false;
    }
  }

  private async told(answer: Response): Promise<void> {
    if (answer.ok) {
      this.model.saved((await answer.json()) as JourneyMap);
      this.keep();
      this.draw();
      this.status(filled(this.t.saved, { version: this.model.map.version }));
      return;
    }
    if (answer.status === 409) {
      const latest = await this.ask("GET", this.root.dataset.save ?? "");
      if (latest.ok) return this.conflict((await latest.json()) as JourneyMap);
    }
    if (answer.status === 401) return this.refuse({ detail: this.t.signin });
    if (answer.status === 404) return this.refuse({ detail: this.t.gone });
    this.refuse((await answer.json().catch(() => ({ detail: this.t.failed }))) as Problem);
  }

  // refuse shows what is wrong, each with a way to where it is; nothing shows
  // that all is well.
  private refuse(p?: Problem): void {
    const box = one<HTMLElement>(this.root, "[data-errors]");
    box.hidden = !p;
    if (!p) return;
    this.status(this.t.unsaved);
    const list = (p.errors ?? []).map((e) => {
      const place = /stages\[(\d+)\](?:\.steps\[(\d+)\])?/.exec(e.location ?? "");
      const stage = place && this.model.map.stages[Number(place[1])];
      const step = stage && place[2] !== undefined ? stage.steps[Number(place[2])] : undefined;
      const focus = step ? `open-${step.id}` : stage ? `name-${stage.id}` : "";
      return h("li", {}, focus ? h("button", { type: "button", class: "underline text-left", click: () => focusOn(this.board, focus) }, e.message) : e.message);
    });
    box.replaceChildren(h("div", {}, h("p", { class: "error-title" }, p.detail ?? this.t.failed), h("ul", { class: "list-disc pl-5" }, ...list)));
    box.scrollIntoView({ block: "nearest" });
  }

  // --- when somebody else saved meanwhile

  private conflictDialog(): HTMLDialogElement {
    return one(this.root, "[data-conflict-dialog]");
  }

  private conflict(theirs: JourneyMap): void {
    this.theirs = theirs;
    const mine = this.model.map;
    const side = (title: string, map: JourneyMap, other: JourneyMap) => {
      const known = new Set(outline(other).map((l) => l.detail));
      return h("section", {}, h("h3", {}, title), h("ul", {}, ...outline(map).map((l) =>
        h("li", { class: l.deep ? "is-deep" : "" }, known.has(l.detail) ? l.text : h("mark", {}, l.text)))));
    };
    one(this.root, "[data-conflict]").replaceChildren(
      side(this.t.mine, mine, theirs), side(filled(this.t.theirs, { version: theirs.version }), theirs, mine));
    this.status(this.t.unsaved);
    this.conflictDialog().showModal();
  }

  // keepMine saves over what somebody else saved, which stays as a version.
  private async keepMine(): Promise<void> {
    if (this.theirs) this.model.map.version = this.theirs.version;
    this.conflictDialog().close();
    await this.save();
  }

  // keepTheirs goes on with the other's version; what was drawn here is saved
  // as a map of its own first.
  private async keepTheirs(): Promise<void> {
    const mine: JourneyMap = { ...this.model.map, name: filled(this.t.copy, { name: this.model.map.name }).slice(0, 120) };
    const copy = await this.ask("POST", this.root.dataset.create ?? "", { ...mine, key: "", version: 0 }).catch(() => undefined);
    this.conflictDialog().close();
    if (!copy?.ok || !this.theirs) {
      this.refuse({ detail: this.t.failed });
      return;
    }
    const theirs = this.theirs;
    this.model.change((m) => become(m, theirs));
    this.model.saved(this.model.map);
    this.keep();
    this.draw();
    this.status(filled(this.t.saved, { version: theirs.version }));
  }
}

for (const root of document.querySelectorAll<HTMLElement>("#journey-editor")) new Editor(root);
for (const button of document.querySelectorAll<HTMLElement>("[data-print]")) button.addEventListener("click", () => window.print());
