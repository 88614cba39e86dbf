/** What the dashboard asks the service for, and how it says that something is not so. */

import type { JobState } from "../../protocol";
import { request } from "../asking";
import { addressBelow } from "../service";
import type { JobPage } from "./job-list";
import type { OwnView } from "./own-views";
import type { Schedule } from "./schedule";
import type { Usual } from "./usual";
import { tell } from "./words";
import type { Queue, Worker, Workshop } from "./workshop";

export interface Count {
  readonly count: number;
  /** Whether there are more than were counted. */
  readonly more: boolean;
}

export interface Item {
  readonly n: number;
  readonly outcome: string;
  readonly item: unknown;
  readonly reason: string;
}

export interface Items {
  readonly items: readonly Item[];
  readonly next: number | null;
  readonly lost: number;
}

/** What the service tells of one job beside its state, to who may know it. */
export interface Details {
  readonly began_at?: string | null;
  readonly usual?: Usual | null;
  readonly traceback?: string | null;
  readonly arguments?: unknown;
  readonly queue?: string | null;
  readonly owner_name?: string | null;
  readonly result?: unknown;
}

/** Something that somebody asked for. */
export interface Act {
  readonly at: string;
  readonly by: string;
  readonly action: string;
  readonly detail: Readonly<Record<string, unknown>>;
  /** Why it was not done; null where it was. */
  readonly refused: string | null;
  readonly address: string | null;
  readonly token: string | null;
}

export interface Acts {
  readonly acts: readonly Act[];
  readonly next: string | null;
}

export interface Refusal {
  readonly id: string;
  readonly detail: string;
}

export interface Done {
  readonly jobs: readonly unknown[];
  readonly refused: readonly Refusal[];
}

interface Views {
  readonly views: readonly OwnView[];
}

export type ManyAction = "cancel" | "pause" | "resume";

/** The service's refusal; its message can be shown. */
export class Refused extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export class Api {
  readonly include: string;

  constructor(include: string) {
    this.include = include;
  }

  jobs(q: string, cursor: string | null, signal: AbortSignal): Promise<JobPage> {
    const asked = { ...(q && { q }), ...(cursor && { cursor }) };
    return this.#get("jobs", asked, signal);
  }

  count(q: string, signal: AbortSignal): Promise<Count> {
    return this.#get("jobs/count", q ? { q } : {}, signal);
  }

  async words(key: string, start: string, signal: AbortSignal): Promise<readonly string[]> {
    return (await this.#get<{ words: string[] }>("jobs/words", { key, start }, signal)).words;
  }

  job(id: string, signal: AbortSignal): Promise<JobState & Details> {
    return this.#get(`jobs/${id}`, {}, signal);
  }

  items(id: string, after: number, signal: AbortSignal): Promise<Items> {
    return this.#get(`jobs/${id}/items`, { after: String(after) }, signal);
  }

  /** What operators see of all jobs; what is asked with "" is not asked. */
  metrics<Answer>(
    what: "now" | "series" | "tasks",
    asked: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const said = Object.entries(asked).filter(([, value]) => value);
    return this.#get(`metrics/${what}`, Object.fromEntries(said), signal);
  }

  async views(signal: AbortSignal): Promise<readonly OwnView[]> {
    return (await this.#get<Views>("views", {}, signal)).views;
  }

  /** Answers all views that there are then, as does the next. */
  async saveView(name: string, q: string): Promise<readonly OwnView[]> {
    return ((await request(this.include, "views", { name, q })) as Views).views;
  }

  async deleteView(id: number): Promise<readonly OwnView[]> {
    const more = { method: "DELETE" };
    return ((await request(this.include, `views/${id}`, undefined, more)) as Views).views;
  }

  schedule(signal: AbortSignal): Promise<Schedule> {
    return this.#get("schedule", {}, signal);
  }

  /** Where a job's items are, for spreadsheets. */
  tableOf(id: string): string {
    const address = addressBelow(this.include, `api/jobs/${id}/items`);
    address.searchParams.set("format", "csv");
    return address.href;
  }

  many(action: ManyAction, ids: readonly string[]): Promise<Done> {
    return request(this.include, "jobs/actions", { action, ids }) as Promise<Done>;
  }

  /** Lets a job of its own do it to all that match, and answers its state. */
  async matching(action: ManyAction, q: string): Promise<JobState> {
    const said = { action, filter: q ? { q } : {}, as_job: true };
    return ((await request(this.include, "jobs/actions", said)) as { job: JobState }).job;
  }

  again(id: string): Promise<unknown> {
    return request(this.include, `jobs/${id}/again`);
  }

  acts(id: string, cursor: string | null, signal: AbortSignal): Promise<Acts> {
    return this.#get(`jobs/${id}/acts`, cursor ? { cursor } : {}, signal);
  }

  workers(signal: AbortSignal): Promise<Workshop> {
    return this.#get("workers", {}, signal);
  }

  /** Pauses or resumes a queue, whose name may have slashes in it. */
  steerQueue(name: string, action: string): Promise<{ queue: Queue; note: string }> {
    const path = `queues/${encodeURIComponent(name)}/${action}`;
    return request(this.include, path) as Promise<{ queue: Queue; note: string }>;
  }

  steerWorker(
    name: string,
    action: string,
    said?: object,
  ): Promise<{ worker: Worker; note: string }> {
    const path = `workers/${encodeURIComponent(name)}/${action}`;
    return request(this.include, path, said) as Promise<{ worker: Worker; note: string }>;
  }

  async #get<Answer>(
    path: string,
    asked: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const address = addressBelow(this.include, `api/${path}`);
    for (const [name, value] of Object.entries(asked)) address.searchParams.set(name, value);
    const headers = { Accept: "application/json" };
    const answer = await fetch(address, { headers, credentials: "same-origin", signal }).catch(
      (problem: unknown) => {
        if (signal.aborted) throw problem;
        throw new Refused(tell("noAnswer"), 0);
      },
    );
    const body: unknown = await answer.json().catch(() => null);
    if (!answer.ok) throw new Refused(reasonOf(body) || String(answer.status), answer.status);
    return body as Answer;
  }
}

function reasonOf(problem: unknown): string {
  const { detail, title } = (problem ?? {}) as { detail?: unknown; title?: unknown };
  return [detail, title].find((said): said is string => typeof said === "string") ?? "";
}
