/** The jobs of a tree that are not sent, for there are too many: read by pages, when asked for. */

import { addressBelow } from "./service";

const SEEK_AGAIN = 5000;

interface Page {
  readonly jobs: readonly unknown[];
  readonly next: string | null;
  /** Of a refusal, why. */
  readonly detail?: string;
}

export class TreePages {
  readonly #include: string;
  readonly #root: string;
  readonly #take: (job: unknown) => void;
  #cursor: string | null = "";
  #sought = 0;
  #soughtAt = Number.NEGATIVE_INFINITY;
  loading = false;
  /** Why the last page could not be had; "" while all is well. */
  problem = "";
  /** How many are counted that no page has. */
  missing = 0;

  constructor(include: string, root: string, take: (job: unknown) => void) {
    this.#include = include;
    this.#root = root;
    this.#take = take;
  }

  /** Reads on until there is something that was not known, or to the end. */
  async next(known: () => number, unsent: () => number): Promise<void> {
    if (this.loading) return;
    const before = known();
    this.loading = true;
    this.problem = "";
    try {
      do this.#cursor = await this.#read(`cursor=${this.#cursor ?? ""}`);
      while (this.#cursor && known() === before);
      if (!this.#cursor && known() === before) this.missing += unsent();
    } catch (problem) {
      this.problem = problem instanceof Error ? problem.message : String(problem);
    }
    this.loading = false;
  }

  /** Reads a page of those that have failed, where there are more than were sought; not too often. */
  async seek(failed: number): Promise<void> {
    const now = performance.now();
    if (failed === this.#sought || now - this.#soughtAt < SEEK_AGAIN) return;
    this.#sought = failed;
    this.#soughtAt = now;
    // Without them the tree is as it was; the next change asks again.
    await this.#read("status=failed").catch(() => null);
  }

  async #read(query: string): Promise<string | null> {
    const address = addressBelow(this.#include, `api/jobs/${this.#root}/tree`);
    address.search += `${address.search ? "&" : "?"}${query}`;
    const answer = await fetch(address);
    const page: Page = await answer.json();
    if (!answer.ok) throw new Error(page.detail);
    page.jobs.forEach(this.#take);
    return page.next;
  }
}
