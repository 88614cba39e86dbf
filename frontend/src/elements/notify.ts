/** Lets the browser show a notice, where its person has allowed it to. */

import type { Notice } from "../protocol";
import { say, type Word } from "./inbox-words";

/** Returns what is shown; undefined where the browser does not show it. */
export function notify(
  { id, kind, title, text }: Notice,
  clicked: () => void,
): Notification | undefined {
  if (globalThis.Notification?.permission !== "granted") return undefined;
  try {
    // With the same tag the browser shows one, whoever tells it.
    const shown = new Notification(title, { body: `${say(kind as Word)} · ${text}`, tag: id });
    shown.onclick = clicked;
    return shown;
  } catch {
    return undefined; // browsers that know them only from service workers
  }
}
