import { formatNumber } from "./strings";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A fraction in whole percent, rounded down: nothing is at 100 % before it is. */
export function wholePercent(fraction: number): number {
  return Math.floor(clamp(fraction) * 100 + 1e-9);
}

export function clamp(fraction: number): number {
  return Math.min(1, Math.max(0, fraction));
}

export function percent(fraction: number): string {
  return formatNumber(wholePercent(fraction) / 100, { style: "percent" });
}

/** Time that has passed: "8 sec", "2 min 4 sec", "1 hr 20 min". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < MINUTE) return unit(whole, "second");
  if (whole < HOUR) return pair(whole, MINUTE, "minute", 1, "second");
  if (whole < DAY) return pair(whole, HOUR, "hour", MINUTE, "minute");
  return pair(whole, DAY, "day", HOUR, "hour");
}

/** Time still to go, as coarse as it is uncertain: steps of 5 s to a minute, then minutes; never 0. */
export function remaining(seconds: number): string {
  if (seconds <= MINUTE) return duration(Math.max(5, Math.ceil(seconds / 5) * 5));
  if (seconds <= HOUR) return duration(Math.round(seconds / MINUTE) * MINUTE);
  return duration(Math.round(seconds / (5 * MINUTE)) * 5 * MINUTE);
}

export function bytes(size: number): string {
  const names = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
  const step = Math.min(names.length - 1, Math.floor(Math.log10(Math.max(1, size)) / 3));
  return unit(size / 1000 ** step, names[step] ?? "byte", 1, step === 0 ? "long" : "short");
}

function pair(seconds: number, big: number, bigName: string, small: number, smallName: string) {
  const rest = Math.floor((seconds % big) / small);
  const head = unit(Math.floor(seconds / big), bigName);
  return rest > 0 ? `${head} ${unit(rest, smallName)}` : head;
}

function unit(
  value: number,
  name: string,
  maximumFractionDigits = 0,
  unitDisplay: "short" | "long" = "short",
): string {
  return formatNumber(value, {
    style: "unit",
    unit: name,
    unitDisplay,
    maximumFractionDigits,
  });
}
