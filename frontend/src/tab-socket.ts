/**
 * A socket that all tabs of a browser share: the one that holds the lock has it, the others hear
 * and speak through it. When its tab is gone the next one opens it, and all are welcomed anew.
 */

import type { Environment, Socket, SocketEvents } from "./connection";
import { Exchange, OWN } from "./exchange";

/** What tabs say to each other. */
export type Said = { readonly from: string; readonly to: string } & (
  | { readonly kind: "hello" | "bye" | "lead" }
  | { readonly kind: "frame"; readonly text: string }
  | { readonly kind: "close"; readonly code: number; readonly reason: string }
);

/** What it takes from the browser, so that tests can play one. */
export interface Air {
  /** Runs `held` once nobody else holds the lock of this name, until what it returns is over. */
  hold(name: string, signal: AbortSignal, held: () => Promise<void>): void;
  /** Opens a channel to all other tabs. */
  channel(name: string, heard: (said: Said) => void): { post(said: Said): void; close(): void };
}

const LEADER = "leader";
const ALL = "all";

export class TabSocket implements Socket {
  readonly #id: string;
  readonly #name: string;
  readonly #air: Air;
  readonly #environment: Environment;
  readonly #open: (events: SocketEvents) => Socket;
  readonly #events: SocketEvents;
  readonly #over = new AbortController();
  readonly #channel: ReturnType<Air["channel"]>;
  #here = false;
  #socket: Socket | undefined;
  #exchange: Exchange | undefined;

  constructor(
    name: string,
    air: Air,
    environment: Environment,
    open: (events: SocketEvents) => Socket,
    events: SocketEvents,
  ) {
    this.#id = `${environment.now()}.${environment.random()}`;
    this.#name = name;
    this.#air = air;
    this.#environment = environment;
    this.#open = open;
    this.#events = events;
    this.#channel = air.channel(name, (said) => this.#heard(said));
    air.hold(`${name} ${this.#id}`, this.#over.signal, () => this.#join());
    air.hold(name, this.#over.signal, () => this.#lead());
  }

  /** Whether this tab has the socket. */
  get leads(): boolean {
    return this.#exchange !== undefined;
  }

  send(text: string): void {
    if (this.#exchange) this.#exchange.said(OWN, text);
    else this.#channel.post({ from: this.#id, to: LEADER, kind: "frame", text });
  }

  close(): void {
    if (this.#over.signal.aborted) return;
    // Who has the socket only lets go of the lock: the next one takes it, and the others stay.
    if (!this.#exchange) this.#post(LEADER, "bye");
    this.#end();
  }

  #end(): void {
    this.#over.abort();
    this.#channel.close();
    this.#socket?.close();
  }

  /**
   * Holds a lock as long as this tab is there: who has the socket waits for it, to notice when the
   * tab is not. So it must not hear of the tab before the tab has it.
   */
  async #join(): Promise<void> {
    if (this.#over.signal.aborted) return;
    this.#here = true;
    this.#post(LEADER, "hello");
    await this.#untilOver();
  }

  async #lead(): Promise<void> {
    if (this.#over.signal.aborted) return;
    this.#exchange = new Exchange(
      this.#environment.now,
      (text) => this.#socket?.send(text),
      (to, text) => this.#channel.post({ from: this.#id, to, kind: "frame", text }),
    );
    this.#post(ALL, "lead");
    try {
      this.#socket = this.#open({
        message: (data) => {
          if (typeof data === "string") this.#exchange?.came(data);
          this.#events.message(data);
        },
        close: (code, reason) => this.#closed(code, reason),
      });
    } catch (problem) {
      this.#environment.report(problem);
      this.#closed(1006, "");
    }
    await this.#untilOver();
  }

  /** The server has closed the socket, for all tabs. */
  #closed(code: number, reason: string): void {
    if (this.#over.signal.aborted) return;
    for (const to of this.#exchange?.tabs ?? []) {
      this.#channel.post({ from: this.#id, to, kind: "close", code, reason });
    }
    this.#end();
    this.#events.close(code, reason);
  }

  #untilOver(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#over.signal.aborted) resolve();
      else this.#over.signal.addEventListener("abort", () => resolve());
    });
  }

  #heard(said: Said): void {
    if (this.#over.signal.aborted || said.from === this.#id) return;
    if (this.#exchange) {
      if (said.to === LEADER) this.#serve(this.#exchange, said);
    } else if (said.kind === "lead") {
      if (this.#here) this.#post(LEADER, "hello");
    } else if (said.to !== this.#id) {
      return;
    } else if (said.kind === "frame") {
      this.#events.message(said.text);
    } else if (said.kind === "close") {
      this.#end();
      this.#events.close(said.code, said.reason);
    }
  }

  #serve(exchange: Exchange, said: Said): void {
    if (said.kind === "hello") {
      exchange.joined(said.from);
      this.#air.hold(`${this.#name} ${said.from}`, this.#over.signal, async () => {
        exchange.left(said.from);
      });
    } else if (said.kind === "frame") {
      exchange.said(said.from, said.text);
    } else if (said.kind === "bye") {
      exchange.left(said.from);
    }
  }

  #post(to: string, kind: "hello" | "bye" | "lead"): void {
    this.#channel.post({ from: this.#id, to, kind });
  }
}
