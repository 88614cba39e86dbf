import { beforeEach, describe, expect, it } from "vitest";
import { Connection, type ConnectionStatus } from "../src/connection";
import type { Frame } from "../src/protocol";
import { FakeEnvironment, jobs } from "./fakes";

let world: FakeEnvironment;
let connection: Connection;
let phases: string[];
let frames: Frame["type"][];

beforeEach(() => {
  world = new FakeEnvironment();
  phases = [];
  frames = [];
  connection = new Connection("ws://here/headway/ws", world, {
    welcomed: ({ type }) => frames.push(type),
    received: ({ type }) => frames.push(type),
    changed: ({ phase }: ConnectionStatus) => phases.push(phase),
  });
});

function live(): void {
  connection.open();
  world.last.welcome();
}

describe("opening", () => {
  it("asks for the subprotocol and is live with the welcome, not before", () => {
    connection.open();
    expect(world.last.subprotocol).toBe("headway.v1");
    expect(connection.status.phase).toBe("connecting");
    world.last.welcome();
    expect(connection.status.phase).toBe("live");
  });

  it("gives up on a socket that was accepted and is silent, the first time sooner", () => {
    connection.open();
    for (const patience of [3000, 8000]) {
      world.pass(patience - 1);
      expect(world.last.closed).toBe(false);
      world.pass(1);
      expect(world.last.closed).toBe(true);
      world.pass(500);
      world.last.welcome();
      world.last.end();
      world.pass(500);
    }
    expect(world.sockets).toHaveLength(5);
  });

  it("passes on nothing that comes before the welcome", () => {
    connection.open();
    world.last.receive(jobs());
    expect(frames).toEqual([]);
  });

  it("tries again when a socket cannot even be made", () => {
    world.refuseToOpen = true;
    connection.open();
    world.refuseToOpen = false;
    world.pass(500);
    expect(world.sockets).toHaveLength(1);
    expect(world.problems).toHaveLength(1);
  });

  it("sends nothing before the welcome", () => {
    connection.open();
    connection.send({ type: "ack", frames: 1 });
    expect(world.last.sent).toEqual([]);
  });
});

describe("a socket that ends", () => {
  it.each([1000, 1001, 1006, 1011, 1012, 4000, 4001, 4499])("comes back after %d", (code) => {
    live();
    world.last.end(code);
    expect(connection.status.phase).toBe("stale");
    world.pass(500);
    expect(world.sockets).toHaveLength(2);
  });

  it.each([4500, 4501, 4502, 4503, 4999])("stays away after %d", (code) => {
    live();
    world.last.end(code);
    expect(connection.status).toMatchObject({ phase: "offline", closed: code });
    connection.wake();
    connection.online();
    world.pass(60_000);
    expect(world.sockets).toHaveLength(1);
    expect(world.timers).toBe(0);
  });

  it("waits as the restart says, and spreads", () => {
    world.chance = 0.5;
    live();
    world.last.end(4000, "after=2;spread=10");
    world.pass(6999);
    expect(world.sockets).toHaveLength(1);
    world.pass(1);
    expect(world.sockets).toHaveLength(2);
  });

  it("stays connecting, not stale, while it was never live", () => {
    connection.open();
    world.last.end();
    expect(connection.status.phase).toBe("connecting");
  });
});

describe("back-off", () => {
  function delayOfNext(): number {
    const before = world.sockets.length;
    let waited = 0;
    while (world.sockets.length === before) {
      world.pass(100);
      waited += 100;
    }
    return waited;
  }

  it("grows while sockets are short-lived, though each was welcomed", () => {
    world.chance = 1;
    live();
    const delays = [0, 1, 2].map(() => {
      world.last.end();
      const delay = delayOfNext();
      world.last.welcome();
      return delay;
    });
    expect(delays).toEqual([1000, 1500, 2500]);
  });

  it("starts afresh after five seconds of life", () => {
    world.chance = 1;
    live();
    for (const _ of [1, 2, 3]) {
      world.last.end();
      delayOfNext();
      world.last.welcome();
      world.pass(5000);
    }
    world.last.end();
    expect(delayOfNext()).toBe(1000);
  });

  it("is not cut short by another open", () => {
    live();
    world.last.end();
    connection.open();
    expect(world.sockets).toHaveLength(1);
  });
});

describe("silence", () => {
  it("is death after 1.6 heartbeats", () => {
    live();
    world.pass(31_999);
    expect(connection.status.phase).toBe("live");
    world.pass(1);
    expect(connection.status.phase).toBe("stale");
  });

  it("is broken by any frame, even one of an unknown type", () => {
    live();
    for (const frame of [{ type: "heartbeat", at: "" }, { type: "new" }, "rubbish"]) {
      world.pass(31_000);
      world.last.receive(frame);
    }
    world.pass(31_000);
    expect(connection.status.phase).toBe("live");
  });
});

describe("the page", () => {
  it("offline closes at once and still tries, for the server may be on this machine", () => {
    live();
    connection.offline();
    expect(world.last.closed).toBe(true);
    expect(connection.status.phase).toBe("offline");
    world.pass(500);
    world.last.welcome();
    expect(connection.status.phase).toBe("live");
  });

  it("online does not wait for the back-off, and drops a half-open attempt", () => {
    connection.open();
    const halfOpen = world.last;
    connection.online();
    expect(halfOpen.closed).toBe(true);
    expect(world.sockets).toHaveLength(2);
  });

  it("online leaves a live socket alone", () => {
    live();
    connection.online();
    expect(world.sockets).toHaveLength(1);
  });

  it("waking does not wait for the back-off", () => {
    world.chance = 1;
    live();
    world.last.end();
    connection.wake();
    expect(world.sockets).toHaveLength(2);
  });

  it("put away closes the socket and waits for nothing; brought back it connects", () => {
    live();
    connection.leave();
    expect(world.last.closed).toBe(true);
    expect(world.timers).toBe(0);
    connection.wake();
    expect(world.sockets).toHaveLength(2);
  });

  it("means nothing to a connection that nobody opened", () => {
    connection.wake();
    connection.online();
    connection.offline();
    connection.leave();
    expect(world.sockets).toEqual([]);
    expect(phases).toEqual([]);
  });
});

it("close ends it without a way back, open begins anew", () => {
  live();
  connection.close();
  world.pass(60_000);
  expect(world.sockets).toHaveLength(1);
  connection.open();
  expect(world.sockets).toHaveLength(2);
});
