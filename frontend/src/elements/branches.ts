/** The jobs that one job has started, from states in any order: what is below what, and what is shown. */

import type { JobState } from "../protocol";
import { lookOf } from "./view";

/** A branch of more jobs is shown by parts. */
const PART = 50;
/** In a tree of more jobs, branches are closed beyond the first level. */
const FEW = 30;
/** States that are kept; the others stay counted. */
const MOST = 2000;

const ATTENTION: readonly string[] = ["failed", "lost", "warnings", "waiting", "stalled"];
const WRONG: readonly string[] = ["failed", "lost", "warnings"];
const KINDS = [
  "succeeded",
  "failed",
  "lost",
  "running",
  "retrying",
  "queued",
  "cancelled",
] as const;

export type Kind = (typeof KINDS)[number];
export type Counts = readonly (readonly [Kind, number])[];

/** What is shown below one job. */
export interface Group {
  readonly jobs: readonly JobState[];
  /** How many are known, and have no row. */
  readonly more: number;
}

const byTitle = new Intl.Collator(undefined, { numeric: true });

export class Branches {
  /** The job whose branches these are. */
  readonly #top: string;
  readonly #jobs = new Map<string, JobState>();
  readonly #chosen = new Map<string, boolean>();
  readonly #opened = new Set<string>();
  readonly #parts = new Map<string, number>();
  /** What was shown last: it stays where it is while somebody is at it. */
  #rank = new Map<string, number>();
  #parents = new Map<string, string>();
  readonly #below = new Map<string, JobState[]>();
  readonly #shown = new Set<string>();
  #troubled = new Set<string>();
  #held = false;
  #wrong = 0;

  constructor(top: string) {
    this.#top = top;
  }

  get size(): number {
    return this.#jobs.size;
  }

  /** How many of those that are known have failed. */
  get wrong(): number {
    return this.#wrong;
  }

  get full(): boolean {
    return this.#jobs.size >= MOST;
  }

  get(id: string): JobState | undefined {
    return this.#jobs.get(id);
  }

  /** Takes a state in; tells whether more than a bar's place has changed. */
  take(state: JobState): boolean {
    const before = this.#jobs.get(state.id);
    if (state.id === this.#top || (before ? before.seq >= state.seq : this.full)) return false;
    this.#jobs.set(state.id, state);
    return !before || shapeOf(before) !== shapeOf(state);
  }

  /** Puts everything in its place; what is `held` stays where it was, and new jobs come last. */
  arrange(held: boolean): void {
    this.#held = held;
    const before = this.#parents;
    const jobs = [...this.#jobs.values()].sort(
      (a, b) => (held && this.#before(a, b)) || compare(a, b),
    );
    this.#rank = new Map(jobs.map(({ id }, at) => [id, at]));
    this.#parents = new Map(
      jobs.map((job) => [job.id, (held && before.get(job.id)) || this.#parentOf(job)]),
    );
    this.#below.clear();
    for (const job of jobs) this.#put(this.parentOf(job.id), job);
    this.#wrong = jobs.filter(({ status }) => status === "failed" || status === "lost").length;
    this.#troubled = this.#above(jobs.filter((job) => WRONG.includes(lookOf(job))));
  }

  /** All known jobs right below one, in their order. */
  below(id: string): readonly JobState[] {
    return this.#below.get(id) ?? [];
  }

  /** Those that have a row: the first ones, and those of the others that need somebody's eye. */
  group(id: string): Group {
    const all = this.below(id);
    const part = this.#parts.get(id) ?? PART;
    const jobs = all
      .filter((job, at) => at < part || (this.#stays(job) && ATTENTION.includes(lookOf(job))))
      .slice(0, part + PART);
    for (const job of jobs) this.#shown.add(job.id);
    return { jobs, more: all.length - jobs.length };
  }

  showMore(id: string): void {
    this.#parts.set(id, (this.#parts.get(id) ?? PART) + PART);
  }

  /** Opened or closed by hand, else open in a small tree or with something wrong in it. */
  isOpen(id: string): boolean {
    const chosen = this.#chosen.get(id);
    if (chosen !== undefined) return chosen;
    // What has opened stays open, and nothing opens below somebody's pointer.
    if (!this.#held && (this.size <= FEW || this.#troubled.has(id))) this.#opened.add(id);
    return this.#opened.has(id);
  }

  open(id: string, open: boolean): void {
    this.#chosen.set(id, open);
  }

  parentOf(id: string): string {
    return this.#parents.get(id) ?? this.#top;
  }

  #put(parent: string, job: JobState): void {
    const jobs = this.#below.get(parent);
    if (jobs) jobs.push(job);
    else this.#below.set(parent, [job]);
  }

  #before(a: JobState, b: JobState): number {
    const last = Number.MAX_SAFE_INTEGER;
    return (this.#rank.get(a.id) ?? last) - (this.#rank.get(b.id) ?? last);
  }

  /** A row that is new would move those behind it. */
  #stays({ id }: JobState): boolean {
    return !this.#held || this.#shown.has(id);
  }

  /** Until its parent is known, a job is below the root. */
  #parentOf({ id, parent, root }: JobState): string {
    if (parent === this.#top) return this.#top;
    return parent && parent !== id && this.#jobs.has(parent) ? parent : root;
  }

  #above(jobs: readonly JobState[]): Set<string> {
    const found = new Set<string>();
    for (const { id } of jobs) {
      let at = this.#parents.get(id);
      while (at && !found.has(at)) {
        found.add(at);
        at = this.#parents.get(at);
      }
    }
    return found;
  }
}

/** How many jobs are how, of sums as the service keeps them for a root. */
export function countsOf(sums: Readonly<Record<string, number>>): Counts {
  return KINDS.map((kind) => [kind, sums[kind] ?? 0] as const).filter(([, n]) => n > 0);
}

/** The same sums of jobs that are known: what is paused or asks has begun. */
export function summed(jobs: readonly JobState[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { status } of jobs) {
    const kind = KINDS.find((one) => one === status) ?? "running";
    sums[kind] = (sums[kind] ?? 0) + 1;
  }
  return sums;
}

/** What of a job is not written by the hot path. */
function shapeOf(job: JobState): string {
  return `${lookOf(job)} ${job.fraction === null} ${job.title}`;
}

function compare(a: JobState, b: JobState): number {
  const [before, after] = [a.queued_at ?? "", b.queued_at ?? ""];
  if (before !== after) return before < after ? -1 : 1;
  return byTitle.compare(a.title, b.title) || (a.id < b.id ? -1 : 1);
}
