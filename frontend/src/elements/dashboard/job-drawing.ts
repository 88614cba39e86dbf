/** The page of one job as templates; its bar, tree and log are elements of their own. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { JobState } from "../../protocol";
import { titleOf } from "../view";
import type { Details, Item, Refused } from "./api";
import { ago, moment, ranOf, waitedOf } from "./times";
import { tell, type Word } from "./words";

type Part = TemplateResult | typeof nothing;

/** Where in the list that one has come from the job stands. */
export interface Place {
  readonly back: string;
  readonly at: number;
  readonly count: number;
  readonly before: string;
  readonly behind: string;
}

export interface Picture {
  readonly id: string;
  readonly job: JobState | null;
  readonly details: Details | null;
  readonly problem: Refused | null;
  readonly items: readonly Item[];
  readonly moreItems: boolean;
  readonly lost: number;
  readonly table: string;
  readonly place: Place;
  readonly now: number;
  readonly operator: boolean;
  readonly steers: boolean;
  readonly hasTree: boolean;
  readonly falls: Part;
  readonly stages: Part;
  readonly hrefOf: (id: string) => string;
  readonly retry: () => void;
  readonly showMore: () => void;
  readonly copy: (text: string) => void;
  readonly usual: Part;
  readonly attempts: Part;
  readonly acts: Part;
}

const ANY = "00000000-0000-0000-0000-000000000000";
const COPY = "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8Z";

export function drawJob(picture: Picture): TemplateResult {
  const { job, problem } = picture;
  return html`<article class="one" id="scroller">
    ${job ? drawWhole(picture, job) : problem ? drawProblem(picture, problem) : drawLoading()}
  </article>`;
}

/** Back to the list, and to the jobs beside this one. */
export function drawWay({ back, at, count, before, behind }: Place): TemplateResult {
  const step = (href: string, word: Word, key: string, sign: string) =>
    href
      ? html`<a class="step" href=${href} aria-label=${tell(word)} aria-keyshortcuts=${key}
          title="${tell(word)} (${key})">${sign}</a>`
      : html`<span class="step" aria-hidden="true">${sign}</span>`;
  return html`<nav class="way" aria-label=${tell("way")}>
    <a class="back" href=${back} aria-keyshortcuts="u"><span aria-hidden="true">‹ </span>${tell("jobs")}</a>
    ${
      at >= 0
        ? html`<span class="place">${tell("ofPlace", { n: at + 1, count })}</span>
          ${step(before, "previousJob", "k", "↑")} ${step(behind, "nextJob", "j", "↓")}`
        : nothing
    }
  </nav>`;
}

function drawLoading(): TemplateResult {
  return html`<div class="bones" role="status"><span class="unseen">${tell("loading")}</span>
    <div class="bone"><i></i><i></i><i></i></div></div>`;
}

function drawProblem({ retry, place }: Picture, problem: Refused): TemplateResult {
  if (problem.status === 404) {
    return html`<div class="none"><h1>${tell("gone")}</h1><p>${tell("goneWhy")}</p>
      <a class="button" href=${place.back}>${tell("toJobs")}</a></div>`;
  }
  return html`<div class="none" role="alert"><p>${tell("wrongJob", { reason: problem.message })}</p>
    <button type="button" class="button" @click=${retry}>${tell("retry")}</button></div>`;
}

function drawWhole(picture: Picture, job: JobState): TemplateResult {
  const { id, hasTree, hrefOf, steers } = picture;
  return html`<header class="lead">
      <h1 dir="auto" tabindex="-1" id="title">${titleOf(job)}</h1>
      <p><code>${job.name}</code>${steers ? nothing : html`<span class="tag">${tell("readOnly")}</span>`}</p>
    </header>
    <section class="card bar" aria-label=${tell("progress")}>
      <job-progress job=${id} ?actions=${steers}></job-progress>
      ${picture.usual}
    </section>
    <div class="parts">
      <div class="main">
        ${drawFailure(picture)} ${drawItems(picture, job)} ${picture.stages}
        ${
          hasTree
            ? html`<section aria-labelledby="tree"><h2 id="tree">${tell("below")}</h2>
                <job-tree root=${job.root} job=${id} page=${hrefOf(ANY)}></job-tree></section>`
            : nothing
        }
        ${picture.falls}
        <section aria-labelledby="log"><h2 id="log">${tell("log")}</h2>
          <job-log job=${id} follow></job-log></section>
      </div>
      <div class="side">${drawFacts(picture, job)} ${picture.attempts} ${picture.acts}
        ${drawArguments(picture)} ${drawResult(picture)}</div>
    </div>`;
}

