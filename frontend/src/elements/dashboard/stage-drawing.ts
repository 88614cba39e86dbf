/** The stages of a job with their times as a template: a row for each, a mark where it usually ends. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import { SHAPES } from "../icons";
import { text } from "../strings";
import { time } from "./amounts";
import { isSlow, nameOf, type StageTime } from "./stage-times";
import { tell } from "./words";
import { drawIcon } from "./workshop-drawing";
import { say } from "./workshop-words";

const WIDTH = 1000; // of a row's drawing, which is as wide as its place
const LEAST = 3; // what took no time can be seen
const DEEPEST = 6; // steps that a name is moved in
const MOST = 60; // rows, as in the waterfall
const TOLD = ["queued", "failed", "cancelled"] as const;

export function drawStageTimes(times: readonly StageTime[]): TemplateResult | typeof nothing {
  if (times.length === 0) return nothing;
  const most = Math.max(
    ...times.flatMap(({ seconds, usual }) => [seconds ?? 0, usual ?? 0]),
    0.001,
  );
  const known = times.some(({ usual }) => usual !== null);
  const more = times.length - MOST;
  return html`<section aria-labelledby="stages">
    <h2 id="stages">${text("stages")}</h2>
    <div class="card falls">
      <p class="axis" aria-hidden="true"><span>0</span>
        <span class="key"><i class="runs"></i>${tell("ran")}</span>
        ${known ? html`<span class="key"><i class="usual"></i>${say("usualMark")}</span>` : nothing}
        <span>${time(most)}</span></p>
      <ol role="list">${times.slice(0, MOST).map((one) => drawRow(one, most))}</ol>
      ${more > 0 ? html`<p class="quiet">${tell("andMore", { n: more })}</p>` : nothing}
    </div>
  </section>`;
}

function drawRow(one: StageTime, most: number): TemplateResult {
  const { path, status, seconds, usual } = one;
  const slow = isSlow(one);
  const scale = (value: number) => ((value / most) * WIDTH).toFixed(1);
  const mark = usual === null ? "" : `M${scale(usual)} 0v1`;
  const wide = seconds === null ? "" : `M0 0h${Math.max(LEAST, Number(scale(seconds)))}v1H0Z`;
  return html`<li class="fall stage ${status} in-${Math.min(path.length - 1, DEEPEST)} ${slow ? "slow" : ""}">
    <bdi>${nameOf(one)}</bdi>
    <svg viewBox="0 0 ${WIDTH} 1" preserveAspectRatio="none" aria-hidden="true">
      <path class="runs" d=${wide} />
      <path class="around" d=${mark} /><path class="usual" d=${mark} /></svg>
    <span class="quiet">${slow ? drawIcon(SHAPES.stalled) : nothing}${told(one).join(" · ")}
      ${slow ? html`<span class="unseen">${say("stageSlower")}</span>` : nothing}</span>
  </li>`;
}

function told({ status, seconds, usual }: StageTime): string[] {
  const state = TOLD.find((known) => known === status);
  return [
    state ? text(state) : "",
    seconds === null
      ? ""
      : say(status === "running" ? "stageRuns" : "stageTook", { time: time(seconds) }),
    usual === null ? "" : say("stageUsually", { time: time(usual) }),
  ].filter(Boolean);
}
