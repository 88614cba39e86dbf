import { describe, expect, it } from "vitest";
import { LogLines, type Row } from "../src/elements/log-lines";
import type { LogLine } from "../src/protocol";

/** Lines from one number to another. */
function some(from: number, to: number, level = "info"): LogLine[] {
  const count = Math.max(0, to - from + 1);
  return Array.from({ length: count }, (_, at) => ({
    n: from + at,
    at: "2026-11-22T10:00:00.000Z",
    level,
    text: `line ${from + at}`,
  }));
}

/** Rows as short text: numbers, and in brackets how many are lost. */
function told(rows: readonly Row[]): string {
  return rows.map((row) => ("lost" in row ? `(${row.lost})` : row.n)).join(" ");
}

describe("what follows", () => {
  it("is added in order, each once", () => {
    const lines = new LogLines(0, 100);
    lines.take(some(1, 3));
    lines.take(some(2, 5));
    expect([told(lines.rows), lines.last, lines.first]).toEqual(["1 2 3 4 5", 5, 1]);
  });

  it("begins in the middle, and what is before may be asked for", () => {
    const lines = new LogLines(40, 100);
    expect([lines.first, lines.room]).toEqual([41, 40]);
    lines.take(some(41, 42));
    expect([lines.first, lines.room]).toEqual([41, 40]);
  });

  it("tells what was lost between", () => {
    const lines = new LogLines(0, 100);
    lines.take(some(1, 2));
    lines.take(some(5, 5));
    lines.take([], 9);
    expect([told(lines.rows), lines.last]).toEqual(["1 2 (2) 5 (4)", 9]);
  });

  it("tells that all before is lost where its beginning is", () => {
    const lines = new LogLines(40, 100);
    lines.take(some(51, 52));
    expect([told(lines.rows), lines.first, lines.room]).toEqual(["(50) 51 52", 1, 0]);
    const nothing = new LogLines(40, 100);
    nothing.take([], 60);
    expect(told(nothing.rows)).toBe("(60)");
  });

  it("lets the oldest go when there are too many", () => {
    const lines = new LogLines(0, 4);
    expect(lines.take(some(1, 4)).gone).toBe(0);
    expect(lines.take(some(5, 7)).gone).toBe(3);
    expect([told(lines.rows), lines.first, lines.room]).toEqual(["4 5 6 7", 4, 0]);
  });

  it("may be nothing", () => {
    const lines = new LogLines(7, 100);
    expect(lines.take([], 7)).toEqual({ added: [], gone: 0 });
    expect([lines.last, lines.first]).toEqual([7, 8]);
  });
});

describe("what is before", () => {
  it("is added in parts until there is no more", () => {
    const lines = new LogLines(6, 100);
    lines.take(some(7, 8));
    lines.prepend(some(4, 9), 3);
    expect([told(lines.rows), lines.room]).toEqual(["4 5 6 7 8", 3]);
    lines.prepend(some(1, 3), 0);
    expect([told(lines.rows), lines.room]).toEqual(["1 2 3 4 5 6 7 8", 0]);
  });

  it("may be lost, in part or altogether", () => {
    const part = new LogLines(6, 100);
    part.take(some(7, 7));
    part.prepend(some(6, 6), 3);
    expect([told(part.rows), part.room]).toEqual(["(5) 6 7", 0]);
    const all = new LogLines(6, 100);
    all.take(some(7, 7));
    all.prepend([], 3);
    expect([told(all.rows), all.room]).toEqual(["(6) 7", 0]);
  });

  it("has no more room than there is", () => {
    const lines = new LogLines(90, 12);
    lines.take(some(91, 100));
    expect(lines.room).toBe(2);
  });
});
