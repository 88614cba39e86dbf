/** Asks before something is done to a queue or a worker, does it, and says what will come of it. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { Desk } from "./desk";
import { say } from "./workshop-words";

export interface Plan {
  readonly title: string;
  /** What it means, a paragraph each. */
  readonly means: readonly string[];
  /** What the button says. */
  readonly go: string;
  /** Whether it takes something away: then who presses Enter at once does nothing. */
  readonly takes: boolean;
  /** A number that is asked for. */
  readonly number?: { readonly label: string; readonly value: number; readonly most: number };
  /** Does it, and tells what the service says of it. */
  readonly perform: (number: number) => Promise<string>;
}

export class Question {
  readonly #desk: Desk;
  #plan: Plan | null = null;
  #works = false;
  #problem = "";

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  get open(): boolean {
    return this.#plan !== null;
  }

  /** Tells by another text that something else is to be drawn. */
  get shape(): string {
    return JSON.stringify([this.#plan?.title, this.#works, this.#problem]);
  }

  ask(plan: Plan): void {
    this.#plan = plan;
    this.#works = false;
    this.#problem = "";
    this.#desk.redraw();
    requestAnimationFrame(() => this.#dialog?.open || this.#dialog?.showModal());
  }

  draw(): TemplateResult {
    return html`<dialog id="question" aria-labelledby="asks" @close=${() => this.#left()}>
      ${this.#plan ? this.#drawPlan(this.#plan) : nothing}
    </dialog>`;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.#desk.shadow.querySelector<HTMLDialogElement>("#question");
  }

  #drawPlan(plan: Plan): TemplateResult {
    const { title, means, go, takes } = plan;
    return html`<form method="dialog" @submit=${(event: Event) => this.#go(event, plan)}>
      <h2 id="asks" dir="auto">${title}</h2>
      ${this.#drawNumber(plan)}
      ${means.map((one) => html`<p>${one}</p>`)}
      ${this.#problem ? html`<p class="wrong" role="alert">${this.#problem}</p>` : nothing}
      <div class="buttons">
        <button class=${takes ? "button danger" : "button main"} aria-disabled=${this.#works ? "true" : nothing}
          ?autofocus=${!takes && !plan.number}>${this.#works ? say("workingNow") : go}</button>
        <button type="button" class="button" ?autofocus=${takes}
          @click=${() => this.#dialog?.close()}>${say("leave")}</button>
      </div>
    </form>`;
  }

  #drawNumber({ number }: Plan): TemplateResult | typeof nothing {
    if (!number) return nothing;
    return html`<label class="number"><span>${number.label}</span>
      <input id="number" type="number" inputmode="numeric" required min="1" max=${number.most}
        step="1" .defaultValue=${String(number.value)} autofocus /></label>`;
  }

  #go(event: Event, plan: Plan): void {
    event.preventDefault();
    const field = this.#dialog?.querySelector<HTMLInputElement>("#number");
    if (!this.#works) void this.#perform(plan, field ? field.valueAsNumber : 0);
  }

  async #perform(plan: Plan, number: number): Promise<void> {
    this.#works = true;
    this.#problem = "";
    this.#desk.redraw();
    try {
      this.#desk.say(await plan.perform(number));
      if (this.#plan === plan) this.#dialog?.close();
    } catch (problem) {
      this.#fail(plan, problem instanceof Error ? problem.message : String(problem));
    }
    this.#works = false;
    this.#desk.redraw();
  }

  /** Who has closed the question meanwhile is told elsewhere. */
  #fail(plan: Plan, reason: string): void {
    if (this.#plan === plan) this.#problem = reason;
    else this.#desk.say(reason);
  }

  #left(): void {
    this.#plan = null;
    this.#desk.redraw();
  }
}
