import { beforeEach, describe, expect, it } from "vitest";
import { Branches, countsOf, summed } from "../src/elements/branches";
import type { JobState } from "../src/protocol";
import { aState } from "./fakes";

const ROOT = "root";

/** A job below the root, or another one, in the order of their numbers. */
function aJob(n: number, values: Partial<JobState> = {}): JobState {
  const at = `2026-11-27T10:00:${String(n % 60).padStart(2, "0")}.000Z`;
  const more = { title: `Job ${n}`, queued_at: at, fraction: 0.5, failed: 0 };
  return aState({ id: `job-${n}`, root: ROOT, parent: ROOT, seq: 1, ...more, ...values });
}

let branches: Branches;
const titles = (of: readonly JobState[]) => of.map(({ title }) => title);
const below = (id = ROOT) => titles(branches.below(id));
const shown = (id = ROOT) => titles(branches.group(id).jobs);

function take(...states: readonly JobState[]): void {
  for (const state of states) branches.take(state);
}

beforeEach(() => {
  branches = new Branches(ROOT);
});

describe("states in any order", () => {
  it("make the tree that they tell of, parents after children too", () => {
    const jobs = [aJob(1), aJob(2, { parent: "job-1" }), aJob(3, { parent: "job-2" }), aJob(4)];
    for (const order of [jobs, [...jobs].reverse(), [jobs[2], jobs[0], jobs[3], jobs[1]]]) {
      branches = new Branches(ROOT);
      take(aState({ id: ROOT }), ...order.filter((job) => job !== undefined));
      branches.arrange(false);
      expect([below(), below("job-1"), below("job-2")]).toEqual([
        ["Job 1", "Job 4"],
        ["Job 2"],
        ["Job 3"],
      ]);
      expect(branches.size).toBe(4); // the root is none of them
    }
  });

  it("keep a job in sight whose parent is not known", () => {
    take(aJob(2, { parent: "job-1" }), aJob(3, { parent: "job-3" }));
    branches.arrange(false);
    expect(below()).toEqual(["Job 2", "Job 3"]);
  });

  it("count by their seq, and say what is more than a bar that moves", () => {
    expect(branches.take(aJob(1, { seq: 2, fraction: 0.1 }))).toBe(true);
    expect(branches.take(aJob(1, { seq: 3, fraction: 0.2 }))).toBe(false);
    expect(branches.take(aJob(1, { seq: 2, status: "failed" }))).toBe(false);
    expect(branches.take(aJob(1, { seq: 4, status: "failed" }))).toBe(true);
    expect(branches.take(aJob(1, { seq: 5, status: "failed", title: "Other" }))).toBe(true);
    expect(branches.get("job-1")?.seq).toBe(5);
  });

  it("are in the order in which they were queued, then by title as people count", () => {
    const at = "2026-11-27T10:00:30.000Z";
    take(...[10, 9, 2].map((n) => aJob(n, { queued_at: at })), aJob(1));
    branches.arrange(false);
    expect(below()).toEqual(["Job 1", "Job 2", "Job 9", "Job 10"]);
  });

  it("show the branches of one job alone, where that is asked for", () => {
    branches = new Branches("job-1");
    take(aJob(1), aJob(2), aJob(3, { parent: "job-1" }));
    branches.arrange(false);
    expect(below("job-1")).toEqual(["Job 3"]);
  });

  it("are bounded", () => {
    for (let n = 0; n < 2100; n += 1) take(aJob(n));
    expect([branches.size, branches.full]).toEqual([2000, true]);
    expect(branches.take(aJob(3, { seq: 2, status: "failed" }))).toBe(true);
  });
});

describe("while somebody is at the rows", () => {
  it("new ones come last, and find their place afterwards", () => {
    take(aJob(2), aJob(3));
    branches.arrange(false);
    take(aJob(1));
    branches.arrange(true);
    expect(below()).toEqual(["Job 2", "Job 3", "Job 1"]);
    branches.arrange(false);
    expect(below()).toEqual(["Job 1", "Job 2", "Job 3"]);
  });

  it("a job does not go below the parent that has become known", () => {
    take(aJob(2, { parent: "job-1" }));
    branches.arrange(false);
    take(aJob(1));
    branches.arrange(true);
    expect(below()).toEqual(["Job 2", "Job 1"]);
    branches.arrange(false);
    expect([below(), below("job-1")]).toEqual([["Job 1"], ["Job 2"]]);
  });

  it("no branch opens by itself, and none closes", () => {
    for (let n = 1; n <= 40; n += 1)
      take(aJob(n, { parent: n % 10 ? `job-${n - (n % 10)}` : ROOT }));
    branches.arrange(false);
    expect(branches.isOpen("job-10")).toBe(false);
    take(aJob(11, { seq: 2, status: "failed", parent: "job-10" }));
    branches.arrange(true);
    expect(branches.isOpen("job-10")).toBe(false);
    branches.arrange(false);
    expect(branches.isOpen("job-10")).toBe(true);
    take(aJob(11, { seq: 3, status: "succeeded", parent: "job-10" }));
    branches.arrange(false);
    expect(branches.isOpen("job-10")).toBe(true);
  });
});

describe("which branches are open", () => {
  it("all of a small tree, until one is closed by hand", () => {
    take(aJob(1), aJob(2, { parent: "job-1" }));
    branches.arrange(false);
    expect(branches.isOpen("job-1")).toBe(true);
    branches.open("job-1", false);
    expect(branches.isOpen("job-1")).toBe(false);
  });

  it("of a large one those in which something failed, all the way down", () => {
    for (let n = 1; n <= 40; n += 1) take(aJob(n));
    take(aJob(41, { parent: "job-1" }), aJob(42, { parent: "job-41", status: "lost" }));
    take(aJob(43, { parent: "job-2" }));
    branches.arrange(false);
    const open = ["job-1", "job-41", "job-2"].map((id) => branches.isOpen(id));
    expect(open).toEqual([true, true, false]);
  });
});

describe("a group of many", () => {
  it("is shown by parts, with what needs somebody's eye", () => {
    for (let n = 0; n < 55; n += 1) take(aJob(n));
    take(aJob(57, { status: "failed" }), aJob(58));
    branches.arrange(false);
    expect(shown().slice(49)).toEqual(["Job 49", "Job 57"]);
    expect(branches.group(ROOT).more).toBe(6);
    branches.showMore(ROOT);
    expect(shown()).toHaveLength(57);
    expect(branches.group(ROOT).more).toBe(0);
  });

  it("lets no row come before the last while somebody is at it", () => {
    for (let n = 0; n < 55; n += 1) take(aJob(n));
    branches.arrange(false);
    expect(shown()).toHaveLength(50);
    take(aJob(54, { seq: 2, status: "failed" }));
    branches.arrange(true);
    expect(shown()).toHaveLength(50);
    branches.arrange(false);
    expect(shown().at(-1)).toBe("Job 54");
  });

  it("is told in numbers, by the service or by what is known", () => {
    expect(countsOf({ total: 500, failed: 3, running: 15, queued: 0, succeeded: 482 })).toEqual([
      ["succeeded", 482],
      ["failed", 3],
      ["running", 15],
    ]);
    const known = summed([aJob(1, { status: "paused" }), aJob(2, { status: "lost" }), aJob(3)]);
    expect(known).toEqual({ running: 2, lost: 1 });
  });
});
