/** From when to when something was, as people read it. */

import { language } from "./words";

let made: Intl.DateTimeFormat | undefined;

/** "Nov 27, 2:05 – 2:06 PM"; of seconds since 1970. */
export function interval(from: number, to: number): string {
  made ??= new Intl.DateTimeFormat(language(), {
    month: "short",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
  });
  return made.formatRange(from * 1000, to * 1000);
}
