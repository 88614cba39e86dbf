/** The overview: how things stand now, and what happened in a span, to all jobs or to some. */

import type { TemplateResult } from "lit/html.js";
import { bringOne } from "../bring-one";
import type { Desk } from "./desk";
import { type Kpi, kpisOf } from "./kpis";
import {
  begin,
  type Lines,
  type Now,
  type Series,
  type SpanName,
  spanOf,
  written,
} from "./metrics";
import { drawOverview } from "./overview-drawing";
import type { Keys, Page } from "./page";
import { type Plot, type PlotName, plotsOf } from "./plots";
import type { Refresh } from "./refresh";
import type { Route } from "./routes";
import { failedOf, failing } from "./task-lines";
import { tell } from "./words";
import type { Workshop } from "./workshop";

type Shown = Extract<Route, { page: "overview" }>;

const FAILING = 5;

export class OverviewPage implements Page {
  readonly ages = false;
  readonly #desk: Desk;
  readonly #refresh: Refresh;
  readonly #asTables = new Set<PlotName>();
  #route: Shown | null = null;
  /** Counts answers, so that what is new is drawn. */
  #version = 0;
  #plots: readonly Plot[] = [];
  #plotted = "";
  #kpis: readonly Kpi[] = [];
  #lines: Lines | null = null;
  #workers: Workshop | null = null;

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#refresh = desk.refresh((signal) => this.#ask(signal));
  }

  get title(): string {
    return tell("overview");
  }

  get keys(): Keys {
    return { pause: () => this.#desk.pause(!this.#desk.paused()) };
  }

  get shape(): string {
    const { problem } = this.#refresh;
    return JSON.stringify([this.#version, problem, this.#route, [...this.#asTables]]);
  }

  open(route: Route): void {
    if (route.page !== "overview") return;
    bringOne("headway-chart");
    const isOther = JSON.stringify(route) !== JSON.stringify(this.#route);
    this.#route = route;
    if (isOther) void this.#refresh.now();
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
    const { task = "", queue = "" } = this.#route ?? {};
    const desk = this.#desk;
    const lines = this.#lines?.tasks ?? [];
    const jobs = (q: string) => desk.hrefOf({ page: "jobs", q });
    return drawOverview({
      span: this.#span,
      task,
      queue,
      tasks: lines.flatMap(({ name }) => name ?? []).sort(),
      queues: this.#workers?.queues.map(({ name }) => name) ?? [],
      kpis: this.#kpis,
      figures: this.#plots.map((plot) => this.#figureOf(plot)),
      failing: this.#lines && failing(lines, FAILING),
      workers: this.#workers,
      problem: this.#refresh.problem,
      old: this.#plotted !== JSON.stringify(this.#route),
      retry: () => void this.#refresh.now(),
      choose: (what, name) => this.#choose({ [what]: name }),
      hrefOfSpan: (span) => desk.hrefOf({ ...this.#shown, span: written(span) }),
      hrefOfTask: (name) => desk.hrefOf({ ...this.#shown, task: name, queue: "" }),
      hrefOfFailed: (name) => jobs(failedOf(name, this.#span)),
      hrefOfJobs: jobs,
      hrefOfTasks: desk.hrefOf({ page: "tasks", span: written(this.#span), by: "" }),
    });
  }

  get #shown(): Shown {
    return this.#route ?? { page: "overview", span: "", task: "", queue: "" };
  }

  get #span(): SpanName {
    return spanOf(this.#shown.span);
  }

  #figureOf(plot: Plot) {
    const asTable = this.#asTables.has(plot.name);
    const toggle = () => {
      if (asTable) this.#asTables.delete(plot.name);
      else this.#asTables.add(plot.name);
      this.#desk.redraw();
    };
    return { plot, asTable, toggle };
  }

  #choose(other: Partial<Shown>): void {
    this.#desk.go({ ...this.#shown, ...other });
  }

  /** Asks for all parts at once; one that fails leaves what others answer. */
  async #ask(signal: AbortSignal): Promise<void> {
    const route = this.#shown;
    const { task: name, queue } = route;
    const { api } = this.#desk;
    const from = begin(spanOf(route.span), this.#desk.now());
    const parts = [
      this.#part(api.metrics<Now>("now", {}, signal), signal, (now) => {
        this.#kpis = kpisOf(now);
      }),
      this.#part(api.metrics<Series>("series", { from, name, queue }, signal), signal, (series) => {
        this.#plots = plotsOf(series, this.#desk.now());
        this.#plotted = JSON.stringify(route);
      }),
      this.#part(api.metrics<Lines>("tasks", { from }, signal), signal, (lines) => {
        this.#lines = lines;
      }),
      this.#part(api.workers(signal), signal, (workers) => {
        this.#workers = workers;
      }),
    ];
    const failed = (await Promise.allSettled(parts)).find((one) => one.status === "rejected");
    if (failed) throw failed.reason;
  }

  async #part<Answer>(
    asked: Promise<Answer>,
    signal: AbortSignal,
    take: (answer: Answer) => void,
  ): Promise<void> {
    const answer = await asked;
    if (signal.aborted) return;
    take(answer);
    this.#version += 1;
    this.#desk.redraw();
  }
}
