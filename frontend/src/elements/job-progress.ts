import { render, type TemplateResult } from "lit/html.js";
import type { Client } from "../client";
import { connect } from "../connect";
import { decodeState, isEnd, type JobState, type Refused } from "../protocol";
import { announce, prepareAnnouncer } from "./announcer";
import { setAttribute } from "./attributes";
import { drawEmpty, drawJob, drawRefusal } from "./drawing";
import { percent } from "./format";
import { HotPath } from "./hot-path";
import styles from "./job-progress.css?inline";
import { appear, disappear, paintSoon, tick } from "./painter";
import { serviceAddress } from "./service";
import type { Steering } from "./steering";
import { text } from "./strings";
import { ages, type Look, lookOf, titleOf, type View, viewOf } from "./view";

const TROUBLE_SHOWS_AFTER = 3000;
const SIGNED_OUT = 4501;
const PROPERTIES = ["job", "src", "compact", "actions"] as const;

export const sheet = new CSSStyleSheet();
sheet.replaceSync(styles);

/**
 * One job's bar.
 *
 * @tag job-progress
 * @attr {string} job - The id of the job.
 * @attr {string} src - The address of the include, where that is not the one of `{% headway_scripts %}`.
 * @attr {boolean} compact - One line and a thin bar, for lists.
 * @attr {boolean} actions - Shows the buttons for what its viewer may do, and what the job asks.
 * @attr {boolean} in-tab - Shows the job on the page's tab too: in front of its title, and as its icon while nobody looks.
 * @attr {string} status - Set by the element: what the job is doing, for CSS.
 * @attr {"connecting" | "live" | "stale" | "offline"} connection - Set by the element: whether it hears of its job, for CSS.
 * @fires {CustomEvent<{state: JobState}>} job-change - The job has a new state, which is `detail.state`.
 * @fires {CustomEvent<{state: JobState}>} job-end - The job has ended while the page was there; told once.
 * @fires {CustomEvent<{state: JobState}>} job-again - It was run again as the job of `detail.state`, which the bar then shows; `preventDefault()` leaves it at this one.
 * @slot - Stands there until the first state has come; the template tag puts a native bar into it.
 * @slot actions - Beside the buttons.
 * @csspart label - The title.
 * @csspart status - The icon and the word for the status.
 * @csspart actions - The buttons.
 * @csspart question - What the job asks.
 * @csspart track - The whole of the bar.
 * @csspart bar - The part that is done.
 * @csspart value - The percentage.
 * @csspart message - What the task says, or what is wrong.
 * @csspart stages - The list of stages.
 * @csspart files - The list of files.
 * @cssprop --headway-accent - The colour of a running job's bar.
 * @cssprop --headway-track - The colour of what is not done yet.
 * @cssprop --headway-size - How thick the bar is; 0.5rem, and 0.25rem where it is compact.
 * @cssprop --headway-radius - How round the bar's ends are.
 * @cssprop --headway-font - The typeface; the page's, unless it is set.
 */
// Lit draws what seldom changes, `HotPath` writes what moves; both when the painter says so, which
// is why this is not a LitElement: that brings a scheduler of its own.
export class JobProgress extends HTMLElement {
  static readonly observedAttributes: readonly string[] = PROPERTIES;

  readonly #root = this.attachShadow({ mode: "open" });
  readonly #hot = new HotPath(this.#root);
  #state: JobState | null = null;
  #refused: Refused | null = null;
  #client: Client | undefined;
  #stops: (() => void)[] = [];
  #drawn = "";
  #quarter = 0;
  #pending = "";
  #problem = "";

  /** The id of the job, as the attribute. */
  get job(): string | null {
    return this.getAttribute("job");
  }
  set job(job: string | null) {
    setAttribute(this, "job", job);
  }

  /** The address of the include, as the attribute. */
  get src(): string | null {
    return this.getAttribute("src");
  }
  set src(src: string | null) {
    setAttribute(this, "src", src);
  }

