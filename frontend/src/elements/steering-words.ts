/** The words of what steers a job; those of the bar itself are in `strings`. */

const WORDS = {
  cancel: "Cancel",
  pause: "Pause",
  resume: "Resume",
  cancelJob: "Cancel {title}",
  pauseJob: "Pause {title}",
  resumeJob: "Resume {title}",
  pausing: "Pausing…",
  resuming: "Resuming…",
  answer: "Answer",
  sending: "Sending…",
  until: "Until {time}",
  failed: "Could not {what}: {reason}",
  cancelIt: "cancel",
  pauseIt: "pause",
  resumeIt: "resume",
  answerIt: "answer",
  noAnswer: "the server did not answer.",
} as const;

export function words(key: string, values: Readonly<Record<string, string>> = {}): string {
  const pattern = (WORDS as Readonly<Record<string, string>>)[key] ?? key;
  return pattern.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
}

/** A moment as people of the page's language write it: with the day, unless it is today. */
export function moment(at: string): string {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  const options: Intl.DateTimeFormatOptions = { timeStyle: "short" };
  if (!today) options.dateStyle = "medium";
  return date.toLocaleString(document.documentElement.lang || undefined, options);
}
