/** The words of a log. */

import { brought } from "./brought";
import { spoken } from "./spoken";

const WORDS = {
  log: "Log",
  level: "Level",
  debug: "All levels",
  info: "Info and above",
  warning: "Warnings and above",
  error: "Errors only",
  search: "Search the log",
  matches: "{n} of {count}",
  noMatch: "Not found",
  next: "Next match",
  previous: "Previous match",
  times: "Times",
  wrap: "Wrap lines",
  announce: "Announce new lines",
  copy: "Copy",
  copied: "Copied.",
  notCopied: "It could not be copied: select it and copy it by hand.",
  download: "Download",
  latest: "Jump to latest",
  new: "{n} new",
  line: "Line {n}",
  copyLink: "Copy link",
  hint: "Enter marks the first line in view, Shift with an arrow key the next one.",
  lines: { one: "{n} line", other: "{n} lines" },
  following: "Following",
  pausedAt: "Paused at line {n}",
  lost: { one: "… {n} line is no longer kept", other: "… {n} lines are no longer kept" },
  news: { one: "{n} new line", other: "{n} new lines" },
  earlier: "Loading earlier lines…",
  noEarlier: "Earlier lines could not be loaded: scroll up to try again.",
  loading: "Loading…",
  none: "No lines yet. They appear here while the job runs.",
  noneAtAll: "The job has written no lines.",
  noneOfLevel: "No line is as grave as that.",
  reconnecting: "Reconnecting…",
  offline: "Offline",
  signedOut: "Signed out. Reload the page to go on.",
  stopped: "Live updates have stopped. Reload the page to go on.",
  notAvailable: "This log is not available.",
} as const;

export type Word = keyof typeof WORDS;
export { language } from "./spoken";

export const say = spoken<Word>(WORDS, () => brought("log"));
