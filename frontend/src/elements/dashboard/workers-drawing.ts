/** The workers' page as templates: a card for each, laid out as a row where there is room. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import { SHAPES } from "../icons";
import { ago, moment } from "./times";
import { language, tell } from "./words";
import type { Lines, Worker, WorkerState, Workshop } from "./workshop";
import { drawDeed, drawIcon, drawStanding, type Part } from "./workshop-drawing";
import { type ShopWord, say } from "./workshop-words";

export interface WorkersPicture {
  readonly seen: Workshop;
  readonly rows: readonly Worker[];
  readonly now: number;
  /** Since when nobody has answered, in seconds; 0 where somebody has. */
  readonly old: number;
  readonly reason: string;
  /** Starts a worker. */
  readonly command: string;
  readonly linesOf: Lines["of"];
  /** "" where it is not known. */
  readonly titleOf: (id: string) => string;
  readonly hrefOf: (id: string) => string;
  readonly retry: () => void;
  readonly stop: (worker: Worker) => void;
  readonly resize: (worker: Worker) => void;
  readonly copy: () => void;
  readonly dialog: TemplateResult;
}

const STATES: Readonly<Record<WorkerState, readonly [ShopWord, string]>> = {
  here: ["here", SHAPES.succeeded],
  stopping: ["stopping", SHAPES.cancelling],
  stopped: ["stopped", SHAPES.cancelled],
  gone: ["goneWorker", SHAPES.lost],
};
const SHORT = 8; // characters of an id whose title is not known
const QUEUES = 8; // that are named

export function drawWorkers(picture: WorkersPicture): TemplateResult {
  const { rows, dialog } = picture;
  return html`<section class="jobs shop" aria-label=${tell("workers")}>
    ${drawStand(picture)}
    <div class="scroller" id="scroller">
      ${
        rows.length > 0
          ? html`<ul class="cards workers" id="rows" role="list" aria-label=${tell("workers")}>
              ${rows.map((worker) => drawWorker(picture, worker))}</ul>`
          : drawNone(picture)
      }
    </div>
    ${dialog}
  </section>`;
}

function drawStand({ seen, rows, old, reason, retry }: WorkersPicture): TemplateResult {
  const here = rows.filter(({ state }) => state === "here" || state === "stopping");
  const running = here.reduce((sum, one) => sum + one.running, 0);
  const places = here.reduce((sum, one) => sum + one.concurrency, 0);
  const count = [
    ...(seen.store === "ok" || rows.length > 0 ? [say("countWorkers", { n: here.length })] : []),
    ...(places > 0 ? [say("busyOf", { n: running, count: places })] : []),
  ];
  const away = seen.store === "away" ? [say("shopAway")] : [];
  return drawStanding(count.join(" · "), away, { seconds: old, reason, retry });
}

function drawNone({ seen, command, copy }: WorkersPicture): TemplateResult {
  if (seen.store === "away") {
    return html`<div class="none"><h2>${say("unknownWorkers")}</h2></div>`;
  }
  return html`<div class="none"><h2>${say("noWorker")}</h2><p>${say("noWorkerWhy")}</p>
    <pre tabindex="0" aria-label=${say("noWorkerWhy")} dir="ltr">${command}</pre>
    <button type="button" class="button" @click=${copy}>${tell("copy")}</button></div>`;
}

function drawWorker(picture: WorkersPicture, worker: Worker): TemplateResult {
  const [word, path] = STATES[worker.state];
  const lives = worker.state === "here" || worker.state === "stopping";
  return html`<li class="job worker ${worker.state}" data-name=${worker.name}>
    <div class="state">${drawIcon(path)}<span class="word">${say(word)}</span></div>
    <div class="who"><h2 class="title" dir="auto" title=${worker.name}>${worker.name}</h2>
      <p class="task">${say("process", { host: worker.host, pid: String(worker.pid) })}</p>
      <p class="task">${drawSince(picture, worker, lives)}</p></div>
    <div class="busy">${lives ? drawBusy(picture, worker) : nothing}</div>
    <dl class="told">${drawAbout(picture, worker, lives)}</dl>
    <div class="deeds">${drawButtons(picture, worker)}</div>
  </li>`;
}

