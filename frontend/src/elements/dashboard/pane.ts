/** A long list of which few rows are there: those in sight, each at its place, and the focused one. */

import type { JobState } from "../../protocol";
import { setAttribute } from "../attributes";
import { type Frame, JobRow, type RowContext } from "./job-row";
import { chosen } from "./preferences";
import { inSight } from "./window";

const HEIGHTS = { table: { roomy: 56, dense: 40 }, cards: { roomy: 92, dense: 92 } } as const;
const HEADER = 40; // of a table, which stays in sight

/** What a pane shows. */
export interface Shown {
  readonly order: readonly string[];
  readonly placeOf: (id: string) => number;
  readonly get: (id: string) => JobState | undefined;
  /** Those that may look otherwise than they did; null for all. */
  readonly changed: ReadonlySet<string> | null;
  readonly context: RowContext;
}

export class Pane {
  readonly #scroller: HTMLElement;
  readonly #box: HTMLElement;
  readonly #frame: Frame;
  readonly #density = chosen("density");
  readonly #above: HTMLElement;
  readonly #below: HTMLElement;
  #rows = new Map<string, JobRow>();
  #height = 0;

  /** `box` is the body of a table, or a list; only this writes in it. */
  constructor(scroller: HTMLElement, box: HTMLElement, frame: Frame) {
    this.#scroller = scroller;
    this.#box = box;
    this.#frame = frame;
    this.#above = spacer(frame);
    this.#below = spacer(frame);
    box.replaceChildren(this.#above, this.#below);
    this.measure();
  }

  get box(): HTMLElement {
    return this.#box;
  }

  get row(): number {
    return HEIGHTS[this.#frame][this.#density];
  }

  /** Looks how much is in sight: after the window has another size. */
  measure(): void {
    this.#height = this.#scroller.clientHeight;
  }

  rowOf(id: string): JobRow | undefined {
    return this.#rows.get(id);
  }

  paint(shown: Shown): void {
    const { order, placeOf, get, changed, context } = shown;
    const focused = this.#focused(placeOf);
    const [from, to] = this.#sight(order.length);
    const wanted = order.slice(from, to);
    const before = this.#rows;
    this.#rows = this.#kept(wanted, focused);
    for (const [id, row] of this.#rows) {
      const job = get(id);
      const same = before.get(id) === row;
      if (job && !(same && changed && !changed.has(id))) row.write(job, context);
    }
    const out = focused && !wanted.includes(focused.id) ? focused : undefined;
    this.#place(wanted, from, order.length, out, out ? placeOf(out.id) : 0);
  }

  /** Brings a job into sight, and its row to be. */
  reveal(place: number): void {
    const { row } = this;
    const top = place * row;
    const { scrollTop } = this.#scroller;
    const head = this.#head;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (top + row > scrollTop + this.#height - head)
      this.#scroller.scrollTop = top + row - this.#height + head;
  }

  /** What stands above the first row and stays in sight takes from what is. */
  get #head(): number {
    return this.#frame === "table" ? HEADER : 0;
  }

  #sight(count: number): readonly [number, number] {
    const { scrollTop } = this.#scroller;
    return inSight({ top: scrollTop, height: this.#height, row: this.row, count });
  }

  /** Rows that stay are those that they were; others are used anew. */
  #kept(wanted: readonly string[], focused: JobRow | undefined): Map<string, JobRow> {
    const ids = new Set(wanted);
    const spare = [...this.#rows.values()].filter((row) => row !== focused && !ids.has(row.id));
    // First, so that it is they who move: a node that is moved loses the focus.
    this.#box.append(...spare.map(({ node }) => node));
    const kept = new Map<string, JobRow>();
    for (const id of wanted) {
      kept.set(id, this.#rows.get(id) ?? spare.pop() ?? new JobRow(this.#frame));
    }
    for (const row of spare) row.node.remove();
    if (focused && !kept.has(focused.id)) kept.set(focused.id, focused);
    return kept;
  }

  #place(
    wanted: readonly string[],
    from: number,
    count: number,
    out: JobRow | undefined,
    place: number,
  ): void {
    const rows = wanted.map((id) => this.#rows.get(id) as JobRow);
    const [over, under] = place < from ? [out, undefined] : [undefined, out];
    over?.node.after(this.#above);
    const nodes = [
      over?.node,
      this.#above,
      ...rows.map(({ node }) => node),
      this.#below,
      under?.node,
    ];
    arrange(this.#box, nodes);
    this.#size(this.#above, from - (over ? 1 : 0));
    this.#size(this.#below, count - from - wanted.length - (under ? 1 : 0));
    for (const [at, row] of rows.entries()) this.#number(row, from + at, count);
  }

  #number(row: JobRow, place: number, count: number): void {
    if (this.#frame === "table") setAttribute(row.node, "aria-rowindex", String(place + 2));
    else {
      setAttribute(row.node, "aria-posinset", String(place + 1));
      setAttribute(row.node, "aria-setsize", String(count));
    }
  }

  #size(spacer: HTMLElement, rows: number): void {
    const size = `${Math.max(0, rows) * this.row}px`;
    const node = this.#frame === "table" ? (spacer.firstElementChild as HTMLElement) : spacer;
    if (node.style.blockSize !== size) node.style.blockSize = size;
    if (spacer.hidden !== rows <= 0) spacer.hidden = rows <= 0;
  }

  /** The row that somebody is at stays, wherever it is scrolled to. */
  #focused(placeOf: (id: string) => number): JobRow | undefined {
    const root = this.#box.getRootNode() as ShadowRoot;
    const node = root.activeElement?.closest<HTMLElement>("[data-id]");
    const id = node && this.#box.contains(node) ? (node.dataset["id"] ?? "") : "";
    return placeOf(id) < 0 ? undefined : this.#rows.get(id);
  }
}

/** Moves only what is not where it should be. */
function arrange(box: HTMLElement, nodes: readonly (HTMLElement | undefined)[]): void {
  let next = box.firstElementChild;
  for (const node of nodes) {
    if (!node) continue;
    if (node === next) next = next.nextElementSibling;
    else box.insertBefore(node, next);
  }
  while (next) {
    const gone = next;
    next = next.nextElementSibling;
    gone.remove();
  }
}

function spacer(frame: Frame): HTMLElement {
  const made = document.createElement(frame === "table" ? "tr" : "li");
  made.className = "space";
  made.ariaHidden = "true";
  if (frame === "table") {
    const cell = document.createElement("td");
    cell.colSpan = 7;
    made.append(cell);
  }
  return made;
}
