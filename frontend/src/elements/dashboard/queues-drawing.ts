/** The queues' page as templates: a table, and cards where that has no room. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import { SHAPES } from "../icons";
import { ago, moment } from "./times";
import { language, tell } from "./words";
import { type Queue, type QueueState, stateOf, type Workshop } from "./workshop";
import { drawDeed, drawIcon, drawStanding, type Part } from "./workshop-drawing";
import { type ShopWord, say } from "./workshop-words";

export interface QueuesPicture {
  readonly seen: Workshop;
  readonly rows: readonly Queue[];
  readonly now: number;
  readonly narrow: boolean;
  /** Since when nobody has answered, in seconds; 0 where somebody has. */
  readonly old: number;
  readonly reason: string;
  readonly hrefOf: (queue: Queue) => string;
  readonly retry: () => void;
  readonly press: (queue: Queue) => void;
  readonly dialog: TemplateResult;
}

const STATES: Readonly<Record<QueueState, readonly [ShopWord, string]>> = {
  open: ["openQueue", SHAPES.succeeded],
  paused: ["pausedQueue", SHAPES.paused],
  left: ["leftQueue", SHAPES.stalled],
};
const UNKNOWN = "–";

export function drawQueues(picture: QueuesPicture): TemplateResult {
  const { rows, narrow, dialog } = picture;
  return html`<section class="jobs shop" aria-label=${tell("queues")}>
    ${drawStand(picture)}
    <div class="scroller" id="scroller">
      ${rows.length === 0 ? drawNone() : narrow ? drawCards(picture) : drawTable(picture)}
    </div>
    ${dialog}
  </section>`;
}

function drawStand({ seen, rows, old, reason, retry }: QueuesPicture): TemplateResult {
  const paused = rows.filter((one) => one.paused).length;
  const count = [
    say("countQueues", { n: rows.length }),
    ...(paused > 0 ? [say("countPaused", { n: paused })] : []),
    ...(seen.more > 0 ? [say("moreQueues", { n: seen.more })] : []),
  ];
  const away = [
    ...(seen.broker === "away" ? [say("brokerAway")] : []),
    ...(seen.store === "away" ? [say("shopAway")] : []),
  ];
  return drawStanding(count.join(" · "), away, { seconds: old, reason, retry });
}

function drawNone(): TemplateResult {
  return html`<div class="none"><h2>${say("noQueues")}</h2><p>${say("noQueueWhy")}</p></div>`;
}

function drawTable(picture: QueuesPicture): TemplateResult {
  const { rows } = picture;
  return html`<table class="queues">
    <caption class="unseen">${tell("queues")}</caption>
    <thead>
      <tr>
        <th scope="col" class="state">${tell("status")}</th>
        <th scope="col" class="name">${tell("queue")}</th>
        <th scope="col" class="number">${say("depth")}</th>
        <th scope="col" class="when">${say("oldest")}</th>
        <th scope="col" class="number">${tell("workers")}</th>
        <td class="deeds"></td>
      </tr>
    </thead>
    <tbody id="rows">${rows.map((queue) => drawRow(picture, queue))}</tbody>
  </table>`;
}

function drawRow(picture: QueuesPicture, queue: Queue): TemplateResult {
  return html`<tr class="job queue ${stateOf(queue)}" data-name=${queue.name}>
    <td class="state">${drawState(queue)}</td>
    <th scope="row" class="name">${drawName(picture, queue)}</th>
    <td class="number">${number(queue.depth)}</td>
    <td class="when">${drawOldest(picture, queue)}</td>
    <td class="number">${number(queue.consumers)}</td>
    <td class="deeds">${drawButton(picture, queue)}</td>
  </tr>`;
}

function drawCards(picture: QueuesPicture): TemplateResult {
  return html`<ul class="cards queues" id="rows" role="list" aria-label=${tell("queues")}>
    ${picture.rows.map((queue) => drawCard(picture, queue))}
  </ul>`;
}

function drawCard(picture: QueuesPicture, queue: Queue): TemplateResult {
  return html`<li class="queue job ${stateOf(queue)}" data-name=${queue.name}>
    <div class="top-line">${drawName(picture, queue)}<span class="state">${drawState(queue)}</span></div>
    <div class="bottom-line">
      <dl class="told">
        <div><dt>${say("depth")}</dt><dd>${number(queue.depth)}</dd></div>
        <div><dt>${tell("workers")}</dt><dd>${number(queue.consumers)}</dd></div>
        ${
          queue.depth === 0
            ? nothing
            : html`<div><dt>${say("oldest")}</dt><dd>${drawOldest(picture, queue)}</dd></div>`
        }
      </dl>
      ${drawButton(picture, queue)}
    </div>
  </li>`;
}

function drawState(queue: Queue): TemplateResult {
  const [word, path] = STATES[stateOf(queue)];
  return html`${drawIcon(path)}<span class="word">${say(word)}</span>`;
}

function drawName({ hrefOf, now }: QueuesPicture, queue: Queue): TemplateResult {
  return html`<div class="who"><a class="title" href=${hrefOf(queue)} title=${queue.name} dir="auto">${queue.name}</a>
    <span class="task">${noteOf(queue, now)}</span></div>`;
}

function noteOf({ paused, paused_by, paused_at, ...queue }: Queue, now: number): string {
  if (!paused) {
    return stateOf({ ...queue, paused, paused_by, paused_at }) === "left" ? say("leftWhy") : "";
  }
  const time = paused_at ? ago(paused_at, now) : "";
  return paused_by ? say("pausedBy", { name: paused_by, time }) : say("pausedSince", { time });
}

function drawOldest({ now }: QueuesPicture, { oldest_at, depth }: Queue): TemplateResult | string {
  if (oldest_at) {
    return html`<time datetime=${oldest_at} title=${moment(oldest_at)}>${ago(oldest_at, now)}</time>`;
  }
  return depth === 0 ? "" : UNKNOWN;
}

function drawButton({ press }: QueuesPicture, queue: Queue): Part {
  const { name, actions, paused } = queue;
  if (actions.length === 0) return nothing;
  const [word, about] = paused
    ? (["resumeQueue", "resumeNamed"] as const)
    : (["pauseQueue", "pauseNamed"] as const);
  return drawDeed(say(word), say(about, { name }), () => press(queue));
}

function number(n: number | null): string {
  return n === null ? UNKNOWN : n.toLocaleString(language());
}
