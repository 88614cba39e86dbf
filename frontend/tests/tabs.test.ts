import { beforeEach, describe, expect, it, vi } from "vitest";
import { Client } from "../src/client";
import type { Topic } from "../src/protocol";
import { type Air, type Said, TabSocket } from "../src/tab-socket";
import { aState, FakeEnvironment, type FakeSocket, WELCOME } from "./fakes";

/** The locks and channels of one browser. */
class Browser {
  readonly #queues = new Map<string, (() => void)[]>();
  readonly #ears = new Map<string, Set<(said: Said) => void>>();

  air(): Air & { slow: boolean; crash(): void } {
    let dead = false;
    const releases = new Set<() => void>();
    const air = {
      /** Nothing says that a new page's locks are asked for before its first word arrives. */
      slow: false,
      hold: (name: string, signal: AbortSignal, held: () => Promise<void>) => {
        const queue = this.#queues.get(name) ?? [];
        this.#queues.set(name, queue);
        let released = false;
        const release = () => {
          if (released) return;
          released = true;
          const first = queue[0] === run;
          queue.splice(queue.indexOf(run), 1);
          if (first) queueMicrotask(() => queue[0]?.());
        };
        const run = () => void held().then(release);
        releases.add(release);
        signal.addEventListener("abort", () => queue[0] !== run && release());
        const join = () => {
          queue.push(run);
          if (queue.length === 1) queueMicrotask(run);
        };
        air.slow ? setTimeout(join) : join();
      },
      channel: (name: string, heard: (said: Said) => void) => {
        const ears = this.#ears.get(name) ?? new Set();
        this.#ears.set(name, ears);
        const ear = (said: Said): unknown => !dead && heard(said);
        ears.add(ear);
        return {
          post: (said: Said) => {
            for (const other of dead ? [] : [...ears]) {
              if (other !== ear) queueMicrotask(() => ears.has(other) && other(said));
            }
          },
          close: () => void ears.delete(ear),
        };
      },
      crash: () => {
        dead = true;
        for (const release of releases) release();
      },
    };
    return air;
  }
}

/** A tab with its client. */
class Tab {
  readonly environment = new FakeEnvironment();
  readonly air: ReturnType<Browser["air"]>;
  readonly client: Client;
  readonly told: number[] = [];

  constructor(browser: Browser, number: number, scope = "") {
    this.air = browser.air();
    this.environment.chance = number / 10;
    const real = this.environment.socket;
    this.environment.socket = (address, subprotocol, events) =>
      new TabSocket(
        `headway ${scope}`,
        this.air,
        this.environment,
        (to) => real(address, subprotocol, to),
        events,
      ) as unknown as FakeSocket;
    this.client = new Client("ws://x/ws", this.environment);
  }

  watch(topic: Topic): () => void {
    return this.client.watch(topic, ({ seq }) => this.told.push(seq));
  }

  get sockets(): FakeSocket[] {
    return this.environment.sockets;
  }

