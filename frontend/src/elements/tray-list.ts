/** A person's jobs as the tray has them: those that go on, and those that have just ended. */

import { isEnd, type JobState } from "../protocol";
import { type Look, lookOf } from "./view";

/** Milliseconds for which a job is shown after its end. */
export const KEPT = 10 * 60_000;
const MOST = 50;
const ROOTS = 500;

/** What is not shown, and when it is. */
export interface View {
  readonly now: number;
  readonly dismissed: (job: JobState) => boolean;
  /** Whether the page itself shows a job. */
  readonly elsewhere: (id: string) => boolean;
  /** Whether somebody is at the rows: they stay where they are then. */
  readonly held: boolean;
}

export interface Shown {
  readonly jobs: readonly JobState[];
  /** How many more there are than rows. */
  readonly rest: number;
  readonly summary: Summary;
}

export interface Summary {
  readonly look: Look;
  readonly running: number;
  readonly queued: number;
  readonly asking: number;
  readonly finished: number;
  readonly failed: number;
  /** How far those are that go on; null while nothing is known of it, or all is over. */
  readonly fraction: number | null;
}

export class TrayList {
  readonly #jobs = new Map<string, JobState>();
  readonly #roots = new Set<string>();
  #order: readonly string[] = [];

  /** Takes a state in; of what a job has started it is the root that is shown. */
  take(state: JobState): void {
    if (state.id !== state.root) {
      if (!isEnd(state.status) && this.#roots.size < ROOTS) this.#roots.add(state.root);
      return;
    }
    const before = this.#jobs.get(state.id);
    if (!before || before.seq < state.seq) this.#jobs.set(state.id, state);
  }

  /** Roots of which jobs are known, and they themselves are not: they are told of by themselves. */
  unknown(most: number): string[] {
    return [...this.#roots].filter((root) => !this.#jobs.has(root)).slice(0, most);
  }

  get(id: string): JobState | undefined {
    return this.#jobs.get(id);
  }

  /** What is shown now, the newest first. */
  show(view: View): Shown {
    this.#forget(view);
    const all = [...this.#jobs.values()]
      .filter((job) => !view.elsewhere(job.id) && !view.dismissed(job))
      .sort(newestFirst);
    const chosen = [...all.filter(goesOn), ...all.filter((job) => !goesOn(job))].slice(0, MOST);
    const jobs = view.held ? this.#keepOrder(chosen) : chosen.sort(newestFirst);
    this.#order = jobs.map(({ id }) => id);
    return { jobs, rest: all.length - jobs.length, summary: summaryOf(all) };
  }

  #forget({ now, held }: View): void {
    for (const [id, job] of this.#jobs) {
      const isOld = isEnd(job.status) && now - endOf(job) >= KEPT;
      if (isOld && !(held && this.#order.includes(id))) this.#jobs.delete(id);
    }
  }

  #keepOrder(jobs: readonly JobState[]): JobState[] {
    const places = new Map(this.#order.map((id, at) => [id, at]));
    const place = ({ id }: JobState) => places.get(id) ?? places.size;
    return [...jobs].sort((a, b) => place(a) - place(b));
  }
}

export function endOf(job: JobState): number {
  return Date.parse(job.finished_at ?? "") || 0;
}

export function goesOn({ status }: JobState): boolean {
  return !isEnd(status);
}

function summaryOf(jobs: readonly JobState[]): Summary {
  const open = jobs.filter(goesOn);
  const queued = open.filter(({ status }) => status === "queued").length;
  const asking = open.filter(({ status }) => status === "waiting").length;
  const failed = jobs.filter(({ status }) => status === "failed" || status === "lost").length;
  return {
    look: lookOfAll(jobs, open),
    running: open.length - queued,
    queued,
    asking,
    finished: jobs.length - open.length - failed,
    failed,
    fraction: together(open),
  };
}

function lookOfAll(jobs: readonly JobState[], open: readonly JobState[]): Look {
  const looks = new Set((open.length > 0 ? open : jobs).map(lookOf));
  const order: readonly Look[] = [
    "waiting",
    "running",
    "stalled",
    "retrying",
    "paused",
    "cancelling",
  ];
  const ends: readonly Look[] = ["queued", "failed", "lost", "warnings", "succeeded"];
  return [...order, ...ends].find((look) => looks.has(look)) ?? "cancelled";
}

/** Of those that go on, as the number beside it is: one that waits is at 0. */
function together(open: readonly JobState[]): number | null {
  if (!open.some(({ fraction }) => fraction !== null)) return null;
  return open.reduce((sum, { fraction }) => sum + (fraction ?? 0), 0) / open.length;
}

function newestFirst(a: JobState, b: JobState): number {
  const [before, after] = [a.queued_at ?? "", b.queued_at ?? ""];
  return before === after ? (a.id < b.id ? 1 : -1) : before < after ? 1 : -1;
}
