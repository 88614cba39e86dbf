/** The list of jobs: what it shows, and what is done to it. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { JobState } from "../../protocol";
import { copy } from "../copying";
import { isHeld } from "../follower";
import { titleOf } from "../view";
import { Confirmation, type Plan } from "./confirmation";
import type { Deed } from "./deeds";
import { type Desk, may } from "./desk";
import { JobFeed } from "./feed";
import { FilterBox } from "./filter-box";
import type { Frame } from "./job-row";
import { drawJobs, SNIPPET } from "./jobs-drawing";
import type { Keys, Page } from "./page";
import { Pane } from "./pane";
import { toggled } from "./query";
import type { Route } from "./routes";
import { Saving } from "./saving";
import { Selection } from "./selection";
import { quickFilters } from "./views";
import { drawChoice } from "./views-drawing";
import { tell } from "./words";

const DEEDS: readonly Deed[] = ["cancel", "pause", "resume", "again"];
const NEAR = 600; // pixels before the end of what is shown, then more is asked for
const TOP = 8;

// Where a table has no room.
const narrow = matchMedia("(width <= 45rem)");

export class JobsPage implements Page {
  readonly feed: JobFeed;
  readonly filter: FilterBox;
  readonly #desk: Desk;
  readonly #selection = new Selection();
  readonly #confirmation: Confirmation;
  readonly #saving: Saving;
  readonly #pending = new Map<string, string>();
  #pane: Pane | null = null;
  #top = 0;
  #last = "";
  #comesBack = false;

  constructor(desk: Desk) {
    this.#desk = desk;
    this.feed = new JobFeed(desk.api, desk.redraw);
    this.filter = new FilterBox({
      api: desk.api,
      operator: desk.seesAll,
      redraw: desk.redraw,
      field: () => desk.shadow.querySelector<HTMLInputElement>("#filter"),
      use: (q, done) => q !== this.feed.q && desk.go({ page: "jobs", q }, !done),
    });
    this.#saving = new Saving(desk);
    const title = (id: string) => titleOf(this.feed.list.get(id) ?? ({ name: id } as JobState));
    this.#confirmation = new Confirmation(desk, title, (plan, now) => this.#await(plan, now));
  }

  get title(): string {
    return tell("jobs");
  }

  /** Ages are written by the rows. */
  readonly ages = false;

  get keys(): Keys {
    return {
      filter: () => this.filter.focus(),
      next: () => this.#move(1),
      previous: () => this.#move(-1),
      select: () => this.#toggle(),
      cancel: () => this.#perform("cancel"),
      again: () => this.#perform("again"),
      pause: () => this.feed.pause(!this.feed.paused),
      news: () => this.#admit(),
      ...(this.#hasChosen && { leave: () => this.#clear() }),
    };
  }

  /** Shows what a filter means; the same as before is shown where it was left. */
  open(route: Route): void {
    if (route.page === "jobs" && this.feed.open(route.q)) {
      this.#selection.clear();
      this.#top = 0;
      this.#last = "";
      if (this.#scroller) this.#scroller.scrollTop = 0;
    }
    this.#comesBack = this.#pane === null;
  }

  leave(): void {
    this.#pane = null;
  }

  close(): void {
    this.feed.close();
  }

  take(state: JobState): void {
    this.feed.take(state);
  }

  renew(): void {
    void this.feed.renew();
  }

  drawn(): void {
    this.filter.show(this.feed.q);
  }

  get shape(): string {
    const { phase, problem, growing, count, list, paused } = this.feed;
    const { size, all } = this.#selection;
    const lists = [list.order.length, list.next, list.news, list.isOutrun];
    return JSON.stringify([
      [phase, problem?.message, growing, count, paused, this.#frame, this.feed.missed],
      [lists, size, all, this.#offered(), this.filter.shape, this.#confirmation.shape],
      [this.#saving.shape, this.#desk.views.version],
    ]);
  }

  draw(): TemplateResult {
    const { feed, filter } = this;
    const { list, q } = feed;
    const go = (other: string) => this.#desk.go({ page: "jobs", q: other });
    const refused = feed.problem?.status === 400 ? feed.problem.message : "";
    return drawJobs({
      q,
      filter: filter.draw(refused),
      quick: quickFilters(this.#desk.operator),
      phase: feed.phase,
      problem: feed.problem,
      growing: feed.growing,
      frame: this.#frame,
      rows: list.order.length,
      more: list.next !== null,
      searchedTo: list.searchedTo,
      news: list.news,
      outrun: list.isOutrun,
      count: feed.count,
      chosen: this.#selection.size,
      all: this.#selection.all,
      deeds: this.#offered(),
      press: (word) => this.#desk.go({ page: "jobs", q: toggled(q, word) }),
      hrefOf: (other) => this.#desk.hrefOf({ page: "jobs", q: other }),
      admit: () => this.#admit(),
      retry: () => feed.retry(),
      grow: () => void feed.more(),
      clicked: (event) => this.#clicked(event),
      scrolled: () => this.#scrolled(),
      chooseAll: (chosen) => this.#chooseAll(chosen),
      match: () => this.#changeSelection(() => this.#selection.match()),
      clear: () => this.#clear(),
      perform: (deed) => this.#perform(deed),
      copySnippet: () => void this.#copy(),
      views: this.#frame === "cards" ? drawChoice(this.#desk.views, q, go) : nothing,
      saves: q !== "" && feed.phase === "ready" && !this.#desk.views.has(q),
      save: () => this.#saving.open(),
      dialog: html`${this.#confirmation.draw()}${this.#saving.draw(q)}`,
    });
  }

  /** Writes what moves; `all` where anything may look otherwise, as after a second. */
  paint(all: boolean): void {
    this.#settle();
    const pane = this.#paneNow();
    const { list } = this.feed;
    if (!pane) return;
    const changed = list.changes();
    const context = {
      now: this.#desk.now(),
      hrefOf: (id: string) => this.#desk.hrefOf({ page: "job", id }),
      isChosen: (id: string) => this.#selection.has(id),
      pendingOf: (id: string) => this.#pending.get(id) ?? "",
      many: this.#selection.size > 0,
    };
    const shown = {
      order: list.order,
      placeOf: (id: string) => list.placeOf(id),
      get: (id: string) => list.get(id),
      changed: all ? null : changed,
      context,
    };
    pane.paint(shown);
    if (this.#comesBack) this.#comeBack(pane, () => pane.paint({ ...shown, changed: null }));
  }

  /** Takes new jobs in, and goes to them. */
  #admit(): void {
    this.feed.admit();
    if (this.#scroller) this.#scroller.scrollTop = 0;
  }

  #clear(): void {
    this.#changeSelection(() => this.#selection.clear());
  }

  get #hasChosen(): boolean {
    return this.#selection.size > 0 || this.#selection.all;
  }

  /** Goes to the job before or behind the one that has the focus. */
  #move(step: number): void {
    const { list } = this.feed;
    const pane = this.#paneNow();
    const at = list.placeOf(this.#current || this.#last);
    const to = Math.min(list.order.length - 1, Math.max(0, at < 0 ? 0 : at + step));
    const id = list.order[to];
    if (!pane || id === undefined) return;
    pane.reveal(to);
    this.paint(false);
    pane.rowOf(id)?.link.focus({ preventScroll: true });
    this.#last = id;
  }

  /** The job beside one, in the order of the list. */
  beside(id: string, step: number): string | undefined {
    const at = this.feed.list.placeOf(id);
    return at < 0 ? undefined : this.feed.list.order[at + step];
  }

  #toggle(): void {
    const id = this.#current;
    if (!id) return;
    const { order } = this.feed.list;
    this.#changeSelection(() => this.#selection.set(id, !this.#selection.has(id), order));
  }

  /** Asks whether something is to be done: to what is chosen, else to the job that has the focus. */
  #perform(deed: Deed): void {
    const plan = this.#plan(deed);
    if (plan) this.#confirmation.ask(plan);
    else this.#desk.say(tell("nothingToDo"));
  }

  /** Remembers which job was looked at, to come back to it. */
  looked(id: string): void {
    this.#last = id;
  }

  measure(): void {
    this.#pane?.measure();
  }

  #plan(deed: Deed): Plan | null {
    const { list, q } = this.feed;
    if (this.#selection.all) return { deed, meant: { q }, count: null, jobs: [], leftOut: 0 };
    const ids = this.#selection.size > 0 ? [...this.#selection.ids] : [this.#current];
    const chosen = ids.flatMap((id) => list.get(id) ?? []);
    const jobs = chosen.filter((job) => may(this.#desk, job, deed));
    if (jobs.length === 0) return null;
    const meant = { ids: jobs.map(({ id }) => id) };
    return { deed, meant, count: jobs.length, jobs, leftOut: chosen.length - jobs.length };
  }

  #offered(): readonly Deed[] {
    if (this.#selection.all) return DEEDS;
    const chosen = [...this.#selection.ids].flatMap((id) => this.feed.list.get(id) ?? []);
    return DEEDS.filter((deed) => chosen.some((job) => may(this.#desk, job, deed)));
  }

  #await({ deed, meant }: Plan, pending: boolean): void {
    const ids = "ids" in meant ? meant.ids : this.feed.list.order;
    for (const id of ids) {
      if (pending) this.#pending.set(id, deed);
      else this.#pending.delete(id);
    }
    if (!pending) this.#selection.clear();
    this.paint(true);
  }

  /** Shows new jobs by itself only to who is at the top and at nothing. */
  #settle(): void {
    const { list, paused, phase } = this.feed;
    if (list.news === 0 || paused || phase !== "ready") return;
    const scroller = this.#scroller;
    const held = isHeld(scroller) || this.#hasChosen || (scroller?.scrollTop ?? 0) > TOP;
    if (list.order.length === 0 || !held) this.feed.admit();
  }

  get #frame(): Frame {
    return narrow.matches ? "cards" : "table";
  }

  get #scroller(): HTMLElement | null {
    return this.#desk.shadow.querySelector<HTMLElement>("#scroller");
  }

  get #current(): string {
    const active = this.#desk.shadow.activeElement;
    return active?.closest<HTMLElement>("#rows [data-id]")?.dataset["id"] ?? "";
  }

  #paneNow(): Pane | null {
    const box = this.#desk.shadow.querySelector<HTMLElement>("#rows");
    const scroller = this.#scroller;
    if (!box || !scroller) return null;
    if (this.#pane?.box !== box) this.#pane = new Pane(scroller, box, this.#frame);
    return this.#pane;
  }

  /** Whoever returns from a job finds the list where it was, at that job. */
  #comeBack(pane: Pane, paint: () => void): void {
    this.#comesBack = false;
    if (this.#scroller) this.#scroller.scrollTop = this.#top;
    const place = this.feed.list.placeOf(this.#last);
    if (place >= 0) pane.reveal(place);
    paint();
    if (place >= 0) pane.rowOf(this.#last)?.link.focus({ preventScroll: true });
  }

  #scrolled(): void {
    const scroller = this.#scroller;
    if (!scroller) return;
    this.#top = scroller.scrollTop;
    this.paint(false);
    const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    // What takes the service long is asked for by a button.
    if (left < NEAR && !this.feed.list.searchedTo) {
      void this.feed.more();
    }
  }

  #clicked(event: Event): void {
    const target = event.target as Element;
    const id = target.closest<HTMLElement>("[data-id]")?.dataset["id"];
    if (!id) return;
    this.#last = id;
    if (!(target instanceof HTMLInputElement)) return;
    const { order } = this.feed.list;
    const through = (event as MouseEvent).shiftKey;
    this.#changeSelection(() => this.#selection.set(id, target.checked, order, through));
  }

  #chooseAll(chosen: boolean): void {
    const { order } = this.feed.list;
    this.#changeSelection(() => (chosen ? this.#selection.setAll(order) : this.#selection.clear()));
  }

  #changeSelection(change: () => void): void {
    change();
    this.#desk.redraw();
    this.paint(true);
  }

  async #copy(): Promise<void> {
    const done = await copy(SNIPPET, this.#desk.shadow);
    this.#desk.say(tell(done ? "copied" : "notCopied"));
  }
}
