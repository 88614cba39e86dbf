/** The tray as templates; what moves in it is written by `HotPath`. */

import { repeat } from "lit/directives/repeat.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import type { JobFile, JobState } from "../protocol";
import { SHAPES } from "./icons";
import type { Steering } from "./steering";
import { formatNumber, text } from "./strings";
import { goesOn, type Shown, type Summary } from "./tray-list";
import { put } from "./tray-words";
import { type Look, titleOf } from "./view";

const ARROW = "M3.5 10l4.5-4.5 4.5 4.5";
const CROSS = "M4 4l8 8M12 4l-8 8";
const FILES = 3; // the others are on the job's page

type Part = TemplateResult | typeof nothing;

export interface Picture {
  readonly shown: Shown;
  readonly open: boolean;
  /** Why nothing may be moving; "" while all is well. */
  readonly trouble: string;
  readonly problemOf: (job: JobState) => string;
  readonly lookOf: (job: JobState) => Look;
  readonly pageOf: (job: JobState) => string;
  readonly steering: (job: JobState) => Steering;
  readonly opened: (job: JobState, event: Event) => void;
  readonly dismiss: (jobs: readonly JobState[]) => void;
  readonly toggle: () => void;
  readonly pressed: (event: KeyboardEvent) => void;
  readonly released: () => void;
}

export function drawTray(picture: Picture): Part {
  const { shown, open, pressed, released } = picture;
  if (shown.jobs.length === 0) return nothing;
  return html`<section aria-label=${put("tray")} @keydown=${pressed}>
    ${drawPill(picture)}
    <div id="panel" part="panel" ?hidden=${!open} @pointerleave=${released} @focusout=${released}>
      ${drawHead(picture)}
      <ul role="list" class="job" tabindex="-1" aria-labelledby="name">
        ${repeat(
          shown.jobs,
          ({ id }) => id,
          (job) => drawJob(picture, job),
        )}
      </ul>
      ${shown.rest > 0 ? html`<p class="rest">${put("more", { n: formatNumber(shown.rest) })}</p>` : nothing}
    </div>
  </section>`;
}

function drawPill({ shown: { summary }, open, trouble, toggle }: Picture): TemplateResult {
  const { look, fraction } = summary;
  return html`<div class="pill ${look}${trouble ? " troubled" : ""}" part="pill">
    <button type="button" aria-expanded=${open} aria-controls="panel" @click=${toggle}>
      ${drawIcon(SHAPES[look], look)}<span class="said">${trouble || saidOf(summary)}</span>
    </button>
    <span class="value" part="value"></span>${drawIcon(ARROW, "arrow")}
    ${fraction === null ? nothing : drawTrack("", put("overall"))}
  </div>`;
}

function saidOf({ asking, running, queued, finished, failed }: Summary): string {
  const goesOn = running + queued > 0;
  const parts = [
    asking > 0 && text("waiting"),
    running > 0 && put("running", { n: formatNumber(running) }),
    queued > 0 && put("queued", { n: formatNumber(queued) }),
    !goesOn && finished > 0 && put("finished", { n: formatNumber(finished) }),
    !goesOn && failed > 0 && put("failed", { n: formatNumber(failed) }),
  ];
  return parts.filter(Boolean).join(" · ");
}

function drawHead({ shown, dismiss }: Picture): TemplateResult {
  const ended = shown.jobs.filter((job) => !goesOn(job));
  return html`<div class="head">
    <h2 id="name">${put("tray")}</h2>
    ${
      ended.length > 1
        ? html`<button class="plain" type="button" @click=${() => dismiss(ended)}>${put("clear")}</button>`
        : nothing
    }
  </div>`;
}

function drawJob(picture: Picture, job: JobState): TemplateResult {
  const { id } = job;
  const look = picture.lookOf(job);
  const unknown = job.fraction === null && (look === "running" || look === "cancelling");
  const problem = picture.problemOf(job);
  return html`<li class="${look}${unknown ? " unknown" : ""}" part="job" data-id=${id}>
    ${drawIcon(SHAPES[look], look)}
    <div class="body">
      <div class="line">
        ${drawTitle(picture, job)}<span class="value" part="value"></span>
        <headway-actions .steering=${picture.steering(job)}></headway-actions>
      </div>
      ${goesOn(job) ? drawTrack(`title-${id}`, "") : nothing}
      <p class="note" part="message">
        <span class="word" part="status">${text(look)}</span><span class="more"></span
        ><span class="time"></span><span class="message" dir="auto"></span>
      </p>
      ${problem ? html`<p class="note wrong" role="alert">${problem}</p>` : nothing}
      <headway-question .steering=${picture.steering(job)}></headway-question>
      ${drawFiles(job.files)}
    </div>
    ${goesOn(job) ? nothing : drawDismiss(picture, job)}
  </li>`;
}

function drawTitle({ pageOf, opened }: Picture, job: JobState): TemplateResult {
  const [id, title, page] = [`title-${job.id}`, titleOf(job), pageOf(job)];
  const pressed = (event: Event) => opened(job, event);
  return page
    ? html`<a class="title" id=${id} part="label" dir="auto" href=${page} @click=${pressed}>${title}</a>`
    : html`<span class="title" id=${id} part="label" dir="auto">${title}</span>`;
}

function drawTrack(named: string, label: string): TemplateResult {
  return html`<div class="track" part="track" role="progressbar" aria-valuemin="0" aria-valuemax="100"
    aria-labelledby=${named || nothing} aria-label=${label || nothing}><div class="fill" part="bar"></div></div>`;
}

function drawFiles(files: readonly JobFile[]): Part {
  // An address that begins with `javascript:` would be run by a click.
  const safe = files.filter(({ url }) => /^https?:/.test(new URL(url, document.baseURI).protocol));
  if (safe.length === 0) return nothing;
  const links = safe
    .slice(0, FILES)
    .map(({ name, url }) => html`<li><a href=${url} download>${name}</a></li>`);
  return html`<ul part="files" aria-label=${text("files")}>${links}</ul>`;
}

function drawDismiss({ dismiss }: Picture, job: JobState): TemplateResult {
  const label = put("dismiss", { title: titleOf(job) });
  return html`<button class="close" type="button" aria-label=${label} title=${label}
    @click=${() => dismiss([job])}>${drawIcon(CROSS, "")}</button>`;
}

function drawIcon(shape: string, name: string): TemplateResult {
  return html`<svg class=${name} viewBox="0 0 16 16" aria-hidden="true"><path d=${shape} /></svg>`;
}
