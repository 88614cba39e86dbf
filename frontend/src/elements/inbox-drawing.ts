/** The inbox as templates. */

import { repeat } from "lit/directives/repeat.js";
import { html, nothing, type TemplateResult } from "lit/html.js";
import type { Notice } from "../protocol";
import { say, type Word } from "./inbox-words";
import { drawIcon, drawNotice, type Shown } from "./notice-drawing";

const BELL =
  "M8 1.8a4.2 4.2 0 0 0-4.2 4.2c0 3.8-1.3 4.8-1.8 5.6h12c-.5-.8-1.8-1.8-1.8-5.6A4.2 4.2 0 0 0 8 1.8ZM6.4 13.6a1.7 1.7 0 0 0 3.2 0";
const CHECK = "M2.8 8.6l3.4 3.4 7-8";
const MOST = 99; // a badge has room for no more

export interface Picture extends Shown {
  /** Whether the list stands on the page by itself, without a bell that opens it. */
  readonly whole: boolean;
  readonly notices: readonly Notice[];
  readonly unread: number;
  readonly more: boolean;
  /** Whether what was marked can still be taken back. */
  readonly undo: boolean;
  readonly news: string;
  readonly problem: string;
  /** The address of the page on which one chooses how one is told, "" where there is none. */
  readonly settings: string;
  readonly mark: (notice: Notice) => void;
  readonly markAll: () => void;
  readonly takeBack: () => void;
  readonly showOlder: () => void;
  readonly toggled: (event: Event) => void;
  readonly pressed: (event: KeyboardEvent) => void;
}

export function drawInbox(picture: Picture): TemplateResult {
  const { pressed } = picture;
  if (picture.whole)
    return html`${drawNews(picture)}<div id="panel" class="job whole" part="panel" role="region"
      aria-labelledby="name" tabindex="-1" @keydown=${pressed}>${drawPanel(picture)}</div>`;
  return html`${drawBell(picture)}${drawNews(picture)}
    <div id="panel" class="job" part="panel" popover role="dialog" aria-labelledby="name" tabindex="0"
      @toggle=${picture.toggled} @keydown=${pressed}>${drawPanel(picture)}</div>`;
}

function drawBell({ unread }: Picture): TemplateResult {
  const shown = unread > MOST ? `${MOST}+` : `${unread}`; // who speaks to the page says what it shows
  const label = unread > 0 ? say("unread", { n: shown }) : say("notices");
  return html`<button class="bell" type="button" part="bell" popovertarget="panel" aria-label=${label}>
      ${drawIcon(BELL)}
      ${unread > 0 ? html`<span class="badge" part="badge">${shown}</span>` : nothing}
    </button>`;
}

function drawNews({ news }: Picture): TemplateResult {
  return html`<p class="unseen" role="status">${news}</p>`;
}

function drawPanel(picture: Picture): TemplateResult {
  return html`${drawHead(picture)}
    ${picture.problem ? html`<p class="wrong" role="alert">${picture.problem}</p>` : nothing}
    ${drawList(picture)}
    ${picture.more ? drawPlain("older", picture.showOlder) : nothing}`;
}

function drawHead({ unread, undo, settings, markAll, takeBack }: Picture): TemplateResult {
  return html`<div class="head">
    <h2 id="name">${say("notices")}</h2>
    ${undo ? html`<p class="undo">${say("marked")} ${drawPlain("undo", takeBack)}</p>` : nothing}
    ${unread > 0 && !undo ? drawPlain("allRead", markAll) : nothing}
    ${settings ? html`<a class="plain" href=${settings}>${say("settings")}</a>` : nothing}
  </div>`;
}

function drawPlain(word: Word, pressed: () => void): TemplateResult {
  return html`<button class="plain ${word}" type="button" @click=${pressed}>${say(word)}</button>`;
}

function drawList(picture: Picture): TemplateResult {
  if (picture.notices.length === 0) return html`<p class="none">${say("none")}</p>`;
  // By their ids: what is being typed into one must not move to the next when a new one comes.
  const items = repeat(
    picture.notices,
    ({ id }) => id,
    (notice) => drawNotice(notice, picture, drawDot(notice, picture)),
  );
  return html`<ul role="list">${items}</ul>`;
}

/** The button that lets it be read, or unread, and the key that presses it. */
function drawDot(notice: Notice, { mark }: Picture): TemplateResult {
  const isRead = notice.read_at !== null;
  const label = say(isRead ? "markUnread" : "markRead", { title: notice.title });
  const key = isRead ? "u" : "e";
  return html`<button class="dot" type="button" data-key=${key} aria-keyshortcuts=${key}
    aria-label=${label} title=${label} @click=${() => mark(notice)}>${drawIcon(CHECK)}</button>`;
}
