/** The words of the inbox, and its moments. */

import { brought } from "./brought";

const WORDS = {
  notices: "Notices",
  unread: "Notices, {n} unread",
  isUnread: "Unread: {title}",
  markRead: "Mark as read: {title}",
  markUnread: "Mark as unread: {title}",
  dismissed: "Marked as read.",
  allRead: "Mark all as read",
  marked: "All are marked as read.",
  undo: "Undo",
  older: "Show older notices",
  settings: "How you are told",
  none: "No notices yet. You will be told here when a job of yours has finished, has failed, or asks you something.",
  news: "{title}: {text}",
  toasts: "Notifications (Alt+T)",
  close: "Close: {title}",
  wrong: "That did not work: {reason}",
  finished: "Finished",
  failed: "Failed",
  asks: "Needs an answer",
  alert: "Alert",
} as const;

export type Word = keyof typeof WORDS;

let known: Readonly<Record<Word, string>> | undefined;

export function say(word: Word, values: Readonly<Record<string, string | number>> = {}): string {
  known ??= { ...WORDS, ...brought("inbox") };
  return known[word].replace(/\{(\w+)\}/g, (_, name: string) => `${values[name] ?? ""}`);
}

const language = () => document.documentElement.lang || undefined;
const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["minute", 60],
  ["hour", 3600],
  ["day", 86_400],
];
const WEEK = 7 * 86_400;

/** How long ago a moment was; after a week the day. */
export function ago(at: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(at)) / 1000);
  if (seconds >= WEEK) return new Date(at).toLocaleDateString(language(), { dateStyle: "medium" });
  const [unit, size] = STEPS.findLast(([, size]) => seconds >= size) ?? ["minute", 60];
  const format = new Intl.RelativeTimeFormat(language(), { numeric: "auto", style: "short" });
  return seconds < 60
    ? format.format(0, "second")
    : format.format(-Math.floor(seconds / size), unit);
}

/** A moment in full. */
export function inFull(at: string): string {
  const options: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "short" };
  return new Date(at).toLocaleString(language(), options);
}
