import {
  Connection,
  type ConnectionListener,
  type ConnectionStatus,
  type Environment,
} from "./connection";
import {
  countsAsData,
  decodeState,
  type Frame,
  type JobState,
  type Log,
  type Notices,
  type Position,
  type Refused,
  type Topic,
  type Welcome,
} from "./protocol";

const TOPICS_PER_FRAME = 50; // keeps a watch below the 16 KiB that the server reads
const MOST_STATES = 5000;
const ACKNOWLEDGED = 0.75; // of a window, at once

export interface WatchOptions {
  /** A state that the watcher already shows: only newer ones are told. */
  readonly have?: JobState | null;
  /** The server does not let this topic be watched. It is asked again after each reconnect. */
  readonly refused?: (refused: Refused) => void;
  /** The first states of the topic have all been told. */
  readonly watching?: () => void;
  /** The newest notices and how many are unread, whole each time, of the topic `notices`. */
  readonly notices?: (notices: Notices) => void;
}

export interface TailOptions extends Omit<WatchOptions, "have"> {
  /** The number of the last line that the watcher already has. */
  readonly after?: number;
}

interface Watcher {
  readonly topic: string;
  readonly options: WatchOptions;
  readonly tellState: (state: JobState) => void;
  readonly tellLog: (log: Log) => void;
  after: number;
}

interface TopicEntry {
  readonly watchers: Set<Watcher>;
  refused: Refused | undefined;
}

/** Many watches on one connection; keeps the newest state of each job that is watched. */
export class Client implements ConnectionListener {
  readonly #environment: Environment;
  readonly #connection: Connection;
  readonly #topics = new Map<string, TopicEntry>();
  readonly #sent = new Set<string>();
  readonly #states = new Map<string, JobState>();
  readonly #statusListeners = new Set<(status: ConnectionStatus) => void>();
  #user: string | null | undefined;
  #welcomed = false;
  #skew = 0;
  #settling = false;
  #window = 1;
  #taken = 0;
  #acknowledged = 0;

  constructor(address: string, environment: Environment) {
    this.#environment = environment;
    this.#connection = new Connection(address, environment, this);
  }

  /** The person that the server knows this socket as; null before welcome and for guests. */
  get user(): string | null {
    return this.#user ?? null;
  }

  get status(): ConnectionStatus {
    return this.#connection.status;
  }

  /** The server's clock in milliseconds, as well as it is known. */
  now(): number {
    return this.#environment.now() + this.#skew;
  }

