/** What is around every page of the dashboard, as templates. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { OwnViews } from "./own-views";
import { firstOf, isOpenTo, LISTED, plain, type Route, type Viewer } from "./routes";
import { KEYS_OF } from "./shortcuts";
import { drawViews } from "./views-drawing";
import { tell, type Word, wordOf } from "./words";

export interface Shell {
  readonly route: Route;
  readonly title: string;
  readonly content: TemplateResult;
  readonly palette: TemplateResult;
  /** What stands in the place of the title; null where that is enough. */
  readonly way: TemplateResult | null;
  readonly hrefOf: (route: Route) => string;
  /** "" while the connection has nothing to tell. */
  readonly trouble: string;
  readonly stale: string;
  readonly live: boolean;
  readonly viewer: Viewer;
  /** Why nothing can be done here; "" where something can. */
  readonly readOnly: string;
  readonly paused: boolean;
  readonly missed: number;
  readonly said: string;
  /** Whether what is said is for screen readers, too. */
  readonly isSpoken: boolean;
  readonly views: OwnViews;
  readonly say: (text: string) => void;
  readonly keysOn: boolean;
  readonly pause: () => void;
  readonly help: () => void;
  readonly retry: () => void;
}

const ICONS = {
  overview: "M2.5 13.5h11M4 11V8M8 11V3.5M12 11V6",
  jobs: "M2.5 4h11M2.5 8h7M2.5 12h9",
  tasks: "M2.5 4h2M7 4h6.5M2.5 8h2M7 8h4M2.5 12h2M7 12h5.5",
  queues: "M2.5 3.5h11v3h-11ZM2.5 9.5h11v3h-11ZM5 5h.01M5 11h.01",
  workers:
    "M4.5 4.5h7v7h-7ZM6.5 2v2.5M9.5 2v2.5M6.5 11.5V14M9.5 11.5V14M2 6.5h2.5M2 9.5h2.5M11.5 6.5H14M11.5 9.5H14",
  schedule: "M8 2.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 0 1 0-11ZM8 5v3.2l2.2 1.6",
  alerts: "M8 2.5 14 13.2H2ZM8 6.8v3M8 11.6v.1",
  inbox: "M2.5 9.5 4 3.5h8l1.5 6v3a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1ZM2.5 9.5h3.2l.8 1.8h3l.8-1.8h3.2",
  settings:
    "M2.5 5h6M12 5h1.5M2.5 11H4M7.5 11h6M10.2 3.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6ZM5.8 9.2a1.8 1.8 0 1 1 0 3.6 1.8 1.8 0 0 1 0-3.6Z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  go: "M5 3.2l7.5 4.8L5 12.8Z",
} as const;

/** What moves by itself, and can be held. */
const MOVING: readonly Route["page"][] = ["overview", "jobs", "tasks"];

export function drawShell(shell: Shell): TemplateResult {
  const { content, title, trouble, stale, retry, said, isSpoken } = shell;
  return html`<div class="shell ${shell.live ? "" : "frozen"}">
      ${drawNavigation(shell)}
      <div class="body">
        <header class="top">
          ${shell.way ?? html`<h1 id="page">${title}</h1>`} ${drawState(shell)}<span class="gap"></span>${drawTools(shell)}<slot name="bell"></slot>
        </header>
        ${
          trouble
            ? html`<div class="banner" role="alert"><span>${trouble} ${stale}</span>
                <button type="button" class="button small" @click=${retry}>${tell("retryNow")}</button></div>`
            : nothing
        }
        <main id="main" tabindex="-1" aria-label=${title}>${content}</main>
      </div>
    </div>
    <p class="said ${said ? "" : "unseen"}" role="status" aria-live=${isSpoken ? "polite" : "off"}>${said}</p>
    ${drawSheet(shell)}${shell.palette}`;
}

function skip(event: Event): void {
  ((event.target as Element).getRootNode() as ShadowRoot).getElementById("main")?.focus();
}

function drawNavigation({ route, hrefOf, viewer, views, say }: Shell): TemplateResult {
  const pages = LISTED.filter((name) => isOpenTo(viewer, name));
  const here = route.page === "job" ? "jobs" : route.page;
  return html`<nav class="nav" aria-label=${tell("dashboard")}>
    <button type="button" class="skip" @click=${skip}>${tell("skip")}</button>
    <div class="home"><slot name="home"><a class="brand" href=${hrefOf(plain(firstOf(viewer.operator)))}>Headway</a></slot></div>
    <ul role="list" class="pages">
      ${pages.map(
        (
          name,
        ) => html`<li><a href=${hrefOf(plain(name))} aria-current=${here === name ? "page" : nothing}>
          ${icon(ICONS[name])}<span>${tell(name)}</span></a></li>`,
      )}
    </ul>
    ${drawViews({ views, q: route.page === "jobs" ? route.q : null, hrefOf: (q) => hrefOf({ page: "jobs", q }), say })}
  </nav>`;
}

function drawState({ live, readOnly, paused, missed }: Shell): TemplateResult {
  const word: Word = paused ? "paused" : live ? "live" : "connecting";
  const kind = paused ? "held" : live ? "on" : "off";
  return html`<span class="tag ${kind}"><i aria-hidden="true"></i>${tell(word)}</span>
    ${paused && missed > 0 ? html`<span class="quiet wide">${tell("missed", { n: missed })}</span>` : nothing}
    ${readOnly ? html`<span class="tag" title=${readOnly}>${tell("readOnly")}</span>` : nothing}`;
}

function drawTools({ route, paused, pause, help, keysOn }: Shell): TemplateResult {
  const label = tell(paused ? "goOnLong" : "pauseLong");
  return html`${
    MOVING.includes(route.page)
      ? html`<button type="button" class="button tool" title=${label} @click=${pause}>
          ${icon(paused ? ICONS.go : ICONS.pause)}<span>${tell(paused ? "goOn" : "pause")}</span>
          ${keysOn ? html`<kbd aria-hidden="true">p</kbd>` : nothing}</button>`
      : nothing
  }<button type="button" class="button tool square" aria-label=${tell("keys")} title=${tell("keys")}
      @click=${help}>?</button>`;
}

function drawSheet({ keysOn, viewer }: Shell): TemplateResult {
  const keys = KEYS_OF.filter(([, command]) => isOpenTo(viewer, command));
  return html`<dialog id="sheet" aria-labelledby="sheet-title"><form method="dialog">
    <h2 id="sheet-title">${tell("keys")}</h2>
    ${keysOn ? nothing : html`<p class="quiet">${tell("keysOff")}</p>`}
    <dl class="keys">${keys.map(
      ([
        keys,
        command,
      ]) => html`<div><dt>${keys.split(" ").map((key) => html`<kbd>${key}</kbd>`)}</dt>
        <dd>${tell(wordOf(command))}</dd></div>`,
    )}</dl>
    <div class="buttons"><button class="button">${tell("close")}</button></div>
  </form></dialog>`;
}

function icon(path: string): TemplateResult {
  return html`<svg viewBox="0 0 16 16" aria-hidden="true"><path d=${path} /></svg>`;
}
