/** What a row of the list says, as texts; pure, so that it can be tested without a page. */

import { isEnd, type JobState } from "../../protocol";
import { rowOf } from "../row";
import { text } from "../strings";
import { type Look, lookOf } from "../view";
import { ago, ranOf } from "./times";
import { tell } from "./words";

export interface RowText {
  readonly look: Look;
  readonly word: string;
  readonly title: string;
  readonly task: string;
  readonly fraction: number | null;
  readonly unknown: boolean;
  readonly percent: string;
  readonly note: string;
  readonly worker: string;
  readonly duration: string;
  readonly started: string;
  readonly startedAt: string;
}

/** `now` is the server's clock; `pending` what was asked of the job and is not to be seen yet. */
export function rowText(job: JobState, now: number, pending: string): RowText {
  const view = rowOf(job, now);
  const look = pending === "cancel" && !isEnd(job.status) ? "cancelling" : lookOf(job);
  const at = job.started_at ?? "";
  return {
    look,
    word: text(look),
    title: view.title,
    task: job.title && job.title !== job.name ? job.name : "",
    fraction: view.fraction,
    unknown: view.unknown,
    percent: view.percent,
    note: noteOf(job, view),
    worker: job.worker ?? "",
    duration: ranOf(job, now),
    started: at
      ? ago(at, now)
      : job.queued_at
        ? tell("queuedAgo", { time: ago(job.queued_at, now) })
        : "",
    startedAt: at || (job.queued_at ?? ""),
  };
}

function noteOf(job: JobState, view: ReturnType<typeof rowOf>): string {
  const { count, failed, more, time, message } = view;
  if (job.status === "failed" || job.status === "lost") return message || more;
  if (isEnd(job.status)) return [count, failed, more].filter(Boolean).join(" · ");
  return [count, failed, more, time].filter(Boolean).join(" · ") || message;
}