function drawSince(
  { now }: WorkersPicture,
  { since, heard_at }: Worker,
  lives: boolean,
): TemplateResult {
  const at = lives ? since : heard_at;
  const time = ago(at, now);
  return html`<time datetime=${at} title=${moment(at)}>${say(lives ? "startedAgo" : "lastHeard", { time })}</time>`;
}

function drawBusy(picture: WorkersPicture, worker: Worker): TemplateResult {
  const { running, concurrency, name, pool } = worker;
  const told = say("busyOf", { n: running, count: concurrency });
  const width = concurrency > 0 ? Math.min(100, (100 * running) / concurrency) : 0;
  return html`<div class="load" role="meter" aria-label=${say("loadOf", { name })} aria-valuemin="0"
      aria-valuemax=${Math.max(1, concurrency)} aria-valuenow=${Math.min(running, Math.max(1, concurrency))}
      aria-valuetext=${told}><svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect
      width=${width} height="6" /></svg></div>
    <p class="quiet">${told} · ${pool}</p>
    ${drawJobs(picture, worker)}`;
}

function drawJobs({ linesOf, titleOf, hrefOf }: WorkersPicture, worker: Worker): Part {
  const { jobs, more } = linesOf(worker);
  if (jobs.length + more === 0) return nothing;
  return html`<ul class="runs" role="list" aria-label=${say("runsThere", { name: worker.name })}>
    ${jobs.map((id) => {
      if (!id) return html`<li aria-hidden="true"></li>`;
      const title = titleOf(id);
      return html`<li><a href=${hrefOf(id)} dir="auto" title=${title || id}>${title || id.slice(0, SHORT)}</a></li>`;
    })}
    ${more > 0 ? html`<li class="quiet">${tell("andMore", { n: more })}</li>` : nothing}
  </ul>`;
}

function drawAbout({ now }: WorkersPicture, worker: Worker, lives: boolean): TemplateResult {
  const { heard_at, load, processors, versions } = worker;
  const heard = html`<time datetime=${heard_at} title=${moment(heard_at)}>${ago(heard_at, now)}</time>`;
  const { headway, celery, python } = versions;
  return html`${lives ? fact(tell("queues"), queuesOf(worker)) : nothing}
    ${lives ? fact(say("heard"), heard) : nothing}
    ${lives && load !== null ? fact(say("machine"), say("loadIs", { load: rounded(load), n: processors })) : nothing}
    ${fact(say("versions"), `Headway\u00a0${headway} · Celery\u00a0${celery} · Python\u00a0${python}`)}`;
}

/** Those that it takes from, as far as there is room. */
function queuesOf({ queues }: Worker): string {
  const named = queues.slice(0, QUEUES).join(", ") || say("nothingTaken");
  const n = queues.length - QUEUES;
  return n > 0 ? `${named} ${tell("andMore", { n })}` : named;
}

function fact(word: string, value: string | TemplateResult): TemplateResult {
  return html`<div><dt>${word}</dt><dd>${value}</dd></div>`;
}

function drawButtons({ stop, resize }: WorkersPicture, worker: Worker): Part {
  const { actions, name } = worker;
  return html`${
    actions.includes("concurrency")
      ? drawDeed(say("resize"), say("resizeNamed", { name }), () => resize(worker))
      : nothing
  }${
    actions.includes("stop")
      ? drawDeed(say("stop"), say("stopNamed", { name }), () => stop(worker))
      : nothing
  }`;
}

function rounded(load: number): string {
  return load.toLocaleString(language(), { maximumFractionDigits: 1 });
}
