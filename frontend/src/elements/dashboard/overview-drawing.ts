/** The overview as templates: numbers, charts, what fails, who works. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import { share } from "./amounts";
import { drawFigure, drawSpans, drawTrouble, type FigureState, spanWord } from "./figure-drawing";
import type { Kpi } from "./kpis";
import type { Line, SpanName } from "./metrics";
import { tell } from "./words";
import type { Workshop } from "./workshop";

export interface OverviewPicture {
  readonly span: SpanName;
  readonly task: string;
  readonly queue: string;
  readonly tasks: readonly string[];
  readonly queues: readonly string[];
  readonly kpis: readonly Kpi[];
  readonly figures: readonly FigureState[];
  /** Null while nobody knows. */
  readonly failing: readonly Line[] | null;
  readonly workers: Workshop | null;
  readonly problem: string;
  /** Whether what is shown is of what the address told before. */
  readonly old: boolean;
  readonly retry: () => void;
  readonly choose: (what: "task" | "queue", name: string) => void;
  readonly hrefOfSpan: (span: SpanName) => string;
  readonly hrefOfTask: (name: string) => string;
  readonly hrefOfFailed: (name: string) => string;
  readonly hrefOfJobs: (q: string) => string;
  readonly hrefOfTasks: string;
}

export function drawOverview(picture: OverviewPicture): TemplateResult {
  const { kpis, figures, problem, retry, old } = picture;
  const bones = (kind: string) => (problem ? nothing : drawBones(kind));
  return html`<article class="one overview" id="scroller" tabindex="-1">
    ${drawTrouble(problem, retry)}
    ${figures.length > 0 || problem ? nothing : html`<p class="unseen" role="status">${tell("loading")}</p>`}
    ${kpis.length > 0 ? drawKpis(picture) : bones("kpis")}
    ${drawTools(picture)}
    ${
      figures.length > 0
        ? html`<div class="charts ${old ? "stale" : ""}">${figures.map(drawFigure)}</div>`
        : bones("charts")
    }
    <div class="charts">${drawFailing(picture)}${drawWorkers(picture)}</div>
  </article>`;
}

function drawKpis({ kpis, hrefOfJobs }: OverviewPicture): TemplateResult {
  return html`<dl class="kpis">${kpis.map(
    ({ label, value, note, q, look }) => html`<div class="kpi ${look}"><dt>${label}</dt>
      <dd>${q === null ? html`<b>${value}</b>` : html`<a href=${hrefOfJobs(q)}><b>${value}</b></a>`}
        ${note ? html`<span class="quiet">${note}</span>` : nothing}</dd></div>`,
  )}</dl>`;
}

function drawTools(picture: OverviewPicture): TemplateResult {
  const { span, task, queue, tasks, queues, hrefOfSpan } = picture;
  return html`<div class="choices">${drawSpans(span, hrefOfSpan)}
    ${drawChoice(picture, "task", task, tasks)}${drawChoice(picture, "queue", queue, queues)}</div>`;
}

function drawChoice(
  { choose }: OverviewPicture,
  what: "task" | "queue",
  chosen: string,
  names: readonly string[],
): TemplateResult {
  const all = chosen && !names.includes(chosen) ? [chosen, ...names] : names;
  const changed = (event: Event) => choose(what, (event.target as HTMLSelectElement).value);
  return html`<label class="choice"><span>${tell(what)}</span><select id="choose-${what}" @change=${changed}>
    <option value="" .selected=${chosen === ""}>${tell(what === "task" ? "allTasks" : "allQueues")}</option>
    ${all.map((name) => html`<option value=${name} .selected=${name === chosen}>${name}</option>`)}
  </select></label>`;
}

function drawFailing(picture: OverviewPicture): TemplateResult | typeof nothing {
  const { failing, span, hrefOfTask, hrefOfFailed, hrefOfTasks } = picture;
  if (!failing) return nothing;
  return html`<section class="card" aria-labelledby="failing">
    <div class="head"><h2 id="failing">${tell("failing", { span: spanWord(span) })}</h2>
      <a href=${hrefOfTasks}>${tell("toTasks")}</a></div>
    ${
      failing.length > 0
        ? html`<ol role="list" class="failing">${failing.map((line) => {
            const { name, failed, lost, ended, failed_share } = line;
            return html`<li><a class="title" href=${hrefOfTask(name ?? "")}>${name}</a>
              <a href=${hrefOfFailed(name ?? "")}>${tell("failedTimes", { n: failed + lost })}</a>
              <span class="quiet">${tell("ofEnded", { share: share(failed_share), n: ended })}</span></li>`;
          })}</ol>`
        : html`<p class="quiet">${tell("noneFailing")}</p>`
    }
  </section>`;
}

function drawWorkers({ workers }: OverviewPicture): TemplateResult | typeof nothing {
  if (!workers) return nothing;
  const among = (...states: readonly string[]) =>
    workers.workers.filter(({ state }) => states.includes(state));
  const here = among("here", "stopping");
  const running = here.reduce((all, one) => all + one.running, 0);
  const gone = among("gone").length;
  return html`<section class="card" aria-labelledby="workers">
    <h2 id="workers">${tell("workers")}</h2>
    ${
      workers.store === "away"
        ? html`<p class="quiet">${tell("storeAway")}</p>`
        : html`<p class="facts-line"><span>${tell("workersHere", { n: here.length })}</span>
            <span>${tell("workersRun", { n: running })}</span>
            ${gone > 0 ? html`<span class="wrong">${tell("workersGone", { n: gone })}</span>` : nothing}</p>`
    }
  </section>`;
}

function drawBones(kind: string): TemplateResult {
  return html`<div class="${kind} bones" aria-hidden="true">${[1, 2, 3, 4].map(
    () => html`<div class="card"></div>`,
  )}</div>`;
}
