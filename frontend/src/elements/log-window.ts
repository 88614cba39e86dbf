/** Which rows of a long log are in the window, and whether it stays at the end: arithmetic alone. */

const NEAR = 24; // pixels from the end that are still at it
export const JITTER = 1; // browsers round where they scroll to

/** Where each row is, in pixels. */
export interface Layout {
  readonly size: number;
  offsetOf(index: number): number;
  indexAt(offset: number): number;
}

/** Rows of one height. */
export class Even implements Layout {
  readonly #count: number;
  readonly #row: number;

  constructor(count: number, row: number) {
    this.#count = count;
    this.#row = row;
  }

  get size(): number {
    return this.#count * this.#row;
  }

  offsetOf(index: number): number {
    return index * this.#row;
  }

  indexAt(offset: number): number {
    return Math.max(0, Math.min(this.#count - 1, Math.floor(offset / this.#row)));
  }
}

/** Rows of heights that are guessed until they have been drawn. */
export class Uneven implements Layout {
  readonly #heights: number[] = [];
  #offsets = new Float64Array(1);
  #known = 0; // offsets that are right

  get size(): number {
    return this.offsetOf(this.#heights.length);
  }

  offsetOf(index: number): number {
    this.#sum(index);
    return this.#offsets[index] ?? 0;
  }

  indexAt(offset: number): number {
    this.#sum(this.#heights.length);
    let [from, to] = [0, Math.max(0, this.#heights.length - 1)];
    while (from < to) {
      const middle = (from + to + 1) >> 1;
      if ((this.#offsets[middle] ?? 0) <= offset) from = middle;
      else to = middle - 1;
    }
    return from;
  }

  add(heights: readonly number[]): void {
    for (const height of heights) this.#heights.push(height);
  }

  drop(count: number): void {
    if (count === 0) return;
    this.#heights.splice(0, count);
    this.#known = 0;
  }

  /** Corrects a height; tells by how much it was wrong. */
  correct(index: number, height: number): number {
    const change = height - (this.#heights[index] ?? height);
    if (change === 0) return 0;
    this.#heights[index] = height;
    this.#known = Math.min(this.#known, index);
    return change;
  }

  #sum(until: number): void {
    if (this.#offsets.length <= until) {
      const more = new Float64Array(2 * until + 1);
      more.set(this.#offsets);
      this.#offsets = more;
    }
    for (let at = this.#known; at < until; at++) {
      this.#offsets[at + 1] = (this.#offsets[at] ?? 0) + (this.#heights[at] ?? 0);
    }
    this.#known = Math.max(this.#known, until);
  }
}

/** The first row to be drawn and the one after the last, with some above and below what is seen. */
export function span(
  layout: Layout,
  count: number,
  top: number,
  height: number,
  spare: number,
): [number, number] {
  if (count === 0) return [0, 0];
  const first = layout.indexAt(top) - spare;
  const last = layout.indexAt(top + height) + 1 + spare;
  return [Math.max(0, first), Math.min(count, last)];
}

/** Stays at the end until its reader goes up, and again once they are back. */
export class Follow {
  #follows: boolean;
  #top = 0;
  #missed = 0;

  constructor(follows: boolean) {
    this.#follows = follows;
  }

  get follows(): boolean {
    return this.#follows;
  }

  /** Where the window is. */
  get top(): number {
    return this.#top;
  }

  /** How many lines have come since it does not follow. */
  get missed(): number {
    return this.#missed;
  }

  /** The window was scrolled; `end` is as far as it goes. */
  scrolled(top: number, end: number): void {
    const moved = top - this.#top;
    if (Math.abs(moved) <= JITTER) return; // we have done it
    this.#top = top;
    if (moved < 0) this.#follows = false;
    else if (end - top <= NEAR) this.start();
  }

  /** We move the window. */
  place(top: number): void {
    this.#top = top;
  }

  came(lines: number): void {
    if (!this.#follows) this.#missed += lines;
  }

  start(): void {
    this.#follows = true;
    this.#missed = 0;
  }

  stop(): void {
    this.#follows = false;
  }
}
