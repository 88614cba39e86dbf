import { describe, expect, it } from "vitest";
import {
  culpritOf,
  isSlow,
  nameOf,
  type StageTime,
  stageTimesOf,
  standingOf,
} from "../src/elements/dashboard/stage-times";
import { exceeds } from "../src/elements/dashboard/usual";
import type { Stage } from "../src/protocol";
import { aState } from "./fakes";

const NOON = "2026-11-27T12:00:00.000Z";
const passed = (seconds: number) => Date.parse(NOON) + seconds * 1000;

const aStage = (name: string, values: Partial<Stage> = {}): Stage => ({
  name,
  fraction: null,
  weight: 1,
  status: "succeeded",
  ...values,
});

const usually = (path: string, p50: number | null) => ({
  path: path.split("/"),
  p50,
  runs: 9,
  seconds: null,
});

const took = (path: string, seconds: number | null, usual: number | null): StageTime => ({
  path: path.split("/"),
  status: "succeeded",
  seconds,
  usual,
});

const culprit = (lost: number, ...times: StageTime[]) =>
  culpritOf(times, lost)?.path.join("/") ?? null;

describe("the times of stages", () => {
  const stages = [
    aStage("Read", { seconds: 2 }),
    aStage("Resize", {
      status: "running",
      began_at: NOON,
      stages: [
        aStage("Large", { status: "running", seconds: 1.5, began_at: NOON }),
        aStage("Small", { status: "queued" }),
      ],
    }),
  ];
  const brief = (times: readonly StageTime[]) =>
    times.map(({ path, status, seconds }) => [path.join("/"), status, seconds]);

  it("are those that are told; of one that runs until now, with its entries before", () => {
    expect(brief(stageTimesOf(aState({ stages }), undefined, passed(10)))).toEqual([
      ["Read", "succeeded", 2],
      ["Resize", "running", 10],
      ["Resize/Large", "running", 11.5],
      ["Resize/Small", "queued", null],
    ]);
  });

  it.each([
    { finished_at: "2026-11-27T12:00:03.000Z", status: "failed" },
    { updated_at: "2026-11-27T12:00:03.000Z", status: "retrying" },
  ] as const)("go no further than the attempt: %j", (values) => {
    const times = stageTimesOf(aState({ stages, ...values }), undefined, passed(99));
    expect(times[1]?.seconds).toBe(3);
  });

  it("stand beside what is usual for the same path, not for the same name", () => {
    const usual = [usually("Resize", 4), usually("Large", 9), usually("Resize/Small", null)];
    const times = stageTimesOf(aState({ stages }), usual, passed(1));
    expect(times.map((one) => one.usual)).toEqual([null, 4, null, null]);
  });

  it("count together where a loop has gone through them again and again", () => {
    const steps = [
      aStage("Read", { seconds: 1 }),
      aStage("Write", { seconds: 2, stages: [aStage("Row", { seconds: 0.5 })] }),
      aStage("Read", { seconds: 3 }),
      aStage("Write", { status: "running", began_at: NOON }),
      aStage("Read", { status: "queued" }),
    ];
    expect(brief(stageTimesOf(aState({ stages: steps }), undefined, passed(1)))).toEqual([
      ["Read", "succeeded", 4],
      ["Write", "running", 3],
      ["Write/Row", "succeeded", 0.5],
    ]);
  });

  it("are none where the worker has told none", () => {
    const untold = [aStage("Read"), aStage("Write", { status: "running" })];
    expect(stageTimesOf(aState({ stages: untold }), [usually("Read", 1)], passed(1))).toEqual([]);
  });

  it("are drawn anew when a stage begins or ends, not when it gets on", () => {
    const job = aState({ stages });
    const [read, resize] = stages as [Stage, Stage];
    const further = aState({ stages: [read, { ...resize, fraction: 0.7 }] });
    expect(standingOf(further)).toBe(standingOf(job));
    const over = aState({ stages: [read, { ...resize, status: "succeeded", seconds: 4 }] });
    expect(standingOf(over)).not.toBe(standingOf(job));
  });
});

describe("the stage at which a run is slower", () => {
  it("has lost most of what the run has lost", () => {
    expect(culprit(20, took("Read", 7, 1), took("Resize", 20, 5), took("Pack", 1, 1))).toBe(
      "Resize",
    );
  });

  it("explains half of it, or it is not named", () => {
    const [read, pack] = [took("Read", 9, 5), took("Pack", 9, 5)];
    expect(culprit(8, read, pack)).toBe("Read");
    expect(culprit(9, read, pack)).toBeNull();
    expect(culprit(0, took("Read", 5, 5))).toBeNull();
  });

  it("is the part of a stage that explains it, where one does", () => {
    const resize = took("Resize", 24, 4);
    expect(culprit(20, resize, took("Resize/Small", 1, 1), took("Resize/Large", 22, 2))).toBe(
      "Resize/Large",
    );
    expect(culprit(20, resize, took("Resize/a", 9, 1), took("Resize/b", 9, 1))).toBe("Resize");
    expect(culprit(20, took("Large", 1, 1), took("Resize/Large", 22, 2))).toBeNull();
  });

  it("has a usual time, and a time of its own", () => {
    expect(culprit(10, took("New", 60, null), took("To come", null, 5))).toBeNull();
  });

  it("is called by its own name", () => {
    expect(nameOf(took("Resize/Large", 1, 1))).toBe("Large");
  });
});

it("a stage is slow when anybody would notice", () => {
  expect(isSlow(took("Read", 3, 1))).toBe(true);
  expect(isSlow(took("Read", 0.3, 0.1))).toBe(false);
  expect(isSlow(took("Read", 12, 10))).toBe(false);
  expect(isSlow(took("Read", 12, null))).toBe(false);
  expect(isSlow(took("Read", null, 1))).toBe(false);
  expect([exceeds(1.5, 1), exceeds(1.4, 1)]).toEqual([true, false]);
});
