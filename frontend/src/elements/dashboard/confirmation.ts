/** Asks before something is done to jobs, does it, and tells what could not be done and why. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { JobState } from "../../protocol";
import { titleOf } from "../view";
import { type Deed, type Meant, type Outcome, perform } from "./deeds";
import type { Desk } from "./desk";
import { tell, type Word } from "./words";

/** What is to be done, and to how many; null where nobody knows. */
export interface Plan {
  readonly deed: Deed;
  readonly meant: Meant;
  readonly count: number | null;
  readonly jobs: readonly JobState[];
  /** How many were chosen to which this cannot be done now. */
  readonly leftOut: number;
}

type Step =
  | { readonly is: "asked" }
  | { readonly is: "working"; readonly done: number }
  | { readonly is: "over"; readonly outcome: Outcome; readonly problem: string };

const NAMED = 5; // jobs that are named before something is done to them
const TOLD = 20; // and of those to which it could not be done
const NAMES: Readonly<Record<Deed, string>> = {
  cancel: "Cancel",
  pause: "Pause",
  resume: "Resume",
  again: "Again",
};

export class Confirmation {
  readonly #desk: Desk;
  readonly #titleOf: (id: string) => string;
  readonly #pending: (plan: Plan, pending: boolean) => void;
  #plan: Plan | null = null;
  #step: Step = { is: "asked" };

  constructor(
    desk: Desk,
    titleOf: (id: string) => string,
    pending: (plan: Plan, pending: boolean) => void,
  ) {
    this.#desk = desk;
    this.#titleOf = titleOf;
    this.#pending = pending;
  }

  /** Tells by another text that something else is to be drawn. */
  get shape(): string {
    return JSON.stringify([this.#plan?.deed, this.#plan?.count, this.#step]);
  }

  ask(plan: Plan): void {
    this.#plan = plan;
    this.#step = { is: "asked" };
    this.#desk.redraw();
    requestAnimationFrame(() => this.#dialog?.open || this.#dialog?.showModal());
    if (plan.count === null && "q" in plan.meant) void this.#count(plan, plan.meant.q);
  }

  /** Of all that match those are meant to which it can be done. */
  async #count(plan: Plan, q: string): Promise<void> {
    const kind = plan.deed === "again" ? "status:ended" : "status:unfinished";
    const { signal } = new AbortController();
    const found = await this.#desk.api.count(`${q} ${kind}`.trim(), signal).catch(() => null);
    if (!found || found.more || this.#plan !== plan) return;
    this.#plan = { ...plan, count: found.count };
    this.#desk.redraw();
  }

  draw(): TemplateResult {
    return html`<dialog id="confirm" aria-labelledby="sure" @close=${() => this.#left()}>
      ${this.#plan ? this.#drawPlan(this.#plan) : nothing}
    </dialog>`;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.#desk.shadow.querySelector<HTMLDialogElement>("#confirm");
  }

  #drawPlan(plan: Plan): TemplateResult {
    return html`<form method="dialog">
      <h2 id="sure">${this.#step.is === "asked" ? titleFor(plan) : tell(`${plan.deed}Many`)}</h2>
      ${this.#step.is === "over" ? this.#drawOver(plan, this.#step) : drawMeant(plan)}
      ${this.#step.is === "working" ? html`<p role="status">${tell("working", { n: this.#step.done })}</p>` : nothing}
      <div class="buttons">
        ${this.#step.is === "over" ? nothing : this.#drawGo(plan, this.#step.is === "working")}
        <button class="button" ?autofocus=${plan.deed === "cancel"}>
          ${tell(this.#step.is === "over" ? "close" : "keep")}</button>
      </div>
    </form>`;
  }

  #drawGo(plan: Plan, works: boolean): TemplateResult {
    const kind = plan.deed === "cancel" ? "button danger" : "button main";
    return html`<button type="button" class=${kind} ?disabled=${works}
      @click=${() => void this.#go(plan)}>${tell(`${plan.deed}Many` as Word)}</button>`;
  }

  #drawOver({ deed }: Plan, { outcome, problem }: Extract<Step, { is: "over" }>): TemplateResult {
    const { done, refused, job } = outcome;
    const rest = refused.length - TOLD;
    if (job) return this.#drawJob(job);
    return html`<p role="status">${tell(deed === "again" ? "doneAgain" : "done", { n: done })}</p>
      ${problem ? html`<p class="wrong" role="alert">${problem}</p>` : nothing}
      ${
        refused.length > 0
          ? html`<p>${tell("notDone", { n: refused.length })}</p>
            <ul class="refused">${refused
              .slice(0, TOLD)
              .map(
                ({ id, reason }) => html`<li><b dir="auto">${this.#titleOf(id)}</b> ${reason}</li>`,
              )}
              ${rest > 0 ? html`<li>${tell("andMore", { n: rest })}</li>` : nothing}</ul>`
          : nothing
      }`;
  }

  /** All that match are the affair of a job, which can be left alone. */
  #drawJob({ id }: JobState): TemplateResult {
    const href = this.#desk.hrefOf({ page: "job", id });
    return html`<p role="status">${tell("byJob")}</p>
      <job-progress job=${id} actions></job-progress>
      <p><a href=${href} @click=${() => this.#dialog?.close()}>${tell("itsPage")}</a></p>`;
  }

  async #go(plan: Plan): Promise<void> {
    this.#show({ is: "working", done: 0 });
    this.#pending(plan, true);
    let outcome: Outcome = { done: 0, refused: [] };
    let problem = "";
    const progress = (done: number) => this.#show({ is: "working", done });
    try {
      const doing = { take: this.#desk.take, progress };
      outcome = await perform(this.#desk.api, plan.deed, plan.meant, doing);
    } catch (wrong) {
      problem = wrong instanceof Error ? wrong.message : String(wrong);
    }
    this.#pending(plan, false);
    const { done, refused, job } = outcome;
    this.#show({ is: "over", outcome, problem });
    if (problem || refused.length > 0 || job) return;
    this.#desk.say(tell(plan.deed === "again" ? "doneAgain" : "done", { n: done }));
    this.#dialog?.close();
  }

  #show(step: Step): void {
    this.#step = step;
    this.#desk.redraw();
  }

  #left(): void {
    if (this.#step.is === "working") return;
    this.#plan = null;
    this.#desk.redraw();
  }
}

function titleFor({ deed, count }: Plan): string {
  const sure = `sure${NAMES[deed]}` as Word;
  return count === null ? tell(`${deed}Many` as Word) : tell(sure, { n: count });
}

function drawMeant({ deed, meant, jobs, leftOut }: Plan): TemplateResult {
  if ("q" in meant) {
    return html`<p>${meant.q ? tell("sureMatching", { q: meant.q }) : tell("sureEverything")}</p>`;
  }
  const rest = jobs.length - NAMED;
  return html`<ul class="meant">
      ${jobs.slice(0, NAMED).map((job) => html`<li dir="auto">${titleOf(job)}</li>`)}
      ${rest > 0 ? html`<li>${tell("andMore", { n: rest })}</li>` : nothing}
    </ul>
    ${leftOut > 0 ? html`<p>${tell("leftOut", { n: leftOut })}</p>` : nothing}
    ${deed === "again" ? nothing : html`<p class="quiet">${tell("withTree")}</p>`}`;
}
