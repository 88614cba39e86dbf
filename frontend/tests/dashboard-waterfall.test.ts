import { describe, expect, it } from "vitest";
import { fallsOf, MOST } from "../src/elements/dashboard/waterfall";
import type { JobState } from "../src/protocol";

const BEGIN = Date.parse("2026-11-27T12:00:00Z");
const at = (seconds: number) => new Date(BEGIN + seconds * 1000).toISOString();

interface Made {
  readonly id: string;
  readonly parent?: string | null;
  readonly queued: number;
  readonly started?: number;
  readonly finished?: number;
}

function job({ id, parent = null, queued, started, finished }: Made): [string, JobState] {
  const state = {
    id,
    root: "root",
    parent,
    status: finished === undefined ? (started === undefined ? "queued" : "running") : "succeeded",
    queued_at: at(queued),
    started_at: started === undefined ? null : at(started),
    finished_at: finished === undefined ? null : at(finished),
  };
  return [id, state as unknown as JobState];
}

const told = (jobs: readonly [string, JobState][], top = "root", now = 100) =>
  fallsOf(new Map(jobs), top, BEGIN + now * 1000);

describe("a waterfall", () => {
  const tree = [
    job({ id: "second", parent: "root", queued: 20, started: 50 }),
    job({ id: "root", queued: 0, started: 10 }),
    job({ id: "leaf", parent: "first", queued: 30 }),
    job({ id: "first", parent: "root", queued: 10, started: 20, finished: 40 }),
  ];

  it("has each job below the one that has started it, the first first", () => {
    const rows = told(tree).falls.map(({ job, depth }) => [job.id, depth]);
    expect(rows).toEqual([
      ["root", 0],
      ["first", 1],
      ["leaf", 2],
      ["second", 1],
    ]);
  });

  it("tells of shares of the whole time, which goes on while a job does", () => {
    const { falls, seconds } = told(tree);
    expect(seconds).toBe(100);
    expect(falls.map(({ queued, started, until }) => [queued, started, until])).toEqual([
      [0, 0.1, 1],
      [0.1, 0.2, 0.4],
      [0.3, null, 1],
      [0.2, 0.5, 1],
    ]);
  });

  it("begins with the job whose page it is on", () => {
    const { falls, seconds } = told(tree, "first");
    expect(falls.map(({ job }) => job.id)).toEqual(["first", "leaf"]);
    expect(seconds).toBe(90);
  });

  it("bears jobs that have started each other, and those whose parent is not known", () => {
    const odd = [
      job({ id: "root", queued: 0 }),
      job({ id: "a", parent: "b", queued: 1 }),
      job({ id: "b", parent: "a", queued: 1 }),
      job({ id: "orphan", queued: 2 }),
    ];
    expect(told(odd).falls.map(({ job }) => job.id)).toEqual(["root", "orphan"]);
    expect(told(odd, "a").falls.map(({ job }) => job.id)).toEqual(["a", "b"]);
  });

  it("shows only so many, and says how many there are besides", () => {
    const many = Array.from({ length: MOST + 5 }, (_, n) =>
      job({ id: `job ${n}`, parent: "root", queued: n }),
    );
    const { falls, more } = told([job({ id: "root", queued: 0 }), ...many]);
    expect([falls.length, more]).toEqual([MOST, 6]);
  });
});
