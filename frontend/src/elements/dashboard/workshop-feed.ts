/** What is known of workers and queues, asked for every few seconds while somebody can see it. */

import type { Api, Refused } from "./api";
import { Refresh } from "./refresh";
import type { Queue, Worker, Workshop } from "./workshop";

const EVERY = 3000; // milliseconds between two questions

export class WorkshopFeed {
  readonly #api: Api;
  readonly #changed: () => void;
  readonly #refresh: Refresh;
  #seen: Workshop | null = null;
  /** When the last answer came, by this browser's clock. */
  heard = 0;
  /** Another number tells that something has changed. */
  version = 0;

  constructor(api: Api, changed: () => void) {
    this.#api = api;
    this.#changed = changed;
    this.#refresh = new Refresh(
      (signal) => this.#ask(signal),
      () => this.#change(),
      EVERY,
    );
  }

  get seen(): Workshop | null {
    return this.#seen;
  }

  get problem(): Refused | null {
    return this.#refresh.refused;
  }

  /** Asks where it is time to. */
  look(): void {
    this.#refresh.look();
  }

  close(): void {
    this.#refresh.stop();
  }

  /** Asks now; what was asked before and has not been answered counts no longer. */
  ask(): void {
    void this.#refresh.now();
  }

  /** Takes in how a queue or a worker is now, from an answer. */
  put({ queue, worker }: { readonly queue?: Queue; readonly worker?: Worker }): void {
    if (!this.#seen) return;
    this.#seen = {
      ...this.#seen,
      queues: queue ? put(this.#seen.queues, queue) : this.#seen.queues,
      workers: worker ? put(this.#seen.workers, worker) : this.#seen.workers,
    };
    this.#change();
    this.ask();
  }

  /** Without the store nobody knows which workers there are: those are told that were there. */
  async #ask(signal: AbortSignal): Promise<void> {
    const seen = await this.#api.workers(signal);
    if (signal.aborted) return;
    const before = this.#seen?.workers ?? [];
    this.#seen = seen.store === "away" ? { ...seen, workers: before } : seen;
    this.heard = Date.now();
  }

  #change(): void {
    this.version += 1;
    this.#changed();
  }
}

function put<Row extends { readonly name: string }>(rows: readonly Row[], row: Row): Row[] {
  return rows.map((one) => (one.name === row.name ? row : one));
}
