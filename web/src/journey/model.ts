// A map as the API has it, and what can be done to it. Nothing here touches
// the page.
export interface Filter { field: string; is: string; values?: string[] }
export interface Match { event?: string; kind?: string; touchpoint?: string; where?: Filter[] }
export interface Expectation { text?: string; within?: string; from?: string; measure?: Filter }
export interface Step {
  id: string;
  name: string;
  touchpoints?: string[];
  match?: Match[];
  moment_of_truth?: boolean;
  expectation?: Expectation;
  pains?: string[];
  opportunities?: string[];
  backstage?: string[];
  assumed?: Record<string, number>;
}
export interface Stage { id: string; name: string; steps: Step[] }
export interface JourneyMap {
  id: string;
  key: string;
  version: number;
  name: string;
  about?: string;
  owner?: string;
  persona?: string;
  kind?: string;
  case?: string;
  origin?: string;
  stages: Stage[];
}

const longest = 200; // changes that can be undone

// Model is the map being drawn, with what was before and after.
export class Model {
  private past: string[] = [];
  private future: string[] = [];
  private kept: string;

  constructor(public map: JourneyMap) {
    this.kept = this.text();
  }

  // change does something to the map that can be undone; nothing changed is no change.
  change(f: (map: JourneyMap) => void): boolean {
    const before = JSON.stringify(this.map);
    f(this.map);
    if (JSON.stringify(this.map) === before) return false;
    this.past.push(before);
    if (this.past.length > longest) this.past.shift();
    this.future = [];
    return true;
  }

  undo(): boolean {
    return this.step(this.past, this.future);
  }

  redo(): boolean {
    return this.step(this.future, this.past);
  }

  private step(from: string[], to: string[]): boolean {
    const other = from.pop();
    if (other === undefined) return false;
    to.push(JSON.stringify(this.map));
    const version = this.map.version; // a save is not undone, what was saved is
    this.map = JSON.parse(other) as JourneyMap;
    this.map.version = version;
    return true;
  }

  canUndo(): boolean {
    return this.past.length > 0;
  }

  canRedo(): boolean {
    return this.future.length > 0;
  }

  // saved takes over what the server made of the map.
  saved(map: JourneyMap): void {
    this.map = map;
    this.kept = this.text();
  }

  // changed tells whether there is something to save.
  changed(): boolean {
    return this.text() !== this.kept;
  }

  private text(): string {
    return content(this.map);
  }
}

// content is all of a map but its version.
export function content(map: JourneyMap): string {
  return JSON.stringify({ ...map, version: 0 });
}

// become makes a map another one, in place.
export function become(map: JourneyMap, other: JourneyMap): void {
  const copy = JSON.parse(JSON.stringify(other)) as JourneyMap;
  for (const key of Object.keys(map)) delete (map as unknown as Record<string, unknown>)[key];
  Object.assign(map, copy);
}

// at finds a step's place.
export function at(map: JourneyMap, id: string): { stage: number; step: number } {
  for (const [stage, s] of map.stages.entries()) {
    const step = s.steps.findIndex((one) => one.id === id);
    if (step >= 0) return { stage, step };
  }
  return { stage: -1, step: -1 };
}

// moveStep puts a step before the place that it shall have among the others.
export function moveStep(map: JourneyMap, id: string, stage: number, place: number): void {
  const from = at(map, id);
  const to = map.stages[stage];
  if (from.stage < 0 || !to) return;
  const [step] = map.stages[from.stage].steps.splice(from.step, 1);
  to.steps.splice(Math.max(0, Math.min(place, to.steps.length)), 0, step);
}

export function moveStage(map: JourneyMap, from: number, to: number): void {
  if (from < 0 || from >= map.stages.length) return;
  const [stage] = map.stages.splice(from, 1);
  map.stages.splice(Math.max(0, Math.min(to, map.stages.length)), 0, stage);
}

// removeStep takes a step away, and what waited for it waits for the step before.
export function removeStep(map: JourneyMap, id: string): void {
  for (const stage of map.stages) stage.steps = stage.steps.filter((s) => s.id !== id);
  for (const stage of map.stages) {
    for (const s of stage.steps) if (s.expectation?.from === id) delete s.expectation.from;
  }
}

// fresh makes an id that no stage or step has.
export function fresh(map: JourneyMap, kind: string): string {
  const used = new Set(map.stages.flatMap((s) => [s.id, ...s.steps.map((one) => one.id)]));
  let n = 1;
  while (used.has(`${kind}-${n}`)) n++;
  return `${kind}-${n}`;
}

// outline is a map in lines, for two versions to be held side by side.
export function outline(map: JourneyMap): { text: string; detail: string; deep: boolean }[] {
  const { stages, version: _, ...rest } = map;
  const lines = [{ text: map.name, detail: JSON.stringify(rest), deep: false }];
  for (const s of stages) {
    lines.push({ text: s.name, detail: s.id + s.name, deep: false });
    for (const step of s.steps) lines.push({ text: step.name, detail: s.id + JSON.stringify(step), deep: true });
  }
  return lines;
}
