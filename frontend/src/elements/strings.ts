/** Every word that an element shows. A plural has a text for each category of `Intl.PluralRules`. */

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
  lostText: "Its worker died and nothing will run it again.",
  files: "Files",
  stages: "Stages",
  ofTotal: "{current} / {total}",
  failedItems: "{n} failed",
  skippedItems: "{n} skipped",
  attempt: "attempt {n}",
  position: "{n} in the queue",
  retryIn: "next attempt in {time}",
  noUpdate: "no update for {time}",
  perSecond: "{n}/s",
  perMinute: "{n}/min",
  left: "about {time} left",
  leftBetween: "{least} to {most} left",
  took: "took {time}",
  progress: "{title}: {percent}",
  ended: "{title}: {word}",
  manyEnded: { one: "{n} job finished", other: "{n} jobs finished" },
} as const;

type Plural = { readonly one: string; readonly other: string };
type Values = Readonly<Record<string, string | number>>;

export function text(key: keyof typeof strings, values: Values = {}): string {
  const entry: string | Plural = strings[key];
  const pattern = typeof entry === "string" ? entry : entry[plural(Number(values["n"]))];
  return pattern.replace(/\{(\w+)\}/g, (_, name: string) => shown(values[name]));
}

export function formatNumber(value: number, options?: Intl.NumberFormatOptions): string {
  return formatter(options).format(value);
}

/** A number that says which one, as English forms it: 1st, 2nd, 3rd, 4th. */
export function ordinal(n: number): string {
  const ends: Partial<Record<Intl.LDMLPluralRule, string>> = { one: "st", two: "nd", few: "rd" };
  return (
    formatNumber(n) + (ends[new Intl.PluralRules("en", { type: "ordinal" }).select(n)] ?? "th")
  );
}

/** A unit's word in the number that goes with `n`, as English forms it. */
export function unitFor(n: number, unit: string): string {
  if (plural(n) === "one" || /(^|[^a-z])[a-z]?$|[A-Z]|s$/.test(unit)) return unit;
  if (/[^aeiou]y$/.test(unit)) return `${unit.slice(0, -1)}ies`;
  return /(ch|sh|x|z)$/.test(unit) ? `${unit}es` : `${unit}s`;
}

const formatters = new Map<string, Intl.NumberFormat>();

function formatter(options: Intl.NumberFormatOptions = {}): Intl.NumberFormat {
  const key = `${language()} ${JSON.stringify(options)}`;
  const found = formatters.get(key) ?? new Intl.NumberFormat(language(), options);
  formatters.set(key, found);
  return found;
}

function plural(n: number): keyof Plural {
  return new Intl.PluralRules(language()).select(n) === "one" ? "one" : "other";
}

function shown(value: string | number | undefined): string {
  return typeof value === "number" ? formatNumber(value) : (value ?? "");
}
