import { describe, expect, it } from "vitest";
import { backoff, restartDelay } from "../src/backoff";

const attempts = Array.from({ length: 60 }, (_, n) => n);

describe("backoff", () => {
  it("is never shorter than half a second", () => {
    for (const n of attempts) expect(backoff(n, () => 0)).toBe(500);
  });

  it("is never longer than twenty seconds", () => {
    for (const n of attempts) expect(backoff(n, () => 0.999999)).toBeLessThanOrEqual(20_000);
  });

  it("spreads over the whole range, which doubles each time", () => {
    const longest = attempts.slice(0, 7).map((n) => backoff(n, () => 1));
    expect(longest).toEqual([1000, 1500, 2500, 4500, 8500, 16_500, 20_000]);
  });
});

describe("restartDelay", () => {
  it("waits after the restart and somewhere within the spread", () => {
    expect(restartDelay("after=2;spread=10", () => 0)).toBe(2000);
    expect(restartDelay("after=2;spread=10", () => 0.5)).toBe(7000);
  });

  it.each(["", "after=2", "after=-2;spread=1", "after=x;spread=1", "soon"])(
    "is not told by %j",
    (reason) => expect(restartDelay(reason, () => 0)).toBeNull(),
  );

  it("does not believe in hours", () => {
    expect(restartDelay("after=99999;spread=0", () => 0)).toBe(300_000);
  });
});
