/** What a page's tab says of a job: pure, so that it can be tested without a page. */

import type { JobState, Status } from "../protocol";

export interface Sign {
  /** What stands in front of the page's title. */
  readonly text: string;
  /** 0 to 1, null while it is unknown how far the job is. */
  readonly fraction: number | null;
  /** How it has ended, "" while it has not. */
  readonly end: "" | "good" | "mixed" | "bad" | "off";
}

const ENDED: Partial<Record<Status, [mark: string, end: Sign["end"]]>> = {
  succeeded: ["✓", "good"],
  failed: ["✕", "bad"],
  lost: ["✕", "bad"],
  cancelled: ["⊘", "off"],
};

/** The sign of a state; null for one of which there is nothing to tell. */
export function signOf(state: JobState, language?: string): Sign | null {
  const { status, fraction } = state;
  if (status === "queued") return null;
  const [mark, end] = ENDED[status] ?? ["", ""];
  if (end) {
    const mixed = end === "good" && state.failed > 0;
    return { text: mixed ? "▲" : (mark ?? ""), fraction, end: mixed ? "mixed" : end };
  }
  return { text: `(${inside(state, language)})`, fraction, end: "" };
}

function inside({ status, fraction }: JobState, language?: string): string {
  if (status === "waiting") return "?";
  if (fraction === null) return "…";
  // Rounded down, as in the bar: nothing is at 100 % before it is.
  const whole = Math.floor(Math.min(1, Math.max(0, fraction)) * 100 + 1e-9) / 100;
  return new Intl.NumberFormat(language, { style: "percent" }).format(whole);
}
