/** The page of one job: everything that is known of it, live. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import { isEnd, type JobState } from "../../protocol";
import { copy } from "../copying";
import { titleOf } from "../view";
import { type Details, type Item, Refused } from "./api";
import { Confirmation } from "./confirmation";
import type { Deed } from "./deeds";
import { type Desk, may } from "./desk";
import { drawAttempts, JobActs } from "./job-acts";
import { drawJob, drawWay, type Place } from "./job-drawing";
import { JobFalls } from "./job-falls";
import type { Keys, Page } from "./page";
import type { Route } from "./routes";
import { drawStageTimes } from "./stage-drawing";
import { stageTimesOf, standingOf } from "./stage-times";
import { drawUsual } from "./usual-drawing";
import { tell } from "./words";

const ITEMS_AGAIN = 3000; // milliseconds between two looks at a running job's items
const TREE_AFTER = 1; // children that make a tree

export class JobPage implements Page {
  readonly #desk: Desk;
  readonly #placeOf: (id: string) => Place;
  readonly #confirmation: Confirmation;
  readonly #acts: JobActs;
  readonly #falls: JobFalls;
  #id = "";
  #job: JobState | null = null;
  #details: Details | null = null;
  #problem: Refused | null = null;
  #items: readonly Item[] = [];
  #nextItem: number | null = null;
  #lost = 0;
  #counted = 0;
  #asking = new AbortController();
  #stop: () => void = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(desk: Desk, placeOf: (id: string) => Place) {
    this.#desk = desk;
    this.#placeOf = placeOf;
    this.#acts = new JobActs(desk);
    this.#falls = new JobFalls(desk);
    const title = (id: string) => (this.#job?.id === id ? titleOf(this.#job) : id);
    this.#confirmation = new Confirmation(desk, title, () => {});
  }

  get title(): string {
    return this.#job ? titleOf(this.#job) : tell("loading");
  }

  readonly ages = true;

  get keys(): Keys {
    const to = (href: string) => href && this.#desk.visit(href, true);
    return {
      next: () => to(this.#placeOf(this.#id).behind),
      previous: () => to(this.#placeOf(this.#id).before),
      cancel: () => this.#perform("cancel"),
      again: () => this.#perform("again"),
      back: () => this.#desk.visit(this.#placeOf(this.#id).back),
    };
  }

  open(route: Route): void {
    if (route.page !== "job" || route.id === this.#id) return;
    const { id } = route;
    this.leave();
    this.#id = id;
    this.#stop = this.#desk.watchJob(
      id,
      (state) => this.#take(state),
      () => void this.#ask(),
    );
    this.#acts.open(id);
    void this.#ask();
  }

  leave(): void {
    this.#falls.close();
    this.#stop();
    this.#acts.leave();
    this.#asking.abort();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asking = new AbortController();
    this.#id = "";
    this.#job = this.#details = this.#problem = null;
    this.#items = [];
    this.#nextItem = null;
    this.#lost = this.#counted = 0;
  }

  get shape(): string {
    const { seq, status, actions, stalled } = this.#job ?? {};
    const shown = this.#job && factsIn(this.#job);
    return JSON.stringify([
      [this.#id, status, actions, stalled, shown, seq === undefined],
      [this.#details, this.#problem?.message, this.#items.length, this.#nextItem, this.#lost],
      [this.#confirmation.shape, this.#placeOf(this.#id), this.#acts.shape, this.#falls.shape],
    ]);
  }

  draw(): TemplateResult {
    const [job, desk] = [this.#job, this.#desk];
    const usual = this.#details?.usual;
    const times = job ? stageTimesOf(job, usual?.stages, desk.now()) : [];
    return html`${drawJob({
      id: this.#id,
      job,
      details: this.#details,
      problem: this.#problem,
      items: this.#items,
      moreItems: this.#nextItem !== null,
      lost: this.#lost,
      table: desk.api.tableOf(this.#id),
      place: this.#placeOf(this.#id),
      now: desk.now(),
      operator: desk.operator,
      steers: job !== null && (desk.steers || job.owner === desk.person),
      hasTree: job !== null && hasTree(job),
      falls: job && hasTree(job) ? this.#falls.draw(job) : nothing,
      hrefOf: (id) => desk.hrefOf({ page: "job", id }),
      retry: () => void this.#ask(),
      showMore: () => void this.#askItems(),
      copy: (text) => void this.#copy(text),
      usual: job ? drawUsual(job, usual, desk.now(), times) : nothing,
      stages: drawStageTimes(times),
      attempts: job ? drawAttempts(job, this.#details?.began_at ?? null, desk.now()) : nothing,
      acts: this.#acts.draw(),
    })}${job ? this.#confirmation.draw() : nothing}`;
  }

  drawWay(): TemplateResult {
    return drawWay(this.#placeOf(this.#id));
  }

  /** Asks whether something is to be done to the job. */
  #perform(deed: Deed): void {
    const job = this.#job;
    if (job && may(this.#desk, job, deed)) {
      this.#confirmation.ask({ deed, meant: { ids: [job.id] }, count: 1, jobs: [job], leftOut: 0 });
    } else this.#desk.say(tell("nothingToDo"));
  }

  #take(state: JobState): void {
    const before = this.#job;
    if (state.id !== this.#id || (before && before.seq > state.seq)) return;
    this.#job = state;
    this.#problem = null;
    this.#acts.take(state);
    if (hasTree(state)) this.#falls.open(state.root);
    const ended = before && !isEnd(before.status) && isEnd(state.status);
    const began = before && before.started_at !== state.started_at;
    if (ended || began) void this.#ask();
    else if (state.failed + state.skipped !== this.#counted) this.#askItemsSoon();
    this.#desk.redraw();
  }

  /** Asks for what is not part of the state. */
  async #ask(): Promise<void> {
    const { signal } = this.#asking;
    try {
      const answer = await this.#desk.api.job(this.#id, signal);
      this.#details = answer;
      this.#take(answer);
      this.#problem = null;
      if (answer.failed + answer.skipped > 0) this.#askItemsSoon(0);
    } catch (problem) {
      if (signal.aborted) return;
      this.#problem = problem instanceof Refused ? problem : new Refused(String(problem), 0);
    }
    if (!signal.aborted) this.#desk.redraw();
  }

  #askItemsSoon(after = ITEMS_AGAIN): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#counted = (this.#job?.failed ?? 0) + (this.#job?.skipped ?? 0);
      void this.#askItems();
    }, after);
  }

  /** Reads the items that follow those that are known. */
  async #askItems(): Promise<void> {
    const { signal } = this.#asking;
    const after = this.#items.at(-1)?.n ?? 0;
    const found = await this.#desk.api.items(this.#id, after, signal).catch(() => null);
    if (!found || signal.aborted) return;
    this.#items = [...this.#items, ...found.items.filter(({ n }) => n > after)];
    this.#nextItem = found.next;
    this.#lost = found.lost;
    this.#desk.redraw();
  }

  async #copy(text: string): Promise<void> {
    const done = await copy(text, this.#desk.shadow);
    this.#desk.say(tell(done ? "copied" : "notCopied"));
  }
}

function hasTree({ children }: JobState): boolean {
  return (children?.["total"] ?? 0) >= TREE_AFTER;
}

/** What of a state is drawn by the template, and not by the bar. */
function factsIn(job: JobState): readonly unknown[] {
  const { title, name, error, attempt, owner, worker, tags, root, again_of, children } = job;
  const { queued_at, started_at, finished_at, failed, skipped } = job;
  return [
    [title, name, error, attempt, owner, worker, tags, root, again_of],
    [
      queued_at,
      started_at,
      finished_at,
      job.retry_at,
      failed,
      skipped,
      (children?.["total"] ?? 0) > 0,
      standingOf(job),
    ],
  ];
}
