/** What a chart shows, as a page hands it to the element that draws it. Knows no page. */

/** In which colour of the style sheet a line is drawn. */
export type Ink = "good" | "wrong" | "quiet" | "first" | "second" | "third";

export interface ChartLine {
  readonly name: string;
  readonly ink: Ink;
  /** One for each point; null where there is nothing to tell. */
  readonly values: readonly (number | null)[];
}

/** All times are in seconds since 1970. */
export interface Chart {
  readonly label: string;
  readonly from: number;
  readonly to: number;
  /** In which the times are told; undefined is the browser's. */
  readonly zone: "UTC" | undefined;
  /** The length of a point in seconds. */
  readonly step: number;
  /** When each point begins. */
  readonly starts: readonly number[];
  /** From when to when nobody counted. */
  readonly gaps: readonly Gap[];
  readonly lines: readonly ChartLine[];
  /** Whether lines are parts of a whole, drawn as columns on each other. */
  readonly stacked: boolean;
  /** What the values are, for the steps of the axis: numbers of jobs, or seconds. */
  readonly unit: "jobs" | "seconds";
  readonly say: (value: number | null) => string;
  /** From when to when a point is. */
  readonly when: (place: number) => string;
  /** What the hatched part means, and what stands for a value in it. */
  readonly gap: string;
}

export type Gap = readonly [from: number, to: number];

/** Lines on each other: each with the sum of those below it; null where nothing is known. */
export function piled(lines: readonly ChartLine[]): (number | null)[][] {
  const sums: (number | null)[] = lines[0]?.values.map(() => 0) ?? [];
  return lines.map(({ values }) =>
    values.map((value, at) => {
      const below = sums[at] ?? null;
      sums[at] = value === null || below === null ? null : below + value;
      return sums[at];
    }),
  );
}

/** Which points have no neighbour to draw a line to. */
export function lonely(values: readonly (number | null)[]): number[] {
  const has = (at: number) => typeof values[at] === "number";
  return values.flatMap((_, at) => (has(at) && !has(at - 1) && !has(at + 1) ? [at] : []));
}

/** The newest point with a value, or the last one. */
export function newest({ lines, starts }: Chart): number {
  for (let at = starts.length - 1; at > 0; at--)
    if (lines.some(({ values }) => typeof values[at] === "number")) return at;
  return Math.max(0, starts.length - 1);
}

/** Where a key leads from a point; null for keys that mean nothing here. */
export function movedBy(key: string, place: number, count: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: place - 1,
    ArrowDown: place - 1,
    ArrowRight: place + 1,
    ArrowUp: place + 1,
    PageDown: place - 10,
    PageUp: place + 10,
    Home: 0,
    End: count - 1,
  };
  const to = steps[key];
  return to === undefined || count === 0 ? null : Math.min(count - 1, Math.max(0, to));
}

/** Where the axis of values ends: something above the most, and never nowhere. */
export function topOf(most: number | null, unit: Chart["unit"]): number {
  const least = unit === "jobs" ? 4 : 0.1;
  return Math.max((most ?? 0) * 1.08, least);
}

/** The steps in which an axis may count: whole jobs, or times as people tell them. */
export function stepsOf(unit: Chart["unit"]): number[] {
  const tens = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, power) => [1, 2, 5].map((n) => n * 10 ** (from + power)));
  if (unit === "jobs") return tens(0, 12).flat();
  const times = [1, 2, 5, 10, 15, 30].flatMap((n) => [n, n * 60]);
  const hours = [1, 2, 6, 12, 24, 48].map((n) => n * 3600);
  const days = [5, 10, 20, 50, 100, 365].map((n) => n * 86_400);
  const short = tens(-3, 0).flat();
  return [...short, ...times, ...hours, ...days].sort((one, other) => one - other);
}
