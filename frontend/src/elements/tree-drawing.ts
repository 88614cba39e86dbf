/** A tree of jobs as templates; what moves in its rows is written by `HotPath`. */

import { repeat } from "lit/directives/repeat.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import type { JobState } from "../protocol";
import { type Branches, countsOf, summed } from "./branches";
import { SHAPES } from "./icons";
import { formatNumber, text } from "./strings";
import { tell } from "./tree-words";
import { type Look, lookOf, titleOf } from "./view";

const ARROW = "M6 3.5l4.5 4.5L6 12.5";
const SUMMED = 20; // jobs below one: of more it is told how many are how
const DEEPEST = 8; // levels that are drawn further in, for there to be room for titles

type Part = TemplateResult | typeof nothing;

export interface Picture {
  readonly branches: Branches;
  readonly top: string;
  /** How the jobs are, in words. */
  readonly summary: string;
  /** What is said in place of the rows, or above them. */
  readonly note: string;
  /** Jobs that are counted, and were not sent. */
  readonly unsent: number;
  /** Why the others could not be had. */
  readonly problem: string;
  readonly loading: boolean;
  /** The row that the Tab key goes to. */
  readonly current: string;
  readonly pageOf: (job: JobState) => string;
  readonly pressed: (event: KeyboardEvent) => void;
  readonly clicked: (event: Event) => void;
  readonly focused: (event: Event) => void;
}

/** The row that stands for those below a job that have none. */
export const moreOf = (id: string) => `more-${id}`;

export function drawTree(picture: Picture): TemplateResult {
  const { branches, top, summary, note, pressed, clicked, focused } = picture;
  const some = branches.below(top).length > 0;
  return html`${summary ? html`<p class="note" id="sum" part="summary">${summary}</p>` : nothing}
    ${note ? html`<p class="note" part="message">${note}</p>` : nothing}
    ${
      some
        ? html`<div class="tree" role="tree" part="tree" aria-label=${tell("tree")}
            aria-describedby=${summary ? "sum" : nothing}
            @keydown=${pressed} @click=${clicked} @focusin=${focused}>
            ${drawGroup(picture, top, 1)}
          </div>`
        : nothing
    }`;
}

export function summaryOf(sums: Readonly<Record<string, number>>): string {
  const parts = countsOf(sums).map(([kind, n]) => tell(kind, { n: formatNumber(n) }));
  return parts.map((part) => part.replaceAll(" ", "\u00a0")).join(" · ");
}

function drawGroup(picture: Picture, id: string, level: number): TemplateResult {
  const { branches, top, unsent } = picture;
  const { jobs, more } = branches.group(id);
  const rest = more + (id === top ? unsent : 0);
  const size = jobs.length + (rest > 0 ? 1 : 0);
  // By their ids: a row that has the focus must stay the row that it is.
  return html`${repeat(
    jobs,
    (job) => job.id,
    (job, at) => drawItem(picture, job, level, at + 1, size),
  )}${rest > 0 ? drawMore(picture, id, level, size, rest) : nothing}`;
}

function drawItem(
  picture: Picture,
  job: JobState,
  level: number,
  place: number,
  size: number,
): TemplateResult {
  const { branches, current } = picture;
  const { id } = job;
  const look = lookOf(job);
  const below = branches.below(id);
  const open = below.length > 0 && branches.isOpen(id);
  return html`<div class="item" role="none">
    <div class="row ${classesOf(job, look)}" role="treeitem" part="row" data-id=${id}
      tabindex=${id === current ? 0 : -1} aria-level=${level} aria-posinset=${place}
      aria-setsize=${size} aria-expanded=${below.length > 0 ? open : nothing}
      aria-describedby="note-${id} value-${id}">
      ${below.length > 0 ? drawIcon(ARROW, "arrow") : nothing}${drawIcon(SHAPES[look], look)}
      ${drawTitle(picture, job)}
      <span class="is">
        <span class="word" part="status">${text(look)}</span>
        <span class="note" id="note-${id}" part="message" aria-hidden="true">
          ${below.length > SUMMED ? summaryOf(summed(below)) : drawNote()}
        </span>
      </span>
      <div class="track" part="track" aria-hidden="true"><div class="fill" part="bar"></div></div>
      <span class="value" id="value-${id}" part="value" aria-hidden="true"></span>
    </div>
    ${open ? drawBelow(picture, id, level) : nothing}
  </div>`;
}

function classesOf({ status, fraction }: JobState, look: Look): string {
  const unknown = fraction === null && (status === "running" || status === "cancelling");
  return look + (unknown ? " unknown" : look === "queued" ? " quiet" : "");
}

function drawBelow(picture: Picture, id: string, level: number): TemplateResult {
  return html`<div role="group" class=${level < DEEPEST ? "group" : nothing}>
    ${drawGroup(picture, id, level + 1)}
  </div>`;
}

function drawTitle({ pageOf }: Picture, job: JobState): TemplateResult {
  const page = pageOf(job);
  const title = titleOf(job);
  return page
    ? html`<a class="title" part="label" dir="auto" tabindex="-1" href=${page} title=${title}>${title}</a>`
    : html`<span class="title" part="label" dir="auto" title=${title}>${title}</span>`;
}

function drawNote(): TemplateResult {
  return html`<span class="more"></span><span class="time"></span><span class="message" dir="auto"></span>`;
}

function drawMore(
  { top, current, loading, problem }: Picture,
  id: string,
  level: number,
  size: number,
  rest: number,
): TemplateResult {
  const key = moreOf(id);
  const said = tell("more", { n: formatNumber(rest) });
  const wrong: Part =
    id === top && problem ? html`<span class="note wrong">${problem}</span>` : nothing;
  return html`<div class="row rest" role="treeitem" part="row" data-id=${key} data-more=${id}
    tabindex=${key === current ? 0 : -1} aria-level=${level} aria-posinset=${size}
    aria-setsize=${size} aria-disabled=${loading ? "true" : nothing}>
    <span class="title">${loading ? text("loading") : said}</span>${wrong}
  </div>`;
}

function drawIcon(shape: string, name: string): TemplateResult {
  return html`<svg class=${name} viewBox="0 0 16 16" aria-hidden="true"><path d=${shape} /></svg>`;
}
