import { beforeEach, describe, expect, it, vi } from "vitest";
import { Client } from "../src/client";
import type { JobState, Log } from "../src/protocol";
import { aState, FakeEnvironment, jobs, settled } from "./fakes";

const ID = aState().id;
const TOPIC = `job:${ID}` as const;

let world: FakeEnvironment;
let client: Client;
let told: JobState[];
const tell = (state: JobState) => void told.push(state);

beforeEach(() => {
  world = new FakeEnvironment();
  client = new Client("ws://here/headway/ws", world);
  told = [];
});

async function live(): Promise<void> {
  world.last.welcome();
  await settled();
}

function seqs(): number[] {
  return told.map(({ seq }) => seq);
}

describe("watch", () => {
  it("opens no socket before somebody watches", () => {
    expect(world.sockets).toEqual([]);
  });

  it("asks for a job with the seq that one has", async () => {
    client.watch(TOPIC, tell, { have: aState({ seq: 41 }) });
    await live();
    expect(world.last.sent).toEqual([{ type: "watch", topics: { [TOPIC]: { seq: 41 } } }]);
  });

  it("asks once for many watchers of a topic, and for many topics in one frame", async () => {
    client.watch(TOPIC, tell);
    client.watch(TOPIC, tell);
    client.watch("mine", tell);
    await live();
    expect(world.last.sent).toEqual([{ type: "watch", topics: { [TOPIC]: { seq: 0 }, mine: {} } }]);
  });

  it("keeps each frame below what the server reads", async () => {
    for (let n = 0; n < 1000; n += 1) client.watch(`job:${ID}-${n}`, tell);
    await live();
    const frames = world.last.sentOf("watch");
    expect(frames.flatMap(({ topics }) => Object.keys(topics))).toHaveLength(1000);
    for (const frame of frames) expect(JSON.stringify(frame).length).toBeLessThan(16 * 1024);
  });

  it("tells a late watcher what is known, without asking again", async () => {
    client.watch(TOPIC, tell);
    await live();
    world.last.receive(jobs(aState({ seq: 5 })));
    const late = vi.fn();
    client.watch(TOPIC, late);
    await settled();
    expect(late).toHaveBeenCalledExactlyOnceWith(aState({ seq: 5 }));
    expect(world.last.sentOf("watch")).toHaveLength(1);
  });

  it("does not tell a watcher what it already shows", async () => {
    client.watch(TOPIC, tell, { have: aState({ seq: 5 }) });
    await settled();
    expect(told).toEqual([]);
  });

  it("lets a watcher stop itself from within its first call", async () => {
    client.watch(TOPIC, tell, { have: aState({ seq: 5 }) });
    const stop = client.watch(TOPIC, (state) => {
      tell(state);
      stop();
    });
    await live();
    world.last.receive(jobs(aState({ seq: 6 })));
    expect(seqs()).toEqual([5, 6]);
  });

  it("goes on when one watcher throws", async () => {
    client.watch(TOPIC, () => {
      throw new Error("mine");
    });
    client.watch(TOPIC, tell);
    await live();
    world.last.receive(jobs(aState()));
    expect(told).toHaveLength(1);
    expect(world.problems).toEqual([new Error("mine")]);
  });
});

