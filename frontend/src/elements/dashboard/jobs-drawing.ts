/** The list's page as templates; its rows are written by `Pane`. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { Count, Refused } from "./api";
import type { Deed } from "./deeds";
import type { Frame } from "./job-row";
import { has } from "./query";
import { moment } from "./times";
import type { View } from "./views";
import { tell } from "./words";

export type Part = TemplateResult | typeof nothing;

export interface Picture {
  readonly q: string;
  readonly filter: TemplateResult;
  readonly quick: readonly View[];
  readonly phase: "loading" | "ready" | "failed";
  readonly problem: Refused | null;
  readonly growing: boolean;
  readonly frame: Frame;
  readonly rows: number;
  readonly more: boolean;
  readonly searchedTo: string | null;
  readonly news: number;
  readonly outrun: boolean;
  readonly count: Count | null;
  readonly chosen: number;
  readonly all: boolean;
  readonly deeds: readonly Deed[];
  readonly press: (q: string) => void;
  readonly hrefOf: (q: string) => string;
  readonly admit: () => void;
  readonly retry: () => void;
  readonly grow: () => void;
  readonly clicked: (event: Event) => void;
  readonly scrolled: () => void;
  readonly chooseAll: (chosen: boolean) => void;
  readonly match: () => void;
  readonly clear: () => void;
  readonly perform: (deed: Deed) => void;
  readonly copySnippet: () => void;
  /** On a phone, the views to choose from. */
  readonly views: Part;
  /** Whether what is shown can be saved under a name. */
  readonly saves: boolean;
  readonly save: () => void;
  readonly dialog: TemplateResult;
}

// Line by line: what the build does to templates would join them.
export const SNIPPET = [
  "from celery import shared_task",
  "from realtime import progress",
  "",
  "@shared_task",
  "def work(paths):",
  "    for path in progress.track(paths):",
  "        resize(path)",
].join("\n");

const SKELETONS = 8;

export function drawJobs(picture: Picture): TemplateResult {
  const { filter, problem, phase, rows } = picture;
  const refused = problem?.status === 400 ? problem.message : "";
  return html`<section class="jobs" aria-label=${tell("jobs")}>
    <div class="tools">${filter}${picture.views}${drawQuick(picture)}</div>
    ${refused ? html`<p class="wrong" id="refused" role="alert">${refused}</p>` : nothing}
    <div class="sum"><span>${countOf(picture)}</span>${drawSave(picture)}${drawNews(picture)}</div>
    <div class="scroller ${phase === "ready" ? "" : "old"}" id="scroller" @scroll=${picture.scrolled} @click=${picture.clicked}>
      ${rows > 0 ? drawList(picture) : nothing}
      ${rows === 0 && phase === "loading" ? drawSkeleton() : nothing}
      ${rows === 0 && phase === "ready" ? drawNothing(picture) : nothing}
      ${problem && !refused ? drawProblem(problem, picture.retry) : nothing}
      ${rows > 0 ? drawEnd(picture) : nothing}
    </div>
    ${drawChosen(picture)} ${picture.dialog}
  </section>`;
}

function drawQuick({ quick, q, press }: Picture): TemplateResult {
  return html`<div class="quick" role="group" aria-label=${tell("quick")}>
    ${quick.map(
      (one) => html`<button type="button" class="chip" aria-pressed=${has(q, one.q)}
        @click=${() => press(one.q)}>${tell(one.name)}</button>`,
    )}
  </div>`;
}

/** How many match, where that is known; else how many are shown. */
function countOf({ count, rows, more, phase }: Picture): string {
  if (count) return tell(count.more ? "matchingMore" : "matching", { n: count.count });
  if (rows === 0 || phase === "failed") return "";
  return tell(more ? "matchingMore" : "matching", { n: rows });
}

function drawSave({ saves, save }: Picture): Part {
  if (!saves) return nothing;
  return html`<button type="button" class="button plain small" @click=${save}>${tell("saveView")}</button>`;
}

function drawNews({ news, outrun, admit }: Picture): Part {
  if (news === 0) return nothing;
  return html`<button type="button" class="pill" id="news" @click=${admit}>
    ${tell(outrun ? "newMore" : "new", { n: news })}<kbd aria-hidden="true">n</kbd>
  </button>`;
}

function drawList(picture: Picture): TemplateResult {
  return picture.frame === "table" ? drawTable(picture) : drawCards();
}

