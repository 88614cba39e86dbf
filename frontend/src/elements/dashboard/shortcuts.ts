/** Which key means what. Knows no page. */

export type Command =
  | "help"
  | "palette"
  | "filter"
  | "next"
  | "previous"
  | "select"
  | "cancel"
  | "again"
  | "pause"
  | "news"
  | "back"
  | "leave"
  | "overview"
  | "jobs"
  | "tasks"
  | "queues"
  | "workers"
  | "schedule"
  | "alerts"
  | "inbox"
  | "settings";

export interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  readonly isComposing: boolean;
}

const ONE: Readonly<Record<string, Command>> = {
  "?": "help",
  "/": "filter",
  j: "next",
  k: "previous",
  x: "select",
  c: "cancel",
  r: "again",
  p: "pause",
  n: "news",
  u: "back",
};
const AFTER_G: Readonly<Record<string, Command>> = {
  o: "overview",
  j: "jobs",
  t: "tasks",
  q: "queues",
  w: "workers",
  h: "schedule",
  a: "alerts",
  i: "inbox",
  s: "settings",
};
const PATIENCE = 1500; // milliseconds between the two keys of one command

/** For the sheet that lists them, in its order. */
export const KEYS_OF: readonly (readonly [keys: string, command: Command])[] = [
  ["/", "filter"],
  ["j", "next"],
  ["k", "previous"],
  ["x", "select"],
  ["c", "cancel"],
  ["r", "again"],
  ["p", "pause"],
  ["n", "news"],
  ["u", "back"],
  ["Esc", "leave"],
  ["g o", "overview"],
  ["g j", "jobs"],
  ["g t", "tasks"],
  ["g q", "queues"],
  ["g w", "workers"],
  ["g h", "schedule"],
  ["g a", "alerts"],
  ["g i", "inbox"],
  ["g s", "settings"],
  ["Ctrl K", "palette"],
  ["?", "help"],
];

export class Shortcuts {
  #since = -PATIENCE;

  /** What a key means at a moment in milliseconds; `typing` is told of a field that takes keys. */
  read(pressed: Pressed, now: number, typing: boolean): Command | null {
    const { key, ctrlKey, altKey, metaKey, isComposing } = pressed;
    if ((ctrlKey || metaKey) && key.toLowerCase() === "k" && !altKey) return "palette";
    const second = now - this.#since < PATIENCE;
    this.#since = -PATIENCE;
    if (typing || ctrlKey || altKey || metaKey || isComposing) return null;
    if (key === "Escape") return "leave";
    if (second) return AFTER_G[key] ?? null;
    if (key === "g") this.#since = now;
    return ONE[key] ?? null;
  }
}
