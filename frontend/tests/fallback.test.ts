import { beforeEach, describe, expect, it } from "vitest";
import { Client } from "../src/client";
import { Fallback } from "../src/fallback";
import type { Page } from "../src/over-http";
import { aState, FakeEnvironment, type FakeSocket, WELCOME } from "./fakes";

const ADDRESS = "ws://example.org/headway/ws?x=1";
const STREAM = "http://example.org/headway/stream?x=1";
const tick = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A request that was made, answered by the test. */
class Asked {
  readonly topics: Record<string, object> = {};
  #answer: (answer: Response) => void = () => {};
  #fail: (problem: unknown) => void = () => {};
  #body: ReadableStreamDefaultController<Uint8Array> | undefined;
  readonly answered: Promise<Response>;

  constructor(
    readonly address: string,
    readonly body: string,
    readonly accept: string,
    readonly signal: AbortSignal,
  ) {
    for (const line of body.split("\n").filter(Boolean)) {
      Object.assign(this.topics, JSON.parse(line).topics);
    }
    this.answered = new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.#fail = reject;
    });
    signal.addEventListener("abort", () => this.#fail(new DOMException("", "AbortError")));
  }

  /** Begins an answer that goes on, and says this. */
  async says(...frames: object[]): Promise<void> {
    await this.writes(frames.map((frame) => `data: ${JSON.stringify(frame)}\n\n`).join(""));
  }

  async writes(text: string): Promise<void> {
    if (!this.#body) {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          this.#body = controller;
        },
      });
      this.#answer(new Response(body));
    }
    this.#body?.enqueue(new TextEncoder().encode(text));
    await tick();
    await tick();
  }

  async ends(): Promise<void> {
    this.#body?.close();
    await tick();
  }

  async answers(said: object, status = 200): Promise<void> {
    this.#answer(new Response(JSON.stringify(said), { status }));
    await tick();
    await tick();
  }
}

class FakePage implements Page {
  readonly asked: Asked[] = [];
  readonly kept = new Map<string, string>();
  seen = true;

  request = (address: string, body: string, accept: string, signal: AbortSignal) => {
    const asked = new Asked(address, body, accept, signal);
    this.asked.push(asked);
    return asked.answered;
  };
  visible = () => this.seen;
  storage = {
    getItem: (key: string) => this.kept.get(key) ?? null,
    setItem: (key: string, value: string) => void this.kept.set(key, value),
    removeItem: (key: string) => void this.kept.delete(key),
  };

  get last(): Asked {
    return this.asked.at(-1) as Asked;
  }
}

let environment: FakeEnvironment;
let page: FakePage;
let client: Client;
let told: number[];

beforeEach(() => {
  environment = new FakeEnvironment();
  page = new FakePage();
  told = [];
});

/** A page whose sockets do not get through, and which has loaded the fallback. */
async function watching(...topics: ("mine" | `job:${string}` | `log:${string}`)[]): Promise<void> {
  client = new Client(ADDRESS, environment);
  for (const topic of topics) {
    if (topic.startsWith("log:")) client.tail(topic.slice(4), () => {});
    else client.watch(topic as "mine", ({ seq }) => told.push(seq));
  }
  await tick();
  environment.unheard = () => {
    environment.unheardOf += 1;
    if (environment.unheardOf > 1) return;
    new Fallback(environment, page);
    client.connection.online();
  };
  environment.last.end();
  environment.pass(0);
  await tick();
}

describe("a first socket that is never welcomed", () => {
  it("is given three seconds, and said to be unheard", () => {
    client = new Client(ADDRESS, environment);
    client.watch("mine", () => {});
    environment.pass(2999);
    expect(environment.unheardOf).toBe(0);
    environment.pass(2);
    expect(environment.unheardOf).toBe(1);
  });

  it("is not said of one that was welcomed before", async () => {
    client = new Client(ADDRESS, environment);
    client.watch("mine", () => {});
    environment.last.welcome();
    environment.last.end();
    environment.pass(60_000);
    expect(environment.sockets.length).toBeGreaterThan(1);
    expect(environment.unheardOf).toBe(0);
  });
});

