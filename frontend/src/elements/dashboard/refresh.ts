/** Asks again and again while somebody looks: by the frames in which the page is painted. */

import { Refused } from "./api";
import { tell } from "./words";

const USUALLY = 15_000; // milliseconds
const LONGEST = 60_000; // between two questions while nobody answers
const PATIENCE = 20_000;

export class Refresh {
  readonly #ask: (signal: AbortSignal) => Promise<void>;
  readonly #changed: () => void;
  readonly #every: number;
  #asking: AbortController | null = null;
  #asked = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #refused: Refused | null = null;

  constructor(ask: (signal: AbortSignal) => Promise<void>, changed: () => void, every = USUALLY) {
    this.#every = every;
    this.#ask = ask;
    this.#changed = changed;
  }

  /** Why what is shown is not new; null where it is. */
  get refused(): Refused | null {
    return this.#refused;
  }

  /** The same in words; "" where it is new. */
  get problem(): string {
    return this.#refused?.message ?? "";
  }

  /** Asks where it is time to; a hidden page is not painted, and asks for nothing. */
  look(): void {
    const pause = Math.min(this.#every * 2 ** this.#failures, Math.max(this.#every, LONGEST));
    const isDue = performance.now() - this.#asked >= pause;
    if (isDue && !this.#asking && !document.hidden) void this.now();
  }

  stop(): void {
    this.#asking?.abort();
    this.#asking = null;
    this.#asked = Number.NEGATIVE_INFINITY;
    this.#failures = 0;
    this.#refused = null;
  }

  /** Asks at once; what was asked before is not waited for. */
  async now(): Promise<void> {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    this.#asked = performance.now();
    const signal = AbortSignal.any([asking.signal, AbortSignal.timeout(PATIENCE)]);
    let refused: Refused | null = null;
    try {
      await this.#ask(signal);
    } catch (error) {
      refused = refusedBy(error);
    }
    if (asking.signal.aborted) return;
    this.#failures = refused ? this.#failures + 1 : 0;
    this.#refused = refused;
    this.#asking = null;
    this.#changed();
  }
}

/** A browser tells of a lost connection in words of its own, and of patience that is over. */
function refusedBy(error: unknown): Refused {
  if (error instanceof Refused) return error;
  const isSaid = error instanceof Error && !/^(Type|Abort|Timeout)Error$/.test(error.name);
  return new Refused(isSaid ? error.message : tell("noAnswer"), 0);
}
