/** The lines of a log that the browser keeps: in order, bounded, and what is missing is told. */

import type { LogLine } from "../protocol";

/** Lines in the place of which there is nothing; `n` is the number of the last one. */
export interface Gap {
  readonly n: number;
  readonly lost: number;
}

export type Row = LogLine | Gap;

export interface Taken {
  readonly added: readonly Row[];
  /** How many rows at the beginning had to make room. */
  readonly gone: number;
}

export function isGap(row: Row): row is Gap {
  return "lost" in row;
}

export class LogLines {
  readonly #most: number;
  readonly #rows: Row[] = [];
  #last: number;

  /** `after` is the number of the line after which it begins. */
  constructor(after: number, most: number) {
    this.#last = after;
    this.#most = most;
  }

  get rows(): readonly Row[] {
    return this.#rows;
  }

  /** The number of the last line. */
  get last(): number {
    return this.#last;
  }

  /** The number of the first line that is here, or would be. */
  get first(): number {
    const [first] = this.#rows;
    if (!first) return this.#last + 1;
    return isGap(first) ? first.n - first.lost + 1 : first.n;
  }

  /** How many earlier lines may be added. */
  get room(): number {
    const isAll = this.#rows[0] !== undefined && isGap(this.#rows[0]);
    return isAll ? 0 : Math.min(this.first - 1, this.#most - this.#rows.length);
  }

  /** Adds what follows; `last` is the number of the last line that there was, kept or not. */
  take(lines: readonly LogLine[], last = 0): Taken {
    const fresh = lines.filter(({ n }) => n > this.#last);
    const joins = this.#rows.length > 0 || fresh[0]?.n === this.#last + 1;
    const isNews = fresh.length > 0 || last > this.#last;
    const added = isNews ? told(fresh, joins ? this.#last : 0, last) : [];
    this.#rows.push(...added);
    this.#last = added.at(-1)?.n ?? this.#last;
    const gone = Math.max(0, this.#rows.length - this.#most);
    this.#rows.splice(0, gone);
    return { added, gone };
  }

  /** Adds the lines between line `after` and the first one. */
  prepend(lines: readonly LogLine[], after: number): void {
    const before = this.first - 1;
    const earlier = lines.filter(({ n }) => n > after && n <= before);
    const joins = earlier[0]?.n === after + 1;
    this.#rows.unshift(...told(earlier, joins ? after : 0, before));
  }
}

/**
 * The lines from `after` to `last`, with a gap for each run of numbers that is missing. What is kept
 * of a log is its end: where its beginning is missing, `after` is 0.
 */
function told(lines: readonly LogLine[], after: number, last: number): Row[] {
  const rows: Row[] = [];
  let at = after;
  for (const line of lines) {
    if (line.n > at + 1) rows.push({ n: line.n - 1, lost: line.n - 1 - at });
    rows.push(line);
    at = line.n;
  }
  if (last > at) rows.push({ n: last, lost: last - at });
  return rows;
}
