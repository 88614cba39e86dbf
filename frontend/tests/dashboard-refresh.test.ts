import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Refused } from "../src/elements/dashboard/api";
import { Refresh } from "../src/elements/dashboard/refresh";

describe("what is asked for again and again", () => {
  let page: { hidden: boolean };
  let asked: number[];
  let answer: () => Promise<void>;
  let refresh: Refresh;

  /** Lets time pass, and the page be painted each second. */
  const passes = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      await vi.advanceTimersByTimeAsync(1000);
      refresh.look();
    }
    await vi.advanceTimersByTimeAsync(0);
  };

  beforeEach(async () => {
    vi.useFakeTimers();
    page = { hidden: false };
    const words = { getElementById: () => null, documentElement: { lang: "en" } };
    vi.stubGlobal("document", Object.assign(page, words));
    asked = [];
    answer = async () => {};
    const ask = () => {
      asked.push(performance.now() / 1000);
      return answer();
    };
    refresh = new Refresh(ask, () => {}, 5000);
    refresh.look();
    await vi.advanceTimersByTimeAsync(0);
  });

  afterEach(() => {
    refresh.stop();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  const pauses = () => asked.slice(1).map((at, n) => Math.round(at - (asked[n] ?? 0)));

  it("comes at an even pace, and none while nobody sees it", async () => {
    await passes(11);
    expect(pauses()).toEqual([5, 5]);
    page.hidden = true;
    await passes(60);
    expect(asked).toHaveLength(3);
  });

  it("is asked for less and less while nobody answers, then as before", async () => {
    answer = () => Promise.reject(new TypeError("Failed to fetch"));
    await passes(200);
    expect(pauses()).toEqual([5, 10, 20, 40, 60, 60]);
    expect(refresh.problem).not.toContain("fetch");
    answer = async () => {};
    await refresh.now();
    expect(refresh.refused).toBeNull();
    asked = [];
    await passes(11);
    expect(pauses()).toEqual([5]);
  });

  it("tells why it was refused in the service's words", async () => {
    answer = () => Promise.reject(new Refused("Not for you.", 403));
    await refresh.now();
    expect([refresh.problem, refresh.refused?.status]).toEqual(["Not for you.", 403]);
    answer = () => Promise.reject(new Error("It rests until noon."));
    await refresh.now();
    expect(refresh.problem).toBe("It rests until noon.");
  });

  it("is asked one question at a time, and forgets what is no longer waited for", async () => {
    let late: () => void = () => {};
    answer = () => new Promise<void>((_, fail) => (late = () => fail(new Error("Too late."))));
    void refresh.now();
    await passes(10);
    expect(asked).toHaveLength(2);
    answer = async () => {};
    await refresh.now();
    late();
    await passes(1);
    expect(refresh.problem).toBe("");
  });
});
