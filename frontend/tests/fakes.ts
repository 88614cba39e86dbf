import contract from "../../tests/contract/frames.json";
import type { Environment, SocketEvents } from "../src/connection";
import { type BrowserFrame, decode, type JobState } from "../src/protocol";

interface Timer {
  readonly due: number;
  readonly task: () => void;
}

export class FakeSocket {
  readonly sent: BrowserFrame[] = [];
  closed = false;

  constructor(
    readonly address: string,
    readonly subprotocol: string,
    readonly events: SocketEvents,
  ) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  receive(frame: unknown): void {
    this.events.message(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  /** The server, or the network, ends it. */
  end(code = 1006, reason = ""): void {
    this.events.close(code, reason);
  }

  welcome(more: object = {}): void {
    this.receive({ ...WELCOME, ...more });
  }

  sentOf<Type extends BrowserFrame["type"]>(type: Type): Extract<BrowserFrame, { type: Type }>[] {
    return this.sent.filter(
      (frame): frame is Extract<BrowserFrame, { type: Type }> => frame.type === type,
    );
  }
}

/** Time, chance and sockets that only move when a test says so. */
export class FakeEnvironment implements Environment {
  readonly sockets: FakeSocket[] = [];
  readonly problems: unknown[] = [];
  /** How often a connection has said that it may never be heard. */
  unheardOf = 0;
  chance = 0;
  refuseToOpen = false;
  #now = 1_000_000;
  #timers = new Set<Timer>();

  socket = (address: string, subprotocol: string, events: SocketEvents): FakeSocket => {
    if (this.refuseToOpen) throw new Error("no socket here");
    const socket = new FakeSocket(address, subprotocol, events);
    this.sockets.push(socket);
    return socket;
  };

  now = (): number => this.#now;
  random = (): number => this.chance;
  report = (problem: unknown): void => void this.problems.push(problem);
  unheard = (): void => void this.unheardOf++;

  later = (milliseconds: number, task: () => void): (() => void) => {
    const timer = { due: this.#now + milliseconds, task };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** Runs what falls due in this time, in order. */
  pass(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#now = Math.max(this.#now, next.due);
      this.#run(next);
    }
    this.#now = end;
  }

  /** The process sleeps: time goes by, timers run only afterwards and late. */
  sleep(milliseconds: number): void {
    this.#now += milliseconds;
  }

  get timers(): number {
    return this.#timers.size;
  }

  get last(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("expected a socket to be open");
    return socket;
  }

  #next(end: number): Timer | undefined {
    return [...this.#timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
  }

  #run(timer: Timer): void {
    this.#timers.delete(timer);
    timer.task();
  }
}

export const WELCOME = {
  type: "welcome",
  protocol: 1,
  user: "7",
  now: "2026-11-22T10:00:00.000Z",
  heartbeat: 20,
  window: 64,
};

const found = contract.server.valid.find(({ name }) => name === "jobs: running with total");
const frame = decode(found?.frame, () => {});
const RUNNING = frame.type === "jobs" ? frame.jobs[0] : undefined;

export function aState(values: Partial<JobState> = {}): JobState {
  if (!RUNNING) throw new Error("expected the contract's frames to hold a running job");
  const id = values.id ?? RUNNING.id;
  return { ...RUNNING, id, root: id, ...values };
}

export function jobs(...states: JobState[]): object {
  return { type: "jobs", jobs: states };
}

/** Lets microtasks run. */
export async function settled(): Promise<void> {
  await Promise.resolve();
  await Promise.resolve();
}
