/** What a state looks like in words and numbers: pure, so that it can be tested without a page. */

import { isEnd, type JobState, type Stage } from "../protocol";
import { bytes, clamp, duration, percent, remaining } from "./format";
import { formatNumber, text, unitFor } from "./strings";

/** How a job is shown: its status, or one of the two looks that a status can take on. */
export type Look = JobState["status"] | "stalled" | "warnings";

export interface View {
  readonly look: Look;
  readonly word: string;
  readonly title: string;
  /** 0 to 1, null while it is unknown how far the job is. */
  readonly fraction: number | null;
  /** Whether something moves though nobody knows how far it is. */
  readonly unknown: boolean;
  readonly percent: string;
  readonly count: string;
  readonly failed: string;
  readonly more: string;
  readonly rate: string;
  readonly time: string;
  readonly message: string;
}

/** A range whose end is nearer to its beginning is told as one time. */
const WIDE = 1.5;

/** So many characters of an id are enough to find the job that it names. */
const SHORT = 8;

/** Kinds of errors whose text is a sentence for whoever reads it. */
const SPOKEN = /^(Job(Error|sFailed)|WorkerLost|Orphaned|Expired|Unheard)$/;

/** The words for `state`; `now` is the server's clock in milliseconds. */
export function viewOf(state: JobState, now: number): View {
  const fraction = shownFraction(state);
  return {
    look: lookOf(state),
    word: text(lookOf(state)),
    title: titleOf(state),
    fraction,
    unknown: fraction === null && (state.status === "running" || state.status === "cancelling"),
    percent: fraction === null ? "" : percent(fraction),
    count: countOf(state),
    failed: state.failed > 0 ? text("failedItems", { n: state.failed }) : "",
    more: moreOf(state, now),
    rate: rateOf(state),
    time: timeOf(state, now),
    message: messageOf(state),
  };
}

export function lookOf(state: JobState): Look {
  if (state.status === "succeeded" && state.failed > 0) return "warnings";
  return state.status === "running" && state.stalled ? "stalled" : state.status;
}

export function titleOf(state: JobState): string {
  return state.title || state.name || text("job");
}

/** Whether the words change while the state does not. */
export function ages({ retry_at, stalled, eta }: JobState): boolean {
  return retry_at !== null || stalled || eta !== null;
}

export function stageMark(stage: Stage): "succeeded" | "running" | "failed" | "queued" {
  if (stage.status === "succeeded" || stage.status === "running") return stage.status;
  return stage.status === "failed" ? "failed" : "queued";
}

/** The parts of a part that are shown: what is done is one line. */
export function partsOf({ status, stages = [] }: Stage): readonly Stage[] {
  return status === "succeeded" ? [] : stages;
}

function shownFraction(state: JobState): number | null {
  if (state.fraction !== null) return clamp(state.fraction);
  return state.status === "succeeded" ? 1 : null;
}

function countOf({ current, total, unit }: JobState): string {
  if (total === null && current === 0) return "";
  const size = isBytes(unit) ? bytes : quantity;
  const numbers = total === null ? size(current) : `${size(current)} / ${size(total)}`;
  return isBytes(unit) ? numbers : `${numbers} ${unitFor(total ?? current, unit)}`.trim();
}

function moreOf(state: JobState, now: number): string {
  const { again_of, skipped, attempt, position, status, retry_at, stalled, updated_at } = state;
  const parts = [
    skipped > 0 && text("skippedItems", { n: skipped }),
    attempt > 1 && text("attempt", { n: attempt }),
    again_of && text("againOf", { id: again_of.slice(0, SHORT) }),
    status === "queued" &&
      position !== null &&
      text("position", { n: text("nth", { n: position }) }),
    status === "retrying" && retry_at && text("retryIn", { time: until(retry_at, now) }),
    status === "running" &&
      stalled &&
      updated_at &&
      text("noUpdate", { time: since(updated_at, now) }),
  ];
  return parts.filter(Boolean).join(" · ");
}

function rateOf({ status, rate, unit }: JobState): string {
  if (status !== "running" || !rate || rate < 0) return "";
  if (isBytes(unit)) return text("perSecond", { n: bytes(rate) });
  const perMinute = rate < 1;
  const n = quantity(perMinute ? rate * 60 : rate);
  return text(perMinute ? "perMinute" : "perSecond", { n });
}

function timeOf(state: JobState, now: number): string {
  if (isEnd(state.status)) return tookOf(state);
  if (state.status !== "running" || state.eta === null || state.stalled) return "";
  const passed = state.updated_at ? Math.max(0, (now - Date.parse(state.updated_at)) / 1000) : 0;
  const [low, high] = state.eta_range ?? [passed, passed];
  if (high < passed) return ""; // longer than it ever took: nobody knows
  const [least, most] = [remaining(low - passed), remaining(high - passed)];
  return least === most || high - passed < WIDE * (low - passed)
    ? text("left", { time: remaining(state.eta - passed) })
    : text("leftBetween", { least, most });
}

function tookOf({ started_at, finished_at }: JobState): string {
  if (!started_at || !finished_at) return "";
  return text("took", {
    time: duration((Date.parse(finished_at) - Date.parse(started_at)) / 1000),
  });
}

function messageOf({ status, error, message }: JobState): string {
  if (error && (status === "failed" || status === "lost" || status === "retrying")) {
    return SPOKEN.test(error.kind) ? error.text : `${error.kind}: ${error.text}`;
  }
  return message;
}

function quantity(value: number): string {
  return formatNumber(
    value,
    value < 100 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 },
  );
}

function isBytes(unit: string): boolean {
  return /^(B|bytes?)$/.test(unit);
}

function until(moment: string, now: number): string {
  return duration((Date.parse(moment) - now) / 1000);
}

function since(moment: string, now: number): string {
  return duration((now - Date.parse(moment)) / 1000);
}
