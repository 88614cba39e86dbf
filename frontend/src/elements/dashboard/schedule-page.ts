/** What is started by itself: each entry with when it was and will be. */

import type { TemplateResult } from "lit/html.js";
import type { Desk } from "./desk";
import type { Page } from "./page";
import type { Refresh } from "./refresh";
import type { Route } from "./routes";
import type { Schedule } from "./schedule";
import { drawSchedule } from "./schedule-drawing";
import { tell } from "./words";

// Where a table has no room.
const narrow = matchMedia("(width <= 45rem)");

export class SchedulePage implements Page {
  readonly ages = true;
  readonly keys = {};
  readonly #desk: Desk;
  readonly #refresh: Refresh;
  #schedule: Schedule | null = null;
  #version = 0;
  #shown = false;

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#refresh = desk.refresh((signal) => this.#ask(signal));
  }

  get title(): string {
    return tell("schedule");
  }

  get shape(): string {
    return JSON.stringify([this.#version, this.#refresh.problem, narrow.matches]);
  }

  open(_: Route): void {
    this.#shown = true;
    void this.#refresh.now();
  }

  leave(): void {
    this.#shown = false;
    this.#refresh.stop();
  }

  close(): void {
    this.#refresh.stop();
  }

  paint(): void {
    if (this.#shown) this.#refresh.look();
  }

  draw(): TemplateResult {
    return drawSchedule({
      schedule: this.#schedule,
      frame: narrow.matches ? "cards" : "table",
      now: this.#desk.now(),
      problem: this.#refresh.problem,
      retry: () => void this.#refresh.now(),
      hrefOfJobs: ({ task }) => this.#desk.hrefOf({ page: "jobs", q: `task:${task}` }),
    });
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const schedule = await this.#desk.api.schedule(signal);
    if (signal.aborted) return;
    this.#schedule = schedule;
    this.#version += 1;
  }
}
