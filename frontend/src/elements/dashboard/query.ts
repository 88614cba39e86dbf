/** The words of a filter, as the service reads them: `key:value`, and text. Knows no page. */

import type { Status } from "../../protocol";

export interface Token {
  readonly text: string;
  /** "" for text that is looked for. */
  readonly key: string;
  readonly value: string;
  readonly from: number;
  readonly to: number;
}

/** What the caret is in, and is to be completed. */
export interface Started {
  /** "" while it may still become a key. */
  readonly key: string;
  readonly start: string;
  /** What a completion takes the place of. */
  readonly from: number;
  readonly to: number;
}

/** Those that are told of; `id` and `root` are for links. */
export const KEYS = ["status", "task", "owner", "tag", "queue", "age", "duration"] as const;
/** Those that are refused to others. */
export const FOR_OPERATORS: readonly string[] = ["queue"];
// Not the protocol's own: the page's script lends its types alone.
export const STATUSES = [
  "queued",
  "running",
  "paused",
  "waiting",
  "retrying",
  "cancelling",
  "succeeded",
  "failed",
  "cancelled",
  "lost",
  "unfinished",
  "ended",
] as const satisfies readonly (Status | "unfinished" | "ended")[];
export const SPANS: Readonly<Record<string, readonly string[]>> = {
  age: ["<5m", "<1h", "<1d", ">5m", ">1h"],
  duration: [">10s", ">1m", ">10m", "<1s"],
};

// A quote that is still open goes on to the end.
const WORD = /(?:[^\s"]|"(?:[^"\\]|\\.)*(?:"|$))+/g;

export function tokensOf(q: string): Token[] {
  return [...q.matchAll(WORD)].map(({ 0: text, index }) => {
    const [, key = "", value = text] = /^-?([a-z_]+):(.*)$/is.exec(text) ?? [];
    return { text, key, value: unquoted(value), from: index, to: index + text.length };
  });
}

/** Whether a filter has a word. */
export function has(q: string, word: string): boolean {
  return tokensOf(q).some(({ text }) => text === word);
}

/** Puts a word into a filter in the place of others with its key, or takes it out again. */
export function toggled(q: string, word: string): string {
  const key = word.slice(0, word.indexOf(":"));
  const others = tokensOf(q).filter((token) => token.key !== key);
  const kept = has(q, word) ? others : [...others, { text: word }];
  return kept.map(({ text }) => text).join(" ");
}

/** The word at the caret, up to it. */
export function startedAt(q: string, caret: number): Started {
  const token = tokensOf(q).find(({ from, to }) => from < caret && caret <= to);
  if (!token) return { key: "", start: "", from: caret, to: caret };
  const typed = q.slice(token.from, caret);
  const colon = typed.indexOf(":");
  if (colon < 0) return { key: "", start: typed, from: token.from, to: token.to };
  const key = typed.slice(0, colon).replace(/^-/, "").toLowerCase();
  // Values with commas between them: it is the last one that is being written.
  const begin = colon + 1 + lastValue(typed.slice(colon + 1));
  return { key, start: unquoted(typed.slice(begin)), from: token.from + begin, to: token.to };
}

function lastValue(said: string): number {
  const [before = ""] = /^(?:(?:"(?:[^"\\]|\\.)*"|[^,"]+),)*/.exec(said) ?? [];
  return before.length;
}

/** A value as it stands in a filter. */
export function quoted(value: string): string {
  return /[\s",]/.test(value) ? `"${value.replace(/["\\]/g, "\\$&")}"` : value;
}

function unquoted(value: string): string {
  return value.startsWith('"') ? value.replace(/^"|"$/g, "").replace(/\\(.)/g, "$1") : value;
}
