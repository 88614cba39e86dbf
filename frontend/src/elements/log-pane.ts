/** The window on a log: what of it is drawn, where, and what of it stays in place when it changes. */

import { isGap, type Row, type Taken } from "./log-lines";
import { LogRows, type Look } from "./log-rows";
import { LogView } from "./log-view";
import { Even, Follow, JITTER, type Layout, span, Uneven } from "./log-window";

const SPARE = 6; // rows above and below what is seen
const TRIES = 3; // to draw rows whose heights were guessed
const MOST_WAITING = 200; // batches, where frames are rare
const AHEAD = 20; // rows from the beginning at which earlier ones are asked for
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/g;

/** A row, and how far below its top the window begins. */
interface Anchor {
  readonly n: number;
  readonly into: number;
}

export interface Owner {
  readonly addressOf: (n: number) => string;
  readonly painted: () => void;
  /** The beginning is near. */
  readonly atBeginning: () => void;
}

export class LogPane {
  readonly view = new LogView();
  readonly follow: Follow;
  readonly #box: HTMLElement;
  readonly #size: HTMLElement;
  readonly #shift: HTMLElement;
  readonly #rows: LogRows;
  readonly #owner: Owner;
  #uneven = new Uneven();
  #look: Look;
  #waiting: { taken: Taken; first: number }[] = [];
  #anchor: Anchor | undefined;
  #height = 0;
  #row = 20;
  #columns = 0;
  #scheduled = 0;
  #written = { size: -1, shift: -1, top: -1, columns: -1 };
  /** The last line that is not new: what is fetched at the beginning has not come meanwhile. */
  since = 0;
  /** Whether the end is out of sight. */
  away = false;

  constructor(box: HTMLElement, follows: boolean, owner: Owner) {
    this.#box = box;
    this.#size = box.firstElementChild as HTMLElement;
    this.#shift = this.#size.firstElementChild as HTMLElement;
    this.#rows = new LogRows(this.#shift);
    this.#owner = owner;
    this.follow = new Follow(follows);
    this.#look = { pattern: null, marked: 0, wraps: false, addressOf: owner.addressOf };
  }

  get marked(): number {
    return this.#look.marked;
  }

  get wraps(): boolean {
    return this.#look.wraps;
  }

  /** The number of the first line that is in sight as a whole. */
  get first(): number {
    const layout = this.#layout();
    const at = layout.indexAt(this.follow.top);
    const isCut = layout.offsetOf(at) < this.follow.top - 1;
    return (this.view.rows[at + (isCut ? 1 : 0)] ?? this.view.rows[at])?.n ?? 0;
  }

  /** Whether the window is where the first row begins. */
  get isAtFirst(): boolean {
    return this.follow.top === 0;
  }

