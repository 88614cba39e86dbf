/** The words of the wire: twin of `realtime/protocol.py`. Imports nothing, knows no socket. */

export const SUBPROTOCOL = "headway.v1";

export type End = "succeeded" | "failed" | "cancelled" | "lost";
export type Status = "queued" | "running" | "paused" | "waiting" | "retrying" | "cancelling" | End;

const LIVE: readonly unknown[] = [
  "queued",
  "running",
  "paused",
  "waiting",
  "retrying",
  "cancelling",
];
const ENDS: readonly unknown[] = ["succeeded", "failed", "cancelled", "lost"];

export interface Stage {
  readonly name: string;
  readonly fraction: number | null;
  readonly weight: number;
  readonly status: string;
  /** How long its entries took that are over; older workers do not tell it. */
  readonly seconds?: number;
  /** When the entry began that is not over; only while it runs. */
  readonly began_at?: string;
  /** The parts of this part. */
  readonly stages?: readonly Stage[];
}

export interface JobFile {
  readonly name: string;
  readonly size: number;
  readonly url: string;
}

export interface JobError {
  readonly kind: string;
  readonly text: string;
}

/** What a job asks its owner. */
export interface Question {
  readonly id: string;
  readonly text: string;
  readonly choices: readonly string[] | null;
  readonly asked_at: string;
  readonly expires_at: string | null;
}

/** Everything a viewer sees of a job, whole, at one sequence number. */
export interface JobState {
  readonly id: string;
  readonly seq: number;
  readonly name: string;
  readonly title: string;
  readonly status: Status;
  readonly attempt: number;
  readonly current: number;
  readonly total: number | null;
  readonly unit: string;
  readonly fraction: number | null;
  readonly message: string;
  readonly rate: number | null;
  readonly eta: number | null;
  /** Between what the seconds left probably are, where earlier runs tell it. */
  readonly eta_range: readonly [number, number] | null;
  readonly stages: readonly Stage[];
  readonly ok: number;
  readonly failed: number;
  readonly skipped: number;
  readonly log: number;
  readonly files: readonly JobFile[];
  readonly question: Question | null;
  /** Of a root: how many jobs are below it, by status, and `total`. */
  readonly children: Readonly<Record<string, number>> | null;
  readonly error: JobError | null;
  readonly owner: string | null;
  readonly root: string;
  readonly parent: string | null;
  readonly again_of: string | null;
  readonly tags: readonly string[];
  readonly queued_at: string | null;
  readonly started_at: string | null;
  readonly updated_at: string | null;
  readonly heard_at: string | null;
  readonly finished_at: string | null;
  readonly position: number | null;
  readonly retry_at: string | null;
  readonly stalled: boolean;
  readonly worker: string | null;
  readonly actions: readonly string[];
}

export interface LogLine {
  readonly n: number;
  readonly at: string;
  readonly level: string;
  readonly text: string;
}

export interface Notice {
  readonly id: string;
  readonly job: string | null;
  readonly kind: string;
  /** By which ways its person wants to be told; older servers do not say. */
  readonly ways?: readonly string[];
  readonly title: string;
  readonly text: string;
  readonly at: string;
  readonly read_at: string | null;
  readonly actions: readonly string[];
  /** What its job asks, as long as it can be answered. */
  readonly question: Question | null;
  readonly files: readonly JobFile[];
}

export interface Welcome {
  readonly type: "welcome";
  readonly protocol: number;
  readonly user: string | null;
  readonly now: string;
  readonly heartbeat: number;
  readonly window: number;
}

export interface Jobs {
  readonly type: "jobs";
  readonly jobs: readonly JobState[];
}

export interface Watching {
  readonly type: "watching";
  readonly topic: string;
}

export interface Log {
  readonly type: "log";
  readonly job: string;
  readonly after: number;
  readonly lines: readonly LogLine[];
  readonly lost: number;
}

export interface Notices {
  readonly type: "notices";
  readonly unread: number;
  readonly notices: readonly Notice[];
}

export interface Refused {
  readonly type: "refused";
  readonly topic: string;
  readonly code: string;
  readonly text: string;
}

export interface Heartbeat {
  readonly type: "heartbeat";
  readonly at: string;
}

/** A frame of an unknown type, or one that is malformed: `data` says whether the server counts it. */
export interface Ignored {
  readonly type: "ignored";
  readonly data: boolean;
}

export type Frame = Welcome | Jobs | Watching | Log | Notices | Refused | Heartbeat | Ignored;

export type Topic =
  | `job:${string}`
  | `tree:${string}`
  | `log:${string}`
  | "mine"
  | "all"
  | "notices";
export type Position = { seq?: number; after?: number };

export type BrowserFrame =
  | { readonly type: "watch"; readonly topics: Readonly<Record<string, Position>> }
  | { readonly type: "unwatch"; readonly topics: readonly string[] }
  | { readonly type: "ack"; readonly frames: number };

