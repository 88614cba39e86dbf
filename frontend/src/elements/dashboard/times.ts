/** Moments and spans as people read them. */

import type { JobState } from "../../protocol";
import { duration } from "../format";
import { language } from "../spoken";
import { zone } from "./preferences";

const STEPS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

let relative: Intl.RelativeTimeFormat | undefined;
const exact = new Map<string | undefined, Intl.DateTimeFormat>();

/** "12 sec. ago", "3 min. ago"; `now` is the server's clock. */
export function ago(at: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(at)) / 1000));
  if (Number.isNaN(seconds)) return "";
  relative ??= new Intl.RelativeTimeFormat(language(), { numeric: "always", style: "short" });
  const [unit, size] = STEPS.find(([, size]) => seconds >= size) ?? (["second", 1] as const);
  return relative.format(-Math.floor(seconds / size), unit);
}

/** The same of a moment that may be to come: "in 3 min.". */
export function away(at: string, now: number): string {
  const seconds = Math.ceil((Date.parse(at) - now) / 1000);
  if (!(seconds > 0)) return ago(at, now);
  relative ??= new Intl.RelativeTimeFormat(language(), { numeric: "always", style: "short" });
  const [unit, size] = STEPS.find(([, size]) => seconds >= size) ?? (["second", 1] as const);
  return relative.format(Math.round(seconds / size), unit);
}

/** The moment itself, to the second and with its zone: the one that was chosen. */
export function moment(at: string): string {
  const time = Date.parse(at);
  return Number.isNaN(time) ? "" : exactIn(zone()).format(time);
}

function exactIn(timeZone: string | undefined): Intl.DateTimeFormat {
  const known = exact.get(timeZone);
  if (known) return known;
  const made = new Intl.DateTimeFormat(language(), {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
    timeZone,
  });
  exact.set(timeZone, made);
  return made;
}

/** For how long a job waited for a worker; null while nobody knows. */
export function waitedOf({ queued_at, started_at }: JobState): string {
  return between(queued_at, started_at ? Date.parse(started_at) : Number.NaN);
}

/** For how long it has run, or ran. */
export function ranOf({ started_at, finished_at }: JobState, now: number): string {
  return between(started_at, finished_at ? Date.parse(finished_at) : now);
}

function between(from: string | null, to: number): string {
  const seconds = from ? (to - Date.parse(from)) / 1000 : Number.NaN;
  return Number.isNaN(seconds) ? "" : spanOf(seconds);
}

/** A time in seconds, those below one in milliseconds. */
export function spanOf(seconds: number): string {
  return seconds < 1 ? short(Math.max(0, seconds)) : duration(seconds);
}

function short(seconds: number): string {
  const options = { style: "unit", unit: "millisecond", unitDisplay: "short" } as const;
  return Math.round(seconds * 1000).toLocaleString(language(), options);
}
