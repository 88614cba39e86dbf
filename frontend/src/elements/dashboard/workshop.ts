/** Workers and queues as the service tells of them, and how they stand in a list. Knows no page. */

export interface Worker {
  readonly name: string;
  readonly state: WorkerState;
  readonly heard_at: string;
  readonly since: string;
  readonly host: string;
  readonly pid: number;
  readonly pool: string;
  readonly concurrency: number;
  readonly running: number;
  /** The ids of the first jobs that run there. */
  readonly jobs: readonly string[];
  readonly queues: readonly string[];
  readonly load: number | null;
  readonly processors: number;
  readonly versions: Readonly<Record<"headway" | "celery" | "python", string>>;
  readonly actions: readonly string[];
}

export type WorkerState = "here" | "stopping" | "stopped" | "gone";

export interface Queue {
  readonly name: string;
  readonly depth: number | null;
  readonly oldest_at: string | null;
  readonly consumers: number | null;
  readonly paused: boolean;
  readonly paused_by: string | null;
  readonly paused_at: string | null;
  readonly actions: readonly string[];
}

export interface Workshop {
  readonly workers: readonly Worker[];
  readonly queues: readonly Queue[];
  /** Queues that are not told of, because there are too many. */
  readonly more: number;
  readonly broker: "ok" | "away";
  readonly store: "ok" | "away";
  readonly at: string;
}

export type QueueState = "open" | "paused" | "left";

const OVER: readonly WorkerState[] = ["stopped", "gone"];
const SLOTS = 4; // lines for the jobs of a worker

/** `left` is a queue in which something waits and from which nobody takes. */
export function stateOf({ paused, depth, consumers }: Queue): QueueState {
  if (paused) return "paused";
  return consumers === 0 && depth !== 0 ? "left" : "open";
}

/** Those first that are there, each kind by name. */
export function inOrder(workers: readonly Worker[]): readonly Worker[] {
  const place = ({ state }: Worker) => Number(OVER.includes(state));
  return [...workers].sort((a, b) => place(a) - place(b) || compare(a.name, b.name));
}

/** Whether whoever looks may see this, and steer nothing of it; false while nothing is told. */
export function isReadOnly({ workers, queues }: Workshop): boolean {
  const rows = [...workers.filter(({ state }) => state === "here"), ...queues];
  return rows.length > 0 && rows.every(({ actions }) => actions.length === 0);
}

/** What a search says to find the jobs that have not ended of a queue; `quoted` is its name. */
export function jobsIn(quoted: string): string {
  return `queue:${quoted} status:unfinished`;
}

/** The order in which rows stand: while somebody is at them none moves, and what is new comes last. */
export class Steady<Row extends { readonly name: string }> {
  #rows: readonly Row[] = [];

  take(rows: readonly Row[], held: boolean): readonly Row[] {
    if (held) {
      const found = new Map(rows.map((row) => [row.name, row]));
      const kept = this.#rows.map((row) => found.get(row.name) ?? row);
      const names = new Set(kept.map(({ name }) => name));
      this.#rows = [...kept, ...rows.filter(({ name }) => !names.has(name))];
    } else this.#rows = rows;
    return this.#rows;
  }
}

/** What stands in the lines for a worker's jobs. */
export interface Shown {
  /** An id in each line; "" in one that stays empty. */
  readonly jobs: readonly string[];
  /** How many there are besides, told in a line of its own. */
  readonly more: number;
}

/** The jobs of each worker: one that goes on stays in its line, of as many as before while held. */
export class Lines {
  #shown = new Map<string, Shown>();

  take(workers: readonly Worker[], held: boolean): void {
    const before = this.#shown;
    const next = (worker: Worker) => linesOf(worker, before.get(worker.name), held);
    this.#shown = new Map(workers.map((worker) => [worker.name, next(worker)]));
  }

  of({ name }: Worker): Shown {
    return this.#shown.get(name) ?? { jobs: [], more: 0 };
  }
}

function linesOf({ jobs, running }: Worker, before: Shown | undefined, held: boolean): Shown {
  const all = Math.max(running, jobs.length);
  const lines = before ? before.jobs.length + Number(before.more > 0) : 0;
  const slots = held && before ? lines : Math.min(all, SLOTS);
  const room = all > slots ? Math.max(0, slots - 1) : slots;
  const stay = Array.from({ length: room }, (_, at) => before?.jobs[at] ?? "");
  const kept = stay.map((job) => (jobs.includes(job) ? job : ""));
  const others = jobs.filter((job) => !kept.includes(job));
  const shown = kept.map((job) => job || (others.shift() ?? ""));
  const named = shown.filter(Boolean).length;
  return { jobs: shown, more: slots > room ? all - named : 0 };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