type Check = (value: unknown) => boolean;
type Report = (problem: string) => void;

const text: Check = (value) => typeof value === "string";
const number: Check = (value) => Number.isFinite(value);
const count: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const flag: Check = (value) => typeof value === "boolean";
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

/** Fields and what they must be. */
type Shape = readonly (readonly [name: string, check: Check])[];

/** The names in the keys, parted by spaces, keep the table small. */
const fields = (table: Readonly<Record<string, Check>>): Shape =>
  Object.entries(table).flatMap(([names, check]) =>
    names.split(" ").map((name) => [name, check] as const),
  );
const shaped = (table: Readonly<Record<string, Check>>): Check => {
  const shape = fields(table);
  return (value) => isObject(value) && wrongField(value, shape) === undefined;
};

const stage = shaped({ "name status": text, fraction: orNull(number), weight: number });
const stages = listOf(
  (value) =>
    stage(value) && ((value as Stage).stages === undefined || stages((value as Stage).stages)),
);

const STATE = fields({
  "id name title unit message root": text,
  "owner parent again_of worker queued_at started_at updated_at heard_at finished_at retry_at":
    orNull(text),
  "seq attempt ok failed skipped log": count,
  current: number,
  position: orNull(count),
  "total fraction rate eta": orNull(number),
  eta_range: orNull(listOf(number)),
  stalled: flag,
  "tags actions": listOf(text),
  status: (value) => isEnd(value) || LIVE.includes(value),
  stages,
  files: listOf(shaped({ "name url": text, size: number })),
  error: orNull(shaped({ "kind text": text })),
  question: (value) => value !== undefined,
  children: orNull(
    shaped({ "total queued running retrying succeeded failed cancelled lost": count }),
  ),
});

const FRAMES: Readonly<Record<Exclude<Frame["type"], "ignored">, Shape>> = {
  welcome: fields({
    "protocol window": count,
    user: orNull(text),
    now: text,
    heartbeat: number,
  }),
  jobs: fields({ jobs: Array.isArray }),
  watching: fields({ topic: text }),
  log: fields({
    job: text,
    "after lost": count,
    lines: listOf(shaped({ n: count, "at level text": text })),
  }),
  notices: fields({
    unread: count,
    notices: listOf(
      shaped({
        "id kind title text at": text,
        "job read_at": orNull(text),
        actions: listOf(text),
      }),
    ),
  }),
  refused: fields({ "topic code text": text }),
  heartbeat: fields({ at: text }),
};

export function isEnd(value: unknown): value is End {
  return ENDS.includes(value);
}

/** Whether the browser may come back by itself after this close code. */
export function comesBack(code: number): boolean {
  return code < 4500 || code > 4999;
}

/**
 * Reads one frame. Never throws: what is malformed is reported and comes back as `ignored`;
 * a bad state is left out, so that one job cannot silence the others in its batch.
 */
export function decode(data: unknown, report: Report): Frame {
  const value = parse(data);
  const type = isObject(value) ? value["type"] : undefined;
  if (!isObject(value) || typeof type !== "string") {
    report("expected a JSON object with a type");
    return { type: "ignored", data: false };
  }
  const ignored: Ignored = { type: "ignored", data: countsAsData(type) };
  if (!Object.hasOwn(FRAMES, type)) return ignored;
  if (isWrong(type, value, FRAMES[type as keyof typeof FRAMES], report)) return ignored;
  const frame = value as unknown as Frame;
  return frame.type === "jobs" ? { type: "jobs", jobs: readStates(frame.jobs, report) } : frame;
}

/** Reads one state, as in a frame or in an HTTP answer; null when it is malformed. */
export function decodeState(data: unknown, report: Report = () => {}): JobState | null {
  const read = parse(data);
  const value = isObject(read) ? read : {};
  return isWrong("state", value, STATE, report) ? null : (value as unknown as JobState);
}

/** Whether the server counts frames of this type against the window. */
export function countsAsData(type: string): boolean {
  return type === "jobs" || type === "log" || type === "notices";
}

function readStates(states: readonly unknown[], report: Report): JobState[] {
  return states.map((state) => decodeState(state, report)).filter((state) => state !== null);
}

function isWrong(
  what: string,
  value: Record<string, unknown>,
  shape: Shape,
  report: Report,
): boolean {
  const field = wrongField(value, shape);
  if (field === undefined) return false;
  report(
    `expected ${what}.${field} to be as in ${SUBPROTOCOL}, got: ${JSON.stringify(value[field])}`,
  );
  return true;
}

function parse(data: unknown): unknown {
  if (typeof data !== "string") return data;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrongField(value: Record<string, unknown>, shape: Shape): string | undefined {
  for (const [name, check] of shape) if (!check(value[name])) return name;
  return undefined;
}
