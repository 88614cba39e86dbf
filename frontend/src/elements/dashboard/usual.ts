/** A job's run beside those of its task before it. Knows no page. */

import type { JobState, Status } from "../../protocol";

/** In seconds: half of the runs took no longer, all but a twentieth took no longer. */
export interface Usual {
  readonly p50: number;
  readonly p95: number;
  readonly runs: number;
  /** The same of stages; an older service does not tell it. */
  readonly stages?: readonly UsualStage[];
}

/** Of the stages of one path, which has the names that lead to it. */
export interface UsualStage {
  readonly path: readonly string[];
  /** Null where too few runs had it. */
  readonly p50: number | null;
  readonly runs: number;
  /** How long this run was at it when it was asked for. */
  readonly seconds: number | null;
}

export interface Comparison {
  readonly is: "slower" | "faster" | "usual" | "open";
  /** How many times. */
  readonly times: number;
}

const CLEAR = 1.5; // times as long, or as short: less is chance
const FELT = 0.5; // seconds that somebody could notice
const ENDED: readonly Status[] = ["succeeded", "failed", "cancelled", "lost"];

/** How a run that has taken so many seconds compares; `open` while nothing can be said. */
export function compared(seconds: number, usual: Usual, status: Status): Comparison {
  if (!Number.isFinite(seconds) || usual.p50 <= 0) return { is: "open", times: 1 };
  const times = seconds / usual.p50;
  const felt = Math.abs(seconds - usual.p50) >= FELT;
  if (exceeds(seconds, usual.p50) && seconds > usual.p95) return { is: "slower", times };
  if (!ENDED.includes(status)) return { is: "open", times };
  // What failed or was cancelled has not done what the others did.
  if (status !== "succeeded") return { is: "open", times };
  // Times are even on both sides as logarithms: what is as far below as p95 is above.
  const fast = usual.p50 ** 2 / Math.max(usual.p95, usual.p50);
  if (felt && times <= 1 / CLEAR && seconds < fast) return { is: "faster", times: 1 / times };
  return { is: "usual", times };
}

/** Whether a time is so much longer than the usual one that it is no chance, and could be felt. */
export function exceeds(seconds: number, usual: number): boolean {
  return seconds - usual >= FELT && seconds >= usual * CLEAR;
}

/** For how many seconds a job has run, or ran; NaN before it has begun. */
export function secondsOf({ started_at, finished_at }: JobState, now: number): number {
  if (!started_at) return Number.NaN;
  return Math.max(
    0,
    ((finished_at ? Date.parse(finished_at) : now) - Date.parse(started_at)) / 1000,
  );
}

/** As people say it: 1.5, 2.4, 12. */
export function rounded(times: number): number {
  return times < 10 ? Math.round(times * 10) / 10 : Math.round(times);
}
