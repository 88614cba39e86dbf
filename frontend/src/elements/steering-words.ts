/** The words of what steers a job; those of the bar itself are in `strings`. */

import { brought } from "./brought";

const WORDS = {
  cancel: "Cancel",
  pause: "Pause",
  resume: "Resume",
  again: "Run again",
  again_failed: "Run {n} failed again",
  cancelJob: "Cancel {title}",
  pauseJob: "Pause {title}",
  resumeJob: "Resume {title}",
  againJob: "Run again: {title}",
  again_failedJob: "Run {n} failed again: {title}",
  pausing: "Pausing…",
  resuming: "Resuming…",
  starting: "Starting…",
  answer: "Answer",
  sending: "Sending…",
  until: "Until {time}",
  failed: "Could not {what}: {reason}",
  cancelIt: "cancel",
  pauseIt: "pause",
  resumeIt: "resume",
  againIt: "run it again",
  again_failedIt: "run the failed items again",
  answerIt: "answer",
  noAnswer: "the server did not answer.",
} as const;

let known: Readonly<Record<string, string>> | undefined;

export function words(key: string, values: Readonly<Record<string, string>> = {}): string {
  known ??= { ...WORDS, ...brought("steer") };
  const pattern = known[key] ?? key;
  return pattern.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
}

const language = () => document.documentElement.lang || undefined;

/** A number as people of the page's language write it. */
export function count(n: number): string {
  return n.toLocaleString(language());
}

/** A moment as people of the page's language write it: with the day, unless it is today. */
export function moment(at: string): string {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  const options: Intl.DateTimeFormatOptions = { timeStyle: "short" };
  if (!today) options.dateStyle = "medium";
  return date.toLocaleString(language(), options);
}
