import { isEnd, type JobState } from "../protocol";
import { type View, viewOf } from "./view";

/** The words and numbers of a job in one line: of what is over no percent, of what failed the reason. */
export function rowOf(job: JobState, now: number): View {
  const view = viewOf(job, now);
  const failed = job.status === "failed" || job.status === "lost";
  return {
    ...view,
    percent: isEnd(job.status) ? "" : view.percent,
    time: failed && view.message ? "" : view.time,
  };
}
