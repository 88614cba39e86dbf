/** What the pages of the queues and of the workers have in common. */

import type { TemplateResult } from "lit/html.js";
import { isHeld } from "../follower";
import type { Desk } from "./desk";
import type { Page } from "./page";
import { Question } from "./question";
import { isReadOnly, type Workshop } from "./workshop";
import { drawForbidden, drawLoading, drawProblem } from "./workshop-drawing";
import type { WorkshopFeed } from "./workshop-feed";
import { say } from "./workshop-words";

const FORBIDDEN = 403;
const OLD = 10_000; // milliseconds after which it is said from when it is

// Where a table has no room.
const narrow = matchMedia("(width <= 45rem)");

export abstract class WorkshopPage implements Page {
  abstract readonly title: string;
  readonly ages = true;
  readonly keys = {};
  protected readonly desk: Desk;
  protected readonly feed: WorkshopFeed;
  protected readonly question: Question;

  constructor(desk: Desk, feed: WorkshopFeed) {
    this.desk = desk;
    this.feed = feed;
    this.question = new Question(desk);
  }

  open(): void {
    this.feed.open();
  }

  leave(): void {
    this.feed.close();
  }

  close(): void {
    this.feed.close();
  }

  renew(): void {
    if (this.desk.seesAll) this.feed.ask();
  }

  get shape(): string {
    return JSON.stringify([this.feed.version, this.question.shape, this.held, this.narrow]);
  }

  /** Why nothing can be done here; "" where something can. */
  get readOnly(): string {
    return this.feed.seen && isReadOnly(this.feed.seen) ? say("readOnlyShop") : "";
  }

  draw(): TemplateResult {
    const { seen, problem } = this.feed;
    const retry = () => this.feed.ask();
    if (problem?.status === FORBIDDEN) return drawForbidden(problem.message, this.#toJobs);
    if (seen) {
      this.#pin();
      return this.drawSeen(seen);
    }
    return problem ? drawProblem(problem.message, retry) : drawLoading();
  }

  protected abstract drawSeen(seen: Workshop): TemplateResult;

  /** Since when what is shown is old, in seconds; 0 while it is not. */
  protected get old(): number {
    const passed = Date.now() - this.feed.heard;
    return this.feed.problem && passed > OLD ? Math.round(passed / 1000) : 0;
  }

  protected get narrow(): boolean {
    return narrow.matches;
  }

  /** Whether somebody is at the rows, so that none may move. */
  protected get held(): boolean {
    return this.question.open || isHeld(this.#rows);
  }

  /** A row that comes to say less stays as high as it is while somebody is at one of them. */
  #pin(): void {
    const { held } = this;
    for (const row of this.#rows?.children ?? []) {
      if (!(row instanceof HTMLElement)) continue;
      row.style.minBlockSize = held ? `${row.offsetHeight}px` : "";
    }
  }

  get #rows(): HTMLElement | null {
    return this.desk.shadow.getElementById("rows");
  }

  get #toJobs(): string {
    return this.desk.hrefOf({ page: "jobs", q: "" });
  }
}