  get phase(): string {
    return this.client.status.phase;
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
const state = aState({ owner: "7" });
const topic: Topic = `job:${state.id}`;
const jobs = (seq: number) => ({ type: "jobs", jobs: [{ ...state, seq }] });

let browser: Browser;
let one: Tab;
let two: Tab;
let three: Tab;

beforeEach(async () => {
  browser = new Browser();
  [one, two, three] = [1, 2, 3].map((number) => new Tab(browser, number)) as [Tab, Tab, Tab];
});

async function opened(...tabs: Tab[]): Promise<FakeSocket> {
  for (const tab of tabs) {
    tab.watch(topic);
    await settle();
  }
  const socket = one.sockets[0] as FakeSocket;
  socket.welcome({ user: "7" });
  await settle();
  return socket;
}

describe("tabs", () => {
  it("share the socket of the first one", async () => {
    const socket = await opened(one, two, three);
    expect([one, two, three].map(({ sockets }) => sockets.length)).toEqual([1, 0, 0]);
    expect([one, two, three].map(({ phase }) => phase)).toEqual(["live", "live", "live"]);
    socket.receive(jobs(5));
    await settle();
    expect([one, two, three].map(({ told }) => told)).toEqual([[5], [5], [5]]);
  });

  it("know the server's clock, however late they come", async () => {
    await opened(one);
    one.environment.sleep(90_000);
    two.environment.sleep(90_000);
    two.watch(topic);
    await settle();
    expect(two.client.now() - one.client.now()).toBe(0);
  });

  it("that are new are there however long their locks take", async () => {
    one.watch(topic);
    two.air.slow = true;
    two.watch(topic);
    await vi.waitFor(() => expect(one.sockets).toHaveLength(1));
    await settle();
    await settle();
    one.sockets[0]?.welcome({ user: "7" });
    await settle();
    expect(two.phase).toBe("live");
  });

  it("are told what they watch, and nothing else", async () => {
    const socket = await opened(one, two);
    two.watch("mine");
    three.watch("notices" as Topic);
    await settle();
    const other = { ...state, id: "other", root: "other" };
    socket.receive({ type: "jobs", jobs: [{ ...other, seq: 1 }] });
    socket.receive({ type: "jobs", jobs: [{ ...other, seq: 2, owner: "8" }] });
    await settle();
    expect([one.told, two.told, three.told]).toEqual([[], [1], []]);
  });

  it("each bring what they have, and the server is asked for each", async () => {
    const socket = await opened(one, two);
    expect(socket.sentOf("watch").map(({ topics }) => topics)).toEqual([
      { [topic]: { seq: 0 } },
      { [topic]: { seq: 0 } },
    ]);
    expect(socket.sentOf("ack")).toEqual([]);
  });

  it("let a topic go when none watches it any more", async () => {
    const socket = await opened(one);
    const stops = [one, two].map((tab) => tab.watch("mine"));
    await settle();
    stops[0]?.();
    await settle();
    expect(socket.sentOf("unwatch")).toEqual([]);
    stops[1]?.();
    await settle();
    expect(socket.sentOf("unwatch").map(({ topics }) => topics)).toEqual([["mine"]]);
  });

  it("forget a tab that has crashed", async () => {
    const socket = await opened(one);
    two.watch("mine");
    await settle();
    two.air.crash();
    await settle();
    expect(socket.sentOf("unwatch").map(({ topics }) => topics)).toEqual([["mine"]]);
  });

  it.each(["closes", "crashes"])("go on with the next one when the first %s", async (way) => {
    const socket = await opened(one, two, three);
    socket.receive(jobs(5));
    await settle();
    if (way === "closes") one.client.connection.leave();
    else one.air.crash();
    await settle();
    const next = two.sockets[0] as FakeSocket;
    expect([two.sockets.length, three.sockets.length]).toEqual([1, 0]);
    next.welcome({ user: "7" });
    await settle();
    expect(next.sentOf("watch").map(({ topics }) => topics)).toEqual([
      { [topic]: { seq: 5 } },
      { [topic]: { seq: 5 } },
    ]);
    next.receive(jobs(6));
    await settle();
    expect([two.told, three.told]).toEqual([
      [5, 6],
      [5, 6],
    ]);
    expect([two.phase, three.phase]).toEqual(["live", "live"]);
  });

  it("wait as the server says when it stops, and share again", async () => {
    const socket = await opened(one, two);
    socket.end(4000, "after=2;spread=0");
    await settle();
    expect([one.phase, two.phase]).toEqual(["stale", "stale"]);
    for (const tab of [one, two]) tab.environment.pass(1999);
    await settle();
    expect([one.sockets.length, two.sockets.length]).toEqual([1, 0]);
    two.environment.pass(1);
    await settle();
    one.environment.pass(1);
    await settle();
    expect([one.sockets.length, two.sockets.length]).toEqual([1, 1]);
    two.sockets[0]?.welcome();
    await settle();
    expect([one.phase, two.phase]).toEqual(["live", "live"]);
  });

  it("are all signed out at once", async () => {
    const socket = await opened(one, two);
    socket.end(4501, "");
    await settle();
    expect([one, two].map(({ client }) => client.status.closed)).toEqual([4501, 4501]);
  });

  it("of another person have a socket of their own", async () => {
    await opened(one);
    const other = new Tab(browser, 4, "other");
    other.watch(topic);
    await settle();
    expect(other.sockets).toHaveLength(1);
    other.sockets[0]?.receive({ ...WELCOME, user: "8" });
    expect([one.client.user, other.client.user]).toEqual(["7", "8"]);
  });

  it("tell of a socket that cannot be opened, and come back", async () => {
    one.environment.refuseToOpen = true;
    one.watch(topic);
    await settle();
    expect(one.environment.problems).toHaveLength(1);
    one.environment.refuseToOpen = false;
    one.environment.pass(1000);
    await settle();
    expect(one.sockets).toHaveLength(1);
  });
});
