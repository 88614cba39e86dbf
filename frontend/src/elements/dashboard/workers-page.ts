/** The workers: who they are and what they do, stopping them, and letting them do more at once. */

import type { TemplateResult } from "lit/html.js";
import type { JobState } from "../../protocol";
import { copy } from "../copying";
import type { Desk } from "./desk";
import { Titles } from "./titles";
import { tell } from "./words";
import { drawWorkers } from "./workers-drawing";
import { inOrder, Lines, Steady, type Worker, type Workshop } from "./workshop";
import type { WorkshopFeed } from "./workshop-feed";
import { WorkshopPage } from "./workshop-page";
import { say } from "./workshop-words";

const MOST = 1000; // tasks at once, as the service has it

export class WorkersPage extends WorkshopPage {
  readonly #command: string;
  readonly #steady = new Steady<Worker>();
  readonly #lines = new Lines();
  readonly #titles: Titles;

  /** `command` starts a worker. */
  constructor(desk: Desk, feed: WorkshopFeed, command: string) {
    super(desk, feed);
    this.#command = command;
    this.#titles = new Titles(desk.api, desk.redraw);
  }

  get title(): string {
    return tell("workers");
  }

  override get shape(): string {
    return `${super.shape} ${this.#titles.version}`;
  }

  take(state: JobState): void {
    this.#titles.take(state);
  }

  protected drawSeen(seen: Workshop): TemplateResult {
    const rows = this.#steady.take(inOrder(seen.workers), this.held);
    this.#lines.take(rows, this.held);
    const linesOf = (worker: Worker) => this.#lines.of(worker);
    this.#titles.want(rows.flatMap((worker) => linesOf(worker).jobs.filter(Boolean)));
    return drawWorkers({
      seen,
      rows,
      now: this.desk.now(),
      old: this.old,
      reason: this.feed.problem?.message ?? "",
      command: this.#command,
      linesOf,
      titleOf: (id) => this.#titles.of(id),
      hrefOf: (id) => this.desk.hrefOf({ page: "job", id }),
      retry: () => this.feed.ask(),
      stop: (worker) => this.#askToStop(worker),
      resize: (worker) => this.#askToResize(worker),
      copy: () => void this.#copy(),
      dialog: this.question.draw(),
    });
  }

  #askToStop({ name, running }: Worker): void {
    this.question.ask({
      title: say("sureStop", { name }),
      means: [say("stopMeans"), ...(running > 0 ? [say("runsNow", { n: running })] : [])],
      go: say("stop"),
      takes: true,
      perform: () => this.#perform(name, "stop"),
    });
  }

  #askToResize({ name, concurrency }: Worker): void {
    this.question.ask({
      title: say("sureResize", { name }),
      means: [say("resizeMeans", { n: concurrency })],
      go: say("resizeNow"),
      takes: false,
      number: { label: say("atOnce"), value: concurrency, most: MOST },
      perform: (processes) => this.#perform(name, "concurrency", { processes }),
    });
  }

  async #perform(name: string, action: string, said?: object): Promise<string> {
    const { worker, note } = await this.desk.api.steerWorker(name, action, said);
    this.feed.put({ worker });
    return `${name}: ${note}`;
  }

  async #copy(): Promise<void> {
    const done = await copy(this.#command, this.desk.shadow);
    this.desk.say(tell(done ? "copied" : "notCopied"));
  }
}
