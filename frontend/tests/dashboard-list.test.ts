import { beforeEach, describe, expect, it } from "vitest";
import { JobList } from "../src/elements/dashboard/job-list";
import { Selection } from "../src/elements/dashboard/selection";
import { Shortcuts } from "../src/elements/dashboard/shortcuts";
import { inSight } from "../src/elements/dashboard/window";
import type { JobState } from "../src/protocol";
import { aState } from "./fakes";

const NOON = Date.parse("2026-11-27T12:00:00.000Z");

function aJob(n: number, values: Partial<JobState> = {}): JobState {
  const queued_at = new Date(NOON + n * 1000).toISOString();
  return aState({ id: `job-${n}`, seq: 1, queued_at, ...values });
}

let list: JobList;

beforeEach(() => {
  list = new JobList();
  list.start({ jobs: [aJob(3), aJob(2), aJob(1)], next: "more" });
});

describe("a list of jobs", () => {
  it("shows the newest state of each in its place", () => {
    list.changes();
    expect(list.take(aJob(2, { seq: 7, fraction: 0.5 }))).toBe(true);
    expect(list.take(aJob(2, { seq: 6, fraction: 0.4 }))).toBe(true);
    expect(list.get("job-2")?.fraction).toBe(0.5);
    expect([...list.changes()]).toEqual(["job-2"]);
    expect([...list.changes()]).toEqual([]);
    expect(list.order).toEqual(["job-3", "job-2", "job-1"]);
  });

  it("does not move what it shows when jobs are added that came first or last", () => {
    list.gather(aJob(4));
    list.gather(aJob(5, { seq: 1 }));
    list.gather(aJob(5, { seq: 2, status: "running" }));
    expect([list.order.length, list.news]).toEqual([3, 2]);
    list.add({ jobs: [aJob(1), aJob(0)], next: null });
    expect(list.order).toEqual(["job-3", "job-2", "job-1", "job-0"]);
    expect([list.next, list.placeOf("job-0"), list.placeOf("job-9")]).toEqual([null, 3, -1]);
  });

  it("takes new ones in when that is wanted, each in its place by age", () => {
    list.gather(aJob(5));
    list.gather(aJob(4));
    list.admit();
    expect(list.order).toEqual(["job-5", "job-4", "job-3", "job-2", "job-1"]);
    expect(list.news).toBe(0);
  });

  it("does not know what is older than all that it has been given", () => {
    expect(list.covers(aJob(4))).toBe(true);
    expect(list.covers(aJob(0))).toBe(false);
    list.add({ jobs: [], next: null });
    expect(list.covers(aJob(0))).toBe(true);
  });

  it("keeps what came by another way when an answer is older", () => {
    list.take(aJob(3, { seq: 9, status: "failed" }));
    list.start({ jobs: [aJob(3, { seq: 4 })], next: null });
    expect(list.get("job-3")?.status).toBe("failed");
    expect(list.get("job-2")).toBeUndefined();
  });

  it("is read anew rather than grown without end", () => {
    for (let n = 10; n < 1200; n += 1) list.gather(aJob(n));
    expect([list.news, list.isOutrun]).toEqual([1000, true]);
  });
});

describe("what is selected", () => {
  const order = ["a", "b", "c", "d"];

  it("is chosen one by one, and all from the last one on", () => {
    const chosen = new Selection();
    chosen.set("b", true, order);
    chosen.set("d", true, order, true);
    expect([...chosen.ids]).toEqual(["b", "c", "d"]);
    chosen.set("c", false, order);
    expect(chosen.size).toBe(2);
  });

  it("may be all that match; whoever takes one out means the others that are shown", () => {
    const chosen = new Selection();
    chosen.setAll(order);
    chosen.match();
    expect([chosen.all, chosen.has("z")]).toEqual([true, true]);
    chosen.set("a", false, order);
    expect([chosen.all, [...chosen.ids]]).toEqual([false, ["b", "c", "d"]]);
  });
});

describe("rows in sight", () => {
  it.each([
    [{ top: 0, height: 560, row: 56, count: 1000 }, 0, 16],
    [{ top: 5600, height: 560, row: 56, count: 1000 }, 94, 116],
    [{ top: 99_999, height: 560, row: 56, count: 20 }, 20, 20],
    [{ top: -40, height: 560, row: 56, count: 3 }, 0, 3],
    [{ top: 0, height: 0, row: 56, count: 0 }, 0, 0],
  ])("of %j are few", (sight, from, to) => {
    expect(inSight(sight)).toEqual([from, to]);
  });
});

describe("a key", () => {
  const key = (one: string, more = {}) => ({
    ...{ key: one, ctrlKey: false, altKey: false, metaKey: false, isComposing: false },
    ...more,
  });

  it("means something, unless somebody types or holds another one", () => {
    const keys = new Shortcuts();
    expect(keys.read(key("j"), 0, false)).toBe("next");
    expect(keys.read(key("j"), 0, true)).toBeNull();
    expect(keys.read(key("j", { ctrlKey: true }), 0, false)).toBeNull();
    expect(keys.read(key("j", { isComposing: true }), 0, false)).toBeNull();
    expect(keys.read(key("q"), 0, false)).toBeNull();
  });

  it("after g means a page, for a moment", () => {
    const keys = new Shortcuts();
    expect(keys.read(key("g"), 0, false)).toBeNull();
    expect(keys.read(key("s"), 1000, false)).toBe("settings");
    keys.read(key("g"), 5000, false);
    expect(keys.read(key("j"), 9000, false)).toBe("next");
  });
});