  /** Whether it is one line, as the attribute. */
  get compact(): boolean {
    return this.hasAttribute("compact");
  }
  set compact(compact: boolean) {
    this.toggleAttribute("compact", compact);
  }

  /** Whether it has buttons, as the attribute. */
  get actions(): boolean {
    return this.hasAttribute("actions");
  }
  set actions(actions: boolean) {
    this.toggleAttribute("actions", actions);
  }

  /** The newest state, null while none is known. */
  get snapshot(): JobState | null {
    return this.#state;
  }

  connectedCallback(): void {
    this.#root.adoptedStyleSheets = [sheet];
    for (const name of PROPERTIES) this.#upgrade(name);
    prepareAnnouncer();
    appear(this);
    this.#start();
    this.paint(false);
  }

  disconnectedCallback(): void {
    this.#stop();
    disappear(this);
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (!this.isConnected || this.#drawn === "" || before === now) return;
    if (name === "job" || name === "src") {
      this.#stop();
      this.#forget();
      this.removeAttribute("data-state");
      this.#start();
    }
    paintSoon(this);
  }

  /** Called by the painter, at most once for each animation frame. */
  paint(smooth: boolean): void {
    const shape = this.#shape();
    if (shape !== this.#drawn) this.#draw();
    this.#drawn = shape;
    this.#write(smooth);
    tick(this, this.isConnected && this.#agesByItself());
  }

  /** Properties that were set before this class was known hide its accessors. */
  #upgrade(name: (typeof PROPERTIES)[number]): void {
    const own = Object.getOwnPropertyDescriptor(this, name);
    if (!own) return;
    Reflect.deleteProperty(this, name);
    Reflect.set(this, name, own.value);
  }

  #start(): void {
    if (!this.job) return;
    this.#state ??= this.#renderedState();
    // What was over when the page was made stays so, and needs no socket.
    if (!this.#isOver()) this.#watch(this.job);
    this.#reflect();
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
  }

  #stop(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#note("", "");
  }

  #forget(): void {
    this.#state = null;
    this.#refused = null;
    this.#quarter = 0;
  }

