import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Api, Refused } from "../src/elements/dashboard/api";
import { Shortcuts } from "../src/elements/dashboard/shortcuts";
import { Titles } from "../src/elements/dashboard/titles";
import { compared, rounded, secondsOf, type Usual } from "../src/elements/dashboard/usual";
import {
  inOrder,
  isReadOnly,
  jobsIn,
  Lines,
  type Queue,
  Steady,
  stateOf,
  type Worker,
  type Workshop,
} from "../src/elements/dashboard/workshop";
import { WorkshopFeed } from "../src/elements/dashboard/workshop-feed";
import { aState } from "./fakes";

const aQueue = (name: string, values: Partial<Queue> = {}): Queue => ({
  name,
  depth: 0,
  oldest_at: null,
  consumers: 1,
  paused: false,
  paused_by: null,
  paused_at: null,
  actions: ["pause"],
  ...values,
});

const aWorker = (name: string, values: Partial<Worker> = {}): Worker => ({
  name,
  state: "here",
  heard_at: "2026-11-27T10:00:00Z",
  since: "2026-11-27T09:00:00Z",
  host: "web-3",
  pid: 1,
  pool: "prefork",
  concurrency: 4,
  running: 0,
  jobs: [],
  queues: ["celery"],
  load: 0.5,
  processors: 2,
  versions: { headway: "1", celery: "5", python: "3" },
  actions: ["stop"],
  ...values,
});

const aWorkshop = (values: Partial<Workshop> = {}): Workshop => ({
  workers: [aWorker("a")],
  queues: [aQueue("celery")],
  more: 0,
  broker: "ok",
  store: "ok",
  at: "2026-11-27T10:00:00Z",
  ...values,
});

const names = (rows: readonly { readonly name: string }[]) => rows.map(({ name }) => name).join("");

describe("a queue", () => {
  it.each([
    [{}, "open"],
    [{ paused: true, consumers: 0, depth: 3 }, "paused"],
    [{ consumers: 0, depth: 3 }, "left"],
    [{ consumers: 0, depth: 0 }, "open"],
    [{ consumers: 0, depth: null }, "left"],
    [{ consumers: null, depth: 3 }, "open"],
  ] as const)("with %j is %s", (values, state) => {
    expect(stateOf(aQueue("q", values))).toBe(state);
  });

  it("is looked for with its name in quotes where it must be", () => {
    expect(jobsIn('"two words"')).toBe('queue:"two words" status:unfinished');
  });
});

describe("rows", () => {
  it("stand by name, those last that are no more", () => {
    const workers = [
      aWorker("d", { state: "gone" }),
      aWorker("c"),
      aWorker("b", { state: "stopped" }),
      aWorker("a", { state: "stopping" }),
    ];
    expect(names(inOrder(workers))).toBe("acbd");
  });

  it("stay where they are while somebody is at them", () => {
    const steady = new Steady<Queue>();
    const take = (said: string, held: boolean) =>
      names(
        steady.take(
          [...said].map((name) => aQueue(name)),
          held,
        ),
      );
    expect(take("bd", false)).toBe("bd");
    expect(take("abcd", true)).toBe("bdac");
    expect(take("acd", true)).toBe("bdac");
    expect(take("acd", false)).toBe("acd");
  });

  it("are up to date all the same", () => {
    const steady = new Steady<Queue>();
    steady.take([aQueue("a")], false);
    expect(steady.take([aQueue("a", { depth: 7 })], true)[0]?.depth).toBe(7);
  });

  it("are read-only where nothing can be done to any", () => {
    const idle = [aWorker("a", { actions: [] })];
    expect(isReadOnly(aWorkshop())).toBe(false);
    expect(isReadOnly(aWorkshop({ workers: idle, queues: [aQueue("q", { actions: [] })] }))).toBe(
      true,
    );
    expect(isReadOnly(aWorkshop({ workers: idle }))).toBe(false);
    expect(isReadOnly(aWorkshop({ workers: [], queues: [] }))).toBe(false);
  });
});