function drawTable({ rows, more, chosen, all, chooseAll }: Picture): TemplateResult {
  const every = all || (chosen > 0 && chosen >= rows);
  return html`<table aria-rowcount=${more ? -1 : rows + 1}>
    <caption class="unseen">${tell("table")}</caption>
    <thead>
      <tr aria-rowindex="1">
        <td class="choose">
          <input type="checkbox" class="box" aria-label=${tell("selectAll")} .checked=${every}
            .indeterminate=${chosen > 0 && !every}
            @change=${(event: Event) => chooseAll((event.target as HTMLInputElement).checked)} />
        </td>
        <th scope="col" class="state">${tell("status")}</th>
        <th scope="col" class="name">${tell("job")}</th>
        <th scope="col" class="far">${tell("progress")}</th>
        <th scope="col" class="where">${tell("worker")}</th>
        <th scope="col" class="long">${tell("duration")}</th>
        <th scope="col" class="when">${tell("started")}</th>
      </tr>
    </thead>
    <tbody id="rows"></tbody>
  </table>`;
}

function drawCards(): TemplateResult {
  return html`<ul class="cards" id="rows" role="list" aria-label=${tell("table")}></ul>`;
}

function drawSkeleton(): TemplateResult {
  const row = html`<div class="bone"><i></i><i></i><i></i></div>`;
  return html`<div class="bones" role="status"><span class="unseen">${tell("loading")}</span>
    ${Array.from({ length: SKELETONS }, () => row)}</div>`;
}

function drawNothing(picture: Picture): TemplateResult {
  const { q, searchedTo, hrefOf, copySnippet } = picture;
  if (searchedTo) return html`<div class="none">${drawSearched(picture, searchedTo)}</div>`;
  if (q) {
    return html`<div class="none"><h2>${tell("noMatch")}</h2><p><code dir="auto">${q}</code></p>
      <a class="button" href=${hrefOf("")}>${tell("clearFilter")}</a></div>`;
  }
  return html`<div class="none"><h2>${tell("none")}</h2><p>${tell("noneWhy")}</p>
    <pre tabindex="0" aria-label=${tell("noneWhy")}>${SNIPPET}</pre>
    <button type="button" class="button" @click=${copySnippet}>${tell("copy")}</button></div>`;
}

function drawProblem(problem: Refused, retry: () => void): TemplateResult {
  return html`<div class="none" role="alert"><p>${tell("wrong", { reason: problem.message })}</p>
    <button type="button" class="button" @click=${retry}>${tell("retry")}</button></div>`;
}

/** A page of a search may end where enough was looked at. */
function drawSearched({ growing, grow }: Picture, searchedTo: string): TemplateResult {
  return html`<p>${tell("searchedTo", { time: moment(searchedTo) })}</p>
    <button type="button" class="button" ?disabled=${growing} @click=${grow}>
      ${tell(growing ? "loading" : "searchOn")}</button>`;
}

function drawEnd(picture: Picture): Part {
  const { more, growing, grow, searchedTo } = picture;
  if (!more) return nothing;
  if (searchedTo) return html`<div class="end">${drawSearched(picture, searchedTo)}</div>`;
  return html`<p class="end"><button type="button" class="button" ?disabled=${growing} @click=${grow}>
    ${tell(growing ? "loading" : "more")}</button></p>`;
}

function drawChosen(picture: Picture): Part {
  const { chosen, all, rows, count, more, deeds, clear, match, perform } = picture;
  if (chosen === 0 && !all) return nothing;
  const n = count && !count.more ? count.count : null;
  const told = all
    ? tell("selectedAll", { n: n ?? "" }).replace(/\s+/g, " ")
    : tell("selected", { n: chosen });
  const offers = !all && chosen >= rows && more;
  return html`<div class="chosen" role="group" aria-label=${told}>
    <b>${told}</b>
    ${
      offers
        ? html`<button type="button" class="plain" @click=${match}>
            ${n === null ? tell("selectEvery") : tell("selectMatching", { n })}</button>`
        : nothing
    }
    <span class="gap"></span>
    ${deeds.map(
      (deed) => html`<button type="button" class="button small" @click=${() => perform(deed)}>
        ${tell(`${deed}Many`)}</button>`,
    )}
    <button type="button" class="plain" @click=${clear}>${tell("clear")}</button>
  </div>`;
}