  /** The state that the server drew the page with. */
  #renderedState(): JobState | null {
    const json = this.dataset["state"];
    const state = json ? decodeState(json) : null;
    return state?.id === this.job ? state : null;
  }

  #take(state: JobState): void {
    const before = this.#state;
    this.#state = state;
    this.#refused = null;
    if (this.#pending && !state.actions.includes(this.#pending)) this.#note("", "");
    this.#reflect();
    this.#announce(before, state);
    this.#tell("job-change", state);
    if (isEnd(state.status) && !(before && isEnd(before.status))) this.#tell("job-end", state);
  }

  #refuse(refused: Refused): void {
    this.#forget();
    this.#refused = refused;
    this.#reflect();
  }

  /** Returns false where the page wants nothing more to be done about it. */
  #tell(type: string, state: JobState): boolean {
    const detail = { state };
    const more = { bubbles: true, composed: true, cancelable: true, detail };
    return this.dispatchEvent(new CustomEvent(type, more));
  }

  #reflect(): void {
    setAttribute(this, "status", this.#state?.status ?? null);
    setAttribute(this, "connection", this.#client?.status.phase ?? null);
    paintSoon(this);
  }

  #announce(before: JobState | null, state: JobState): void {
    const quarter = Math.floor((state.fraction ?? 0) * 4);
    const risen = quarter > this.#quarter;
    this.#quarter = quarter;
    if (!before) return; // nobody wants to be told what the page already says
    const look = lookOf(state);
    const end = isEnd(state.status);
    if (lookOf(before) !== look) this.#say(state, text(look), end);
    else if (risen && state.fraction !== null && !end) this.#say(state, percent(state.fraction));
  }

  #say(state: JobState, what: string, end?: boolean): void {
    announce(this, state.id, text("news", { title: titleOf(state), what }), end);
  }

  /** All that Lit draws, as one text to compare: what is not in here is written by `HotPath`. */
  #shape(): string {
    const state = this.#state;
    return JSON.stringify([
      state && [this.#look(state), this.#classes(state), titleOf(state), state.files],
      JSON.stringify(state?.stages, ["name", "status", "stages"]),
      state && this.actions && [state.actions, state.question],
      [this.#refused, this.#pending, this.#problem, this.#trouble(), this.#advice()],
    ]);
  }

  #draw(): void {
    const focused = this.#root.activeElement;
    render(this.#picture(), this.#root);
    this.#hot.forget();
    // A button that goes away must not throw its reader to the top of the page.
    if (focused && !this.#root.activeElement)
      this.#root.querySelector<HTMLElement>(".job")?.focus();
  }

  #picture(): TemplateResult {
    if (this.#refused) return drawRefusal(this.#refused);
    const state = this.#state;
    if (!state) return drawEmpty(this.#trouble() && (this.#advice() || this.#trouble()));
    return drawJob({
      state,
      look: this.#look(state),
      classes: this.#classes(state),
      trouble: this.#trouble(),
      steering: this.actions ? this.#steering(state) : null,
      note: this.#advice(),
      problem: this.#problem,
    });
  }

  #classes(state: JobState): string {
    const { unknown } = viewOf(state, 0);
    const over = isEnd(state.status) ? " over" : "";
    return (
      this.#look(state) + over + (unknown ? " unknown" : "") + (this.#trouble() && " troubled")
    );
  }

  #write(smooth: boolean): void {
    const state = this.#state;
    if (!state) return;
    const view = viewOf(state, this.#client?.now() ?? Date.now());
    const value = this.compact ? this.#shortly(view) : view.percent;
    this.#hot.write(view, value, state.stages, smooth);
  }

  /** The one thing that a compact bar says beside its title. */
  #shortly({ look, word, percent, count }: View): string {
    return this.#trouble() || (look === "running" && (percent || count)) || word;
  }

  #look(state: JobState): Look {
    return this.#pending === "cancel" ? "cancelling" : lookOf(state);
  }

  #trouble(): string {
    const status = this.#client?.status;
    if (!status || status.phase === "live" || this.#isOver()) return "";
    const lasts = status.closed !== null || Date.now() - status.since >= TROUBLE_SHOWS_AFTER;
    return lasts ? text(status.phase === "offline" ? "offline" : "reconnecting") : "";
  }

  /** What only a reload can mend. */
  #advice(): string {
    const closed = this.#isOver() ? null : (this.#client?.status.closed ?? null);
    return closed === null ? "" : text(closed === SIGNED_OUT ? "signedOut" : "stopped");
  }

  #agesByItself(): boolean {
    if (this.#isOver()) return false;
    const waitsForTrouble =
      this.#client && this.#client.status.phase !== "live" && !this.#trouble();
    return Boolean(waitsForTrouble) || (this.#state !== null && ages(this.#state));
  }

  #isOver(): boolean {
    return this.#refused !== null || (this.#state !== null && isEnd(this.#state.status));
  }

  #steering(state: JobState): Steering {
    return {
      state,
      include: serviceAddress(this.src),
      pending: this.#pending,
      note: (pending, problem) => this.#note(pending, problem),
      take: (answer) => this.#takeAnswer(answer),
    };
  }

  /** Run again, a job is another one, which this bar then follows unless the page does more. */
  #takeAnswer(answer: unknown): void {
    const state = decodeState(answer);
    if (state?.again_of && state.again_of === this.job && this.#tell("job-again", state)) {
      this.job = state.id;
      this.#say(state, text(lookOf(state)));
    }
    this.#client?.take(answer);
  }

  /** What was asked for is shown at once, and taken back with the reason when it fails. */
  #note(pending: string, problem: string): void {
    this.#pending = pending;
    this.#problem = problem;
    paintSoon(this);
  }
}