describe("a state", () => {
  it("is told when its seq is newer, and only then", async () => {
    client.watch(TOPIC, tell);
    await live();
    for (const seq of [3, 5, 4, 5, 6, 1]) world.last.receive(jobs(aState({ seq })));
    expect(seqs()).toEqual([3, 5, 6]);
  });

  it.each([
    [TOPIC, true],
    ["tree:the-root", true],
    ["mine", true],
    ["all", true],
    ["job:another", false],
    ["tree:another", false],
  ] as const)("belongs to %s: %s", async (topic, belongs) => {
    client.watch(topic, tell);
    await live();
    world.last.receive(jobs(aState({ root: "the-root", owner: "7" })));
    expect(told).toHaveLength(belongs ? 1 : 0);
  });

  it("of nobody is not a guest's own", async () => {
    client.watch("mine", tell);
    world.last.welcome({ user: null });
    world.last.receive(jobs(aState({ owner: null })));
    expect(told).toEqual([]);
  });

  it("can come as the answer to a request", () => {
    client.watch(TOPIC, tell);
    client.take(aState({ seq: 9 }));
    client.take({ nonsense: true });
    expect(seqs()).toEqual([9]);
  });

  it("is forgotten when nobody watches it, so that memory stays bounded", async () => {
    const stop = client.watch(TOPIC, tell);
    await live();
    world.last.receive(jobs(aState({ seq: 9 })));
    stop();
    await settled();
    client.watch(TOPIC, tell);
    await settled();
    expect(seqs()).toEqual([9]);
    expect(world.last.sentOf("watch").at(-1)?.topics).toEqual({ [TOPIC]: { seq: 0 } });
  });
});

describe("refused", () => {
  const refusal = { type: "refused", topic: TOPIC, code: "not_found", text: "No." };

  it("reaches the watchers of the topic alone", async () => {
    const [refused, other] = [vi.fn(), vi.fn()];
    client.watch(TOPIC, tell, { refused });
    client.watch("mine", tell, { refused: other });
    await live();
    world.last.receive(refusal);
    expect(refused).toHaveBeenCalledExactlyOnceWith(refusal);
    expect(other).not.toHaveBeenCalled();
  });

  it("is asked again for a new watcher, because the job may exist by now", async () => {
    client.watch(TOPIC, tell);
    await live();
    world.last.receive(refusal);
    client.watch(TOPIC, tell);
    await settled();
    expect(world.last.sentOf("watch")).toHaveLength(2);
  });

  it("forgets the state that may no longer be seen", async () => {
    client.watch(TOPIC, tell);
    await live();
    world.last.receive(jobs(aState({ seq: 9 })));
    world.last.receive(refusal);
    world.last.end();
    world.pass(500);
    await live();
    expect(world.last.sentOf("watch")[0]?.topics).toEqual({ [TOPIC]: { seq: 0 } });
  });
});

describe("ack", () => {
  const acks = () => world.last.sentOf("ack").map(({ frames }) => frames);

  beforeEach(async () => {
    client.watch(TOPIC, tell);
    await live();
  });

  function receive(frames: number, from: number): void {
    for (let seq = from; seq < from + frames; seq += 1) world.last.receive(jobs(aState({ seq })));
  }

  it("is sent for three quarters of the window, and costs the server nothing in between", () => {
    receive(47, 1);
    world.pass(10_000);
    expect(acks()).toEqual([]);
    receive(60, 48);
    expect(acks()).toEqual([48, 96]);
  });

  it("comes early the first time, so that viewers of one job do not all send it at once", async () => {
    world.last.end();
    world.pass(20_000);
    world.chance = 0.5;
    await live();
    receive(70, 1);
    expect(acks()).toEqual([40]);
    receive(30, 71);
    expect(acks()).toEqual([40, 88]);
  });

  it("counts jobs, log and notices, and nothing else", () => {
    receive(45, 1);
    world.last.receive({ type: "watching", topic: TOPIC });
    world.last.receive({ type: "heartbeat", at: "" });
    world.last.receive({ type: "new" });
    world.last.receive(jobs());
    world.last.receive({ type: "log", job: ID, after: 0, lines: [], lost: 0 });
    expect(acks()).toEqual([]);
    world.last.receive({ type: "notices", unread: 0, notices: [] });
    expect(acks()).toEqual([48]);
  });

  it("counts malformed data frames too, or the window would silt up", () => {
    for (let frame = 0; frame < 24; frame += 1) {
      world.last.receive({ type: "jobs", jobs: 5 });
      world.last.receive({ type: "jobs", jobs: [5] });
    }
    expect(acks()).toEqual([48]);
  });
});