describe("the jobs of a worker", () => {
  const running = (n: number) =>
    aWorker("a", { running: n, jobs: Array.from({ length: n }, (_, at) => String(at)) });

  it("have a line each, and the last one counts what has no room", () => {
    const lines = new Lines();
    lines.take([running(4)], false);
    expect(lines.of(running(4))).toEqual({ jobs: ["0", "1", "2", "3"], more: 0 });
    lines.take([running(60)], false);
    expect(lines.of(running(60))).toEqual({ jobs: ["0", "1", "2"], more: 57 });
  });

  it("take up as many lines as before while somebody is there", () => {
    const lines = new Lines();
    const shown = (n: number, held: boolean) => {
      lines.take([running(n)], held);
      return lines.of(running(n));
    };
    expect(shown(2, false)).toEqual({ jobs: ["0", "1"], more: 0 });
    expect(shown(3, true)).toEqual({ jobs: ["0"], more: 2 });
    expect(shown(1, true)).toEqual({ jobs: ["0", ""], more: 0 });
    expect(shown(0, true)).toEqual({ jobs: ["", ""], more: 0 });
    expect(shown(0, false)).toEqual({ jobs: [], more: 0 });
    expect(shown(1, true)).toEqual({ jobs: [], more: 0 });
  });

  it("stay in their lines, in whichever order they are told", () => {
    const lines = new Lines();
    const shown = (jobs: string, held: boolean) => {
      const worker = aWorker("a", { running: jobs.length, jobs: [...jobs] });
      lines.take([worker], held);
      return lines.of(worker).jobs.join("");
    };
    expect(shown("abc", false)).toBe("abc");
    expect(shown("cab", false)).toBe("abc");
    expect(shown("dca", true)).toBe("adc");
    expect(shown("ed", true)).toBe("ed");
  });
});

describe("a run", () => {
  const usual: Usual = { p50: 10, p95: 20, runs: 50 };

  it.each([
    [30, "running", "slower", 3],
    [30, "succeeded", "slower", 3],
    [30, "failed", "slower", 3],
    [16, "running", "open", 1.6],
    [16, "succeeded", "usual", 1.6],
    [4, "running", "open", 0.4],
    [4, "succeeded", "faster", 2.5],
    [4, "failed", "open", 0.4],
    [6, "succeeded", "usual", 0.6],
  ] as const)("of %d s that is %s is %s", (seconds, status, is, times) => {
    expect(compared(seconds, usual, status)).toEqual({ is, times });
  });

  it("is not called slow for what nobody feels", () => {
    expect(compared(0.3, { p50: 0.1, p95: 0.12, runs: 9 }, "succeeded").is).toBe("usual");
    expect(compared(1, { p50: 0, p95: 0, runs: 9 }, "succeeded").is).toBe("open");
    expect(compared(Number.NaN, usual, "queued").is).toBe("open");
  });

  it("lasts from its start to its end, or until now", () => {
    const job = aState({ started_at: "2026-11-27T10:00:00Z" });
    expect(secondsOf(job, Date.parse("2026-11-27T10:00:30Z"))).toBe(30);
    expect(secondsOf({ ...job, finished_at: "2026-11-27T10:00:05Z" }, 0)).toBe(5);
    expect(secondsOf(aState({ started_at: null }), 0)).toBeNaN();
  });

  it("is told in round numbers", () => {
    expect([1.54, 3, 12.4].map(rounded)).toEqual([1.5, 3, 12]);
  });
});

/** Answers with what a test has prepared. */
class FakeApi extends Api {
  answer: Workshop | Refused = aWorkshop();
  readonly asked: string[] = [];
  readonly fails: boolean[] = [];

  override async workers(signal: AbortSignal): Promise<Workshop> {
    this.asked.push("workers");
    await Promise.resolve();
    if (signal.aborted) throw new Error("aborted");
    if (this.answer instanceof Refused) throw this.answer;
    return this.answer;
  }

  override async jobs(q: string): Promise<{ jobs: ReturnType<typeof aState>[]; next: null }> {
    this.asked.push(q);
    if (this.fails.shift()) throw new Refused("away", 503);
    const ids = q.replace("id:", "").split(",");
    return { jobs: ids.map((id) => aState({ id, title: `Job ${id}` })), next: null };
  }
}

