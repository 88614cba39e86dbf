/** The rows of the tasks' page, and in which order they stand. Knows no page. */

import type { Line, Lines, SpanName, Times } from "./metrics";
import { quoted } from "./query";

export const COLUMNS = [
  "name",
  "rate",
  "ended",
  "failed",
  "wait50",
  "wait95",
  "run50",
  "run95",
  "run99",
] as const;

export type Column = (typeof COLUMNS)[number];

export interface Order {
  readonly column: Column;
  readonly falls: boolean;
}

/** What breaks most comes first, as the service answers it. */
export const FIRST_ORDER: Order = { column: "failed", falls: true };

/** What of a line stands in a column, to be compared; null where there is nothing. */
export function amountOf(line: Line, column: Column, seconds: number): number | string | null {
  const of = (times: Times | null, share: keyof Times) => times?.[share] ?? null;
  switch (column) {
    case "name":
      return line.name;
    case "rate":
      return seconds > 0 ? line.ended / seconds : null;
    case "ended":
      return line.ended;
    case "failed":
      return line.failed_share;
    case "wait50":
      return of(line.wait, "p50");
    case "wait95":
      return of(line.wait, "p95");
    case "run50":
      return of(line.run, "p50");
    case "run95":
      return of(line.run, "p95");
    case "run99":
      return of(line.run, "p99");
  }
}

/** Lines in an order; what has nothing in that column comes last, and all others together at the end. */
export function sorted(lines: readonly Line[], order: Order, seconds: number): readonly Line[] {
  const rank = (line: Line) => (line.name === null ? 2 : 0);
  return [...lines].sort((one, other) => {
    const [mine, theirs] = [one, other].map((line) => amountOf(line, order.column, seconds));
    const last = rank(one) - rank(other);
    if (last !== 0 || mine === theirs) return last;
    if (mine === null || mine === undefined) return 1;
    if (theirs === null || theirs === undefined) return -1;
    const more =
      typeof mine === "string" ? mine.localeCompare(String(theirs)) : mine - Number(theirs);
    return order.falls ? -more : more;
  });
}

/** What a press on a head means: the other way round, or first what people look for there. */
export function pressed(order: Order, column: Column): Order {
  if (order.column === column) return { column, falls: !order.falls };
  return { column, falls: column !== "name" };
}

/** For how many seconds lines were counted; `now` in seconds since 1970. */
export function countedSeconds({ step, from, tasks }: Lines, now: number): number {
  const start = Date.parse(from) / 1000;
  const points = tasks[0]?.points ?? [];
  return points.reduce<number>((all, point, at) => {
    const passed = now - (start + at * step);
    return point === null ? all : all + Math.min(step, Math.max(0, passed));
  }, 0);
}

/** The filter that shows what of a task has failed in a span. */
export function failedOf(name: string, span: SpanName): string {
  return `status:failed,lost task:${quoted(name)} age:<${span}`;
}

/** Those that fail, the most first, at most so many. */
export function failing(lines: readonly Line[], most: number): readonly Line[] {
  const broken = ({ failed, lost }: Line) => failed + lost;
  const found = lines.filter((line) => broken(line) > 0 && line.name !== null);
  return found.sort((one, other) => broken(other) - broken(one)).slice(0, most);
}

/** Columns of ends as the path of an SVG that is as wide as there are points, and 1 high. */
export function sparkOf(points: readonly (number | null)[]): { ends: string; gaps: string } {
  const most = Math.max(1, ...points.map((point) => point ?? 0));
  const round = (n: number) => Math.round(n * 1000) / 1000;
  const bar = (at: number, height: number) => `M${at} 1v${-round(height)}h.8V1z`;
  const ends = points.map((point, at) => (point ? bar(at, Math.max(0.06, point / most)) : ""));
  const gaps = points.map((point, at) => (point === null ? `M${at} 1v-1h1V1z` : ""));
  return { ends: ends.join(""), gaps: gaps.join("") };
}