describe("tail", () => {
  const line = (n: number) => ({ n, at: "2026-11-22T10:00:00.000Z", level: "info", text: `${n}` });
  const log = (...lines: number[]) => ({
    type: "log",
    job: ID,
    after: 0,
    lines: lines.map(line),
    lost: 0,
  });
  const numbers = (frames: Log[]) => frames.flatMap(({ lines }) => lines.map(({ n }) => n));

  it("tells each line once, and asks from the last one after a reconnect", async () => {
    const frames: Log[] = [];
    client.tail(ID, (frame) => frames.push(frame), { after: 2 });
    await live();
    expect(world.last.sent[0]).toEqual({ type: "watch", topics: { [`log:${ID}`]: { after: 2 } } });
    world.last.receive(log(1, 2, 3, 4));
    world.last.receive(log(4, 5));
    world.last.end();
    world.pass(500);
    await live();
    expect(world.last.sent[0]).toEqual({ type: "watch", topics: { [`log:${ID}`]: { after: 5 } } });
    expect(numbers(frames)).toEqual([3, 4, 5]);
  });

  it("fetches earlier lines for a second reader and does not repeat them to the first", async () => {
    const [first, second]: [Log[], Log[]] = [[], []];
    client.tail(ID, (frame) => first.push(frame), { after: 2 });
    await live();
    client.tail(ID, (frame) => second.push(frame));
    await settled();
    world.last.receive(log(1, 2, 3));
    expect(numbers(first)).toEqual([3]);
    expect(numbers(second)).toEqual([1, 2, 3]);
  });

  it("says how many lines are no longer kept", async () => {
    const frames: Log[] = [];
    client.tail(ID, (frame) => frames.push(frame));
    await live();
    world.last.receive({ ...log(), lost: 40 });
    expect(frames).toMatchObject([{ lines: [], lost: 40 }]);
  });
});

describe("around", () => {
  it("knows the server's clock", () => {
    client.watch(TOPIC, tell);
    world.last.welcome({ now: new Date(world.now() + 3_600_000).toISOString() });
    world.pass(1000);
    expect(client.now()).toBe(world.now() + 3_600_000);
  });

  it("tells when the first states of a topic have all come", async () => {
    const watching = vi.fn();
    client.watch("mine", tell, { watching });
    await live();
    world.last.receive({ type: "watching", topic: "mine" });
    expect(watching).toHaveBeenCalledOnce();
  });

  it("tells each change of the connection until stopped", async () => {
    const phases: string[] = [];
    const stop = client.onStatus(({ phase }) => phases.push(phase));
    client.watch(TOPIC, tell);
    await live();
    world.last.end();
    stop();
    world.pass(500);
    await live();
    expect(phases).toEqual(["live", "stale"]);
  });

  it("shows nothing of the person who was signed in before", async () => {
    client.watch(TOPIC, tell);
    await live();
    world.last.receive(jobs(aState({ seq: 9 })));
    world.last.end();
    world.pass(500);
    world.last.welcome({ user: "8" });
    expect(world.last.sentOf("watch")[0]?.topics).toEqual({ [TOPIC]: { seq: 0 } });
  });
});

describe("notices", () => {
  const frame = { type: "notices", unread: 1, notices: [] };

  it("are told whole to all who watch them, and acknowledged", async () => {
    const [one, other] = [vi.fn(), vi.fn()];
    client.watch("notices", tell, { notices: one });
    client.watch("notices", tell, { notices: other });
    world.last.welcome({ window: 2 });
    await settled();
    world.last.receive(frame);
    world.last.receive({ ...frame, unread: 2 });
    for (const told of [one, other]) {
      expect(told.mock.calls.map(([{ unread }]) => unread)).toEqual([1, 2]);
    }
    expect(world.last.sentOf("ack").at(-1)).toEqual({ type: "ack", frames: 2 });
  });

  it("are asked for anew by who comes later, who would else wait for the next change", async () => {
    client.watch("notices", tell, {});
    await live();
    client.watch("notices", tell, {});
    await settled();
    expect(world.last.sentOf("watch")).toHaveLength(2);
  });
});
