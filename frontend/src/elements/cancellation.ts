import { act } from "./service";
import { text } from "./strings";

const PATIENCE = 10_000;

/** A cancel that was asked for and not yet answered: shown at once, taken back when it fails. */
export class Cancellation {
  readonly #changed: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pending = false;
  #problem = "";

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get pending(): boolean {
    return this.#pending;
  }

  /** Why it failed, in a sentence to show; "" when it did not. */
  get problem(): string {
    return this.#problem;
  }

  /** Asks, and gives the service's answer to `take`. */
  async ask(include: string, job: string, take: (answer: unknown) => void): Promise<void> {
    this.settle();
    this.#pending = true;
    this.#timer = setTimeout(() => this.#fail(text("noAnswer")), PATIENCE);
    this.#changed();
    try {
      take(await act(include, job, "cancel"));
      clearTimeout(this.#timer); // accepted: how long the job takes to notice is its own affair
    } catch (problem) {
      const reason = problem instanceof Error ? problem.message : String(problem);
      this.#fail(text("refused", { reason }));
    }
  }

  /** The job has answered by itself, or is no longer shown. */
  settle(): void {
    clearTimeout(this.#timer);
    this.#pending = false;
    this.#problem = "";
  }

  #fail(problem: string): void {
    if (!this.pending) return;
    this.settle();
    this.#problem = problem;
    this.#changed();
  }
}
