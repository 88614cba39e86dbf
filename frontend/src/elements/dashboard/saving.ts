/** Asks for a name, and saves what the list shows under it. */

import type { TemplateResult } from "lit/html.js";
import type { Desk } from "./desk";
import { drawSaving } from "./views-drawing";
import { tell } from "./words";

export class Saving {
  readonly #desk: Desk;
  #problem = "";

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  get shape(): string {
    return this.#problem;
  }

  open(): void {
    this.#dialog?.querySelector("form")?.reset();
    this.#dialog?.showModal();
  }

  draw(q: string): TemplateResult {
    return drawSaving({
      q,
      problem: this.#problem,
      submit: (name) => void this.#save(name, q),
      close: () => this.#dialog?.close(),
      closed: () => this.#tell(""),
    });
  }

  get #dialog(): HTMLDialogElement | null {
    return this.#desk.shadow.querySelector<HTMLDialogElement>("#save");
  }

  async #save(name: string, q: string): Promise<void> {
    try {
      await this.#desk.views.save(name, q);
      this.#dialog?.close();
      this.#desk.say(tell("viewSaved", { name }));
    } catch (problem) {
      this.#tell(problem instanceof Error ? problem.message : String(problem));
    }
  }

  #tell(problem: string): void {
    this.#problem = problem;
    this.#desk.redraw();
  }
}
