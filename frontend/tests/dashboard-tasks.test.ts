import { describe, expect, it } from "vitest";
import type { Line, Lines } from "../src/elements/dashboard/metrics";
import {
  countedSeconds,
  FIRST_ORDER,
  failedOf,
  failing,
  pressed,
  sorted,
  sparkOf,
} from "../src/elements/dashboard/task-lines";

function line(name: string | null, more: Partial<Line> = {}): Line {
  const none = {
    queued: 0,
    started: 0,
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    lost: 0,
    retried: 0,
  };
  return {
    name,
    ended: 0,
    failed_share: null,
    points: [],
    ...none,
    wait: null,
    run: null,
    ...more,
  };
}

const names = (lines: readonly Line[]) => lines.map(({ name }) => name);

const LINES = [
  line(null, { ended: 1000, failed_share: 1 }),
  line("b", { ended: 9, failed_share: 0.1, failed: 1 }),
  line("a", { ended: 1, failed_share: 1, lost: 1 }),
  line("c"),
];

describe("rows", () => {
  it("stand in the order of a column, all others together last", () => {
    expect(names(sorted(LINES, FIRST_ORDER, 60))).toEqual(["a", "b", "c", null]);
    expect(names(sorted(LINES, { column: "name", falls: true }, 60))).toEqual([
      "c",
      "b",
      "a",
      null,
    ]);
    expect(names(sorted(LINES, { column: "ended", falls: false }, 60))).toEqual([
      "c",
      "a",
      "b",
      null,
    ]);
  });

  it("that have nothing to tell come last, whichever way round", () => {
    expect(names(sorted(LINES, { column: "failed", falls: false }, 60))).toEqual([
      "b",
      "a",
      "c",
      null,
    ]);
  });

  it("are turned round by a second press", () => {
    const once = pressed(FIRST_ORDER, "run95");
    expect(once).toEqual({ column: "run95", falls: true });
    expect(pressed(once, "run95")).toEqual({ column: "run95", falls: false });
    expect(pressed(once, "name")).toEqual({ column: "name", falls: false });
  });
});

describe("what fails most", () => {
  it("is told first, without what nobody can look up", () => {
    const lines = [...LINES, line("d", { failed: 4, lost: 1 })];
    expect(names(failing(lines, 5))).toEqual(["d", "b", "a"]);
    expect(names(failing(lines, 1))).toEqual(["d"]);
  });

  it("is found in the list", () => {
    expect(failedOf("shop.pack", "7d")).toBe("status:failed,lost task:shop.pack age:<7d");
    expect(failedOf("two words", "1h")).toBe('status:failed,lost task:"two words" age:<1h');
  });
});

describe("time that was counted", () => {
  it("is neither that of gaps nor that which has not come", () => {
    const from = "2026-11-27T10:00:00Z";
    const tasks = [line("a", { points: [1, null, 0, 2] })];
    const lines: Lines = { step: 60, from, to: from, tasks };
    expect(countedSeconds(lines, Date.parse(from) / 1000 + 190)).toBe(130);
    expect(countedSeconds({ ...lines, tasks: [] }, 0)).toBe(0);
  });
});

describe("a small chart", () => {
  it("has a column for each point, and gaps", () => {
    const { ends, gaps } = sparkOf([4, null, 0, 2]);
    expect(ends).toBe("M0 1v-1h.8V1zM3 1v-0.5h.8V1z");
    expect(gaps).toBe("M1 1v-1h1V1z");
  });

  it("shows few beside many", () => {
    expect(sparkOf([1, 100_000]).ends).toContain("M0 1v-0.06");
  });
});
