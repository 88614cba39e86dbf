/** How long a run has been at its stages, beside the runs of its task before it. Knows no page. */

import { isEnd, type JobState, type Stage } from "../../protocol";
import { exceeds, type UsualStage } from "./usual";

/** One stage, or all of the same path: those of a loop's steps count together. */
export interface StageTime {
  /** Its name after the names of those around it. */
  readonly path: readonly string[];
  readonly status: string;
  /** For how long it has run, null where nobody has noted it. */
  readonly seconds: number | null;
  /** What half of the runs before did not exceed, null where they are too few. */
  readonly usual: number | null;
}

const PART = 0.5; // of the time that was lost: who has lost less does not explain it

/** The stages of a job with their times; none where none has a time: its worker is an older one. */
export function stageTimesOf(
  job: JobState,
  usual: readonly UsualStage[] | undefined,
  now: number,
): StageTime[] {
  const usually = new Map(usual?.map(({ path, p50 }) => [keyOf(path), p50]));
  const found = new Map<string, StageTime>();
  collect(job.stages, [], untilOf(job, now), (one) => {
    const key = keyOf(one.path);
    const before = found.get(key);
    found.set(key, { ...together(before, one), usual: usually.get(key) ?? null });
  });
  const times = [...found.values()];
  return times.some(({ seconds }) => seconds !== null) ? times : [];
}

/** Tells by another text that stages have begun or ended; how far they are is no matter here. */
export function standingOf({ stages }: JobState): string {
  return JSON.stringify(stages, ["name", "status", "seconds", "began_at", "stages"]);
}

/** The innermost stage that explains at least half of the seconds that a run has lost. */
export function culpritOf(
  times: readonly StageTime[],
  lost: number,
  around: StageTime | null = null,
): StageTime | null {
  const [inner] = within(times, around?.path ?? [])
    .filter((one) => lostAt(one) > 0 && lostAt(one) >= lost * PART)
    .sort((one, other) => lostAt(other) - lostAt(one));
  return inner ? culpritOf(times, lost, inner) : around;
}

/** Whether a stage has clearly taken longer than it usually does, perhaps before it is over. */
export function isSlow({ seconds, usual }: StageTime): boolean {
  return seconds !== null && usual !== null && exceeds(seconds, usual);
}

export function nameOf({ path }: StageTime): string {
  return path[path.length - 1] ?? "";
}

function lostAt({ seconds, usual }: StageTime): number {
  return seconds === null || usual === null ? 0 : seconds - usual;
}

/** Those right below a path. */
function within(times: readonly StageTime[], above: readonly string[]): StageTime[] {
  return times.filter(
    ({ path }) => path.length === above.length + 1 && keyOf(path.slice(0, -1)) === keyOf(above),
  );
}

type Found = Omit<StageTime, "usual">;

function collect(
  stages: readonly Stage[],
  above: readonly string[],
  until: number,
  take: (one: Found) => void,
): void {
  for (const stage of stages) {
    const path = [...above, stage.name];
    take({ path, status: stage.status, seconds: secondsAt(stage, until) });
    collect(stage.stages ?? [], path, until, take);
  }
}

function together(before: Found | undefined, one: Found): Found {
  if (!before) return one;
  const seconds = one.seconds === null ? before.seconds : (before.seconds ?? 0) + one.seconds;
  const told = [before.status, one.status];
  // One that is still to come says nothing of those that were.
  const status = told.includes("running")
    ? "running"
    : one.status === "queued"
      ? before.status
      : one.status;
  return { path: one.path, status, seconds };
}

function secondsAt({ status, seconds, began_at }: Stage, until: number): number | null {
  if (status !== "running" || !began_at) return seconds ?? null;
  return (seconds ?? 0) + Math.max(0, (until - Date.parse(began_at)) / 1000);
}

/** Up to when what runs of a job has run: nobody works on it any more after its attempt. */
function untilOf({ status, finished_at, updated_at }: JobState, now: number): number {
  const over = finished_at ?? (isEnd(status) || status === "retrying" ? updated_at : null);
  return over ? Date.parse(over) : now;
}

function keyOf(path: readonly string[]): string {
  return JSON.stringify(path);
}
