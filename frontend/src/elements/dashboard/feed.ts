/** A filtered list as it is now: what the service answers, and what has changed since. */

import type { JobState } from "../../protocol";
import { type Api, type Count, Refused } from "./api";
import { JobList, type JobPage } from "./job-list";

const SOON = 2000; // milliseconds until it is asked what else matches now
const LATEST = 10_000; // where nothing was found for long
const PAGE = 50;

export type Phase = "loading" | "ready" | "failed";

export class JobFeed {
  readonly list = new JobList();
  readonly #api: Api;
  readonly #changed: () => void;
  /** What came while the list was being asked for, or while it is paused. */
  readonly #early = new Map<string, JobState>();
  #q: string | null = null;
  #phase: Phase = "loading";
  #problem: Refused | null = null;
  #count: Count | null = null;
  /** Whether the service counts; older ones do not. */
  #counts = true;
  #growing = false;
  #paused = false;
  #asking = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait = SOON;

  constructor(api: Api, changed: () => void) {
    this.#api = api;
    this.#changed = changed;
  }

  get q(): string {
    return this.#q ?? "";
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Why the list, or more of it, could not be had. */
  get problem(): Refused | null {
    return this.#problem;
  }

  get growing(): boolean {
    return this.#growing;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** How many jobs have changed since it was paused. */
  get missed(): number {
    return this.#paused ? this.#early.size : 0;
  }

  /** How many match; null while nobody knows. */
  get count(): Count | null {
    return this.#count;
  }

  /** Shows what a filter means; tells whether it is another one. */
  open(q: string): boolean {
    if (q === this.#q && this.#phase !== "failed") return false;
    if (q !== this.#q) this.#count = null;
    this.#q = q;
    void this.reload();
    return true;
  }

  close(): void {
    this.#asking.abort();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Reads the list anew; what is shown stays until the answer. */
  async reload(): Promise<void> {
    this.close();
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    this.#phase = "loading";
    this.#problem = null;
    this.#wait = SOON;
    this.#changed();
    await this.#trying(signal, async () => {
      const page = await this.#api.jobs(this.q, null, signal);
      if (signal.aborted) return;
      this.list.start(page);
      this.#phase = "ready";
      if (!this.#paused) this.#takeEarly();
    });
    if (!signal.aborted) void this.#recount();
  }

  /** Reads the jobs that follow those that are shown. */
  async more(): Promise<void> {
    const { next } = this.list;
    if (next === null || this.#growing || this.#phase !== "ready" || this.#problem) return;
    this.#growing = true;
    this.#changed();
    const { signal } = this.#asking;
    await this.#trying(signal, async () => {
      const page = await this.#api.jobs(this.q, next, signal);
      if (!signal.aborted) this.list.add(page);
    });
    this.#growing = false;
    this.#changed();
  }

  /** After a failure. */
  retry(): void {
    this.#problem = null;
    if (this.#phase === "ready") void this.more();
    else void this.reload();
  }

  take(state: JobState): void {
    if (this.#paused || this.#phase === "loading") {
      const known = this.#early.get(state.id);
      if (!known || known.seq < state.seq) this.#early.set(state.id, state);
    } else this.#taken(state);
    this.#changed();
  }

  admit(): void {
    if (this.list.isOutrun) void this.reload();
    else this.list.admit();
    this.#changed();
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    if (!paused && this.#phase === "ready") this.#takeEarly();
    this.#changed();
  }

  /** Asks for all that is shown once more: while nobody heard, some of it has changed. */
  async renew(): Promise<void> {
    if (this.#phase !== "ready") return this.reload();
    const { signal } = this.#asking;
    let cursor: string | null = null;
    for (let seen = 0; seen < this.list.order.length; seen += PAGE) {
      const page: JobPage | null = await this.#api.jobs(this.q, cursor, signal).catch(() => null);
      if (!page || signal.aborted) return;
      for (const job of page.jobs) this.take(job);
      cursor = page.next;
      if (cursor === null) return;
    }
  }

  #takeEarly(): void {
    const early = [...this.#early.values()];
    this.#early.clear();
    for (const state of early) this.#taken(state);
  }

  #taken(state: JobState): void {
    if (this.list.take(state)) return;
    // Of a filter only the service knows what it means.
    if (this.q) this.#askSoon();
    else if (this.list.covers(state)) {
      this.list.gather(state);
      this.#askSoon();
    }
  }

  #askSoon(): void {
    this.#timer ??= setTimeout(() => void this.#ask(), this.#wait);
  }

  async #ask(): Promise<void> {
    const { signal } = this.#asking;
    const before = this.list.news;
    const page = this.q ? await this.#api.jobs(this.q, null, signal).catch(() => null) : null;
    if (signal.aborted) return;
    for (const job of page?.jobs ?? []) this.list.gather(job);
    const found = this.list.news > before || !this.q;
    this.#wait = found ? SOON : Math.min(LATEST, this.#wait * 1.5);
    this.#timer = undefined;
    this.#changed();
    await this.#recount();
  }

  async #recount(): Promise<void> {
    const { signal } = this.#asking;
    if (!this.#counts) return;
    try {
      const count = await this.#api.count(this.q, signal);
      if (!signal.aborted) this.#count = count;
    } catch (problem) {
      if (signal.aborted) return;
      this.#count = null;
      this.#counts = !(problem instanceof Refused && problem.status === 404);
    }
    this.#changed();
  }

  async #trying(signal: AbortSignal, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (problem) {
      if (signal.aborted) return;
      this.#problem = problem instanceof Refused ? problem : new Refused(String(problem), 0);
      if (this.#phase === "loading") this.#phase = "failed";
    }
    this.#changed();
  }
}
