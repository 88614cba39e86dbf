/** When each job of a tree waited and ran, beside each other. Knows no page. */

import { isEnd, type JobState } from "../../protocol";

/** Rows that are shown; how many there are besides is said. */
export const MOST = 60;

/** One row: shares of the whole time. */
export interface Fall {
  readonly job: JobState;
  /** How far below the job at the top it is. */
  readonly depth: number;
  readonly queued: number;
  /** Null while no worker runs it. */
  readonly started: number | null;
  readonly until: number;
}

export interface Falls {
  readonly falls: readonly Fall[];
  readonly more: number;
  /** The time that the row's whole width stands for, in seconds. */
  readonly seconds: number;
}

/** The job at the top and all below it that are known, each below what has started it, the first first. */
export function fallsOf(jobs: ReadonlyMap<string, JobState>, top: string, now: number): Falls {
  const rows = [...inOrder(jobs, top)];
  const begin = Math.min(...rows.map(({ job }) => queuedOf(job)));
  const end = Math.max(...rows.map(({ job }) => untilOf(job, now)));
  const whole = Math.max(1, end - begin);
  const share = (at: number) => Math.min(1, Math.max(0, (at - begin) / whole));
  const falls = rows.slice(0, MOST).map(({ job, depth }) => ({
    job,
    depth,
    queued: share(queuedOf(job)),
    started: job.started_at ? share(Date.parse(job.started_at)) : null,
    until: share(untilOf(job, now)),
  }));
  return { falls, more: Math.max(0, rows.length - MOST), seconds: whole / 1000 };
}

function* inOrder(
  jobs: ReadonlyMap<string, JobState>,
  top: string,
): Generator<{ job: JobState; depth: number }> {
  const below = new Map<string, JobState[]>();
  for (const job of jobs.values()) {
    const parent = job.parent ?? (job.id === job.root ? "" : job.root);
    const beside = below.get(parent);
    if (beside) beside.push(job);
    else below.set(parent, [job]);
  }
  const seen = new Set<string>();
  const left: [string, number][] = [[top, 0]];
  for (let next = left.pop(); next; next = left.pop()) {
    const [id, depth] = next;
    if (seen.has(id)) continue;
    seen.add(id);
    const job = jobs.get(id);
    if (job) yield { job, depth };
    const children = (below.get(id) ?? []).sort((one, other) => queuedOf(one) - queuedOf(other));
    for (const child of children.reverse()) left.push([child.id, depth + 1]);
  }
}

function queuedOf({ queued_at, started_at, updated_at }: JobState): number {
  const at = queued_at ?? started_at ?? updated_at;
  return at === null ? Date.now() : Date.parse(at);
}

function untilOf({ status, finished_at }: JobState, now: number): number {
  return isEnd(status) && finished_at ? Date.parse(finished_at) : now;
}
