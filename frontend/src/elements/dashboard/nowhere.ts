/** What stands at an address that shows nothing. */

import { html, type TemplateResult } from "lit/html.js";
import type { Desk } from "./desk";
import type { Page } from "./page";
import { tell } from "./words";

export class Nowhere implements Page {
  readonly shape = "";
  readonly ages = false;
  readonly keys = {};
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  get title(): string {
    return tell("nowhere");
  }

  open(): void {}

  leave(): void {}

  draw(): TemplateResult {
    const href = this.#desk.hrefOf({ page: "jobs", q: "" });
    return html`<div class="none"><a class="button" href=${href}>${tell("toJobs")}</a></div>`;
  }
}
