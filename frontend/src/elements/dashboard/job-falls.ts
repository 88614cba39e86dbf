/** The waterfall on the page of a job that has started others, live. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { JobState } from "../../protocol";
import type { Desk } from "./desk";
import { fallsOf } from "./waterfall";
import { drawWaterfall } from "./waterfall-drawing";

const MOST = 2000; // states that are kept, as in the tree

export class JobFalls {
  readonly #desk: Desk;
  readonly #jobs = new Map<string, JobState>();
  #root = "";
  #stop: () => void = () => {};

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Tells by another text that something else is to be drawn; ages are drawn in any case. */
  get shape(): string {
    return `${this.#root} ${this.#jobs.size}`;
  }

  open(root: string): void {
    if (root === this.#root) return;
    this.close();
    this.#root = root;
    this.#stop = this.#desk.watchTree(root, (job) => this.#take(job));
  }

  close(): void {
    this.#stop();
    this.#stop = () => {};
    this.#jobs.clear();
    this.#root = "";
  }

  /** Draws the job at the top and what is below it; nothing until something below is known. */
  draw(top: JobState): TemplateResult | typeof nothing {
    const jobs = new Map([...this.#jobs, [top.id, top]]);
    const now = this.#desk.now();
    const falls = fallsOf(jobs, top.id, now);
    if (falls.falls.length < 2) return nothing;
    return html`${drawWaterfall(falls, now, (id) => this.#desk.hrefOf({ page: "job", id }))}`;
  }

  #take(job: JobState): void {
    const before = this.#jobs.get(job.id);
    if (before ? before.seq >= job.seq : this.#jobs.size >= MOST) return;
    this.#jobs.set(job.id, job);
    if (!before) this.#desk.redraw();
  }
}
