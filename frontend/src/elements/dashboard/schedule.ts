/** What Celery's beat starts by itself, as the service tells it. */

import { duration } from "../format";
import { moment } from "./times";
import { tell } from "./words";

export interface When {
  readonly kind: "every" | "crontab" | "sun" | "once" | "other";
  readonly text: string;
  readonly seconds: number | null;
  readonly zone: string | null;
}

export interface Entry {
  readonly name: string;
  readonly task: string;
  readonly enabled: boolean;
  readonly when: When;
  readonly last_at: string | null;
  /** Past where it is overdue; null where nobody can tell. */
  readonly next_at: string | null;
}

export interface Schedule {
  readonly entries: readonly Entry[];
  /** Entries that are not shown. */
  readonly more: number;
}

const LATE = 60_000; // milliseconds that a busy scheduler may take

/** Whether the scheduler should have started it a while ago. */
export function isOverdue({ next_at }: Entry, now: number): boolean {
  return next_at !== null && now - Date.parse(next_at) > LATE;
}

/** When it is started, in words; a crontab as it is written, for its next time is told beside it. */
export function whenOf({ kind, text, seconds }: When): string {
  if (kind === "every") return tell("every", { time: duration(seconds ?? 0) });
  if (kind === "once") return tell("once", { time: moment(text) });
  return kind === "sun" ? text.replaceAll("_", " ") : text;
}