  /** Adds rows before the next frame; a page that nobody sees has none. */
  add(taken: Taken, first: number): void {
    this.#waiting.push({ taken, first });
    if (document.hidden || this.#waiting.length > MOST_WAITING) this.#absorb();
    this.soon();
  }

  /** Changes what is shown, and leaves in its place what is being read. */
  keep(change: () => void): void {
    this.#absorb();
    this.#anchor ??= this.#here();
    change();
    this.#measure();
    this.soon();
  }

  search(text: string): void {
    this.#absorb();
    this.view.search(text);
    this.#draw({ pattern: this.view.pattern });
  }

  wrap(wraps: boolean): void {
    this.keep(() => this.#draw({ wraps }));
  }

  mark(n: number): void {
    this.#draw({ marked: n });
  }

  /** Brings a line into sight, now or when it has come. */
  goTo(n: number): void {
    this.follow.stop();
    this.#anchor = { n, into: -Math.floor(this.#height / 3) };
    this.soon();
  }

  toFirst(): void {
    this.leaveEnd();
    this.#anchor = undefined;
    this.follow.place(0);
    this.soon();
  }

  toLatest(): void {
    this.#anchor = undefined;
    this.follow.start();
    this.soon();
  }

  scrolled(): void {
    const top = this.#box.scrollTop;
    // Told late of what we have done, it must not undo what its reader did since.
    if (Math.abs(top - this.#written.top) <= JITTER) return;
    const before = this.follow.top;
    this.follow.scrolled(top, this.#end(this.#written.size));
    if (this.follow.top !== before) this.#anchor = undefined;
    this.#written.top = top;
    this.soon();
  }

  /** Its reader is about to go up: what comes must not pull them down again meanwhile. */
  leaveEnd(): void {
    this.#absorb();
    if (this.#end(this.#layout().size) > 0) this.follow.stop();
  }

  resized(): void {
    const width = this.#box.clientWidth;
    this.#height = this.#box.clientHeight;
    this.#row = Number.parseFloat(getComputedStyle(this.#box).lineHeight) || this.#row;
    if (this.wraps && width > 0) this.keep(() => {});
    else this.soon();
  }

  soon(): void {
    this.#scheduled ||= requestAnimationFrame(() => this.#paint());
  }

  stop(): void {
    cancelAnimationFrame(this.#scheduled);
    this.#scheduled = 0;
  }

  #draw(more: Partial<Look>): void {
    this.#look = { ...this.#look, ...more };
    this.soon();
  }

  #paint(): void {
    this.#scheduled = 0;
    this.#absorb();
    const layout = this.#layout();
    const anchor = this.#anchor ?? this.#here();
    let first = 0;
    for (let tries = 0; tries < TRIES; tries++) {
      this.#place(layout, anchor);
      first = this.#paintRows(layout);
      if (!this.wraps || !this.#correct(first)) break;
    }
    this.#write(layout, first);
    this.away = this.#end(layout.size) - this.follow.top > this.#row;
    if (first < AHEAD && !this.follow.follows) this.#owner.atBeginning();
    this.#owner.painted();
  }

  /** Where the window is, told by the row at its top: others may turn out higher than they seemed. */
  #here(): Anchor | undefined {
    const layout = this.#layout();
    const at = layout.indexAt(this.follow.top);
    const row = this.view.rows[at];
    return row && { n: row.n, into: this.follow.top - layout.offsetOf(at) };
  }

  #place(layout: Layout, anchor: Anchor | undefined): void {
    const end = this.#end(layout.size);
    const { rows } = this.view;
    const isHere = anchor && (rows.at(-1)?.n ?? 0) >= anchor.n;
    if (isHere) this.#anchor = undefined; // else it is still to come
    const top = isHere
      ? layout.offsetOf(this.view.indexOf(anchor.n)) + anchor.into
      : this.follow.top;
    this.follow.place(this.follow.follows ? end : Math.max(0, Math.min(top, end)));
  }

  /** Returns the index of the first row that is drawn. */
  #paintRows(layout: Layout): number {
    const { rows } = this.view;
    const [first, last] = span(layout, rows.length, this.follow.top, this.#height, SPARE);
    this.#rows.paint(rows.slice(first, last), this.#look);
    return first;
  }

  #write(layout: Layout, first: number): void {
    const next = { size: layout.size, shift: layout.offsetOf(first), top: this.follow.top };
    const { size, shift, top, columns } = this.#written;
    if (columns !== this.#columns) {
      this.#size.style.setProperty("--_columns", String(this.#columns));
    }
    if (size !== next.size) this.#size.style.blockSize = `${next.size}px`;
    if (shift !== next.shift) this.#shift.style.transform = `translateY(${next.shift}px)`;
    // The last one: it makes the browser lay out all that was written before.
    if (top !== next.top) this.#box.scrollTop = next.top;
    this.#written = { ...next, columns: this.#columns };
  }

  /** Takes the heights of what was drawn for what they are; tells whether one was another. */
  #correct(first: number): boolean {
    const changes = this.#rows
      .heights()
      .map((height, at) => this.#uneven.correct(first + at, height));
    return changes.some((change) => change !== 0);
  }

  #absorb(): void {
    for (const { taken, first } of this.#waiting.splice(0)) {
      const before = this.#layout();
      const { added, gone } = this.view.add(taken.added, taken.gone > 0 ? first : 0);
      this.follow.place(Math.max(0, this.follow.top - before.offsetOf(gone)));
      this.#uneven.drop(gone);
      const fresh = added > 0 ? this.view.rows.slice(-added) : [];
      this.#note(fresh);
      this.follow.came(fresh.filter(({ n }) => n > this.since).length);
    }
  }

  #layout(): Layout {
    return this.wraps ? this.#uneven : new Even(this.view.rows.length, this.#row);
  }

  #measure(): void {
    this.#uneven = new Uneven();
    this.#columns = 0;
    this.#note(this.view.rows);
  }

  #note(rows: readonly Row[]): void {
    for (const row of rows) this.#columns = Math.max(this.#columns, columnsOf(row));
    if (!this.wraps) return;
    const fitting = this.#fitting();
    this.#uneven.add(rows.map((row) => this.#row * linesOf(row, fitting)));
  }

  /** How many characters there is room for in a line. */
  #fitting(): number {
    const probe = this.#box.parentElement?.querySelector<HTMLElement>(".probe");
    return Math.max(10, Math.floor((10 * this.#rows.width) / (probe?.offsetWidth || 1)));
  }

  #end(size: number): number {
    return Math.max(0, size - this.#height);
  }
}

function columnsOf(row: Row): number {
  if (isGap(row)) return 40;
  return row.text.length + (row.text.match(WIDE)?.length ?? 0);
}

function linesOf(row: Row, fitting: number): number {
  if (isGap(row) || !row.text.includes("\n")) return Math.ceil(columnsOf(row) / fitting) || 1;
  const parts = row.text.split("\n");
  return parts.reduce((sum, { length }) => sum + (Math.ceil(length / fitting) || 1), 0);
}
