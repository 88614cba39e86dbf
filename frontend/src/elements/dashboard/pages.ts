/** All pages of the dashboard, and what is passed on to each of them. */

import type { JobState } from "../../protocol";
import type { AlertsPage } from "./alerts-page";
import type { Desk } from "./desk";
import { Fetched } from "./fetched";
import { InboxPage } from "./inbox-page";
import { JobPage } from "./job-page";
import { JobsPage } from "./jobs-page";
import { Nowhere } from "./nowhere";
import { OverviewPage } from "./overview-page";
import type { Page } from "./page";
import { pace } from "./preferences";
import { QueuesPage } from "./queues-page";
import type { PageName } from "./routes";
import { SchedulePage } from "./schedule-page";
import { SettingsPage } from "./settings";
import { TasksPage } from "./tasks-page";
import { WorkersPage } from "./workers-page";
import { WorkshopFeed } from "./workshop-feed";

/** What the element is told of the service. */
export interface Told {
  readonly base: URL;
  /** What starts a worker. */
  readonly command: string;
  /** Addresses; "" where there is none, or none for whoever looks. */
  readonly alerts: string;
  readonly preferences: string;
}

export class Pages {
  readonly jobs: JobsPage;
  readonly #desk: Desk;
  readonly #all: Readonly<Record<PageName, Page>>;
  /** The newest states that the pages have not been given. */
  readonly #late = new Map<string, JobState>();
  #tookIn = 0;

  constructor(desk: Desk, { base, command, alerts, preferences }: Told) {
    this.#desk = desk;
    this.jobs = new JobsPage(desk);
    const feed = new WorkshopFeed(desk.api, desk.redraw);
    this.#all = {
      overview: new OverviewPage(desk),
      jobs: this.jobs,
      tasks: new TasksPage(desk),
      queues: new QueuesPage(desk, feed),
      workers: new WorkersPage(desk, feed, command),
      job: new JobPage(desk, (id) => this.#placeOf(id)),
      schedule: new SchedulePage(desk),
      alerts: new Fetched(desk, "alerts", alerts, (file) => {
        const { AlertsPage: Alerts } = file as { AlertsPage: typeof AlertsPage };
        return new Alerts(desk);
      }),
      inbox: new InboxPage(desk, preferences),
      settings: new SettingsPage(desk, base),
      nowhere: new Nowhere(desk),
    };
  }

  of(name: PageName): Page {
    return this.#all[name];
  }

  each(what: (page: Page) => void): void {
    for (const page of Object.values(this.#all)) what(page);
  }

  /** Takes in a job's new state: at once, or at the pace that was chosen. */
  take(state: JobState): void {
    this.#late.set(state.id, state);
    if (pace() === 0) this.#takeIn();
  }

  /** Lets the pages have what has come, where it is time to. */
  look(): void {
    if (this.#late.size > 0 && performance.now() - this.#tookIn >= pace()) this.#takeIn();
  }

  #takeIn(): void {
    for (const state of this.#late.values()) this.each((page) => page.take?.(state));
    this.#late.clear();
    this.#tookIn = performance.now();
  }

  /** Where a job is in the list, and what leads to its neighbours. */
  #placeOf(id: string) {
    const { feed } = this.jobs;
    const href = (step: number) => {
      const beside = this.jobs.beside(id, step);
      return beside ? this.#desk.hrefOf({ page: "job", id: beside }) : "";
    };
    return {
      back: this.#desk.hrefOf({ page: "jobs", q: feed.q }),
      at: feed.list.placeOf(id),
      count: feed.list.order.length,
      before: href(-1),
      behind: href(1),
    };
  }
}
