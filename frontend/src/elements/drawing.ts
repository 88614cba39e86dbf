/** What seldom changes of a bar, as templates; what moves is written by `HotPath`. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { JobState, Refused, Stage } from "../protocol";
import { bytes } from "./format";
import { SHAPES } from "./icons";
import type { Steering } from "./steering";
import { text } from "./strings";
import { type Look, partsOf, stageMark, titleOf } from "./view";

type Part = TemplateResult | typeof nothing;

export interface Picture {
  readonly state: JobState;
  readonly look: Look;
  readonly classes: string;
  /** Why nothing may be moving, shown in place of the status; "" while all is well. */
  readonly trouble: string;
  /** What the elements that steer the job are told; null for a bar without them. */
  readonly steering: Steering | null;
  readonly note: string;
  readonly problem: string;
}

export function drawJob(picture: Picture): TemplateResult {
  const { state, look, classes, trouble, steering } = picture;
  return html`<div class="job ${classes}" tabindex="-1">
    <div class="head">
      <span class="title" id="title" part="label" dir="auto">${titleOf(state)}</span>
      <span class=${trouble ? "state quiet" : "state"} part="status">
        ${mark(look)}<span class="word">${trouble || text(look)}</span>
      </span>
      ${
        steering &&
        html`<headway-actions class="actions" part="actions" .steering=${steering}></headway-actions>`
      }<slot name="actions"></slot>
    </div>
    ${steering && html`<headway-question part="question" .steering=${steering}></headway-question>`}
    ${drawTrack()}
    <div class="facts">
      <div class="numbers">
        <span class="value" part="value"></span><span class="count"></span
        ><span class="bad"></span><span class="more"></span>
      </div>
      <div class="message" part="message" dir="auto"></div>
      <div class="pace"><span class="rate"></span><span class="time"></span></div>
    </div>
    ${drawNote(picture.note)}
    ${picture.problem ? html`<p class="note wrong" role="alert">${picture.problem}</p>` : nothing}
    ${drawStages(state.stages, text("stages"))} ${drawFiles(state)}
  </div>`;
}

/** Stands there until the first state, unless the page brings something of its own. */
export function drawEmpty(note: string): TemplateResult {
  return html`<slot><div class="job queued">
    <div class="head"><span class="title" id="title" part="label">${text("loading")}</span></div>
    ${drawTrack()}
    <div class="facts"><div class="numbers"></div><div class="message"></div></div>
  </div></slot>${drawNote(note)}`;
}

export function drawRefusal({ code, text: said }: Refused): TemplateResult {
  return drawNote(code === "not_found" ? text("notAvailable") : said) as TemplateResult;
}

function drawTrack(): TemplateResult {
  return html`<div class="track" part="track" role="progressbar" aria-labelledby="title"
    aria-valuemin="0" aria-valuemax="100"><div class="fill" part="bar"></div></div>`;
}

function drawNote(note: string): Part {
  return note ? html`<p class="note" part="message">${note}</p>` : nothing;
}

function drawStages(stages: readonly Stage[], label: string, path = "stage"): Part {
  if (stages.length === 0) return nothing;
  const items = stages.map((stage, at) => {
    const look = stageMark(stage);
    const place = `${path}-${at}`;
    return html`<li class=${look}>
      ${mark(look)}<span class="name">${stage.name}</span><span class=${place}></span>
      ${drawStages(partsOf(stage), stage.name, place)}
    </li>`;
  });
  return html`<ol part="stages" aria-label=${label}>${items}</ol>`;
}

function drawFiles({ files }: JobState): Part {
  if (files.length === 0) return nothing;
  const items = files
    .filter(({ url }) => isSafe(url))
    .map(
      ({ name, size, url }) =>
        html`<li>
          <a href=${url} download>${name}<span class="size">${bytes(size)}</span></a>
        </li>`,
    );
  return html`<ul part="files" aria-label=${text("files")}>${items}</ul>`;
}

function mark(look: Look): TemplateResult {
  return html`<svg class=${look} viewBox="0 0 16 16" aria-hidden="true">
    <path d=${SHAPES[look]} />
  </svg>`;
}

/** An address that begins with `javascript:` would be run by a click. */
function isSafe(url: string): boolean {
  return /^https?:/.test(new URL(url, document.baseURI).protocol);
}
