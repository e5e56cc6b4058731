// Cards and columns are dragged by mouse, pen or finger alike. What is dragged
// is told by its element; where it was let go, by index among the others.
export interface Dragging {
  board: HTMLElement;
  scroll: HTMLElement;
  step(id: string, stage: number, place: number): void;
  stage(from: number, to: number): void;
}

const far = 5; // pixels, from which a press is a drag
const edge = 48; // pixels at the sides, where the board rolls on

export function drag(d: Dragging): void {
  d.board.addEventListener("pointerdown", (e) => {
    if (e.button !== 0) return;
    const pressed = e.target as HTMLElement;
    const grip = pressed.closest<HTMLElement>("[data-grip]");
    const loose = e.pointerType === "mouse" && !pressed.closest("button, input, a, summary, select");
    if (!grip && !loose) return; // a finger beside the grip rolls the page
    const item = pressed.closest<HTMLElement>(grip?.dataset.grip === "stage" ? "[data-stage]" : "[data-step]");
    if (item) follow(d, item, e);
  });
}

function follow(d: Dragging, item: HTMLElement, begin: PointerEvent): void {
  const asStage = item.hasAttribute("data-stage");
  const box = item.getBoundingClientRect();
  const mark = document.createElement("li");
  mark.className = asStage ? "drop-mark drop-stage" : "drop-mark";
  let ghost: HTMLElement | undefined;
  let x = begin.clientX;
  let y = begin.clientY;
  let rolling = 0;

  const lift = () => {
    ghost = item.cloneNode(true) as HTMLElement;
    ghost.classList.add("drag-ghost");
    ghost.removeAttribute("id");
    ghost.setAttribute("aria-hidden", "true");
    ghost.style.width = `${box.width}px`;
    document.body.append(ghost);
    item.classList.add("is-dragged");
    rolling = requestAnimationFrame(roll);
  };
  const roll = () => {
    const view = d.scroll.getBoundingClientRect();
    if (x > view.right - edge) d.scroll.scrollLeft += 9;
    if (x < view.left + edge) d.scroll.scrollLeft -= 9;
    if (y > innerHeight - edge) scrollBy(0, 9);
    if (y < edge + 60) scrollBy(0, -9);
    aim();
    rolling = requestAnimationFrame(roll);
  };
  const aim = () => {
    const column = columnAt(d.board, x);
    if (!column) return;
    if (asStage) {
      const half = column.getBoundingClientRect();
      if (x < half.left + half.width / 2) column.before(mark);
      else column.after(mark);
      return;
    }
    const list = column.querySelector("[data-steps]");
    const after = [...column.querySelectorAll<HTMLElement>("[data-step]")].find((card) => {
      const r = card.getBoundingClientRect();
      return card !== item && y < r.top + r.height / 2;
    });
    if (after) after.before(mark);
    else list?.append(mark);
  };
  const move = (e: PointerEvent) => {
    if (e.pointerId !== begin.pointerId) return;
    x = e.clientX;
    y = e.clientY;
    if (!ghost && Math.hypot(x - begin.clientX, y - begin.clientY) < far) return;
    e.preventDefault();
    if (!ghost) lift();
    if (ghost) ghost.style.transform = `translate(${box.left + x - begin.clientX}px, ${box.top + y - begin.clientY}px) rotate(1.2deg)`;
    aim();
  };
  const end = (drop: boolean) => {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", up);
    removeEventListener("pointercancel", cancel);
    removeEventListener("keydown", escape, true);
    cancelAnimationFrame(rolling);
    ghost?.remove();
    item.classList.remove("is-dragged");
    const place = mark.isConnected ? placeOf(mark, item, asStage) : undefined;
    mark.remove();
    if (!drop || !ghost || !place) return;
    if (asStage) d.stage(Number(item.dataset.stage), place.place);
    else d.step(item.dataset.step ?? "", place.stage, place.place);
  };
  const up = (e: PointerEvent) => {
    if (e.pointerId === begin.pointerId) end(true);
  };
  const cancel = (e: PointerEvent) => {
    if (e.pointerId === begin.pointerId) end(false);
  };
  const escape = (e: KeyboardEvent) => {
    if (e.key !== "Escape") return;
    e.stopPropagation();
    end(false);
  };
  addEventListener("pointermove", move, { passive: false });
  addEventListener("pointerup", up);
  addEventListener("pointercancel", cancel);
  addEventListener("keydown", escape, true);
}

// columnAt is the column below, or nearest to, a place.
function columnAt(board: HTMLElement, x: number): HTMLElement | undefined {
  let best: HTMLElement | undefined;
  let least = Infinity;
  for (const column of board.querySelectorAll<HTMLElement>("[data-stage]")) {
    const r = column.getBoundingClientRect();
    const away = x < r.left ? r.left - x : x > r.right ? x - r.right : 0;
    if (away < least) [best, least] = [column, away];
  }
  return best;
}

// placeOf counts what stands before the mark, without what is being dragged.
function placeOf(mark: Element, item: Element, asStage: boolean): { stage: number; place: number } {
  let place = 0;
  for (let e = mark.previousElementSibling; e; e = e.previousElementSibling) {
    if (e !== item && e.hasAttribute(asStage ? "data-stage" : "data-step")) place++;
  }
  return { stage: Number(mark.closest<HTMLElement>("[data-stage]")?.dataset.stage ?? -1), place };
}
