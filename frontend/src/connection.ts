import { backoff, restartDelay } from "./backoff";
import { Deadline } from "./deadline";
import {
  type BrowserFrame,
  comesBack,
  decode,
  type Frame,
  SUBPROTOCOL,
  type Welcome,
} from "./protocol";

const CONNECT_TIMEOUT = 8000;
const FIRST_TIMEOUT = 3000; // until it is known that sockets get through at all
const PROVEN_AFTER = 5000;
const HEARTBEATS_TO_DEATH = 1.6;
const RESTART = 4000;

/** The part of a WebSocket that is used, so that tests can play one. */
export interface Socket {
  send(text: string): void;
  close(): void;
}

export interface SocketEvents {
  message(data: unknown): void;
  close(code: number, reason: string): void;
}

/** Everything that a connection takes from the outside. */
export interface Environment {
  /** Opens a socket; may throw. */
  socket(address: string, subprotocol: string, events: SocketEvents): Socket;
  /** Wall-clock milliseconds, which go on while the machine sleeps. */
  now(): number;
  /** Runs `task` once; the result cancels it. */
  later(milliseconds: number, task: () => void): () => void;
  random(): number;
  /** A socket was never welcomed, nor any before it: there may be no way for sockets. */
  unheard(connection: Connection): void;
  /** Tells the developer, never the user. */
  report(problem: unknown): void;
}

export type Phase = "connecting" | "live" | "stale" | "offline";

export interface ConnectionStatus {
  readonly phase: Phase;
  /** When this phase began, in milliseconds of the environment's clock. */
  readonly since: number;
  /** The close code that ended the connection for good, else null. */
  readonly closed: number | null;
}

export interface ConnectionListener {
  welcomed(welcome: Welcome): void;
  received(frame: Frame): void;
  changed(status: ConnectionStatus): void;
}

/** One socket that comes back. */
export class Connection {
  readonly #address: string;
  readonly #environment: Environment;
  readonly #listener: ConnectionListener;
  readonly #deadline: Deadline;
  #socket: Socket | undefined;
  #retry: (() => void) | undefined;
  #attempt = 0;
  #patience = CONNECT_TIMEOUT;
  #welcomedAt: number | undefined;
  #wanted = false;
  #wasLive = false;
  #status: ConnectionStatus;

  constructor(address: string, environment: Environment, listener: ConnectionListener) {
    this.#address = address;
    this.#environment = environment;
    this.#listener = listener;
    this.#deadline = new Deadline(environment, () => this.#lost(1006, ""));
    this.#status = { phase: "connecting", since: environment.now(), closed: null };
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  open(): void {
    if (this.#wanted) return; // an element that appears in an outage must not cut the back-off short
    this.#wanted = true;
    this.#show(this.#trying());
    this.#connect();
  }

  /** Closes for good, until `open`. */
  close(): void {
    this.#wanted = false;
    this.#drop();
    this.#show("offline");
  }

  /** Sends when welcomed; what is said earlier is lost, for every welcome starts from scratch. */
  send(frame: BrowserFrame): void {
    if (this.#welcomedAt !== undefined) this.#socket?.send(JSON.stringify(frame));
  }

  /** The page is looked at again, or has the network back: no more waiting. */
  wake(): void {
    this.#connect();
    this.#deadline.check();
  }

  /** The network is back: a half-open attempt may never say so, a new one does. */
  online(): void {
    if (!this.#wanted || this.#status.phase === "live") return;
    this.#drop();
    this.#show(this.#trying());
    this.#connect();
  }

  /** The network is gone. A server on this machine may still be there, so it keeps trying. */
  offline(): void {
    if (!this.#wanted) return;
    this.#drop();
    this.#show("offline");
    this.#comeBack(backoff(this.#attempt++, this.#environment.random));
  }

  /** The page is put away and may be brought back whole: an open socket would forbid that. */
  leave(): void {
    this.#drop();
    if (this.#wanted) this.#show(this.#trying());
  }

  #connect(): void {
    if (!this.#wanted || this.#socket) return;
    this.#stopWaiting();
    this.#patience = this.#wasLive ? CONNECT_TIMEOUT : FIRST_TIMEOUT;
    this.#deadline.start(this.#patience);
    try {
      this.#socket = this.#openSocket();
    } catch (problem) {
      this.#environment.report(problem);
      this.#lost(1006, "");
    }
  }

  /** A dropped socket may still speak: mobile browsers deliver its close minutes later. */
  #openSocket(): Socket {
    const socket = this.#environment.socket(this.#address, SUBPROTOCOL, {
      message: (data) => {
        if (socket === this.#socket) this.#receive(data);
      },
      close: (code, reason) => {
        if (socket === this.#socket) this.#lost(code, reason);
      },
    });
    return socket;
  }

  #receive(data: unknown): void {
    const frame = decode(data, this.#environment.report);
    if (frame.type === "welcome") this.#welcome(frame);
    if (this.#welcomedAt === undefined) return;
    this.#deadline.push(this.#patience);
    if (frame.type !== "welcome") this.#listener.received(frame);
  }

  #welcome(welcome: Welcome): void {
    this.#welcomedAt = this.#environment.now();
    this.#wasLive = true;
    this.#patience = welcome.heartbeat * 1000 * HEARTBEATS_TO_DEATH;
    this.#deadline.start(this.#patience);
    this.#listener.welcomed(welcome);
    this.#show("live");
  }

  #lost(code: number, reason: string): void {
    if (this.#provedItself()) this.#attempt = 0;
    this.#drop();
    if (!this.#wasLive) this.#environment.unheard(this);
    if (!comesBack(code)) {
      this.#wanted = false;
      this.#show("offline", code);
      return;
    }
    if (this.#status.phase === "live") this.#show(this.#trying());
    const { random } = this.#environment;
    const restart = code === RESTART ? restartDelay(reason, random) : null;
    this.#comeBack(restart ?? backoff(this.#attempt++, random));
  }

  #trying(): Phase {
    return this.#wasLive ? "stale" : "connecting";
  }

  #provedItself(): boolean {
    const since = this.#welcomedAt;
    return since !== undefined && this.#environment.now() - since >= PROVEN_AFTER;
  }

  #comeBack(delay: number): void {
    this.#stopWaiting();
    this.#retry = this.#environment.later(delay, () => this.#connect());
  }

  #stopWaiting(): void {
    this.#retry?.();
    this.#retry = undefined;
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#welcomedAt = undefined;
    this.#deadline.stop();
    this.#stopWaiting();
    socket?.close();
  }

  #show(phase: Phase, closed: number | null = null): void {
    if (phase === this.#status.phase && closed === this.#status.closed) return;
    this.#status = { phase, since: this.#environment.now(), closed };
    this.#listener.changed(this.#status);
  }
}
