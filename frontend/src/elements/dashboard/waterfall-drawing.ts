/** The waterfall of a tree as a template: a row for each job, its waiting apart from its running. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import { lookOf, titleOf } from "../view";
import { time } from "./amounts";
import { ranOf, waitedOf } from "./times";
import type { Fall, Falls } from "./waterfall";
import { tell } from "./words";

const WIDTH = 1000; // of a row's drawing, which is as wide as its place
const LEAST = 3; // what took no time can be seen
const DEEPEST = 6; // steps that a name is moved in

export function drawWaterfall(
  { falls, more, seconds }: Falls,
  now: number,
  hrefOf: (id: string) => string,
): TemplateResult {
  return html`<section aria-labelledby="falls">
    <h2 id="falls">${tell("waterfall")}</h2>
    <div class="card falls">
      <p class="axis" aria-hidden="true"><span>0</span>
        <span class="key"><i class="waits"></i>${tell("waited")}</span>
        <span class="key"><i class="runs"></i>${tell("ran")}</span><span>${time(seconds)}</span></p>
      <ol role="list">${falls.map((fall) => drawFall(fall, now, hrefOf))}</ol>
      ${more > 0 ? html`<p class="quiet">${tell("andMore", { n: more })}</p>` : nothing}
    </div>
  </section>`;
}

function drawFall(
  { job, depth, queued, started, until }: Fall,
  now: number,
  hrefOf: (id: string) => string,
): TemplateResult {
  const ran = ranOf(job, now);
  const told = [
    waitedOf(job) && `${tell("waited")} ${waitedOf(job)}`,
    ran && `${tell("ran")} ${ran}`,
  ];
  return html`<li class="fall ${lookOf(job)} in-${Math.min(depth, DEEPEST)}">
    <a href=${hrefOf(job.id)} dir="auto">${titleOf(job)}</a>
    <svg viewBox="0 0 ${WIDTH} 1" preserveAspectRatio="none" aria-hidden="true">
      <path class="waits" d=${bar(queued, started ?? until)} />
      <path class="runs" d=${started === null ? "" : bar(started, until)} /></svg>
    <span class="quiet">${told.filter(Boolean).join(" · ")}</span>
  </li>`;
}

function bar(from: number, to: number): string {
  const width = Math.max(LEAST, (to - from) * WIDTH);
  const x = Math.min(from * WIDTH, WIDTH - width);
  return `M${x.toFixed(1)} 0h${width.toFixed(1)}v1h-${width.toFixed(1)}Z`;
}
