/** Tasks, or queues, side by side: how much ends and fails, how long it waits and runs. */

import type { TemplateResult } from "lit/html.js";
import type { Desk } from "./desk";
import { begin, due, type Lines, type SpanName, spanOf, written } from "./metrics";
import type { Keys, Page } from "./page";
import type { Refresh } from "./refresh";
import type { Route } from "./routes";
import { countedSeconds, FIRST_ORDER, failedOf, type Order, pressed, sorted } from "./task-lines";
import { drawTasks } from "./tasks-drawing";
import { tell } from "./words";

type Shown = Extract<Route, { page: "tasks" }>;

// Where a table has no room.
const narrow = matchMedia("(width <= 45rem)");

export class TasksPage implements Page {
  readonly ages = false;
  readonly #desk: Desk;
  readonly #refresh: Refresh;
  #route: Shown | null = null;
  #order: Order = FIRST_ORDER;
  #version = 0;
  #lines: Lines | null = null;
  #answered = "";

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#refresh = desk.refresh((signal) => this.#ask(signal));
  }

  get title(): string {
    return tell("tasks");
  }

  get keys(): Keys {
    return { pause: () => this.#desk.pause(!this.#desk.paused()) };
  }

  get shape(): string {
    const { problem } = this.#refresh;
    return JSON.stringify([this.#version, problem, this.#route, this.#order, narrow.matches]);
  }

  open(route: Route): void {
    if (route.page !== "tasks") return;
    const before = this.#route;
    this.#route = route;
    if (before?.by !== route.by) this.#lines = null;
    if (JSON.stringify(route) !== JSON.stringify(before)) void this.#refresh.now();
  }

  leave(): void {
    this.#refresh.stop();
    this.#route = null;
  }

  close(): void {
    this.#refresh.stop();
  }

  paint(): void {
    if (this.#route && !this.#desk.paused()) this.#refresh.look();
  }

  draw(): TemplateResult {
    const desk = this.#desk;
    const span = spanOf(this.#shown.span);
    const seconds = this.#lines ? countedSeconds(this.#lines, desk.now() / 1000) : 0;
    return drawTasks({
      span,
      by: this.#by,
      lines: this.#lines && sorted(this.#lines.tasks, this.#order, seconds),
      seconds,
      order: this.#order,
      frame: narrow.matches ? "cards" : "table",
      problem: this.#refresh.problem,
      old: this.#answered !== JSON.stringify(this.#shown),
      retry: () => void this.#refresh.now(),
      press: (column) => {
        this.#order = pressed(this.#order, column);
        desk.redraw();
      },
      hrefOfSpan: (other) => desk.hrefOf({ ...this.#shown, span: written(other) }),
      hrefOfBy: (by) => desk.hrefOf({ ...this.#shown, by }),
      hrefOf: (name) => this.#hrefOf(name, span),
      hrefOfFailed: (name) =>
        name && this.#by === "name" ? desk.hrefOf({ page: "jobs", q: failedOf(name, span) }) : "",
    });
  }

  get #shown(): Shown {
    return this.#route ?? { page: "tasks", span: "", by: "" };
  }

  get #by(): "name" | "queue" {
    return this.#shown.by === "queue" ? "queue" : "name";
  }

  /** The overview of one task, or of one queue. */
  #hrefOf(name: string | null, span: SpanName): string {
    if (!name) return "";
    const whose = this.#by === "queue" ? { task: "", queue: name } : { task: name, queue: "" };
    return this.#desk.hrefOf({ page: "overview", span: written(span), ...whose });
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const shown = this.#shown;
    const from = begin(spanOf(shown.span), this.#desk.now());
    const lines = await this.#desk.api.metrics<Lines>("tasks", { from, by: this.#by }, signal);
    if (signal.aborted) return;
    const now = this.#desk.now();
    const tasks = lines.tasks.map((one) => ({ ...one, points: due(one.points, lines, now) }));
    this.#lines = { ...lines, tasks };
    this.#answered = JSON.stringify(shown);
    this.#version += 1;
  }
}
