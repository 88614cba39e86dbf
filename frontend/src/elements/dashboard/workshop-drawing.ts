/** What the pages of the queues and of the workers both show, as templates. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import { tell } from "./words";
import { say } from "./workshop-words";

export type Part = TemplateResult | typeof nothing;

const SKELETONS = 4;

export function drawForbidden(reason: string, toJobs: string): TemplateResult {
  return html`<div class="none" id="scroller"><h2>${say("forbidden")}</h2><p>${reason}</p>
    <a class="button" href=${toJobs}>${tell("toJobs")}</a></div>`;
}

export function drawLoading(): TemplateResult {
  const row = html`<div class="bone"><i></i><i></i><i></i></div>`;
  return html`<div class="bones" role="status"><span class="unseen">${tell("loading")}</span>
    ${Array.from({ length: SKELETONS }, () => row)}</div>`;
}

export function drawProblem(reason: string, retry: () => void): TemplateResult {
  return html`<div class="none" role="alert"><p>${say("wrongShop", { reason })}</p>
    <button type="button" class="button" @click=${retry}>${tell("retry")}</button></div>`;
}

/** A line of constant height: how many there are, and why something is not known. */
export function drawStanding(
  count: string,
  away: readonly string[],
  old: { readonly seconds: number; readonly reason: string; readonly retry: () => void },
): TemplateResult {
  const { seconds, reason, retry } = old;
  const told = seconds > 0 ? [...away, say("oldShop", { n: seconds, reason })] : away;
  return html`<div class="sum standing"><span class="count">${count}</span>
    <span class="away" role="status" title=${told.join(" ")}>${told.map((one) => html`<span>${one}</span>`)}</span>
    ${
      seconds > 0
        ? html`<button type="button" class="button small" @click=${retry}>${tell("retry")}</button>`
        : nothing
    }</div>`;
}

export function drawIcon(path: string): TemplateResult {
  return html`<svg viewBox="0 0 16 16" aria-hidden="true"><path d=${path} /></svg>`;
}

export function drawDeed(label: string, about: string, press: () => void): TemplateResult {
  return html`<button type="button" class="button small" aria-label=${about} @click=${press}>${label}</button>`;
}
