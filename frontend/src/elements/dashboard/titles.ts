/** The titles of jobs that are known by their ids alone. */

import type { JobState } from "../../protocol";
import { titleOf } from "../view";
import type { Api } from "./api";

const AT_ONCE = 16; // ids of one search

export class Titles {
  readonly #api: Api;
  readonly #changed: () => void;
  readonly #known = new Map<string, string>();
  readonly #asked = new Set<string>();
  /** Another number tells that a title has become known. */
  version = 0;

  constructor(api: Api, changed: () => void) {
    this.#api = api;
    this.#changed = changed;
  }

  of(id: string): string {
    return this.#known.get(id) ?? "";
  }

  /** Keeps the titles of these, and asks for those that are not known. */
  want(ids: readonly string[]): void {
    const wanted = new Set(ids);
    for (const id of this.#asked) if (!wanted.has(id)) this.#forget(id);
    const strange = ids.filter((id) => !this.#asked.has(id));
    for (const id of strange) this.#asked.add(id);
    for (let at = 0; at < strange.length; at += AT_ONCE) {
      void this.#ask(strange.slice(at, at + AT_ONCE));
    }
  }

  /** Takes in a state of a job that is shown here. */
  take(state: JobState): void {
    const title = titleOf(state);
    if (!this.#asked.has(state.id) || this.#known.get(state.id) === title) return;
    this.#known.set(state.id, title);
    this.version += 1;
    this.#changed();
  }

  async #ask(ids: readonly string[]): Promise<void> {
    const { signal } = new AbortController();
    const found = await this.#api.jobs(`id:${ids.join(",")}`, null, signal).catch(() => null);
    for (const state of found?.jobs ?? []) this.take(state);
    // Without an answer they are asked for with the next look.
    if (!found) for (const id of ids) this.#asked.delete(id);
  }

  #forget(id: string): void {
    this.#asked.delete(id);
    this.#known.delete(id);
  }
}
