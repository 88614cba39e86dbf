/** What the pages of figures have in common, as templates: spans, a chart with its table. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import { SPAN_NAMES, type SpanName } from "./metrics";
import { type Plot, tableOf } from "./plots";
import { tell, type Word } from "./words";

const WORDS: Readonly<Record<SpanName, Word>> = {
  "1h": "span1h",
  "6h": "span6h",
  "1d": "span1d",
  "7d": "span7d",
  "30d": "span30d",
  "90d": "span90d",
};

export function spanWord(span: SpanName): string {
  return tell(WORDS[span]);
}

export function drawSpans(now: SpanName, hrefOf: (span: SpanName) => string): TemplateResult {
  return html`<nav class="spans" aria-label=${tell("spans")}>
    ${SPAN_NAMES.map(
      (span) => html`<a class="chip" href=${hrefOf(span)}
        aria-current=${span === now ? "true" : nothing}>${spanWord(span)}</a>`,
    )}
  </nav>`;
}

/** A failed request keeps what is shown. */
export function drawTrouble(problem: string, retry: () => void): TemplateResult | typeof nothing {
  if (!problem) return nothing;
  return html`<p class="trouble" role="alert"><span>${tell("wrongFigures", { reason: problem })}</span>
    <button type="button" class="button small" @click=${retry}>${tell("retry")}</button></p>`;
}

export interface FigureState {
  readonly plot: Plot;
  readonly asTable: boolean;
  readonly toggle: () => void;
}

export function drawFigure({ plot, asTable, toggle }: FigureState): TemplateResult {
  const { name, title, summary, chart } = plot;
  return html`<figure class="card figure" aria-labelledby="title-${name}">
    <figcaption>
      <div class="head"><h2 id="title-${name}">${title}</h2>
        <button type="button" class="plain small" aria-pressed=${asTable}
          aria-label=${tell("tableOf", { title })} @click=${toggle}>${tell("asTable")}</button></div>
      <p>${summary}</p>
    </figcaption>
    ${asTable ? drawTable(plot) : html`<headway-chart .chart=${chart}></headway-chart>`}
  </figure>`;
}

function drawTable({ title, chart }: Plot): TemplateResult {
  return html`<div class="table" tabindex="0" role="region" aria-label=${title}><table class="figures">
    <caption class="unseen">${title}</caption>
    <thead><tr><th scope="col">${tell("when")}</th>
      ${chart.lines.map(({ name }) => html`<th scope="col" class="amount">${name}</th>`)}</tr></thead>
    <tbody>${tableOf(chart).map(
      ({ when, values }) =>
        html`<tr><th scope="row">${when}</th>${
          values
            ? values.map((value) => html`<td class="amount">${value}</td>`)
            : html`<td class="amount quiet" colspan=${chart.lines.length}>${chart.gap}</td>`
        }</tr>`,
    )}</tbody>
  </table></div>`;
}