describe("server-sent events", () => {
  it("bring frames, one welcome, and what is watched with the second request", async () => {
    await watching("mine");
    expect([page.last.address, page.last.accept]).toEqual([STREAM, "text/event-stream"]);
    expect(page.last.topics).toEqual({});
    await page.last.says(WELCOME);
    expect(client.status.phase).toBe("live");
    environment.pass(20);
    await tick();
    expect(page.asked[0]?.signal.aborted).toBe(true);
    expect(page.last.topics).toEqual({ mine: {} });
    await page.last.says(WELCOME, { type: "jobs", jobs: [aState({ seq: 7 })] });
    expect(told).toEqual([7]);
    environment.pass(20);
    expect(page.asked).toHaveLength(2);
  });

  it("may come in any pieces", async () => {
    await watching("mine");
    const text = `data: ${JSON.stringify({ ...WELCOME, user: "ü" })}\n\n`;
    for (const letter of text) await page.last.writes(letter);
    expect(client.user).toBe("ü");
  });

  it("go on from what the browser has", async () => {
    const { id } = aState();
    await watching(`job:${id}`, `log:${id}`);
    await page.last.says(WELCOME);
    environment.pass(20);
    await tick();
    const line = { n: 3, at: "", level: "info", text: "x" };
    await page.last.says(
      WELCOME,
      { type: "jobs", jobs: [aState({ seq: 9 })] },
      { type: "log", job: id, after: 2, lines: [line], lost: 0 },
    );
    client.watch("mine", () => {});
    await tick();
    environment.pass(20);
    await tick();
    expect(page.last.topics).toEqual({
      [`job:${id}`]: { seq: 9 },
      [`log:${id}`]: { after: 3 },
      mine: {},
    });
  });

  it("end as a socket does", async () => {
    await watching("mine");
    await page.last.says(WELCOME);
    await page.last.writes('event: close\ndata: {"code": 4501, "reason": "out"}\n\n');
    expect(client.status).toMatchObject({ phase: "offline", closed: 4501 });
    environment.pass(100_000);
    expect(page.asked).toHaveLength(1);
  });

  it("come back after they broke off", async () => {
    await watching("mine");
    await page.last.says(WELCOME);
    await page.last.ends();
    expect(client.status.phase).toBe("stale");
    environment.pass(1000);
    await tick();
    expect(page.asked).toHaveLength(2);
    expect(page.last.accept).toBe("text/event-stream");
  });

  it("give way to sockets once one gets through", async () => {
    await watching("mine");
    await page.last.says(WELCOME);
    const before = environment.sockets.length;
    environment.pass(30_000);
    expect(environment.sockets).toHaveLength(before + 1);
    const probe = environment.last;
    probe.welcome();
    environment.pass(0);
    expect([probe.closed, page.asked.every(({ signal }) => signal.aborted)]).toEqual([true, true]);
    expect(environment.sockets).toHaveLength(before + 2);
    environment.last.welcome();
    expect(client.status.phase).toBe("live");
    expect(page.kept.size).toBe(0);
  });
});

describe("polls", () => {
  async function polling(topic: "mine" | `job:${string}` = "mine"): Promise<void> {
    await watching(topic);
    environment.pass(3001); // a proxy keeps the events back
    environment.pass(1000);
    await tick();
  }

  it("follow where events are held back", async () => {
    await polling();
    expect(page.asked[0]?.signal.aborted).toBe(true);
    expect(page.last.accept).toBe("application/json");
    await page.last.answers({ frames: [WELCOME], closed: null });
    expect(client.status.phase).toBe("live");
  });

  it("ask every two seconds, hidden every fifteen, and tell nothing twice", async () => {
    await polling();
    const watched = { type: "watching", topic: "mine" };
    const frames = [WELCOME, { type: "jobs", jobs: [aState({ seq: 4 })] }, watched];
    await page.last.answers({ frames: [WELCOME], closed: null });
    for (const [seen, pause] of [
      [true, 20],
      [true, 2000],
      [false, 2000],
      [false, 15_000],
    ] as const) {
      page.seen = seen;
      const before = page.asked.length;
      environment.pass(pause - 1);
      expect(page.asked).toHaveLength(before);
      environment.pass(1);
      expect(page.asked).toHaveLength(before + 1);
      await tick();
      await page.last.answers({ frames, closed: null });
    }
    expect(told).toEqual([4]);
    expect(page.last.topics).toEqual({ mine: {} });
  });

  it("end as a socket does", async () => {
    await polling();
    await page.last.answers({ frames: [WELCOME], closed: { code: 4501, reason: "" } });
    expect(client.status.closed).toBe(4501);
  });

  it("are left for the next way when they are refused", async () => {
    await polling();
    const sockets = environment.sockets.length;
    await page.last.answers({}, 503);
    environment.pass(5000);
    expect(environment.sockets.length).toBe(sockets + 1);
  });
});

describe("what was found out", () => {
  it("is remembered for half an hour", async () => {
    await watching("mine");
    await page.last.says(WELCOME);
    const again = new FakeEnvironment();
    again.sleep(29 * 60_000);
    new Fallback(again, page);
    const opened = again.socket(ADDRESS, "x", { message() {}, close() {} }) as FakeSocket;
    again.pass(0);
    expect([again.sockets.length, page.last.accept]).toEqual([0, "text/event-stream"]);
    opened.close();
    again.sleep(31 * 60_000);
    page.kept.set("headway-way", "[0, 1]");
    expect(() => new Fallback(again, page)).not.toThrow();
  });

  it("need not be kept where storage is forbidden", async () => {
    const refuse = () => {
      throw new Error("forbidden");
    };
    page.storage = { getItem: refuse, setItem: refuse, removeItem: refuse };
    await watching("mine");
    await page.last.says(WELCOME);
    expect(client.status.phase).toBe("live");
  });
});
