import { beforeEach, describe, expect, it } from "vitest";
import { KEPT, type Shown, TrayList } from "../src/elements/tray-list";
import { type Shelf, TrayMemory } from "../src/elements/tray-memory";
import type { JobState } from "../src/protocol";
import { aState } from "./fakes";

const NOW = Date.parse("2026-11-27T10:00:00.000Z");
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

function aJob(n: number, values: Partial<JobState> = {}): JobState {
  const more = { title: `Job ${n}`, queued_at: ago(1000 - n), fraction: 0.5, failed: 0 };
  return aState({ id: `job-${n}`, seq: 1, finished_at: null, ...more, ...values });
}

function ended(n: number, seconds: number, values: Partial<JobState> = {}): JobState {
  return aJob(n, { status: "succeeded", fraction: 1, finished_at: ago(seconds), ...values });
}

let list: TrayList;
const titles = ({ jobs }: Shown) => jobs.map(({ title }) => title);

function show({ held = false, now = NOW, dismissed = [""], elsewhere = [""] } = {}): Shown {
  return list.show({
    now,
    held,
    dismissed: ({ id }) => dismissed.includes(id),
    elsewhere: (id) => elsewhere.includes(id),
  });
}

function take(...jobs: readonly JobState[]): void {
  for (const job of jobs) list.take(job);
}

beforeEach(() => {
  list = new TrayList();
});

describe("the tray", () => {
  it("has what goes on and what has just ended, the newest first", () => {
    take(aJob(1), ended(3, 60), aJob(2, { status: "queued" }), ended(4, KEPT / 1000 + 1));
    expect(titles(show())).toEqual(["Job 3", "Job 2", "Job 1"]);
    expect(titles(show({ now: NOW + KEPT }))).toEqual(["Job 2", "Job 1"]);
  });

  it("has neither what was dismissed nor what the page itself shows", () => {
    take(aJob(1), aJob(2), ended(3, 60));
    expect(titles(show({ dismissed: ["job-3"], elsewhere: ["job-1"] }))).toEqual(["Job 2"]);
    expect(show({ dismissed: ["job-3"], elsewhere: ["job-1", "job-2"] }).jobs).toEqual([]);
  });

  it("has the roots alone, and says which of them are missing", () => {
    take(aJob(1, { root: "job-0" }), aJob(2), aJob(3, { root: "job-2" }));
    expect(titles(show())).toEqual(["Job 2"]);
    expect(list.unknown(9)).toEqual(["job-0"]);
    take(aJob(0));
    expect(list.unknown(9)).toEqual([]);
  });

  it("has the newest state of each", () => {
    take(aJob(1, { seq: 5, title: "New" }), aJob(1, { seq: 4, title: "Old" }));
    expect(titles(show())).toEqual(["New"]);
  });

  it("is bounded, and leaves out what has ended first", () => {
    for (let n = 0; n < 60; n += 1) take(n < 30 ? aJob(n) : ended(n, 60));
    const shown = show();
    expect([shown.jobs.length, shown.rest]).toEqual([50, 10]);
    expect(titles(shown)).toEqual(expect.arrayContaining(["Job 0", "Job 29", "Job 59"]));
    expect(titles(shown)).not.toContain("Job 30");
  });

  it("keeps its rows where they are while somebody is at them", () => {
    take(aJob(1), ended(2, KEPT / 1000 - 1));
    expect(titles(show())).toEqual(["Job 2", "Job 1"]);
    take(aJob(3));
    expect(titles(show({ held: true, now: NOW + 5000 }))).toEqual(["Job 2", "Job 1", "Job 3"]);
    expect(titles(show({ now: NOW + 5000 }))).toEqual(["Job 3", "Job 1"]);
  });
});

describe("its one line", () => {
  it("counts, and says what needs somebody first", () => {
    take(aJob(1), aJob(2, { status: "waiting" }), aJob(3, { status: "queued", fraction: null }));
    take(ended(4, 9), ended(5, 9, { status: "lost" }), ended(6, 9, { status: "cancelled" }));
    expect(show().summary).toMatchObject({
      look: "waiting",
      running: 2,
      queued: 1,
      asking: 1,
      finished: 2,
      failed: 1,
    });
    expect(show({ elsewhere: ["job-1", "job-2", "job-3"] }).summary).toMatchObject({
      look: "lost",
      fraction: null,
    });
  });

  it("tells how far those are that go on", () => {
    take(aJob(1, { fraction: 0.2 }), aJob(2, { fraction: 0.8 }), ended(3, 5));
    expect(show().summary.fraction).toBe(0.5);
    take(ended(2, 0, { seq: 2 }), aJob(4, { status: "queued", fraction: null }));
    expect(show().summary.fraction).toBe(0.1);
    take(aJob(1, { seq: 2, fraction: null }));
    expect(show().summary.fraction).toBe(null);
  });
});

describe("what is put away", () => {
  const shelf = new Map<string, string>();
  const storage: Shelf = {
    getItem: (key) => shelf.get(key) ?? null,
    setItem: (key, value) => void shelf.set(key, value),
  };

  function memory(person: string): TrayMemory {
    const made = new TrayMemory(() => storage);
    made.of(person);
    return made;
  }

  beforeEach(() => shelf.clear());

  it("stays away, for this person, in every tab", () => {
    const [mine, other] = [memory("7"), memory("7")];
    mine.open = true;
    other.dismiss(new Map([["job-1", NOW]]), NOW);
    mine.dismiss(new Map([["job-2", NOW]]), NOW);
    const again = memory("7");
    expect([again.open, again.has("job-1"), again.has("job-2")]).toEqual([true, true, true]);
    expect([memory("8").open, memory("8").has("job-1")]).toEqual([false, false]);
    expect(again.has("toString")).toBe(false);
  });

  it("is forgotten when the job would be shown no more anyhow", () => {
    const one = memory("7");
    one.dismiss(new Map([["job-1", NOW]]), NOW);
    one.dismiss(new Map([["job-2", NOW + 3 * KEPT]]), NOW + 3 * KEPT);
    expect([one.has("job-1"), one.has("job-2")]).toEqual([false, true]);
  });

  it("is kept for the page where nothing can be stored, or nonsense is", () => {
    const forbidden = new TrayMemory(() => {
      throw new Error("SecurityError");
    });
    forbidden.of("7");
    forbidden.dismiss(new Map([["job-1", NOW]]), NOW);
    expect(forbidden.has("job-1")).toBe(true);
    for (const nonsense of ["{", "null", "5", '{"dismissed": 3, "open": "yes"}']) {
      shelf.set("headway-tray 7", nonsense);
      expect([memory("7").open, memory("7").has("x")]).toEqual([false, false]);
    }
  });
});
