/** What the charts of the overview show of a series: lines, gaps, a sentence, a table. */

import type { Chart, ChartLine, Gap, Ink } from "../chart";
import { number, time } from "./amounts";
import { interval } from "./intervals";
import { type Counts, due, type Point, type Series, type Times } from "./metrics";
import { zone } from "./preferences";
import { tell } from "./words";

const CHARTS = ["ends", "failures", "waits", "runs"] as const;

export type PlotName = (typeof CHARTS)[number];

export interface Plot {
  readonly name: PlotName;
  readonly title: string;
  readonly summary: string;
  readonly chart: Chart;
}

export interface TableRow {
  readonly when: string;
  /** Null where nobody counted. */
  readonly values: readonly string[] | null;
}

interface Drawn {
  readonly name: () => string;
  readonly ink: Ink;
  readonly of: (point: Point) => number | null;
}

const sum =
  (...kinds: readonly (keyof Counts)[]) =>
  (point: Point) =>
    kinds.reduce((all, kind) => all + Number(point[kind]), 0);
const part =
  (kind: "wait" | "run", share: keyof Times) =>
  ({ [kind]: times }: Point) =>
    times?.[share] ?? null;
const shares = (kind: "wait" | "run"): readonly Drawn[] => [
  { name: () => "p50", ink: "first", of: part(kind, "p50") },
  { name: () => "p95", ink: "second", of: part(kind, "p95") },
  { name: () => "p99", ink: "third", of: part(kind, "p99") },
];

const LINES: Readonly<Record<PlotName, readonly Drawn[]>> = {
  ends: [
    { name: () => tell("wellEnded"), ink: "good", of: sum("succeeded") },
    { name: () => tell("badlyEnded"), ink: "wrong", of: sum("failed", "lost") },
    { name: () => tell("cancelledEnds"), ink: "quiet", of: sum("cancelled") },
  ],
  failures: [
    { name: () => tell("failedEnds"), ink: "wrong", of: sum("failed") },
    { name: () => tell("lostEnds"), ink: "second", of: sum("lost") },
    { name: () => tell("attempts"), ink: "third", of: sum("retried") },
  ],
  waits: shares("wait"),
  runs: shares("run"),
};

/** The four charts of a series; `now` in milliseconds tells what is not due yet. */
export function plotsOf(series: Series, now: number): readonly Plot[] {
  const points = due(series.points, series, now);
  const from = Date.parse(series.from) / 1000;
  const starts = points.map((_, at) => from + at * series.step);
  const end = from + points.length * series.step;
  const shared = {
    zone: zone(),
    from,
    to: Math.max(end, from + series.step),
    step: series.step,
    starts,
    gaps: gapsOf(points, from, series.step),
    when: (place: number) => {
      const start = from + place * series.step;
      return interval(start, start + series.step);
    },
    gap: tell("uncounted"),
  };
  return CHARTS.map((name) => {
    const lines = LINES[name].map((line): ChartLine => {
      const values = points.map((point) => point && line.of(point));
      return { name: line.name(), ink: line.ink, values };
    });
    const counts = name === "ends" || name === "failures";
    const chart: Chart = {
      ...shared,
      label: tell("readChart", { title: tell(name) }),
      lines,
      stacked: name === "ends",
      unit: counts ? "jobs" : "seconds",
      say: counts ? number : time,
    };
    return { name, title: tell(name), summary: summaryOf(name, chart), chart };
  });
}

export function gapsOf(points: readonly unknown[], from: number, step: number): readonly Gap[] {
  const gaps: [number, number][] = [];
  points.forEach((point, at) => {
    if (point !== null) return;
    const [start, end] = [from + at * step, from + (at + 1) * step];
    const last = gaps.at(-1);
    if (last?.[1] === start) last[1] = end;
    else gaps.push([start, end]);
  });
  return gaps;
}

/** What a chart says in a sentence or two, to who does not see it. */
function summaryOf(name: PlotName, chart: Chart): string {
  const { starts, gaps, lines } = chart;
  if (starts.length === 0 || gaps.some(([from, to]) => from <= chart.from && to >= chart.to))
    return tell("nobodyCounted");
  const said = chart.unit === "jobs" ? summaryOfJobs(name, lines) : summaryOfTimes(chart);
  const missing = gaps.reduce((all, [from, to]) => all + to - from, 0);
  return missing > 0 ? `${said} ${tell("missing", { time: time(missing) })}` : said;
}

function summaryOfJobs(name: PlotName, lines: readonly ChartLine[]): string {
  const [first = 0, second = 0, third = 0] = lines.map(({ values }) =>
    values.reduce<number>((all, value) => all + (value ?? 0), 0),
  );
  const all = first + second + third;
  if (name === "failures") {
    return all > 0
      ? tell("sumFailures", { failed: first, lost: second, n: third })
      : tell("noFailures");
  }
  return all > 0 ? tell("sumEnds", { n: all, failed: second }) : tell("noEnds");
}

/** Where 95 of 100 lie, at least and at most. */
function summaryOfTimes({ lines, when }: Chart): string {
  const values = lines[1]?.values ?? [];
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return tell("noTimes");
  const most = Math.max(...known);
  const told = { least: time(Math.min(...known)), most: time(most) };
  return tell("sumTimes", { ...told, when: when(values.indexOf(most)) });
}

/** All that a chart shows, the newest first; what nobody counted is one row each time. */
export function tableOf({ starts, gaps, lines, say, when }: Chart): readonly TableRow[] {
  const rows = starts.flatMap((start, at): TableRow[] => {
    const gap = gaps.find(([from, to]) => from <= start && start < to);
    if (gap && gap[0] < start) return [];
    if (gap) return [{ when: interval(...gap), values: null }];
    return [{ when: when(at), values: lines.map(({ values }) => say(values[at] ?? null)) }];
  });
  return rows.reverse();
}
