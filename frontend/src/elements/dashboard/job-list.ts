/** The jobs of a list, in an order that only whoever reads it changes. Knows no page. */

import type { JobState } from "../../protocol";

/** A page as the service answers it. */
export interface JobPage {
  readonly jobs: readonly JobState[];
  readonly next: string | null;
  /** Until when jobs were looked at, where that is why the page is short. */
  readonly searched_to?: string | null;
}

/** Of more than this the list is read anew rather than made longer. */
export const MOST = 5000;
const MOST_FRESH = 1000;

export class JobList {
  readonly #states = new Map<string, JobState>();
  readonly #fresh = new Map<string, JobState>();
  readonly #changed = new Set<string>();
  #order: string[] = [];
  #places = new Map<string, number>();
  #next: string | null = null;
  #searchedTo: string | null = null;

  get order(): readonly string[] {
    return this.#order;
  }

  /** What asks the service for those that follow; null when there are none, or enough. */
  get next(): string | null {
    return this.#order.length < MOST ? this.#next : null;
  }

  /** Until when jobs were looked at, where there may be older ones that match. */
  get searchedTo(): string | null {
    return this.next === null ? null : this.#searchedTo;
  }

  /** How many have come since, and are not shown yet. */
  get news(): number {
    return this.#fresh.size;
  }

  /** Whether so many have come that the list has to be read anew. */
  get isOutrun(): boolean {
    return this.#fresh.size >= MOST_FRESH || this.#order.length + this.#fresh.size > MOST;
  }

  get(id: string): JobState | undefined {
    return this.#states.get(id);
  }

  /** Where in the list a job is; -1 for one that is not. */
  placeOf(id: string): number {
    return this.#places.get(id) ?? -1;
  }

  /** Begins anew, as another filter does. */
  start({ jobs, next, searched_to }: JobPage): void {
    const known = new Map(this.#states);
    this.#states.clear();
    this.#fresh.clear();
    for (const job of jobs) this.#states.set(job.id, newest(known.get(job.id), job));
    this.#next = next;
    this.#searchedTo = searched_to ?? null;
    this.#arrange(jobs.map(({ id }) => id));
  }

  /** Adds a page at the end. */
  add({ jobs, next, searched_to }: JobPage): void {
    const order = [...this.#order];
    for (const job of jobs) {
      if (!this.#states.has(job.id)) order.push(job.id);
      this.#fresh.delete(job.id);
      this.#states.set(job.id, newest(this.#states.get(job.id), job));
    }
    this.#next = next;
    this.#searchedTo = searched_to ?? null;
    this.#arrange(order);
  }

  /** Takes in a state: of a job that is shown its newest, in its place. Tells whether it is one. */
  take(state: JobState): boolean {
    const jobs = this.#states.has(state.id) ? this.#states : this.#fresh;
    const known = jobs.get(state.id);
    if (!known) return false;
    if (known.seq >= state.seq) return true;
    jobs.set(state.id, state);
    if (jobs === this.#states) this.#changed.add(state.id);
    return true;
  }

  /** Keeps a job that the list does not show yet until it is admitted. */
  gather(state: JobState): void {
    if (!this.take(state) && !this.isOutrun) this.#fresh.set(state.id, state);
  }

  /** Whether a job would stand in what is known of a list without a filter. */
  covers(state: JobState): boolean {
    const last = this.#states.get(this.#order.at(-1) ?? "");
    return this.#next === null || !last || newestFirst(state, last) < 0;
  }

  /** Shows those that have come since, each in its place by age. */
  admit(): void {
    for (const [id, state] of this.#fresh) this.#states.set(id, state);
    this.#fresh.clear();
    this.#arrange([...this.#states.values()].sort(newestFirst).map(({ id }) => id));
  }

  /** Those that have changed since this was asked last. */
  changes(): ReadonlySet<string> {
    const changed = new Set(this.#changed);
    this.#changed.clear();
    return changed;
  }

  #arrange(order: string[]): void {
    this.#order = order;
    this.#places = new Map(order.map((id, at) => [id, at]));
    for (const id of order) this.#changed.add(id);
  }
}

function newest(known: JobState | undefined, came: JobState): JobState {
  return known && known.seq > came.seq ? known : came;
}

function newestFirst(a: JobState, b: JobState): number {
  const [before, after] = [a.queued_at ?? "", b.queued_at ?? ""];
  return before === after ? (a.id < b.id ? 1 : -1) : before < after ? 1 : -1;
}
