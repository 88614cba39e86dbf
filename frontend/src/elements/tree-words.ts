/** The words of a job's tree; those of its jobs are the bar's. */

import { brought } from "./brought";

const WORDS = {
  tree: "Jobs it has started",
  none: "This job has started no others.",
  succeeded: "{n} succeeded",
  failed: "{n} failed",
  lost: "{n} lost",
  running: "{n} running",
  retrying: "{n} retrying",
  queued: "{n} queued",
  cancelled: "{n} cancelled",
  more: "and {n} more",
  wrong: "That did not work: {reason}",
} as const;

let known: Readonly<Record<keyof typeof WORDS, string>> | undefined;

export function tell(
  word: keyof typeof WORDS,
  values: Readonly<Record<string, string>> = {},
): string {
  known ??= { ...WORDS, ...brought("tree") };
  return known[word].replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
}
