import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Api, Refused } from "../src/elements/dashboard/api";
import { perform } from "../src/elements/dashboard/deeds";
import { JobFeed } from "../src/elements/dashboard/feed";
import type { JobPage } from "../src/elements/dashboard/job-list";
import type { JobState } from "../src/protocol";
import { aState } from "./fakes";

const aJob = (n: number, values: Partial<JobState> = {}) => {
  const queued_at = new Date(n * 1000).toISOString();
  return aState({ id: `job-${n}`, seq: 1, queued_at, ...values });
};

/** Answers with what a test has prepared, when it says so. */
class FakeApi extends Api {
  readonly asked: string[] = [];
  pages: (JobPage | Refused)[] = [];

  override async jobs(q: string, cursor: string | null): Promise<JobPage> {
    this.asked.push(`${q}|${cursor ?? ""}`);
    const page = this.pages.length > 1 ? this.pages.shift() : this.pages[0];
    if (!page) throw new Error("nothing prepared");
    if (page instanceof Refused) throw page;
    return page;
  }

  override async count(): Promise<{ count: number; more: boolean }> {
    return { count: 214, more: false };
  }
}

let api: FakeApi;
let feed: JobFeed;
const settled = () => vi.advanceTimersByTimeAsync(0);

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal("document", { baseURI: "https://example.org/", querySelector: () => null });
  api = new FakeApi("/headway/");
  api.pages = [{ jobs: [aJob(2), aJob(1)], next: null }];
  feed = new JobFeed(api, () => {});
});

afterEach(() => {
  feed.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a list without a filter", () => {
  it("takes in what came while it was asked for", async () => {
    feed.open("");
    feed.take(aJob(2, { seq: 5, status: "failed" }));
    await settled();
    expect(feed.list.get("job-2")?.status).toBe("failed");
    expect(feed.count?.count).toBe(214);
  });

  it("gathers new jobs by itself", async () => {
    feed.open("");
    await settled();
    feed.take(aJob(3));
    expect([feed.list.order.length, feed.list.news]).toEqual([2, 1]);
    feed.admit();
    expect(feed.list.order).toEqual(["job-3", "job-2", "job-1"]);
    expect(api.asked).toEqual(["|"]);
  });

  it("stands still while it is paused, and then is what has become of it", async () => {
    feed.open("");
    await settled();
    feed.pause(true);
    feed.take(aJob(2, { seq: 2, fraction: 0.2 }));
    feed.take(aJob(2, { seq: 3, fraction: 0.3 }));
    feed.take(aJob(3));
    expect([feed.missed, feed.list.get("job-2")?.seq, feed.list.news]).toEqual([2, 1, 0]);
    feed.pause(false);
    expect([feed.missed, feed.list.get("job-2")?.seq, feed.list.news]).toEqual([0, 3, 1]);
  });
});

describe("a filtered list", () => {
  it("asks the service which of the others match, once for many changes", async () => {
    feed.open("status:failed");
    await settled();
    api.pages = [{ jobs: [aJob(4), aJob(2), aJob(1)], next: null }];
    for (let n = 3; n < 100; n += 1) feed.take(aJob(n));
    await vi.advanceTimersByTimeAsync(2000);
    expect(api.asked).toEqual(["status:failed|", "status:failed|"]);
    expect(feed.list.news).toBe(1);
    feed.admit();
    expect(feed.list.order).toEqual(["job-4", "job-2", "job-1"]);
  });

  it("asks less and less while nothing matches", async () => {
    feed.open("x");
    await settled();
    for (let second = 0; second < 60; second += 1) {
      feed.take(aJob(1000 + second));
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(api.asked.length).toBeLessThan(12);
  });

  it("shows why the service does not take it, and another one afterwards", async () => {
    api.pages = [new Refused("expected status to be one of …, got: x", 400)];
    feed.open("status:x");
    await settled();
    expect([feed.phase, feed.problem?.message]).toEqual([
      "failed",
      "expected status to be one of …, got: x",
    ]);
    api.pages = [{ jobs: [aJob(7)], next: null }];
    feed.open("status:failed");
    await settled();
    expect([feed.phase, feed.problem, feed.list.order]).toEqual(["ready", null, ["job-7"]]);
  });

  it("has another one's answer only once it is asked for", async () => {
    const answers: ((page: JobPage) => void)[] = [];
    api.jobs = () => new Promise((answer) => answers.push(answer));
    feed.open("a");
    feed.open("b");
    answers[1]?.({ jobs: [aJob(2)], next: null });
    await settled();
    answers[0]?.({ jobs: [aJob(1)], next: null });
    await settled();
    expect(feed.list.order).toEqual(["job-2"]);
  });
});

describe("what is done to many", () => {
  it("takes as many requests as there are hundreds, and says what could not be done", async () => {
    const counts: number[] = [];
    api.many = async (_, some) => {
      counts.push(some.length);
      return { jobs: [aJob(1)], refused: [{ id: "job-9", detail: "It has ended." }] };
    };
    const ids = Array.from({ length: 214 }, (_, n) => `job-${n}`);
    const done: number[] = [];
    const doing = { take: () => {}, progress: (n: number) => done.push(n) };
    const outcome = await perform(api, "cancel", { ids }, doing);
    expect(counts).toEqual([100, 100, 14]);
    expect([outcome.done, outcome.refused.length, done]).toEqual([3, 3, [1, 2, 3]]);
  });

  it("is the affair of a job where all that match are meant", async () => {
    const asked: string[] = [];
    api.matching = async (action, q) => {
      asked.push(`${action} ${q}`);
      return aJob(7);
    };
    const taken: unknown[] = [];
    const doing = { take: (job: unknown) => taken.push(job), progress: () => {} };
    const outcome = await perform(api, "pause", { q: "tag:x" }, doing);
    expect([asked, taken.length, outcome.job?.id]).toEqual([["pause tag:x"], 1, "job-7"]);
  });
});
