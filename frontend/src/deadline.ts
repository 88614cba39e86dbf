import type { Environment } from "./connection";

const GRACE = 1000;

/**
 * Calls `expired` when nothing has pushed it back for the time given.
 * A timer that runs a second late was asleep with its process; what arrived meanwhile still
 * waits in the queue, so it gets one more second before anything is declared dead.
 */
export class Deadline {
  readonly #environment: Environment;
  readonly #expired: () => void;
  #due = 0;
  #graced = false;
  #cancel: (() => void) | undefined;

  constructor(environment: Environment, expired: () => void) {
    this.#environment = environment;
    this.#expired = expired;
  }

  start(milliseconds: number): void {
    this.stop();
    this.push(milliseconds);
    this.#arm(milliseconds);
  }

  /** Cheap enough to be called for every frame: the running timer finds the later moment itself. */
  push(milliseconds: number): void {
    this.#due = this.#environment.now() + milliseconds;
    this.#graced = false;
  }

  /** Looks at once, for a page that has just woken up. */
  check(): void {
    if (this.#cancel) this.#look();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(milliseconds: number): void {
    this.#cancel?.();
    this.#cancel = this.#environment.later(milliseconds, () => this.#look());
  }

  #look(): void {
    const late = this.#environment.now() - this.#due;
    if (late < 0) {
      this.#arm(-late);
    } else if (late >= GRACE && !this.#graced) {
      this.#graced = true;
      this.#arm(GRACE);
    } else {
      this.stop();
      this.#expired();
    }
  }
}
