/** Where a log comes from: its job's state, its end as it grows, and earlier parts when asked. */

import type { Client } from "../client";
import type { JobState, Log, LogLine, Refused } from "../protocol";
import { request } from "./asking";
import { connect } from "./lent";
import { LogLines, type Taken } from "./log-lines";
import { addressBelow } from "./service";

const MOST = 20_000; // lines that are kept, as many as the service keeps
const TAIL = 1000; // lines before the end with which it begins
const AROUND = 200; // lines before the one that was asked for
const PAGE = 1000; // lines of a request
const TROUBLE_SHOWS_AFTER = 3000;
const SIGNED_OUT = 4501;

export interface Listener {
  /** It begins, and is empty. */
  readonly began: () => void;
  readonly came: (taken: Taken) => void;
  /** Other lines have come before the first one. */
  readonly preceded: () => void;
  /** Something else is otherwise than it was. */
  readonly changed: () => void;
}

export class LogSource {
  readonly job: string;
  readonly #include: string;
  readonly #listener: Listener;
  readonly #client: Client;
  #lines: LogLines | undefined;
  #told: number | undefined;
  #state: JobState | undefined;
  #refused: Refused | undefined;
  #stops: (() => void)[] = [];
  #fetching: Promise<boolean> | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;
  /** Whether earlier lines are on their way, or could not be had. */
  earlier: "" | "loading" | "failed" = "";

  constructor(job: string, include: string, listener: Listener) {
    this.job = job;
    this.#include = include;
    this.#listener = listener;
    this.#client = connect(include);
  }

  get lines(): LogLines | undefined {
    return this.#lines;
  }

  get phase(): string {
    return this.#client.status.phase;
  }

  get status(): string | null {
    return this.#state?.status ?? null;
  }

  /** The number of the last line of which the page or the job has told. */
  get newest(): number | undefined {
    return this.#state?.log ?? this.#told;
  }

  get isRefused(): boolean {
    return this.#refused !== undefined;
  }

  /** Whether no more lines will come. */
  get isOver(): boolean {
    const { finished_at, log } = this.#state ?? { finished_at: null, log: 0 };
    return finished_at !== null && (this.#lines?.last ?? 0) >= log;
  }

  /** Whether lines are on their way that were written already. */
  get isArriving(): boolean {
    return this.earlier === "loading" || (this.#lines?.last ?? 0) < (this.newest ?? 0);
  }

  /** Whether there is no line, and none will come. */
  get isEmpty(): boolean {
    return this.#state?.log === 0 && this.isOver;
  }

  /** The address of the whole log as a file. */
  get file(): string {
    const address = addressBelow(this.#include, `api/jobs/${encodeURIComponent(this.job)}/log`);
    address.searchParams.set("format", "text");
    return address.href;
  }

  /** Why nothing comes; "" while all is well, and for a moment when it is not. */
  get trouble(): "" | "reconnecting" | "offline" | "signedOut" | "stopped" {
    const { phase, since, closed } = this.#client.status;
    if (phase === "live" || this.isOver) return "";
    if (closed !== null) return closed === SIGNED_OUT ? "signedOut" : "stopped";
    if (Date.now() - since < TROUBLE_SHOWS_AFTER) return "";
    return phase === "offline" ? "offline" : "reconnecting";
  }

  /** `newest` is the number of the last line where the page tells it, `wanted` one to be seen. */
  open(newest: number | undefined, wanted: number): void {
    this.#stops = [
      this.#client.onStatus(() => this.#changed()),
      this.#client.watch(`job:${this.job}`, (state) => this.#take(state, wanted), {
        refused: (refused) => this.#refuse(refused),
      }),
    ];
    this.#told = newest;
    if (this.#lines) this.#tail(this.#lines.last);
    else if (newest !== undefined) this.#begin(newest, wanted);
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    clearTimeout(this.#patience);
  }

  /** Fetches the lines before the first one, once for all who ask; tells whether there were some. */
  fetchEarlier(): Promise<boolean> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetch(): Promise<boolean> {
    const lines = this.#lines;
    const count = Math.min(PAGE, lines?.room ?? 0);
    if (!lines || count === 0) return false;
    const after = lines.first - 1 - count;
    this.#note("loading");
    try {
      const path = `jobs/${encodeURIComponent(this.job)}/log?after=${after}&limit=${count}`;
      const part = (await request(this.#include, path, undefined, { method: "GET" })) as Log;
      if (lines !== this.#lines) return false;
      lines.prepend(part.lines as LogLine[], after);
    } catch {
      this.#note("failed");
      return false;
    }
    this.earlier = "";
    this.#listener.preceded();
    return true;
  }

  #note(earlier: "loading" | "failed"): void {
    this.earlier = earlier;
    this.#listener.changed();
  }

  #take(state: JobState, wanted: number): void {
    this.#state = state;
    this.#refused = undefined;
    if (!this.#lines) this.#begin(state.log, wanted);
    this.#listener.changed();
  }

  #begin(newest: number, wanted: number): void {
    const before = wanted > 0 ? wanted - 1 - AROUND : newest;
    const after = Math.max(0, Math.min(newest - TAIL, before));
    this.#lines = new LogLines(after, MOST);
    this.#listener.began();
    this.#tail(after);
  }

  #tail(after: number): void {
    const tell = (log: Log) => this.#hear(log);
    this.#stops.push(this.#client.tail(this.job, tell, { after }));
  }

  #hear({ after, lines, lost }: Log): void {
    const taken = this.#lines?.take(lines, lines.length > 0 ? 0 : after + lost);
    if (taken && taken.added.length > 0) this.#listener.came(taken);
  }

  /** Whoever may not see it any more sees nothing of it. */
  #refuse(refused: Refused): void {
    this.#refused = refused;
    this.#state = undefined;
    this.#lines = undefined;
    for (const stop of this.#stops.splice(2)) stop();
    this.#listener.began();
  }

  #changed(): void {
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => this.#listener.changed(), TROUBLE_SHOWS_AFTER);
    this.#listener.changed();
  }
}
