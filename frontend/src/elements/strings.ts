/**
 * Every word that a bar shows, in English; a page in another language brings its own. A plural has
 * a text for each category of `Intl.PluralRules`.
 */

import { brought } from "./brought";

const language = () => document.documentElement.lang || undefined;

export const strings = {
  queued: "Queued",
  running: "Running",
  paused: "Paused",
  waiting: "Needs an answer",
  retrying: "Retrying",
  cancelling: "Cancelling…",
  succeeded: "Succeeded",
  failed: "Failed",
  cancelled: "Cancelled",
  lost: "Lost",
  warnings: "Succeeded with warnings",
  stalled: "Stalled",
  job: "Job",
  loading: "Loading…",
  reconnecting: "Reconnecting…",
  offline: "Offline",
  signedOut: "Signed out. Reload the page to go on.",
  stopped: "Live updates have stopped. Reload the page to go on.",
  notAvailable: "This job is not available.",
  files: "Files",
  stages: "Stages",
  failedItems: "{n} failed",
  skippedItems: "{n} skipped",
  attempt: "attempt {n}",
  againOf: "runs {id} again",
  position: "{n} in the queue",
  retryIn: "next attempt in {time}",
  noUpdate: "no update for {time}",
  perSecond: "{n}/s",
  perMinute: "{n}/min",
  left: "about {time} left",
  leftBetween: "{least} to {most} left",
  took: "took {time}",
  news: "{title}: {what}",
  manyEnded: { one: "{n} job finished", other: "{n} jobs finished" },
  nth: { one: "{n}st", two: "{n}nd", few: "{n}rd", other: "{n}th" },
} as const;

type Plural = Readonly<Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }>;
type Word = keyof typeof strings;
type Values = Readonly<Record<string, string | number>>;

let known: Readonly<Record<Word, string | Plural>> | undefined;

export function text(key: Word, values: Values = {}): string {
  known ??= { ...strings, ...brought("bar") };
  const entry = known[key];
  const n = values["n"];
  const pattern =
    typeof entry === "string"
      ? entry
      : // Which one it is, is told by English rules: other languages bring one text.
        (entry[key === "nth" ? plural(n, "ordinal", "en") : plural(n)] ?? entry.other);
  return pattern.replace(/\{(\w+)\}/g, (_, name: string) => shown(values[name]));
}

export function formatNumber(value: number, options: Intl.NumberFormatOptions = {}): string {
  return kept(Intl.NumberFormat, options, language()).format(value);
}

/** A unit's word in the number that goes with `n`, as English forms it. */
export function unitFor(n: number, unit: string): string {
  if (plural(n) === "one" || /(^|[^a-z])[a-z]?$|[A-Z]|s$/.test(unit)) return unit;
  if (/[^aeiou]y$/.test(unit)) return `${unit.slice(0, -1)}ies`;
  return /(ch|sh|x|z)$/.test(unit) ? `${unit}es` : `${unit}s`;
}

const made = new Map<string, unknown>();

/** What `Intl` takes long to make is made once for each language and use. */
function kept<Made>(
  Maker: new (locale?: string, options?: object) => Made,
  options: object,
  locale?: string,
): Made {
  const key = `${locale} ${JSON.stringify(options)}`;
  const found = made.get(key) ?? new Maker(locale, options);
  made.set(key, found);
  return found as Made;
}

function plural(n: unknown, type: Intl.PluralRuleType = "cardinal", locale = language()) {
  return kept(Intl.PluralRules, { type }, locale).select(Number(n));
}

function shown(value: string | number | undefined): string {
  return typeof value === "number" ? formatNumber(value) : (value ?? "");
}
