/** Each test is named by its interleaving. */

import { beforeEach, expect, it } from "vitest";
import { Client } from "../src/client";
import type { JobState } from "../src/protocol";
import { aState, FakeEnvironment, jobs, settled } from "./fakes";

const ID = aState().id;
const TOPIC = `job:${ID}` as const;

let world: FakeEnvironment;
let client: Client;
let seqs: number[];
const tell = ({ seq }: JobState) => void seqs.push(seq);

beforeEach(() => {
  world = new FakeEnvironment();
  client = new Client("ws://here/headway/ws", world);
  seqs = [];
});

async function live(): Promise<void> {
  world.last.welcome();
  await settled();
}

async function comeBack(): Promise<void> {
  world.last.end();
  world.pass(500);
  await live();
}

it("watch, welcome, lost, welcome: the watch is sent again, with the newest seq", async () => {
  client.watch(TOPIC, tell);
  await live();
  world.last.receive(jobs(aState({ seq: 12 })));
  await comeBack();
  expect(world.last.sent).toEqual([{ type: "watch", topics: { [TOPIC]: { seq: 12 } } }]);
});

it("watch, stop, watch in one task: the server hears of one watch and no unwatch", async () => {
  client.watch(TOPIC, tell);
  await live();
  const stop = client.watch(TOPIC, tell);
  stop();
  const again = client.watch(TOPIC, tell);
  again();
  client.watch(TOPIC, tell);
  await settled();
  expect(world.last.sent).toHaveLength(1);
});

it("two watch, one stops, the other stops: unwatch only after the second", async () => {
  const stops = [client.watch(TOPIC, tell), client.watch(TOPIC, tell)];
  await live();
  stops[0]?.();
  await settled();
  expect(world.last.sentOf("unwatch")).toEqual([]);
  stops[1]?.();
  stops[1]?.();
  await settled();
  expect(world.last.sentOf("unwatch")).toEqual([{ type: "unwatch", topics: [TOPIC] }]);
});

it("watch, stop, welcome: nothing is asked", async () => {
  const stop = client.watch(TOPIC, tell);
  stop();
  await live();
  expect(world.last.sent).toEqual([]);
});

it("watch, lost, stop, welcome: nothing is asked", async () => {
  const stop = client.watch(TOPIC, tell);
  await live();
  world.last.end();
  stop();
  world.pass(500);
  await live();
  expect(world.last.sent).toEqual([]);
});

it("lost, watch, welcome: asked once, with the welcome", async () => {
  client.watch("mine", tell);
  await live();
  world.last.end();
  client.watch(TOPIC, tell);
  await settled();
  world.pass(500);
  await live();
  expect(world.last.sent).toEqual([{ type: "watch", topics: { mine: {}, [TOPIC]: { seq: 0 } } }]);
});

it("seq 7, reconnect, seq 6 of a slower server: the older one is not shown", async () => {
  client.watch(TOPIC, tell);
  await live();
  world.last.receive(jobs(aState({ seq: 7 })));
  await comeBack();
  world.last.receive(jobs(aState({ seq: 6 })));
  expect(seqs).toEqual([7]);
});

it("stop, state: one who stopped hears nothing, though the unwatch is still on its way", async () => {
  const stop = client.watch(TOPIC, tell);
  await live();
  stop();
  world.last.receive(jobs(aState()));
  expect(seqs).toEqual([]);
});

it("two watch, the first stops the second while being told: the second hears nothing", async () => {
  let stopSecond = () => {};
  client.watch(TOPIC, () => stopSecond());
  stopSecond = client.watch(TOPIC, tell);
  await live();
  world.last.receive(jobs(aState()));
  expect(seqs).toEqual([]);
});

it("dropped, late close of the dropped socket: the new one is left alone", async () => {
  client.watch(TOPIC, tell);
  await live();
  const old = world.last;
  client.connection.offline();
  client.connection.online();
  await live();
  old.end(4501);
  old.receive(jobs(aState()));
  expect(client.status.phase).toBe("live");
  expect(seqs).toEqual([]);
});

it("frames, lost before the ack, welcome: counting starts again from one", async () => {
  client.watch(TOPIC, tell);
  await live();
  for (let seq = 1; seq < 48; seq += 1) world.last.receive(jobs(aState({ seq })));
  await comeBack();
  world.last.receive(jobs(aState({ seq: 48 })));
  expect(world.last.sentOf("ack")).toEqual([]);
  for (let seq = 49; seq < 96; seq += 1) world.last.receive(jobs(aState({ seq })));
  expect(world.last.sentOf("ack")).toEqual([{ type: "ack", frames: 48 }]);
});

it("asleep past the deadline, woken, frames in the queue: the socket lives", async () => {
  client.watch(TOPIC, tell);
  await live();
  world.sleep(60_000);
  world.pass(0);
  world.last.receive({ type: "heartbeat", at: "" });
  world.pass(5000);
  expect(client.status.phase).toBe("live");
});

it("asleep past the deadline, woken, silence: dead a second later", async () => {
  client.watch(TOPIC, tell);
  await live();
  world.sleep(60_000);
  client.connection.wake();
  expect(client.status.phase).toBe("live");
  world.pass(999);
  expect(client.status.phase).toBe("live");
  world.pass(1);
  expect(client.status.phase).toBe("stale");
});

it("asleep while connecting, woken, welcome in the queue: the socket is kept", async () => {
  client.watch(TOPIC, tell);
  world.sleep(30_000);
  world.pass(0);
  await live();
  expect(world.sockets).toHaveLength(1);
  expect(client.status.phase).toBe("live");
});

it("connecting, wake, wake: one attempt", () => {
  client.watch(TOPIC, tell);
  client.connection.wake();
  client.connection.wake();
  expect(world.sockets).toHaveLength(1);
});

it("three restarts in a row, each within five seconds: still the same transport, each watch sent", async () => {
  client.watch(TOPIC, tell);
  await live();
  for (const _ of [1, 2, 3]) {
    world.last.end(4000, "after=0;spread=0");
    world.pass(0);
    await live();
    expect(world.last.sentOf("watch")).toHaveLength(1);
  }
  expect(client.status.phase).toBe("live");
});

it("refused, then a state: the job came to be after it was asked for", async () => {
  const refusals: string[] = [];
  client.watch(TOPIC, tell, { refused: ({ code }) => refusals.push(code) });
  await live();
  world.last.receive({ type: "refused", topic: TOPIC, code: "not_found", text: "" });
  await comeBack();
  world.last.receive(jobs(aState({ seq: 1 })));
  expect(refusals).toEqual(["not_found"]);
  expect(seqs).toEqual([1]);
});

it("closed for good, watch: no socket is opened behind the server's back", async () => {
  client.watch(TOPIC, tell);
  await live();
  world.last.end(4501);
  client.watch("mine", tell);
  await settled();
  expect(world.sockets).toHaveLength(1);
});
