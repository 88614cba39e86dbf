/** The page of a person's notices: the list that the bell opens, with a page for itself. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { Desk } from "./desk";
import type { Page } from "./page";
import { tell } from "./words";

const ANY = "00000000-0000-0000-0000-000000000000"; // stands for a job's id

export class InboxPage implements Page {
  readonly shape = "";
  readonly ages = false;
  readonly keys = {};
  readonly #desk: Desk;
  readonly #settings: string;

  /** `settings` is the address of the page where one chooses how one is told; "" without one. */
  constructor(desk: Desk, settings: string) {
    this.#desk = desk;
    this.#settings = settings;
  }

  get title(): string {
    return tell("inbox");
  }

  open(): void {}

  leave(): void {}

  draw(): TemplateResult {
    const page = this.#desk.hrefOf({ page: "job", id: ANY });
    return html`<article class="one" id="scroller" tabindex="-1">
      <job-inbox whole src=${this.#desk.api.include} page=${page}
        settings=${this.#settings || nothing}></job-inbox>
    </article>`;
  }
}
