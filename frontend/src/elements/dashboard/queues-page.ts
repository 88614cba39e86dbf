/** The queues: how long they are, who takes from them, and pausing them. */

import type { TemplateResult } from "lit/html.js";
import { quoted } from "./query";
import { drawQueues } from "./queues-drawing";
import { tell } from "./words";
import { jobsIn, type Queue, Steady, type Workshop } from "./workshop";
import { WorkshopPage } from "./workshop-page";
import { say } from "./workshop-words";

export class QueuesPage extends WorkshopPage {
  readonly #steady = new Steady<Queue>();

  get title(): string {
    return tell("queues");
  }

  protected drawSeen(seen: Workshop): TemplateResult {
    return drawQueues({
      seen,
      rows: this.#steady.take(seen.queues, this.held),
      now: this.desk.now(),
      narrow: this.narrow,
      old: this.old,
      reason: this.feed.problem?.message ?? "",
      hrefOf: ({ name }) => this.desk.hrefOf({ page: "jobs", q: jobsIn(quoted(name)) }),
      retry: () => this.feed.ask(),
      press: (queue) => this.#ask(queue),
      dialog: this.question.draw(),
    });
  }

  #ask(queue: Queue): void {
    const { name, depth, paused } = queue;
    const waits = depth ? [say("waitNow", { n: depth })] : [];
    this.question.ask({
      title: say(paused ? "sureResumeQueue" : "surePauseQueue", { name }),
      means: paused
        ? [say("resumeMeans"), ...waits]
        : [say("pauseMeans"), say("pauseQueues"), ...waits],
      go: say(paused ? "resumeQueue" : "pauseQueue"),
      takes: false,
      perform: () => this.#perform(name, paused ? "resume" : "pause"),
    });
  }

  async #perform(name: string, action: string): Promise<string> {
    const { queue, note } = await this.desk.api.steerQueue(name, action);
    this.feed.put({ queue });
    return `${name}: ${note}`;
  }
}