/** Its kind and its text are told by the bar. */
function drawFailure({ details, copy }: Picture): Part {
  const traceback = details?.traceback;
  if (!traceback) return nothing;
  return html`<section>
    <h2 id="traceback">${tell("traceback")}</h2>
    <div class="code"><pre tabindex="0" role="region" aria-labelledby="traceback" dir="ltr">${traceback.trimEnd()}</pre>
      ${drawCopy(traceback, tell("traceback"), copy)}</div>
  </section>`;
}

function drawItems({ items, moreItems, lost, table, showMore }: Picture, job: JobState): Part {
  if (items.length === 0 || job.failed + job.skipped === 0) return nothing;
  return html`<section aria-labelledby="items">
    <div class="head"><h2 id="items">${tell("items")}</h2>
      <a class="button small" href=${table} download>${tell("csv")}</a></div>
    <ul class="items">
      ${items.map(
        ({ outcome, item, reason }) => html`<li class=${outcome}>
          <span class="tag ${outcome}">${tell(outcome === "failed" ? "failedItem" : "skippedItem")}</span>
          <span class="item" dir="auto">${shown(item)}</span> <span class="reason" dir="auto">${reason}</span>
        </li>`,
      )}
    </ul>
    ${moreItems ? html`<button type="button" class="button small" @click=${showMore}>${tell("moreItems")}</button>` : nothing}
    ${lost > 0 ? html`<p class="quiet">${tell("lostItems", { n: lost })}</p>` : nothing}
  </section>`;
}

function drawFacts(picture: Picture, job: JobState): TemplateResult {
  const { now, operator, details, hrefOf, copy } = picture;
  const link = (id: string | null) =>
    id && id !== job.id ? html`<a href=${hrefOf(id)}><code>${id}</code></a>` : nothing;
  return html`<section aria-labelledby="details">
    <h2 id="details">${tell("details")}</h2>
    <dl class="facts card">
      ${fact("id", html`<code>${job.id}</code> ${drawCopy(job.id, tell("id"), copy)}`)}
      ${fact("queuedAt", time(job.queued_at, now))} ${fact("startedAt", time(job.started_at, now))}
      ${fact("finishedAt", time(job.finished_at, now))} ${fact("waited", waitedOf(job) || nothing)}
      ${fact("ran", job.finished_at ? ranOf(job, now) || nothing : nothing)}
      ${fact("queue", details?.queue || nothing)} ${fact("worker", job.worker || nothing)}
      ${fact("owner", operator && details ? details.owner_name || tell("nobody") : nothing)}
      ${fact("tags", job.tags.length > 0 ? job.tags.join(", ") : nothing)}
      ${fact("root", link(job.root))} ${fact("againOf", link(job.again_of))}
    </dl>
  </section>`;
}

function fact(word: Word, value: string | Part): Part {
  if (value === nothing) return nothing;
  return html`<div><dt>${tell(word)}</dt><dd>${value}</dd></div>`;
}

function time(at: string | null, now: number): Part {
  if (!at) return nothing;
  return html`<time datetime=${at}>${moment(at)}</time> <span class="quiet">${ago(at, now)}</span>`;
}

function drawArguments({ details, operator, copy }: Picture): Part {
  if (!operator || !details) return nothing;
  const told = details.arguments;
  const entries = told && typeof told === "object" ? Object.entries(told) : [];
  const json = JSON.stringify(told, null, 1);
  return html`<section aria-labelledby="arguments">
    <div class="head"><h2 id="arguments">${tell("arguments")}</h2>
      ${entries.length > 0 ? drawCopy(json, tell("arguments"), copy) : nothing}</div>
    ${
      entries.length > 0
        ? html`<dl class="facts card code-facts">${entries.map(
            ([name, value]) =>
              html`<div><dt><code>${name}</code></dt><dd><code dir="auto">${shown(value)}</code></dd></div>`,
          )}</dl>`
        : html`<p class="quiet">${tell("noArguments")}</p>`
    }
  </section>`;
}

function drawResult({ details }: Picture): Part {
  if (details?.result === undefined || details.result === null) return nothing;
  return html`<section>
    <h2 id="result">${tell("result")}</h2>
    <pre tabindex="0" role="region" aria-labelledby="result" dir="auto">${shown(details.result)}</pre>
  </section>`;
}

function drawCopy(text: string, what: string, copy: (text: string) => void): TemplateResult {
  const label = tell("copyOf", { what });
  return html`<button type="button" class="copy" aria-label=${label} title=${label} @click=${() => copy(text)}>
    <svg viewBox="0 0 16 16" aria-hidden="true"><path d=${COPY} /></svg></button>`;
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