  /** Tells each change of the connection; returns a function that stops. */
  onStatus(listener: (status: ConnectionStatus) => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /** Tells the newest state of every job of the topic; returns a function that stops. */
  watch(topic: Topic, tell: (state: JobState) => void, options: WatchOptions = {}): () => void {
    const watcher = { topic, options, tellState: tell, tellLog: nothing, after: 0 };
    this.#join(watcher);
    if (options.have) this.#takeState(options.have, watcher);
    // Later, so that `tell` can already call the function that is returned here.
    queueMicrotask(() => this.#tellWhatIsKnown(watcher));
    return () => this.#leave(watcher);
  }

  /** Tells each line of a job's log once; returns a function that stops. */
  tail(job: string, tell: (log: Log) => void, options: TailOptions = {}): () => void {
    const after = options.after ?? 0;
    const watcher = { topic: `log:${job}`, options, tellState: nothing, tellLog: tell, after };
    this.#join(watcher);
    return () => this.#leave(watcher);
  }

  /** Takes in a state that came another way, as the answer to a request does. */
  take(state: unknown): void {
    const read = decodeState(state, this.#environment.report);
    if (read) this.#takeState(read);
  }

  /** Closes the connection; the next `watch` opens it again. */
  close(): void {
    this.#connection.close();
  }

  /** What the page tells about itself goes straight to the connection. */
  get connection(): Connection {
    return this.#connection;
  }

  welcomed(welcome: Welcome): void {
    if (this.#user !== undefined && this.#user !== welcome.user) this.#states.clear();
    this.#user = welcome.user;
    this.#welcomed = true;
    this.#skew = Date.parse(welcome.now) - this.#environment.now() || 0;
    this.#startCounting(welcome.window);
    this.#sent.clear();
    for (const entry of this.#topics.values()) entry.refused = undefined;
    this.#settle();
  }

  received(frame: Frame): void {
    switch (frame.type) {
      case "jobs":
        for (const state of frame.jobs) this.#takeState(state);
        break;
      case "log":
        this.#takeLog(frame);
        break;
      case "watching":
        this.#each(frame.topic, ({ options }) => options.watching?.());
        break;
      case "refused":
        this.#takeRefusal(frame);
        break;
      case "notices":
        this.#each("notices", ({ options }) => options.notices?.(frame));
        break;
      case "heartbeat":
      case "ignored":
      case "welcome":
        break;
      default:
        frame satisfies never;
    }
    if (frame.type === "ignored" ? frame.data : countsAsData(frame.type)) this.#count();
  }

  changed(status: ConnectionStatus): void {
    this.#welcomed = status.phase === "live";
    for (const listener of [...this.#statusListeners]) this.#guard(() => listener(status));
  }

  #join(watcher: Watcher): void {
    const { topic } = watcher;
    const entry = this.#topics.get(topic) ?? { watchers: new Set(), refused: undefined };
    this.#topics.set(topic, entry);
    if (entry.refused || this.#needsMore(watcher)) this.#sent.delete(topic);
    entry.refused = undefined;
    entry.watchers.add(watcher);
    this.#settleSoon();
    if (this.status.closed === null) this.#connection.open();
  }

  #leave(watcher: Watcher): void {
    this.#topics.get(watcher.topic)?.watchers.delete(watcher);
    this.#settleSoon();
  }

  /** An element that is moved leaves and joins within one task, which must cost nothing. */
  #settleSoon(): void {
    if (this.#settling) return;
    this.#settling = true;
    queueMicrotask(() => {
      this.#settling = false;
      this.#settle();
    });
  }

  /** Brings what the server was asked in line with what is watched. */
  #settle(): void {
    this.#forgetUnwatched();
    if (!this.#welcomed) return;
    const gone = [...this.#sent].filter((topic) => !this.#topics.has(topic));
    const fresh = [...this.#topics.keys()].filter((topic) => !this.#sent.has(topic));
    for (const topics of chunks(gone)) this.#connection.send({ type: "unwatch", topics });
    for (const topics of chunks(fresh)) this.#sendWatch(topics);
    for (const topic of gone) this.#sent.delete(topic);
  }

  #sendWatch(topics: readonly string[]): void {
    const positions = topics.map((topic) => [topic, this.#position(topic)] as const);
    this.#connection.send({ type: "watch", topics: Object.fromEntries(positions) });
    for (const topic of topics) this.#sent.add(topic);
  }

  #position(topic: string): Position {
    if (topic.startsWith("job:")) return { seq: this.#states.get(topic.slice(4))?.seq ?? 0 };
    return topic.startsWith("log:") ? { after: this.#earliest(topic) } : {};
  }

  #forgetUnwatched(): void {
    let forgotten = false;
    for (const [topic, entry] of this.#topics) {
      if (entry.watchers.size === 0) forgotten = this.#topics.delete(topic) || forgotten;
    }
    if (forgotten) this.#forgetStates();
  }

  #forgetStates(): void {
    for (const [id, state] of this.#states) {
      if (!this.#topicsOf(state).some((topic) => this.#topics.has(topic))) this.#states.delete(id);
    }
  }

  #takeState(state: JobState, except?: Watcher): void {
    const known = this.#states.get(state.id);
    if (known && known.seq >= state.seq) return;
    this.#states.delete(state.id); // puts the newest last, so that the oldest is first to go
    this.#states.set(state.id, state);
    if (this.#states.size > MOST_STATES) this.#states.delete(oldest(this.#states));
    for (const topic of this.#topicsOf(state)) this.#tell(topic, state, except);
  }

  #tell(topic: string, state: JobState, except?: Watcher): void {
    const entry = this.#topics.get(topic);
    if (entry) entry.refused = undefined;
    this.#each(topic, (watcher) => {
      if (watcher !== except) watcher.tellState(state);
    });
  }

  #tellWhatIsKnown(watcher: Watcher): void {
    const has = watcher.options.have;
    for (const state of this.#states.values()) {
      if (!this.#topics.get(watcher.topic)?.watchers.has(watcher)) return;
      const isNews = !(has && has.id === state.id && has.seq >= state.seq);
      if (isNews && this.#topicsOf(state).includes(watcher.topic)) {
        this.#guard(() => watcher.tellState(state));
      }
    }
  }

  #topicsOf(state: JobState): string[] {
    const topics = [`job:${state.id}`, `tree:${state.root}`, "all"];
    if (state.owner !== null && state.owner === this.#user) topics.push("mine");
    return topics;
  }

  #takeLog(frame: Log): void {
    this.#each(`log:${frame.job}`, (watcher) => {
      const lines = frame.lines.filter(({ n }) => n > watcher.after);
      const gone = frame.after <= watcher.after ? frame.after + frame.lost : 0;
      watcher.after = Math.max(watcher.after, gone, ...lines.map(({ n }) => n));
      if (lines.length > 0 || frame.lost > 0) watcher.tellLog({ ...frame, lines });
    });
  }

  #takeRefusal(refused: Refused): void {
    const entry = this.#topics.get(refused.topic);
    if (!entry) return;
    entry.refused = refused;
    if (refused.topic.startsWith("job:")) this.#states.delete(refused.topic.slice(4));
    this.#each(refused.topic, ({ options }) => options.refused?.(refused));
  }

  #needsMore(watcher: Watcher): boolean {
    const { topic, after } = watcher;
    return topic === "notices" || (topic.startsWith("log:") && after < this.#earliest(topic));
  }

  #earliest(topic: string): number {
    const watchers = [...(this.#topics.get(topic)?.watchers ?? [])];
    return watchers.length > 0 ? Math.min(...watchers.map(({ after }) => after)) : 0;
  }

  #startCounting(window: number): void {
    this.#window = window;
    this.#taken = 0;
    // Begun at a place of its own: viewers of one job would else all acknowledge at once.
    this.#acknowledged = -Math.floor((this.#environment.random() * window) / 4);
  }

  #count(): void {
    this.#taken += 1;
    // Three quarters of a window: an answer costs the server as much as eight frames, and the
    // last quarter is what it may send until the answer arrives.
    if (this.#taken - this.#acknowledged >= this.#window * ACKNOWLEDGED) this.#acknowledge();
  }

  #acknowledge(): void {
    this.#acknowledged = this.#taken;
    this.#connection.send({ type: "ack", frames: this.#taken });
  }

  #each(topic: string, task: (watcher: Watcher) => void): void {
    const watchers = this.#topics.get(topic)?.watchers ?? [];
    for (const watcher of [...watchers]) {
      if (this.#topics.get(watcher.topic)?.watchers.has(watcher)) this.#guard(() => task(watcher));
    }
  }

  /** One watcher that throws must not keep the others from their news. */
  #guard(task: () => void): void {
    try {
      task();
    } catch (problem) {
      this.#environment.report(problem);
    }
  }
}

function chunks(topics: readonly string[]): string[][] {
  const count = Math.ceil(topics.length / TOPICS_PER_FRAME);
  return Array.from({ length: count }, (_, at) =>
    topics.slice(at * TOPICS_PER_FRAME, (at + 1) * TOPICS_PER_FRAME),
  );
}

function oldest(states: Map<string, JobState>): string {
  const [first = ""] = states.keys();
  return first;
}

function nothing(): void {}
