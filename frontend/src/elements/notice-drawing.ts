/** One notice as templates, in the list of the inbox and in a toast. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { Notice } from "../protocol";
import { SHAPES } from "./icons";
import { ago, inFull, say, type Word } from "./inbox-words";
import type { Steering } from "./steering";

const LOOKS: Readonly<Record<string, keyof typeof SHAPES>> = {
  finished: "succeeded",
  failed: "failed",
  asks: "waiting",
  alert: "lost",
};

export interface Shown {
  readonly now: number;
  /** The address of a job's page, "" where only the page itself knows what to do. */
  readonly pageOf: (notice: Notice) => string;
  readonly steering: (notice: Notice) => Steering;
  readonly open: (notice: Notice, event: Event) => void;
}

/** Draws a notice; `tail` is the button at its end, `touched` follows a finger on it. */
export function drawNotice(
  notice: Notice,
  shown: Shown,
  tail: unknown,
  touched: unknown = nothing,
): TemplateResult {
  const { kind, question, read_at } = notice;
  return html`<li class="${kind}${read_at === null ? " unread" : ""}" part="notice" @pointerdown=${touched}>
    ${drawIcon(SHAPES[LOOKS[kind] ?? "queued"], "icon")}
    <div class="body">
      ${drawTitle(notice, shown)}
      ${
        question
          ? html`<headway-question .steering=${shown.steering(notice)}></headway-question>`
          : html`<p class="text" dir="auto">${notice.text}</p>`
      }
      ${drawFiles(notice)}
      <p class="when">
        <span class="kind">${kind in LOOKS ? say(kind as Word) : ""}</span>
        <time datetime=${notice.at}>${ago(notice.at, shown.now)}</time>
        <span class="exact">${inFull(notice.at)}</span>
      </p>
    </div>
    ${tail}
  </li>`;
}

function drawTitle(notice: Notice, { pageOf, open }: Shown): TemplateResult {
  const page = pageOf(notice);
  const { title } = notice;
  const label = notice.read_at === null ? say("isUnread", { title }) : nothing;
  const pressed = (event: Event) => open(notice, event);
  return page
    ? html`<a class="title" dir="auto" href=${page} aria-label=${label} @click=${pressed}>${title}</a>`
    : html`<button class="title" dir="auto" type="button" aria-label=${label} @click=${pressed}>${title}</button>`;
}

function drawFiles({ files }: Notice): TemplateResult | typeof nothing {
  const safe = files.filter(({ url }) => /^https?:/.test(new URL(url, document.baseURI).protocol));
  if (safe.length === 0) return nothing;
  return html`<p class="files">
    ${safe.map(({ name, url }) => html`<a href=${url} download>${name}</a>`)}
  </p>`;
}

export function drawIcon(shape: string, name = ""): TemplateResult {
  return html`<svg class=${name} viewBox="0 0 16 16" aria-hidden="true"><path d=${shape} /></svg>`;
}
