/** What the service answers of all jobs, and what of it the address asks for. Knows no page. */

export interface Times {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface Counts {
  readonly queued: number;
  readonly started: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly lost: number;
  readonly retried: number;
  /** In seconds; null without a job. */
  readonly wait: Times | null;
  readonly run: Times | null;
}

export interface Point extends Counts {
  readonly at: string;
  /** How many of its seconds were counted. */
  readonly covered: number;
}

interface FromTo {
  /** The length of a point in seconds. */
  readonly step: number;
  readonly from: string;
  readonly to: string;
}

export interface Series extends FromTo {
  /** Null where nobody counted. */
  readonly points: readonly (Point | null)[];
}

export interface Line extends Counts {
  /** Null: all that are not told apart. */
  readonly name: string | null;
  readonly ended: number;
  readonly failed_share: number | null;
  /** What ended in each point. */
  readonly points: readonly (number | null)[];
}

export interface Lines extends FromTo {
  readonly tasks: readonly Line[];
}

export interface Now {
  readonly at: string;
  readonly queued: number;
  readonly running: number;
  readonly stalled: number | null;
  readonly hour: Counts & {
    readonly covered: number;
    readonly ended: number;
    /** Jobs that ended in a second, of late. */
    readonly rate: number | null;
  };
}

const HOUR = 3600;
const DAY = 24 * HOUR;
const SLACK = 10_000; // milliseconds by which a clock may be behind the service's
const LATE = 120_000; // for which what is not counted may still be on its way

/** What is told of, as the address and the list's filter write it, and its seconds. */
export const SPANS = {
  "1h": HOUR,
  "6h": 6 * HOUR,
  "1d": DAY,
  "7d": 7 * DAY,
  "30d": 30 * DAY,
  "90d": 90 * DAY,
} as const;

export type SpanName = keyof typeof SPANS;
export const SPAN_NAMES = Object.keys(SPANS) as SpanName[];
const USUAL: SpanName = "1h";

/** The span that an address means: the usual one, unless it names another. */
export function spanOf(said: string): SpanName {
  return SPAN_NAMES.find((name) => name === said) ?? USUAL;
}

/** As it stands in an address. */
export function written(span: SpanName): string {
  return span === USUAL ? "" : span;
}

/** From when on is asked, at a moment in milliseconds: no more than the service tells in one step. */
export function begin(span: SpanName, now: number): string {
  return new Date(now - SPANS[span] * 1000 + SLACK).toISOString();
}

/** The points up to a moment in milliseconds: what is not counted yet is no gap. */
export function due<Value>(
  points: readonly Value[],
  { from, step }: FromTo,
  now: number,
): readonly Value[] {
  const start = Date.parse(from);
  let count = points.length;
  while (count > 0 && points[count - 1] === null && start + count * step * 1000 > now - LATE)
    count--;
  return points.slice(0, count);
}
