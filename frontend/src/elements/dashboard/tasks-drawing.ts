/** One row for each task or queue, as templates: a table, on a phone cards. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import { number, rate, share, time } from "./amounts";
import { drawSpans, drawTrouble } from "./figure-drawing";
import type { Line, SpanName } from "./metrics";
import { amountOf, COLUMNS, type Column, type Order, sparkOf } from "./task-lines";
import { tell, type Word } from "./words";

export interface TasksPicture {
  readonly span: SpanName;
  readonly by: "name" | "queue";
  /** Null while nobody knows. */
  readonly lines: readonly Line[] | null;
  readonly seconds: number;
  readonly order: Order;
  readonly frame: "table" | "cards";
  readonly problem: string;
  readonly old: boolean;
  readonly retry: () => void;
  readonly press: (column: Column) => void;
  readonly hrefOfSpan: (span: SpanName) => string;
  readonly hrefOfBy: (by: string) => string;
  /** "" where there is nothing to link to. */
  readonly hrefOf: (name: string | null) => string;
  readonly hrefOfFailed: (name: string | null) => string;
}

const HEADS: Readonly<Record<Column, Word>> = {
  name: "task",
  rate: "rateHead",
  ended: "endedHead",
  failed: "failedHead",
  wait50: "wait50",
  wait95: "wait95",
  run50: "run50",
  run95: "run95",
  run99: "run99",
};

export function drawTasks(picture: TasksPicture): TemplateResult {
  const { span, by, lines, problem, retry, hrefOfSpan, hrefOfBy, frame, old } = picture;
  const bys = [
    ["", "name", "byTask"],
    ["queue", "queue", "byQueue"],
  ] as const;
  return html`<article class="one overview" id="scroller" tabindex="-1">
    ${drawTrouble(problem, retry)}
    <div class="choices">${drawSpans(span, hrefOfSpan)}
      <nav class="spans" aria-label=${tell("by")}>${bys.map(
        ([said, meant, word]) => html`<a class="chip" href=${hrefOfBy(said)}
          aria-current=${by === meant ? "true" : nothing}>${tell(word)}</a>`,
      )}</nav>
      ${frame === "cards" && lines?.length ? drawSorting(picture) : nothing}
    </div>
    ${lines === null ? html`<p class="quiet" role="status">${problem ? nothing : tell("loading")}</p>` : nothing}
    ${lines?.length === 0 ? html`<div class="none"><h2>${tell("noEnds")}</h2><p>${tell("noLinesWhy")}</p></div>` : nothing}
    ${
      lines?.length
        ? html`<div class=${old ? "stale" : ""}>${frame === "table" ? drawTable(picture) : drawCards(picture)}</div>`
        : nothing
    }
  </article>`;
}

function headOf({ by }: TasksPicture, column: Column): string {
  return tell(column === "name" && by === "queue" ? "queue" : HEADS[column]);
}

function drawSorting(picture: TasksPicture): TemplateResult {
  const { order, press } = picture;
  const changed = (event: Event) => press((event.target as HTMLSelectElement).value as Column);
  return html`<label class="choice"><span>${tell("sortBy")}</span><select id="sort" @change=${changed}>
    ${COLUMNS.map(
      (column) =>
        html`<option value=${column} .selected=${column === order.column}>${headOf(picture, column)}</option>`,
    )}</select></label>`;
}

function drawTable(picture: TasksPicture): TemplateResult {
  const { lines, order, press, by } = picture;
  const sort = (column: Column) => {
    if (column !== order.column) return nothing;
    return order.falls ? "descending" : "ascending";
  };
  return html`<div class="card table wide-table" tabindex="0" role="region"
      aria-label=${tell(by === "queue" ? "queuesTable" : "tasksTable")}><table class="figures lines">
    <caption class="unseen">${tell(by === "queue" ? "queuesTable" : "tasksTable")}</caption>
    <thead><tr>${COLUMNS.map(
      (
        column,
      ) => html`<th scope="col" class=${column === "name" ? "" : "amount"} aria-sort=${sort(column)}>
        <button type="button" class="sort" @click=${() => press(column)}>${headOf(picture, column)}${column === order.column ? html`<i aria-hidden="true">${order.falls ? "↓" : "↑"}</i>` : nothing}</button></th>`,
    )}<th scope="col">${tell("endsHead")}</th></tr></thead>
    <tbody>${lines?.map((line) => drawRow(picture, line))}</tbody>
  </table></div>`;
}

function drawRow(picture: TasksPicture, line: Line): TemplateResult {
  const cells = COLUMNS.slice(1).map(
    (column) => html`<td class="amount">${drawValue(picture, line, column)}</td>`,
  );
  return html`<tr><th scope="row">${drawName(picture, line)}</th>${cells}<td>${drawSpark(line)}</td></tr>`;
}

function drawCards(picture: TasksPicture): TemplateResult {
  return html`<ul role="list" class="cards" aria-label=${tell("tasksTable")}>${picture.lines?.map(
    (line) => html`<li class="card"><h2>${drawName(picture, line)}</h2>${drawSpark(line)}
      <dl class="amounts">${COLUMNS.slice(1).map(
        (column) =>
          html`<div><dt>${headOf(picture, column)}</dt><dd>${drawValue(picture, line, column)}</dd></div>`,
      )}</dl></li>`,
  )}</ul>`;
}

function drawName({ hrefOf, by }: TasksPicture, { name }: Line): TemplateResult {
  const href = hrefOf(name);
  if (href) return html`<a class="title" href=${href} title=${name ?? ""}>${name}</a>`;
  const word = name === null ? "allOthers" : by === "queue" ? "noQueue" : "noName";
  return html`<span class="quiet">${tell(word)}</span>`;
}

function drawValue(picture: TasksPicture, line: Line, column: Column): TemplateResult | string {
  const value = amountOf(line, column, picture.seconds);
  if (typeof value === "string") return value;
  if (column === "rate") return rate(value);
  if (column === "ended") return number(value);
  if (column !== "failed") return time(value);
  const href = value ? picture.hrefOfFailed(line.name) : "";
  return href ? html`<a class="wrong" href=${href}>${share(value)}</a>` : share(value);
}

function drawSpark({ points }: Line): TemplateResult {
  const { ends, gaps } = sparkOf(points);
  return html`<svg class="spark" viewBox="0 0 ${Math.max(1, points.length)} 1" preserveAspectRatio="none"
    aria-hidden="true"><path class="gap-bars" d=${gaps} /><path class="end-bars" d=${ends} /></svg>`;
}
