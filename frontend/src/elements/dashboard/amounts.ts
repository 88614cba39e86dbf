/** Numbers, shares, rates and times as people read them; "–" where there is none. */

import { duration } from "../format";
import { text } from "../strings";
import { language, tell } from "./words";

const NONE = "–";
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function number(value: number | null): string {
  return value === null ? NONE : value.toLocaleString(language(), { maximumFractionDigits: 1 });
}

/** Seconds: "40 ms", "1.5 sec", "12 sec", "2 min 4 sec". */
export function time(seconds: number | null): string {
  if (seconds === null) return NONE;
  const unit = (value: number, name: string, digits: number) =>
    value.toLocaleString(language(), {
      style: "unit",
      unit: name,
      unitDisplay: "short",
      maximumFractionDigits: digits,
    });
  if (seconds < 0.9995) return unit(seconds * 1000, "millisecond", seconds < 0.00995 ? 1 : 0);
  return seconds < 9.95 ? unit(seconds, "second", 1) : duration(seconds);
}

/** Of all: nothing is said to be nothing, or all, that is not. */
export function share(part: number | null): string {
  if (part === null) return NONE;
  const shown = Math.min(part < 1 ? 0.999 : 1, part > 0 ? Math.max(0.001, part) : 0);
  return shown.toLocaleString(language(), { style: "percent", maximumFractionDigits: 1 });
}

/** So many in a second, or in as long as it takes for one and more. */
export function rate(perSecond: number | null): string {
  if (perSecond === null) return NONE;
  if (perSecond === 0) return text("perMinute", { n: 0 });
  if (perSecond >= 1) return text("perSecond", { n: number(perSecond) });
  if (perSecond >= 1 / MINUTE) return text("perMinute", { n: number(perSecond * MINUTE) });
  if (perSecond >= 1 / HOUR) return tell("perHour", { n: number(perSecond * HOUR) });
  const perDay = Math.max(0.1, perSecond * DAY);
  return tell("perDay", { n: number(perDay) });
}
