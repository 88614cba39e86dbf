/** Does one thing to many jobs, in as many requests as it takes, and tells what could not be done. */

import type { JobState } from "../../protocol";
import type { Api, ManyAction } from "./api";

export type Deed = ManyAction | "again";

/** Which jobs are meant: some by their ids, or all that match a filter. */
export type Meant = { readonly ids: readonly string[] } | { readonly q: string };

export interface Outcome {
  readonly done: number;
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
  /** The job that does it to all that match, and tells by itself what could not be done. */
  readonly job?: JobState;
}

export interface Doing {
  /** What the service answers with. */
  readonly take: (state: unknown) => void;
  readonly progress: (done: number) => void;
}

const AT_ONCE = 100; // jobs of one request; see the contract
const BESIDE = 4; // requests that are open together

export async function perform(api: Api, deed: Deed, meant: Meant, doing: Doing): Promise<Outcome> {
  if (deed === "again") {
    return startAgain(api, "q" in meant ? await idsOf(api, meant.q) : meant.ids, doing);
  }
  if (!("q" in meant)) return steer(api, deed, meant.ids, doing);
  const job = await api.matching(deed, meant.q);
  doing.take(job);
  return { done: 0, refused: [], job };
}

async function steer(
  api: Api,
  deed: ManyAction,
  ids: readonly string[],
  doing: Doing,
): Promise<Outcome> {
  const outcome = new Growing(doing);
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const { jobs, refused } = await api.many(deed, ids.slice(at, at + AT_ONCE));
    outcome.add(jobs, refused);
  }
  return outcome;
}

async function startAgain(api: Api, ids: readonly string[], doing: Doing): Promise<Outcome> {
  const outcome = new Growing(doing);
  const left = [...ids];
  const work = async () => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) {
      const one = id;
      await api.again(one).then(
        (job) => outcome.add([job], []),
        (problem: unknown) => outcome.add([], [{ id: one, detail: messageOf(problem) }]),
      );
    }
  };
  await Promise.all(Array.from({ length: BESIDE }, work));
  return outcome;
}

/** Of those that match, the ids of those that can be run again. */
async function idsOf(api: Api, q: string): Promise<string[]> {
  const found: JobState[] = [];
  let cursor: string | null = null;
  do {
    const page = await api.jobs(q, cursor, new AbortController().signal);
    found.push(...page.jobs);
    cursor = page.next;
  } while (cursor);
  return found.filter(({ actions }) => actions.includes("again")).map(({ id }) => id);
}

class Growing implements Outcome {
  readonly refused: { readonly id: string; readonly reason: string }[] = [];
  readonly #doing: Doing;
  done = 0;

  constructor(doing: Doing) {
    this.#doing = doing;
  }

  add(
    jobs: readonly unknown[],
    refused: readonly { readonly id: string; readonly detail: string }[],
  ): void {
    this.done += jobs.length;
    for (const job of jobs) this.#doing.take(job);
    this.refused.push(...refused.map(({ id, detail }) => ({ id, reason: detail })));
    this.#doing.progress(this.done);
  }
}

function messageOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}