describe("what is known of workers and queues", () => {
  let api: FakeApi;
  let feed: WorkshopFeed;
  let seen: { hidden: boolean };

  /** Lets time pass, and the page be painted each second while it is seen. */
  const passes = async (ms: number) => {
    for (let left = ms; left > 0; left -= 1000) {
      await vi.advanceTimersByTimeAsync(Math.min(left, 1000));
      if (!seen.hidden) feed.look();
    }
    await vi.advanceTimersByTimeAsync(0);
  };

  beforeEach(async () => {
    vi.useFakeTimers();
    seen = { hidden: false };
    vi.stubGlobal("document", seen);
    api = new FakeApi("/headway/");
    feed = new WorkshopFeed(api, () => {});
    feed.ask();
    await passes(0);
  });

  afterEach(() => {
    feed.close();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("is asked for again and again", async () => {
    expect(feed.seen?.queues).toHaveLength(1);
    await passes(6000);
    expect(api.asked).toHaveLength(3);
  });

  it("is not asked for in a window that nobody sees, and at once when it is seen", async () => {
    seen.hidden = true;
    await passes(60_000);
    feed.look();
    expect(api.asked).toHaveLength(1);
    seen.hidden = false;
    feed.look();
    await passes(0);
    expect(api.asked).toHaveLength(2);
    await passes(3000);
    expect(api.asked).toHaveLength(3);
  });

  it("stays while nobody answers, who is asked less and less", async () => {
    api.answer = new Refused("The service restarts.", 503);
    await passes(3000);
    expect(feed.problem?.message).toBe("The service restarts.");
    expect(feed.seen?.queues).toHaveLength(1);
    await passes(60_000);
    expect(api.asked.length).toBeLessThan(8);
    api.answer = aWorkshop();
    feed.ask();
    await passes(0);
    expect(feed.problem).toBeNull();
  });

  it("keeps the workers while the store is away", async () => {
    api.answer = aWorkshop({ workers: [], store: "away" });
    await passes(3000);
    expect(names(feed.seen?.workers ?? [])).toBe("a");
    expect(feed.seen?.store).toBe("away");
  });

  it("takes in what was answered, before what was asked for earlier", async () => {
    feed.ask();
    feed.put({ queue: aQueue("celery", { paused: true }) });
    expect(feed.seen?.queues[0]?.paused).toBe(true);
    api.answer = aWorkshop({ queues: [aQueue("celery", { paused: true, paused_by: "ana" })] });
    await passes(0);
    expect(feed.seen?.queues[0]?.paused_by).toBe("ana");
  });
});

describe("the titles of jobs", () => {
  it("are asked for once, many together, and again where nobody answered", async () => {
    const api = new FakeApi("/headway/");
    let changes = 0;
    const titles = new Titles(api, () => {
      changes += 1;
    });
    const ids = Array.from({ length: 20 }, (_, n) => String(n));
    api.fails.push(true);
    titles.want(ids);
    await Promise.resolve().then(() => new Promise((done) => setTimeout(done)));
    expect(api.asked).toHaveLength(2);
    expect([titles.of("0"), titles.of("19")]).toEqual(["", "Job 19"]);
    titles.want(ids);
    await new Promise((done) => setTimeout(done));
    expect(titles.of("0")).toBe("Job 0");
    expect(api.asked).toHaveLength(3);
    expect(changes).toBe(20);
    titles.take(aState({ id: "0", title: "Another" }));
    expect(titles.of("0")).toBe("Another");
    titles.want(["0"]);
    expect(titles.of("19")).toBe("");
  });
});

it("leads to the queues and the workers by two keys", () => {
  const keys = new Shortcuts();
  const press = (key: string) =>
    keys.read({ key, ctrlKey: false, altKey: false, metaKey: false, isComposing: false }, 0, false);
  expect([press("g"), press("q")]).toEqual([null, "queues"]);
  expect([press("g"), press("w")]).toEqual([null, "workers"]);
});
