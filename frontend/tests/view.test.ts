import { beforeAll, describe, expect, it, vi } from "vitest";
import { bytes, duration, percent, remaining } from "../src/elements/format";
import { text, unitFor } from "../src/elements/strings";
import { lookOf, partsOf, viewOf } from "../src/elements/view";
import { aState } from "./fakes";

const NOW = Date.parse("2026-11-22T10:00:08.400Z");

beforeAll(() => {
  vi.stubGlobal("document", {
    documentElement: { lang: "en" },
    getElementById: () => null,
  });
});

describe("time left", () => {
  it.each([
    [0, "5 sec"],
    [-3, "5 sec"],
    [5.5, "10 sec"],
    [58, "1 min"],
    [61, "1 min"],
    [150, "3 min"],
    [3600, "1 hr"],
    [4700, "1 hr 20 min"],
    [90_000, "1 day 1 hr"],
  ])("%d s is about %s", (seconds, words) => expect(remaining(seconds)).toBe(words));

  it("goes on while no state comes, and never to nothing", () => {
    const state = aState({ eta: 60 });
    expect(viewOf(state, NOW).time).toBe("about 1 min left");
    expect(viewOf(state, NOW + 31_000).time).toBe("about 30 sec left");
    expect(viewOf(state, NOW + 99_000).time).toBe("about 5 sec left");
  });

  it("is told as a range where earlier runs were not alike, until none took longer", () => {
    const state = aState({ eta: 150, eta_range: [100, 250] });
    expect(viewOf(state, NOW).time).toBe("2 min to 4 min left");
    expect(viewOf({ ...state, eta_range: [145, 155] }, NOW).time).toBe("about 3 min left");
    expect(viewOf(state, NOW + 251_000).time).toBe("");
  });

  it("is hidden while unknown", () => {
    expect(viewOf(aState({ eta: null }), NOW).time).toBe("");
  });
});

describe("numbers", () => {
  it.each([
    [1, "1 job finished"],
    [2, "2 jobs finished"],
  ])("%d has its plural", (n, words) => expect(text("manyEnded", { n })).toBe(words));

  it.each([
    [0.29, "29%"],
    [0.999, "99%"],
    [1, "100%"],
    [1.2, "100%"],
    [-1, "0%"],
  ])("%d is %s", (fraction, words) => expect(percent(fraction)).toBe(words));

  it.each([
    [0, "0 bytes"],
    [1, "1 byte"],
    [482_133, "482.1 kB"],
    [12_345_678, "12.3 MB"],
  ])("%d bytes are %s", (size, words) => expect(bytes(size)).toBe(words));

  it.each([
    [8, "8 sec"],
    [124.4, "2 min 4 sec"],
    [3600, "1 hr"],
  ])("%d s took %s", (seconds, words) => expect(duration(seconds)).toBe(words));

  it.each([
    [1, "image", "image"],
    [2, "image", "images"],
    [2, "entry", "entries"],
    [2, "box", "boxes"],
    [2, "rows", "rows"],
    [2, "MB", "MB"],
    [0, "key", "keys"],
    [2, "", ""],
  ])("%d %s: %s", (n, unit, word) => expect(unitFor(n, unit)).toBe(word));
});

describe("a view", () => {
  it("shows zero percent, and nothing where nothing is known", () => {
    expect(viewOf(aState({ fraction: 0 }), NOW)).toMatchObject({ percent: "0%", unknown: false });
    expect(viewOf(aState({ fraction: null }), NOW)).toMatchObject({ percent: "", unknown: true });
  });

  it("keeps the last value at an end", () => {
    expect(viewOf(aState({ status: "failed", fraction: 0.77 }), NOW).fraction).toBe(0.77);
    expect(viewOf(aState({ status: "succeeded", fraction: null }), NOW).fraction).toBe(1);
  });

  it("tells success with failed items apart, and a stall from a run", () => {
    expect(lookOf(aState({ status: "succeeded", failed: 1 }))).toBe("warnings");
    expect(lookOf(aState({ status: "succeeded", failed: 0 }))).toBe("succeeded");
    expect(lookOf(aState({ stalled: true }))).toBe("stalled");
    expect(lookOf(aState({ status: "paused", stalled: true }))).toBe("paused");
  });

  it("names the job that this one runs again", () => {
    const state = aState({ again_of: "0b9d3a0d-51c4-4e2b-8a7f-3c6e9d21000d" });
    expect(viewOf(state, NOW).more).toBe("runs 0b9d3a0d again");
  });

  it("counts down to the next attempt", () => {
    const state = aState({ status: "retrying", attempt: 2, retry_at: "2026-11-22T10:00:38.400Z" });
    expect(viewOf(state, NOW).more).toBe("attempt 2 · next attempt in 30 sec");
  });

  it("says how long nothing came, and where the job stands in the queue", () => {
    expect(viewOf(aState({ stalled: true }), NOW + 94_000).more).toBe("no update for 1 min 34 sec");
    const place = (position: number) => viewOf(aState({ status: "queued", position }), NOW).more;
    expect([1, 2, 3, 4, 11, 22, 1_013].map(place)).toEqual(
      ["1st", "2nd", "3rd", "4th", "11th", "22nd", "1,013th"].map((one) => `${one} in the queue`),
    );
  });

  it("gives slow rates by the minute and bytes as bytes", () => {
    expect(viewOf(aState({ rate: 12.5 }), NOW).rate).toBe("12.5/s");
    expect(viewOf(aState({ rate: 0.05 }), NOW).rate).toBe("3/min");
    expect(viewOf(aState({ rate: 1_500_000, unit: "byte" }), NOW).rate).toBe("1.5 MB/s");
  });

  it("names the kind of an error only where its text is no sentence for the reader", () => {
    const told = (kind: string) =>
      viewOf(aState({ status: "failed", error: { kind, text: "It is empty." } }), NOW).message;
    expect(told("JobError")).toBe("It is empty.");
    expect(told("ValueError")).toBe("ValueError: It is empty.");
  });
});

describe("stages", () => {
  it("show the parts of what is not over, and only that", () => {
    const parts = [{ name: "Read", fraction: 0.5, weight: 1, status: "running" }];
    const stage = { name: "Import", fraction: 0.5, weight: 1, status: "running", stages: parts };
    expect(partsOf(stage)).toBe(parts);
    expect(partsOf({ ...stage, status: "succeeded" })).toEqual([]);
    expect(partsOf({ name: "Pack", fraction: 0, weight: 1, status: "queued" })).toEqual([]);
  });
});
