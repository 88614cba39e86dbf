/** The schedule as templates: a table, on a phone cards. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import { drawTrouble } from "./figure-drawing";
import { type Entry, isOverdue, type Schedule, whenOf } from "./schedule";
import { ago, away, moment } from "./times";
import { tell, type Word } from "./words";

export interface SchedulePicture {
  /** Null while nobody knows. */
  readonly schedule: Schedule | null;
  readonly frame: "table" | "cards";
  readonly now: number;
  readonly problem: string;
  readonly retry: () => void;
  readonly hrefOfJobs: (entry: Entry) => string;
}

const HEADS: readonly Word[] = ["startsWhen", "next", "last"];

export function drawSchedule(picture: SchedulePicture): TemplateResult {
  const { schedule, problem, retry, frame } = picture;
  return html`<article class="one overview" id="scroller" tabindex="-1">
    ${drawTrouble(problem, retry)}
    ${schedule || problem ? nothing : html`<p class="quiet" role="status">${tell("loading")}</p>`}
    ${schedule ? drawEntries(picture, schedule, frame) : nothing}
  </article>`;
}

function drawEntries(
  picture: SchedulePicture,
  { entries, more }: Schedule,
  frame: "table" | "cards",
): TemplateResult {
  if (entries.length === 0)
    return html`<div class="none"><h2>${tell("noSchedule")}</h2><p>${tell("noScheduleWhy")}</p></div>`;
  return html`${frame === "table" ? drawTable(picture, entries) : drawCards(picture, entries)}
    ${more > 0 ? html`<p class="quiet">${tell("moreEntries", { n: more })}</p>` : nothing}`;
}

function drawTable(picture: SchedulePicture, entries: readonly Entry[]): TemplateResult {
  return html`<div class="card table wide-table" tabindex="0" role="region"
      aria-label=${tell("schedule")}><table class="figures lines">
    <caption class="unseen">${tell("schedule")}</caption>
    <thead><tr><th scope="col">${tell("name")}</th>${HEADS.map(
      (head) => html`<th scope="col">${tell(head)}</th>`,
    )}</tr></thead>
    <tbody>${entries.map(
      (entry) => html`<tr><th scope="row">${drawName(picture, entry)}</th>
        <td>${drawWhen(entry)}</td><td>${drawNext(picture, entry)}</td>
        <td>${drawLast(picture, entry)}</td></tr>`,
    )}</tbody>
  </table></div>`;
}

function drawCards(picture: SchedulePicture, entries: readonly Entry[]): TemplateResult {
  return html`<ul role="list" class="cards" aria-label=${tell("schedule")}>${entries.map(
    (entry) => html`<li class="card"><h2>${drawName(picture, entry)}</h2>
      <dl class="amounts">
        <div><dt>${tell("startsWhen")}</dt><dd>${drawWhen(entry)}</dd></div>
        <div><dt>${tell("next")}</dt><dd>${drawNext(picture, entry)}</dd></div>
        <div><dt>${tell("last")}</dt><dd>${drawLast(picture, entry)}</dd></div>
      </dl></li>`,
  )}</ul>`;
}

function drawName({ hrefOfJobs }: SchedulePicture, entry: Entry): TemplateResult {
  const { name, task } = entry;
  return html`<span class="entry"><bdi>${name}</bdi>
    <a class="title" href=${hrefOfJobs(entry)} title=${tell("itsJobs")}>${task}</a></span>`;
}

function drawWhen({ when }: Entry): TemplateResult {
  const said = whenOf(when);
  if (when.kind !== "crontab") return html`${said}`;
  return html`<code>${said}</code> <span class="zone">${when.zone}</span>`;
}

function drawNext({ now }: SchedulePicture, entry: Entry): TemplateResult {
  const { enabled, next_at } = entry;
  if (!enabled) return html`<span class="tag">${tell("off")}</span>`;
  if (next_at === null) return html`<span class="quiet">${tell("unknown")}</span>`;
  const shown = html`<time datetime=${next_at} title=${moment(next_at)}>${away(next_at, now)}</time>`;
  if (!isOverdue(entry, now)) return shown;
  return html`<span class="overdue" title=${tell("overdueWhy")}>${tell("overdue")} · ${shown}</span>`;
}

function drawLast({ now }: SchedulePicture, { last_at }: Entry): TemplateResult {
  if (last_at === null) return html`<span class="quiet">${tell("unknown")}</span>`;
  return html`<time datetime=${last_at} title=${moment(last_at)}>${ago(last_at, now)}</time>`;
}
