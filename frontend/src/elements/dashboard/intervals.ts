/** From when to when something was, as people read it. */

import { zone } from "./preferences";
import { language } from "./words";

const made = new Map<string | undefined, Intl.DateTimeFormat>();

/** "Nov 27, 2:05 – 2:06 PM"; of seconds since 1970. */
export function interval(from: number, to: number): string {
  return madeIn(zone()).formatRange(from * 1000, to * 1000);
}

function madeIn(timeZone: string | undefined): Intl.DateTimeFormat {
  const known = made.get(timeZone);
  if (known) return known;
  const format = new Intl.DateTimeFormat(language(), {
    month: "short",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
    timeZone,
  });
  made.set(timeZone, format);
  return format;
}
