/** Draws the few rows of a log that are in its window, by hand: each frame may bring others. */

import type { LogLine } from "../protocol";
import { setAttribute } from "./attributes";
import { isGap, type Row } from "./log-lines";
import { LEVELS } from "./log-view";
import { language, say } from "./log-words";

/** How rows are drawn; another object is another look of all of them. */
export interface Look {
  readonly pattern: RegExp | null;
  /** The number of the line that is marked, 0 for none. */
  readonly marked: number;
  readonly wraps: boolean;
  readonly addressOf: (n: number) => string;
}

interface Line {
  readonly node: HTMLElement;
  readonly number: HTMLAnchorElement;
  readonly time: HTMLTimeElement;
  readonly level: HTMLElement;
  readonly text: HTMLElement;
  row: Row | undefined;
  look: Look | undefined;
}

export class LogRows {
  readonly #box: HTMLElement;
  #lines: Line[] = [];

  constructor(box: HTMLElement) {
    this.#box = box;
  }

  /** In their order, for who reads with something else than eyes; a row that stays is not touched. */
  paint(rows: readonly Row[], look: Look): void {
    const known = new Map(this.#lines.map((line) => [line.row, line]));
    const wanted = new Set<Row | undefined>(rows);
    const spare = this.#lines.filter(({ row }) => !wanted.has(row));
    this.#box.append(...spare.map(({ node }) => node));
    this.#lines = rows.map((row) => known.get(row) ?? spare.pop() ?? this.#made());
    for (const { node } of spare) node.remove();
    let next = this.#box.firstElementChild;
    for (const [at, line] of this.#lines.entries()) {
      if (line.node === next) next = next.nextElementSibling;
      else this.#box.insertBefore(line.node, next);
      if (line.row !== rows[at] || line.look !== look) write(line, rows[at] as Row, look);
    }
  }

  /** The heights of the rows as they are drawn. */
  heights(): number[] {
    return this.#lines.map(({ node }) => node.offsetHeight);
  }

  /** How wide the text of a row may be. */
  get width(): number {
    return this.#lines[0]?.text.clientWidth ?? 0;
  }

  #made(): Line {
    const node = document.createElement("div");
    const number = document.createElement("a");
    const time = document.createElement("time");
    const level = document.createElement("span");
    const text = document.createElement("span");
    number.tabIndex = -1; // or there would be a stop at each line
    number.className = "number";
    level.className = "grade";
    text.className = "text";
    text.dir = "auto";
    node.append(number, time, level, text);
    this.#box.append(node);
    return { node, number, time, level, text, row: undefined, look: undefined };
  }
}

function write(line: Line, row: Row, look: Look): void {
  line.row = row;
  line.look = look;
  const marked = row.n === look.marked;
  const kind = isGap(row) ? "gap" : LEVELS.includes(row.level) ? row.level : "";
  setAttribute(line.node, "class", `row ${kind}${marked ? " marked" : ""}`);
  setAttribute(line.node, "aria-current", marked ? "true" : null);
  if (isGap(row)) writeGap(line, row.lost);
  else writeLine(line, row, look);
}

function writeGap({ number, time, level, text }: Line, lost: number): void {
  number.removeAttribute("href");
  time.removeAttribute("datetime");
  number.textContent = time.textContent = level.textContent = "";
  text.textContent = say("lost", { n: lost });
}

function writeLine({ number, time, level, text }: Line, row: LogLine, look: Look): void {
  number.href = look.addressOf(row.n);
  number.textContent = String(row.n);
  time.dateTime = row.at;
  time.textContent = clock(row.at);
  level.textContent = row.level;
  const shown = look.wraps ? row.text : oneLine(row.text);
  if (look.pattern) text.replaceChildren(...pieces(shown, look.pattern));
  else text.textContent = shown;
}

/** A text of several lines where there is room for one. */
export function oneLine(text: string): string {
  return text.includes("\n") ? text.replace(/\s*\n/g, " ⏎ ") : text;
}

function pieces(text: string, pattern: RegExp): (string | HTMLElement)[] {
  const found: (string | HTMLElement)[] = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    const mark = document.createElement("mark");
    mark.textContent = match[0];
    found.push(text.slice(at, match.index), mark);
    at = match.index + match[0].length;
  }
  return [...found, text.slice(at)];
}

let format: Intl.DateTimeFormat | undefined;
let [lastSecond, lastClock] = ["", ""]; // many lines are written in one second

function clock(at: string): string {
  const second = at.slice(0, 19);
  if (second === lastSecond) return lastClock;
  const two = "2-digit";
  const parts = { hour: two, minute: two, second: two, hourCycle: "h23" } as const;
  format ??= new Intl.DateTimeFormat(language(), parts);
  const time = Date.parse(at);
  lastSecond = second;
  lastClock = Number.isNaN(time) ? "" : format.format(time);
  return lastClock;
}
