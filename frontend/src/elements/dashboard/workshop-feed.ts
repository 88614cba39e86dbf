/** What is known of workers and queues, asked for every few seconds while somebody can see it. */

import { type Api, Refused } from "./api";
import type { Queue, Worker, Workshop } from "./workshop";

const AGAIN = 3000; // milliseconds from an answer to the next question
const AWAY = 15_000; // the longest of these while nobody answers

export class WorkshopFeed {
  readonly #api: Api;
  readonly #changed: () => void;
  #asking: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #open = false;
  #failures = 0;
  seen: Workshop | null = null;
  problem: Refused | null = null;
  /** When the last answer came, by this browser's clock. */
  heard = 0;
  /** Another number tells that something has changed. */
  version = 0;

  constructor(api: Api, changed: () => void) {
    this.#api = api;
    this.#changed = changed;
  }

  open(): void {
    if (this.#open) return;
    this.#open = true;
    document.addEventListener("visibilitychange", this.#look);
    this.ask();
  }

  close(): void {
    this.#open = false;
    document.removeEventListener("visibilitychange", this.#look);
    clearTimeout(this.#timer);
    this.#asking?.abort();
  }

  /** Asks now; what was asked before and has not been answered counts no longer. */
  ask(): void {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    this.#asking = new AbortController();
    void this.#ask(this.#asking.signal);
  }

  /** Takes in how a queue or a worker is now, from an answer. */
  put({ queue, worker }: { readonly queue?: Queue; readonly worker?: Worker }): void {
    if (!this.seen) return;
    this.seen = {
      ...this.seen,
      queues: queue ? put(this.seen.queues, queue) : this.seen.queues,
      workers: worker ? put(this.seen.workers, worker) : this.seen.workers,
    };
    this.#change();
    this.ask();
  }

  async #ask(signal: AbortSignal): Promise<void> {
    try {
      this.#take(await this.#api.workers(signal));
    } catch (problem) {
      if (signal.aborted) return;
      this.problem = problem instanceof Refused ? problem : new Refused(String(problem), 0);
      this.#failures += 1;
    }
    if (signal.aborted) return;
    this.#change();
    if (this.#open) {
      this.#timer = setTimeout(this.#look, Math.min(AGAIN * 2 ** this.#failures, AWAY));
    }
  }

  /** Without the store nobody knows which workers there are: those are told that were there. */
  #take(seen: Workshop): void {
    const before = this.seen?.workers ?? [];
    this.seen = seen.store === "away" ? { ...seen, workers: before } : seen;
    this.problem = null;
    this.#failures = 0;
    this.heard = Date.now();
  }

  #change(): void {
    this.version += 1;
    this.#changed();
  }

  readonly #look = (): void => {
    if (document.visibilityState !== "hidden") this.ask();
  };
}

function put<Row extends { readonly name: string }>(rows: readonly Row[], row: Row): Row[] {
  return rows.map((one) => (one.name === row.name ? row : one));
}
