/** Asks again and again while somebody looks: by the frames in which the page is painted. */

import { Refused } from "./api";
import { tell } from "./words";

const USUALLY = 15_000; // milliseconds
const PATIENCE = 20_000;

export class Refresh {
  readonly #ask: (signal: AbortSignal) => Promise<void>;
  readonly #changed: () => void;
  readonly #every: number;
  #asking: AbortController | null = null;
  #asked = Number.NEGATIVE_INFINITY;
  #problem = "";

  constructor(ask: (signal: AbortSignal) => Promise<void>, changed: () => void, every = USUALLY) {
    this.#every = every;
    this.#ask = ask;
    this.#changed = changed;
  }

  /** Why what is shown is not new; "" where it is. */
  get problem(): string {
    return this.#problem;
  }

  /** Whether an answer is waited for. */
  get busy(): boolean {
    return this.#asking !== null;
  }

  /** Asks where it is time to; a hidden page is not painted, and asks for nothing. */
  look(): void {
    const isDue = performance.now() - this.#asked >= this.#every;
    if (isDue && !this.#asking && !document.hidden) void this.now();
  }

  stop(): void {
    this.#asking?.abort();
    this.#asking = null;
    this.#asked = Number.NEGATIVE_INFINITY;
    this.#problem = "";
  }

  /** Asks at once; what was asked before is not waited for. */
  async now(): Promise<void> {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#asked = performance.now();
    const signal = AbortSignal.any([asking.signal, AbortSignal.timeout(PATIENCE)]);
    let problem = "";
    try {
      await this.#ask(signal);
    } catch (error) {
      problem = error instanceof Refused ? error.message : tell("noAnswer");
    }
    if (asking.signal.aborted) return;
    this.#problem = problem;
    this.#asking = null;
    this.#changed();
  }
}
