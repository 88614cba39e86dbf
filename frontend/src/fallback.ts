/**
 * Where no WebSocket gets through: the same frames as server-sent events, else as answers to
 * polls. Loaded only when a first socket was never welcomed.
 */

import type { Environment, Socket, SocketEvents } from "./connection";
import { EventStream } from "./event-stream";
import type { Page } from "./over-http";
import { Polls } from "./polls";

const REMEMBERED = 30 * 60_000;
const KEY = "headway-way";
const FIRST_PROBE = 30_000;
const LONGEST_PAUSE = 10 * 60_000;
const BACK = "after=0;spread=0"; // as after a restart: at once

type Open = Environment["socket"];

/** Puts itself in the place of what opens sockets, and tries each way in turn. */
export class Fallback {
  readonly #environment: Environment;
  readonly #page: Page;
  readonly #ways: readonly Open[];
  #way: number;
  #pause = FIRST_PROBE;

  constructor(environment: Environment, page: Page) {
    this.#environment = environment;
    this.#page = page;
    const open = environment.socket;
    this.#ways = [
      open,
      (address, _, events) => new EventStream(requestAddress(address), environment, page, events),
      (address, _, events) => new Polls(requestAddress(address), environment, page, events),
    ];
    this.#way = this.#remembered() ?? 1;
    environment.socket = (...given) => this.#open(...given);
  }

  #open(address: string, subprotocol: string, events: SocketEvents): Socket {
    const way = this.#way;
    let heard = false;
    const next = () => {
      if (!heard) this.#way = (way + 1) % this.#ways.length;
    };
    const socket = (this.#ways[way] as Open)(address, subprotocol, {
      message: (data) => {
        if (!heard) this.#remember(way);
        heard = true;
        events.message(data);
      },
      close: (code, reason) => {
        next();
        events.close(code, reason);
      },
    });
    const stop = way > 0 ? this.#probe(address, subprotocol, events) : nothing;
    return {
      send: (text) => socket.send(text),
      close: () => {
        // Nothing came: a proxy that keeps events back never says so.
        next();
        stop();
        socket.close();
      },
    };
  }

  /** Tries a socket again and again beside what works now; returns what ends that. */
  #probe(address: string, subprotocol: string, events: SocketEvents): () => void {
    let cancel = nothing;
    const look = () => {
      this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
      const again = this.#environment.later(this.#pause, look);
      const probe = attempt(this.#ways[0] as Open, address, subprotocol, () => {
        cancel();
        this.#way = 0;
        this.#remember(0);
        events.close(4000, BACK);
      });
      cancel = () => {
        again();
        probe();
      };
    };
    const first = this.#environment.later(this.#pause, look);
    cancel = first;
    return () => cancel();
  }

  #remembered(): number | undefined {
    try {
      const [way = 0, until = 0] = JSON.parse(this.#page.storage.getItem(KEY) ?? "[]") as number[];
      return until > this.#environment.now() && this.#ways[way] ? way : undefined;
    } catch {
      return undefined; // storage may be forbidden
    }
  }

  #remember(way: number): void {
    try {
      const until = this.#environment.now() + REMEMBERED;
      if (way > 0) this.#page.storage.setItem(KEY, JSON.stringify([way, until]));
      else this.#page.storage.removeItem(KEY);
    } catch {
      // as above: the next page finds out anew
    }
  }
}

/** Opens a socket to see whether it is welcomed; returns what ends the attempt. */
function attempt(open: Open, address: string, subprotocol: string, heard: () => void): () => void {
  try {
    const socket = open(address, subprotocol, {
      message: () => {
        socket.close();
        heard();
      },
      close: nothing,
    });
    return () => socket.close();
  } catch {
    return nothing;
  }
}

function requestAddress(socket: string): string {
  const address = new URL(socket);
  address.protocol = address.protocol.replace("ws", "http");
  address.pathname = address.pathname.replace(/\/ws$/, "/stream");
  return address.href;
}

function nothing(): void {}

/** The page that this script runs in. */
const page: Page = {
  request: (address, body, accept, signal) =>
    fetch(address, {
      method: "POST",
      body,
      signal,
      headers: { accept, "content-type": "text/plain" },
      credentials: "same-origin",
      cache: "no-store",
    }),
  visible: () => document.visibilityState === "visible",
  get storage() {
    return sessionStorage;
  },
};

export function fallBack(environment: Environment): void {
  new Fallback(environment, page);
}
