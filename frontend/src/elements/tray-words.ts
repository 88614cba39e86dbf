/** The words of the tray; those of its jobs are the bar's. */

import { brought } from "./brought";

const WORDS = {
  tray: "Your jobs",
  running: "{n} running",
  queued: "{n} queued",
  finished: "{n} finished",
  failed: "{n} failed",
  overall: "All of them together",
  dismiss: "Dismiss: {title}",
  clear: "Clear finished",
  more: "and {n} more",
} as const;

let known: Readonly<Record<keyof typeof WORDS, string>> | undefined;

export function put(
  word: keyof typeof WORDS,
  values: Readonly<Record<string, string>> = {},
): string {
  known ??= { ...WORDS, ...brought("tray") };
  return known[word].replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
}
