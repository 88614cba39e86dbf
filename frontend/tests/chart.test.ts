import { describe, expect, it } from "vitest";
import { type Chart, lonely, movedBy, newest, piled, stepsOf, topOf } from "../src/elements/chart";

const line = (...values: (number | null)[]) => ({ name: "One", ink: "good" as const, values });
const chartOf = (...lines: (number | null)[][]): Chart => ({
  label: "",
  from: 0,
  to: 240,
  zone: undefined,
  step: 60,
  starts: [0, 60, 120, 180],
  gaps: [],
  lines: lines.map((values) => line(...values)),
  stacked: false,
  unit: "jobs",
  say: String,
  when: String,
  gap: "",
});

describe("columns on each other", () => {
  it("have the sum of those below, and nothing where nobody counted", () => {
    const lines = [line(3, null, 0), line(1, null, 2), line(0, null, 4)];
    expect(piled(lines)).toEqual([
      [3, null, 0],
      [4, null, 2],
      [4, null, 6],
    ]);
  });

  it("of no line are none", () => {
    expect(piled([])).toEqual([]);
  });
});

describe("a line", () => {
  it("has dots where it has no neighbours", () => {
    expect(lonely([1, null, 2, 3, null, null, 0])).toEqual([0, 6]);
    expect(lonely([])).toEqual([]);
  });
});

describe("what is read at first", () => {
  it("is the newest point with a value", () => {
    expect(newest(chartOf([1, 2, null, null], [null, null, 3, null]))).toBe(2);
  });

  it("is the last one where there is none", () => {
    expect(newest(chartOf([null, null, null, null]))).toBe(3);
    expect(newest({ ...chartOf(), starts: [] })).toBe(0);
  });
});

describe("a key", () => {
  it.each([
    ["ArrowLeft", 4],
    ["ArrowRight", 6],
    ["ArrowDown", 4],
    ["ArrowUp", 6],
    ["PageDown", 0],
    ["PageUp", 15],
    ["Home", 0],
    ["End", 19],
  ])("%s leads from the fifth point to %i", (key, to) => {
    expect(movedBy(key, 5, 20)).toBe(to);
  });

  it("leads no further than to the ends, and others nowhere", () => {
    expect(movedBy("ArrowLeft", 0, 20)).toBe(0);
    expect(movedBy("PageUp", 15, 20)).toBe(19);
    expect(movedBy("a", 5, 20)).toBeNull();
    expect(movedBy("End", 0, 0)).toBeNull();
  });
});

describe("the axis of values", () => {
  it("ends above the most, and is there without any", () => {
    expect(topOf(100, "jobs")).toBeGreaterThan(100);
    expect(topOf(null, "jobs")).toBe(4);
    expect(topOf(0, "seconds")).toBe(0.1);
  });

  it("counts whole jobs, and times as people tell them", () => {
    expect(stepsOf("jobs").every(Number.isInteger)).toBe(true);
    const steps = stepsOf("seconds");
    for (const step of [0.001, 0.5, 15, 30, 60, 300, 3600, 86_400]) {
      expect(steps).toContain(step);
    }
    expect([...steps].sort((one, other) => one - other)).toEqual(steps);
    expect(new Set(steps).size).toBe(steps.length);
  });
});
