/** What seldom changes of a log, as templates; its rows are drawn by `LogRows`. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { LogLine } from "../protocol";
import { language, say, type Word } from "./log-words";

const LEVELS = ["debug", "info", "warning", "error"] as const;

export interface Picture {
  /** Where all of it is to be had as a file. */
  readonly file: string;
  readonly query: string;
  readonly found: number;
  /** Which of those found is marked, 0 for none. */
  readonly rank: number;
  readonly times: boolean;
  readonly wraps: boolean;
  readonly announces: boolean;
  /** The line that is marked. */
  readonly marked: LogLine | undefined;
  /** Whether the end is out of sight. */
  readonly away: boolean;
  /** Lines that have come meanwhile. */
  readonly missed: number;
  /** What is told in their place; "" where there are some. */
  readonly empty: string;
  /** What is told of those before them. */
  readonly earlier: string;
  /** What has just been done. */
  readonly done: string;
  readonly does: Handlers;
}

export interface Handlers {
  readonly filter: (level: string) => void;
  readonly search: (text: string) => void;
  readonly step: (step: 1 | -1) => void;
  readonly leaveSearch: () => void;
  readonly toggle: (what: "times" | "wraps" | "announces") => void;
  readonly copyAll: () => void;
  readonly copyLink: () => void;
  readonly toLatest: () => void;
  readonly scrolled: () => void;
  readonly wheeled: (event: WheelEvent) => void;
  readonly pressed: (event: KeyboardEvent) => void;
}

export function drawLog(picture: Picture): TemplateResult {
  const { does, empty, earlier, away, missed } = picture;
  return html`<div class="tools" part="tools" role="group" aria-label=${say("log")}>
      ${drawLevels(does)} ${drawSearch(picture)} ${drawButtons(picture)}
    </div>
    <div class="frame">
      <div class="lines ${picture.times ? "" : "timeless"} ${picture.wraps ? "wraps" : ""}" part="lines"
        role="log" aria-label=${say("log")} aria-live="off" aria-describedby="hint" tabindex="0"
        @scroll=${does.scrolled} @wheel=${does.wheeled} @keydown=${does.pressed}
        ><div class="size"><div class="rows"></div></div></div>
      <span class="probe" aria-hidden="true">0000000000</span>
      ${empty ? html`<p class="empty" part="message">${empty}</p>` : nothing}
      ${earlier ? html`<p class="earlier">${earlier}</p>` : nothing}
      ${away ? drawLatest(missed, does) : nothing}
    </div>
    <div class="foot" part="foot">${drawMarked(picture)}<span class="note"></span></div>
    <p id="hint" hidden>${say("hint")}</p>
    <p class="unseen" role="status">${picture.done}</p>
    <p class="unseen news" aria-live="polite"></p>`;
}

function drawLevels({ filter }: Handlers): TemplateResult {
  const changed = ({ target }: Event) => filter((target as HTMLSelectElement).value);
  return html`<select aria-label=${say("level")} @change=${changed}>
    ${LEVELS.map((level) => html`<option value=${level}>${say(level)}</option>`)}
  </select>`;
}

function drawSearch({ query, found, rank, does }: Picture): TemplateResult {
  const label = say("search");
  const typed = ({ target }: Event) => does.search((target as HTMLInputElement).value);
  const pressed = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === "Enter") does.step(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") does.leaveSearch();
    else return;
    event.preventDefault();
  };
  const told = found > 0 ? say("matches", { n: rank, count: found }) : say("noMatch");
  return html`<div class="search">
    <input type="search" aria-label=${label} placeholder=${label} autocomplete="off" dir="auto"
      @input=${typed} @keydown=${pressed} />
    ${
      query
        ? html`<span class="count" role="status">${told}</span>
          ${drawStep("previous", "M3 10.5 8 5.5l5 5", () => does.step(-1))}
          ${drawStep("next", "M3 5.5l5 5 5-5", () => does.step(1))}`
        : nothing
    }
  </div>`;
}

function drawStep(word: Word, shape: string, pressed: () => void): TemplateResult {
  return html`<button class="step" type="button" aria-label=${say(word)} title=${say(word)} @click=${pressed}
    ><svg viewBox="0 0 16 16" aria-hidden="true"><path d=${shape} /></svg></button>`;
}

function drawButtons({ times, wraps, announces, file, does }: Picture): TemplateResult {
  return html`<div class="buttons">
    ${drawToggle("times", times, () => does.toggle("times"))}
    ${drawToggle("wrap", wraps, () => does.toggle("wraps"))}
    ${drawToggle("announce", announces, () => does.toggle("announces"))}
    <button type="button" @click=${does.copyAll}>${say("copy")}</button>
    <a href=${file} download>${say("download")}</a>
  </div>`;
}

function drawToggle(word: Word, on: boolean, pressed: () => void): TemplateResult {
  return html`<button type="button" aria-pressed=${on ? "true" : "false"} @click=${pressed}>${say(word)}</button>`;
}

function drawLatest(missed: number, { toLatest }: Handlers): TemplateResult {
  const more = missed > 0 ? html` <span>${say("new", { n: missed })}</span>` : nothing;
  return html`<button class="latest" part="latest" type="button" @click=${toLatest}
    >${say("latest")} <span aria-hidden="true">↓</span>${more}</button>`;
}

function drawMarked({ marked, does }: Picture): TemplateResult | typeof nothing {
  if (!marked) return nothing;
  const { n, at } = marked;
  return html`<span class="marked">
    <span>${say("line", { n })}</span> ${Number.isNaN(Date.parse(at)) ? nothing : drawMoment(at)}
    <button type="button" @click=${does.copyLink}>${say("copyLink")}</button>
  </span>`;
}

/** On the reader's clock, and on everybody's. */
function drawMoment(at: string): TemplateResult {
  const shown = new Date(at).toLocaleString(language(), {
    dateStyle: "medium",
    timeStyle: "medium",
  });
  return html`<time datetime=${at}>${shown}</time> <span class="exact">${at}</span>`;
}
