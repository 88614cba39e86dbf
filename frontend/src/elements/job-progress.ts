import {
  html,
  LitElement,
  nothing,
  type PropertyValues,
  type TemplateResult,
  unsafeCSS,
} from "lit";
import type { Client } from "../client";
import { connect } from "../connect";
import { decodeState, isEnd, type JobState, type Refused } from "../protocol";
import { announce, prepareAnnouncer } from "./announcer";
import { bytes, percent, wholePercent } from "./format";
import { SHAPES } from "./icons";
import styles from "./job-progress.css?inline";
import { appear, disappear, paintSoon, tick } from "./painter";
import { act, serviceAddress } from "./service";
import { text } from "./strings";
import { ages, type Look, lookOf, stageMark, titleOf, type View, viewOf } from "./view";

const TROUBLE_SHOWS_AFTER = 3000;
const CANCEL_TIMEOUT = 10_000;
const SIGNED_OUT = 4501;

/** One job's bar. Lit draws what seldom changes; `paint` writes what moves, straight to the nodes. */
export class JobProgress extends LitElement {
  static override styles = unsafeCSS(styles);
  static override properties = {
    job: { type: String },
    src: { type: String },
    compact: { type: Boolean },
    actions: { type: Boolean },
  };

  declare job: string | null;
  declare src: string | null;
  declare compact: boolean;
  declare actions: boolean;

  #state: JobState | null = null;
  #refused: Refused | null = null;
  #client: Client | undefined;
  #stops: (() => void)[] = [];
  #drawn = "";
  #quarter = 0;
  #cancelling: ReturnType<typeof setTimeout> | undefined;
  #problem = "";

  /** The newest state, null while none is known. */
  get snapshot(): JobState | null {
    return this.#state;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    prepareAnnouncer();
    appear(this);
    this.#start();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop();
    disappear(this);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    const moved = changed.has("job") || changed.has("src");
    if (!moved || !this.hasUpdated) return;
    this.#stop();
    this.#forget();
    this.#start();
  }

  /** Called by the painter, at most once for each animation frame. */
  paint(smooth: boolean): void {
    if (this.#shape() !== this.#drawn) {
      this.requestUpdate();
      return;
    }
    this.#write(smooth);
  }

  protected override updated(): void {
    this.#drawn = this.#shape();
    this.#write(false);
  }

