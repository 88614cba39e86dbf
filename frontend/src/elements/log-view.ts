/** What of a log is shown, by its level, and which of these lines are found by what is sought. */

import type { LogLine } from "../protocol";
import { isGap, type Row } from "./log-lines";

export const LEVELS: readonly string[] = ["debug", "info", "warning", "error", "critical"];

export class LogView {
  #rows: Row[] = [];
  /** The numbers of the lines that were found. */
  #found: number[] = [];
  #least = 0;
  #pattern: RegExp | null = null;

  get rows(): readonly Row[] {
    return this.#rows;
  }

  get found(): readonly number[] {
    return this.#found;
  }

  /** What is sought, to be marked in a line. */
  get pattern(): RegExp | null {
    return this.#pattern;
  }

  /** Shows only what is as grave as this level; a gap is told at each. */
  filter(level: string, rows: readonly Row[]): void {
    this.#least = Math.max(0, LEVELS.indexOf(level));
    this.reset(rows);
  }

  /** Seeks a text, in capitals or not. */
  search(text: string): void {
    this.#pattern = text ? new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "gi") : null;
    this.#found = this.#matches(this.#rows);
  }

  /** Shows these rows in the place of all. */
  reset(rows: readonly Row[]): void {
    this.#rows = rows.filter((row) => this.#isShown(row));
    this.#found = this.#matches(this.#rows);
  }

  /** Adds rows at the end, and takes away those before line `first`; tells how many of each. */
  add(rows: readonly Row[], first: number): { added: number; gone: number } {
    const added = rows.filter((row) => this.#isShown(row));
    this.#rows.push(...added);
    this.#found.push(...this.#matches(added));
    const gone = this.indexOf(first);
    this.#rows.splice(0, gone);
    this.#found.splice(
      0,
      place(this.#found, (n) => n < first),
    );
    return { added: added.length, gone };
  }

  /** The index of a line, or of the next one that is shown. */
  indexOf(n: number): number {
    return place(this.#rows, (row) => row.n < n);
  }

  /** The found line that follows another one, or comes before it; after the last the first. */
  next(n: number, step: 1 | -1): number | undefined {
    const { length } = this.#found;
    const at = place(this.#found, (one) => (step > 0 ? one <= n : one < n));
    return this.#found.at((step > 0 ? at : at - 1 + length) % length);
  }

  /** Which of the found lines this is, from 1; 0 for none. */
  rank(n: number): number {
    return this.#found.indexOf(n) + 1;
  }

  #isShown(row: Row): boolean {
    return this.#least === 0 || isGap(row) || LEVELS.indexOf(row.level) >= this.#least;
  }

  #matches(rows: readonly Row[]): number[] {
    const pattern = this.#pattern;
    if (!pattern) return [];
    return rows.filter((row) => !isGap(row) && isIn(row, pattern)).map(({ n }) => n);
  }
}

function isIn({ text }: LogLine, pattern: RegExp): boolean {
  return text.search(pattern) >= 0;
}

/** How many elements at the beginning are so: the place of the first that is not. */
function place<T>(sorted: readonly T[], isBefore: (one: T) => boolean): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (isBefore(sorted[middle] as T)) from = middle + 1;
    else to = middle;
  }
  return from;
}
