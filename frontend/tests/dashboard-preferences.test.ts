import uPlot from "uplot";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Chart } from "../src/elements/chart";
import { optionsOf, type Plotted } from "../src/elements/chart-plot";
import { interval } from "../src/elements/dashboard/intervals";
import { choose, chosen, keysAreOn, pace, zone } from "../src/elements/dashboard/preferences";
import { moment } from "../src/elements/dashboard/times";

let kept: Map<string, string>;

beforeEach(() => {
  kept = new Map();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  vi.stubGlobal("document", { documentElement: { lang: "en" }, getElementById: () => null });
  vi.stubEnv("TZ", "Asia/Shanghai");
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

describe("what somebody has chosen", () => {
  it("is the usual until then, and again when that is chosen", () => {
    expect([chosen("density"), pace(), zone(), keysAreOn()]).toEqual(["roomy", 0, undefined, true]);
    choose("density", "dense");
    choose("pace", "slow");
    choose("keys", "off");
    expect([chosen("density"), pace(), keysAreOn()]).toEqual(["dense", 5000, false]);
    choose("pace", "live");
    expect([...kept.keys()]).toEqual(["headway-density", "headway-keys"]);
  });

  it("is the usual where somebody else's words are kept, or nothing may be", () => {
    kept.set("headway-pace", "constructor");
    expect(pace()).toBe(0);
    vi.stubGlobal("localStorage", undefined);
    choose("density", "dense");
    expect(chosen("density")).toBe("roomy");
  });
});

describe("times", () => {
  const AT = "2026-11-27T20:30:00Z";
  const SECONDS = Date.parse(AT) / 1000;

  it("are told in the zone of the browser, or in UTC", () => {
    expect(moment(AT)).toMatch(/Nov 28, 2026, 04:30:00 AM GMT\+8/);
    expect(interval(SECONDS, SECONDS + 60)).toMatch(/^Nov 28, 4:30/);
    choose("zone", "utc");
    expect(moment(AT)).toMatch(/Nov 27, 2026, 08:30:00 PM UTC/);
    expect(interval(SECONDS, SECONDS + 60)).toMatch(/^Nov 27, 8:30/);
  });

  it("stand so below a chart", () => {
    const midnight = Date.parse("2026-11-28T00:00:00Z") / 1000;
    expect(below(undefined, midnight)).toBe("8:00 AM");
    expect(below("UTC", midnight)).toBe("Nov 28");
  });

  /** What is written below a moment of a chart. */
  function below(zone: "UTC" | undefined, at: number): unknown {
    const chart = { zone, lines: [], stacked: false, unit: "jobs" } as unknown as Chart;
    const plotted = {
      chart: () => chart,
      colours: {},
      font: "12px sans",
      language: "en",
      paths: {},
      tzDate: uPlot.tzDate,
    } as unknown as Plotted;
    const [axis] = optionsOf(plotted, 400, 200).axes ?? [];
    const values = axis?.values as unknown as (...given: unknown[]) => string[];
    return values(null, [at], 0, 0, 3600)[0]?.replace(/\s/gu, " ");
  }
});