  protected override render(): TemplateResult {
    if (this.#refused) return this.#renderRefusal(this.#refused);
    const state = this.#state;
    return state ? this.#renderJob(state) : html`<slot>${this.#renderEmpty()}</slot>`;
  }

  #start(): void {
    if (!this.job) return;
    this.#state ??= this.#renderedState();
    this.#reflect();
    // What was over when the page was made stays so, and needs no socket.
    if (!this.#state || !isEnd(this.#state.status)) this.#watch(this.job);
    this.requestUpdate();
  }

  #watch(job: string): void {
    const client = connect(serviceAddress(this.src));
    this.#client = client;
    this.#stops = [
      client.onStatus(() => this.#reflect()),
      client.watch(`job:${job}`, (state) => this.#take(state), {
        have: this.#state,
        refused: (refused) => this.#refuse(refused),
      }),
    ];
    this.#reflect();
  }

  #stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#settleCancel();
  }

  #forget(): void {
    this.#state = null;
    this.#refused = null;
    this.#problem = "";
    this.#quarter = 0;
    this.removeAttribute("status");
    this.removeAttribute("data-state");
  }

  /** The state that the server drew the page with. */
  #renderedState(): JobState | null {
    const json = this.dataset["state"];
    if (!json) return null;
    const state = decodeState(parse(json));
    return state?.id === this.job ? state : null;
  }

  #take(state: JobState): void {
    const before = this.#state;
    this.#state = state;
    this.#refused = null;
    if (state.status === "cancelling" || isEnd(state.status)) this.#settleCancel();
    this.#reflect();
    this.#announce(before, state);
    paintSoon(this);
    this.#tell("job-change", state);
    if (isEnd(state.status) && !(before && isEnd(before.status))) this.#tell("job-end", state);
  }

  #refuse(refused: Refused): void {
    this.#forget();
    this.#refused = refused;
    paintSoon(this);
  }

  #tell(type: string, state: JobState): void {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail: { state } }));
  }

  #reflect(): void {
    setAttribute(this, "status", this.#state?.status);
    setAttribute(this, "connection", this.#client?.status.phase);
    paintSoon(this);
  }

  #announce(before: JobState | null, state: JobState): void {
    const quarter = Math.floor((state.fraction ?? 0) * 4);
    const risen = quarter > this.#quarter;
    this.#quarter = quarter;
    if (!before) return; // nobody wants to hear what is on the page anyway
    const title = titleOf(state);
    if (lookOf(before) !== lookOf(state)) {
      const word = text(lookOf(state));
      announce(this, state.id, text("ended", { title, word }), isEnd(state.status));
    } else if (risen && state.fraction !== null && !isEnd(state.status)) {
      const said = { title, percent: percent(state.fraction) };
      announce(this, state.id, text("progress", said));
    }
  }

  /** All that Lit draws, as one string to compare: what is not in here is written by `#write`. */
  #shape(): string {
    const state = this.#state;
    const shape = state && [
      this.#look(state),
      titleOf(state),
      viewOf(state, 0).fraction === null,
      state.stages.map((stage) => [stage.name, stage.status]),
      state.files,
      this.#mayCancel(state),
    ];
    const around = [this.#refused, this.#problem, this.#note(), this.compact, this.actions];
    return JSON.stringify([shape, around]);
  }

  #look(state: JobState): Look {
    return this.#cancelling === undefined ? lookOf(state) : "cancelling";
  }

  #renderJob(state: JobState): TemplateResult {
    const look = this.#look(state);
    const { fraction } = viewOf(state, 0);
    const shown = [look, fraction === null && "unknown", this.#isTroubled() && "troubled"];
    return html`<div class="job ${shown.filter(Boolean).join(" ")}">
      <div class="head">
        <span class="title" id="title" part="label">${titleOf(state)}</span>
        <span class="state" part="status">
          ${mark(look)}<span class="word">${text(look)}</span>
        </span>
        ${this.#renderActions(state)}
      </div>
      <div class="track" part="track" role="progressbar" aria-labelledby="title"
        aria-valuemin="0" aria-valuemax="100"><div class="fill" part="bar"></div></div>
      <div class="facts">
        <div class="numbers">
          <span class="value" part="value"></span><span class="count"></span
          ><span class="bad"></span><span class="more"></span>
        </div>
        <div class="pace"><span class="rate"></span><span class="time"></span></div>
        <div class="message" part="message" dir="auto"></div>
      </div>
      ${this.#renderNotes()} ${renderStages(state)} ${renderFiles(state)}
    </div>`;
  }

  #renderEmpty(): TemplateResult {
    return html`<div class="job queued unknown">
      <div class="head"><span class="title" id="title" part="label">${text("loading")}</span></div>
      <div class="track" part="track" role="progressbar" aria-labelledby="title"></div>
      <div class="facts"><div class="numbers"></div><div class="message"></div></div>
      ${this.#renderNotes()}
    </div>`;
  }

  #renderRefusal({ code, text: said }: Refused): TemplateResult {
    return html`<p class="note" part="message">${code === "not_found" ? text("notAvailable") : said}</p>`;
  }

  #renderActions(state: JobState): TemplateResult {
    const title = text("cancelJob", { title: titleOf(state) });
    return html`<span class="actions" part="actions">${
      this.#mayCancel(state)
        ? html`<button type="button" aria-label=${title} @click=${this.#cancel}>
            ${text("cancel")}
          </button>`
        : nothing
    }<slot name="actions"></slot></span>`;
  }

  #renderNotes(): TemplateResult {
    const note = this.#note();
    return html`${note ? html`<p class="note">${note}</p>` : nothing}${
      this.#problem ? html`<p class="note wrong" role="alert">${this.#problem}</p>` : nothing
    }`;
  }

  #write(smooth: boolean): void {
    const state = this.#state;
    const fill = this.renderRoot.querySelector<HTMLElement>(".fill");
    tick(this, this.isConnected && (this.#waitsForTrouble() || (state !== null && ages(state))));
    if (!state || !fill) return;
    const view = viewOf(state, this.#client?.now() ?? Date.now());
    this.#writeBar(view, fill, smooth);
    for (const name of ["count", "failed", "more", "rate", "time", "message"] as const) {
      this.#writeText(name === "failed" ? "bad" : name, view[name]);
    }
    this.#writeText("value", this.compact && state.status !== "running" ? view.word : view.percent);
    for (const [at, { fraction }] of state.stages.entries()) {
      this.#writeText(`stage-${at}`, fraction === null ? "" : percent(fraction));
    }
  }

  #writeBar({ fraction, percent: shown, time }: View, fill: HTMLElement, smooth: boolean): void {
    fill.classList.toggle("smooth", smooth);
    const scale = fraction === null ? "" : `scaleX(${Math.round(fraction * 1000) / 1000})`;
    if (fill.style.transform !== scale) fill.style.transform = scale;
    const track = fill.parentElement;
    if (!track) return;
    setAttribute(
      track,
      "aria-valuenow",
      fraction === null ? undefined : `${wholePercent(fraction)}`,
    );
    setAttribute(track, "aria-valuetext", shown && time ? `${shown}, ${time}` : undefined);
  }

  #writeText(name: string, value: string): void {
    const node = this.renderRoot.querySelector(`.${name}`);
    if (node && node.textContent !== value) node.textContent = value;
  }

  #note(): string {
    const status = this.#client?.status;
    if (!status || !this.#isTroubled()) return "";
    if (status.closed === SIGNED_OUT) return text("signedOut");
    if (status.closed !== null) return text("stopped");
    return text(status.phase === "offline" ? "offline" : "reconnecting");
  }

  #isTroubled(): boolean {
    const status = this.#client?.status;
    if (!status || status.phase === "live" || this.#isOver()) return false;
    return status.closed !== null || Date.now() - status.since >= TROUBLE_SHOWS_AFTER;
  }

  #waitsForTrouble(): boolean {
    const status = this.#client?.status;
    return (
      status !== undefined && status.phase !== "live" && !this.#isOver() && !this.#isTroubled()
    );
  }

  #isOver(): boolean {
    return this.#refused !== null || (this.#state !== null && isEnd(this.#state.status));
  }

  #mayCancel(state: JobState): boolean {
    return this.actions && this.#cancelling === undefined && state.actions.includes("cancel");
  }

  #cancel = async (): Promise<void> => {
    if (!this.job) return;
    this.#problem = "";
    this.#cancelling = setTimeout(() => this.#cancelFailed(text("noAnswer")), CANCEL_TIMEOUT);
    paintSoon(this);
    try {
      this.#client?.take(await act(serviceAddress(this.src), this.job, "cancel"));
    } catch (problem) {
      const reason = problem instanceof Error ? problem.message : String(problem);
      this.#cancelFailed(text("refused", { reason }));
    }
  };

  #cancelFailed(problem: string): void {
    if (this.#cancelling === undefined) return; // the job has answered by itself
    this.#problem = problem;
    this.#settleCancel();
    paintSoon(this);
  }

  #settleCancel(): void {
    clearTimeout(this.#cancelling);
    this.#cancelling = undefined;
  }
}

function mark(look: Look): TemplateResult {
  return html`<svg viewBox="0 0 16 16" aria-hidden="true"><path d=${SHAPES[look]} /></svg>`;
}

function renderStages({ stages }: JobState): TemplateResult | typeof nothing {
  if (stages.length === 0) return nothing;
  return html`<ol part="stages" aria-label=${text("stages")}>
    ${stages.map((stage, at) => {
      const look = stageMark(stage);
      return html`<li class=${look}>
        ${mark(look)}<span class="name">${stage.name}</span><span class="stage-${at}"></span>
      </li>`;
    })}
  </ol>`;
}

function renderFiles({ files }: JobState): TemplateResult | typeof nothing {
  if (files.length === 0) return nothing;
  return html`<ul part="files" aria-label=${text("files")}>
    ${files.filter(isSafe).map(
      ({ name, size, url }) =>
        html`<li>
          <a href=${url} download>${name}<span class="size">${bytes(size)}</span></a>
        </li>`,
    )}
  </ul>`;
}

function isSafe({ url }: { readonly url: string }): boolean {
  return (
    URL.canParse(url, document.baseURI) && /^https?:$/.test(new URL(url, document.baseURI).protocol)
  );
}

function setAttribute(element: Element, name: string, value: string | undefined): void {
  if (element.getAttribute(name) === (value ?? null)) return;
  if (value === undefined) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
