import { beforeAll, describe, expect, it, vi } from "vitest";
import { rate, share, time } from "../src/elements/dashboard/amounts";
import { kpisOf } from "../src/elements/dashboard/kpis";
import type { Now, Point, Series } from "../src/elements/dashboard/metrics";
import { begin, spanOf, written } from "../src/elements/dashboard/metrics";
import { gapsOf, type PlotName, plotsOf, tableOf } from "../src/elements/dashboard/plots";

const FROM = "2026-11-27T10:00:00Z";
const START = Date.parse(FROM) / 1000;
const LATER = Date.parse("2026-11-27T12:00:00Z");

beforeAll(() => {
  vi.stubGlobal("document", {
    documentElement: { lang: "en" },
    getElementById: () => null,
  });
});

function point(at: number, more: Partial<Point> = {}): Point {
  const none = {
    queued: 0,
    started: 0,
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    lost: 0,
    retried: 0,
  };
  const when = new Date((START + at * 60) * 1000).toISOString();
  return { at: when, covered: 60, ...none, wait: null, run: null, ...more };
}

function seriesOf(...points: (Point | null)[]): Series {
  const to = new Date((START + points.length * 60) * 1000).toISOString();
  return { step: 60, from: FROM, to, points };
}

function plotOf(name: PlotName, series: Series, now = LATER) {
  const plot = plotsOf(series, now).find((one) => one.name === name);
  if (!plot) throw new Error(`expected a chart ${name}, got: none`);
  return plot;
}

const quick = { p50: 0.5, p95: 1.25, p99: 2 };
const slow = { p50: 0.5, p95: 90, p99: 120 };
const SOME = seriesOf(
  point(0, { succeeded: 5, failed: 1, wait: quick }),
  null,
  null,
  point(3, { succeeded: 2, lost: 1, cancelled: 3, retried: 2, wait: slow }),
);

describe("gaps", () => {
  it("go from the first point that nobody counted to the next that somebody did", () => {
    expect(gapsOf([null, 1, null, null, 1, null], 600, 60)).toEqual([
      [600, 660],
      [720, 840],
      [900, 960],
    ]);
    expect(gapsOf([1, 2], 600, 60)).toEqual([]);
  });

  it("are no values: no line goes through them", () => {
    const { chart } = plotOf("ends", SOME);
    expect(chart.gaps).toEqual([[START + 60, START + 180]]);
    expect(chart.lines[0]?.values).toEqual([5, null, null, 2]);
  });

  it("are not what is not due yet", () => {
    const now = (START + 4 * 60 + 5) * 1000;
    const late = plotOf("ends", seriesOf(point(0), point(1), point(2), null, null), now);
    expect(late.chart.gaps).toEqual([]);
    expect(late.chart.to).toBe(START + 180);
  });
});

describe("a chart", () => {
  it("has jobs that failed and that were lost in one column", () => {
    const { lines, stacked } = plotOf("ends", SOME).chart;
    expect(lines.map(({ values }) => values)).toEqual([
      [5, null, null, 2],
      [1, null, null, 1],
      [0, null, null, 3],
    ]);
    expect(stacked).toBe(true);
  });

  it("of times has nothing where no job tells of any", () => {
    expect(plotOf("runs", SOME).chart.lines[0]?.values).toEqual([null, null, null, null]);
    expect(plotOf("waits", SOME).chart.lines[1]?.values).toEqual([1.25, null, null, 90]);
  });

  it("is said in a sentence", () => {
    expect(plotOf("ends", SOME).summary).toBe(
      "12 ended, 2 of them badly. For 2 min of it nobody counted.",
    );
    expect(plotOf("failures", SOME).summary).toContain(
      "1 failed, 1 were lost; further attempts: 2.",
    );
    expect(plotOf("waits", SOME).summary).toContain("The p95 was 1.3 sec to 1 min 30 sec, highest");
    expect(plotOf("runs", SOME).summary).toContain("No job tells of it in this time.");
  });

  it("says that there is nothing, and that nobody knows", () => {
    const empty = seriesOf(point(0), point(1));
    expect(plotOf("ends", empty).summary).toBe("No job ended in this time.");
    expect(plotOf("failures", empty).summary).toBe("Nothing failed in this time.");
    expect(plotOf("ends", seriesOf(null, null)).summary).toBe("Nobody has counted in this time.");
    expect(plotOf("ends", seriesOf()).summary).toBe("Nobody has counted in this time.");
  });

  it("is a table, the newest first, with one row for a gap", () => {
    const rows = tableOf(plotOf("ends", SOME).chart);
    expect(rows.map(({ values }) => values)).toEqual([["2", "1", "3"], null, ["5", "1", "0"]]);
    expect(new Set(rows.map(({ when }) => when)).size).toBe(3);
  });
});

describe("amounts", () => {
  it.each([
    [null, "–"],
    [0, "0 ms"],
    [0.0042, "4.2 ms"],
    [0.04, "40 ms"],
    [0.9996, "1 sec"],
    [1.5, "1.5 sec"],
    [12.4, "12 sec"],
    [124, "2 min 4 sec"],
  ])("of %d seconds are %s", (seconds, said) => {
    expect(time(seconds)).toBe(said);
  });

  it.each([
    [null, "–"],
    [0, "0%"],
    [0.00001, "0.1%"],
    [0.073, "7.3%"],
    [0.99999, "99.9%"],
    [1, "100%"],
  ])("of the share %d are %s", (part, said) => {
    expect(share(part)).toBe(said);
  });

  it.each([
    [null, "–"],
    [0, "0/min"],
    [0.002, "7.2/h"],
    [0.0001, "8.6/day"],
    [1e-9, "0.1/day"],
    [0.5, "30/min"],
    [12.44, "12.4/s"],
  ])("of %d in a second are %s", (perSecond, said) => {
    expect(rate(perSecond)).toBe(said);
  });
});

describe("the numbers above", () => {
  const now: Now = {
    at: FROM,
    queued: 100_000,
    running: 3,
    stalled: null,
    hour: { ...point(0), failed: 1, lost: 1, covered: 3600, ended: 8, rate: 0.25, wait: quick },
  };
  const kpiOf = (label: string, of = now) => kpisOf(of).find((one) => one.label === label);

  it("lead to the list where it can show them", () => {
    expect(kpiOf("Running")).toMatchObject({ value: "3", q: "status:running" });
    expect(kpiOf("Failed, last hour")).toMatchObject({
      value: "25%",
      note: "2 of 8",
      q: "status:failed,lost age:<1h",
    });
    expect(kpiOf("Rate")).toMatchObject({ value: "15/min", q: null });
  });

  it("say when they are not known", () => {
    expect(kpiOf("Queued")).toMatchObject({ value: "100,000+" });
    expect(kpiOf("Stalled")).toMatchObject({ value: "–" });
    const uncounted = { ...now, hour: { ...point(0), covered: 0, ended: 0, rate: null } };
    expect(kpiOf("Failed, last hour", uncounted)).toMatchObject({
      value: "–",
      note: "Nobody counted",
    });
  });
});

describe("a span", () => {
  it("is the last hour unless the address tells another", () => {
    expect([spanOf(""), spanOf("7d"), spanOf("7w")]).toEqual(["1h", "7d", "1h"]);
    expect([written("1h"), written("7d")]).toEqual(["", "7d"]);
    expect(begin("6h", LATER)).toBe("2026-11-27T06:00:10.000Z");
  });
});
