/** What stands at an address that shows nothing, or nothing to whoever looks. */

import type { TemplateResult } from "lit/html.js";
import { html } from "lit/html.js";
import type { Desk } from "./desk";
import type { Page } from "./page";
import type { Listed, Route } from "./routes";
import { tell } from "./words";
import { drawForbidden } from "./workshop-drawing";
import { say } from "./workshop-words";

export class Nowhere implements Page {
  readonly ages = false;
  readonly keys = {};
  readonly #desk: Desk;
  /** The page that was asked for, and is not for whoever looks. */
  #forbidden: Listed | null = null;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  get title(): string {
    return tell(this.#forbidden ?? "nowhere");
  }

  get shape(): string {
    return String(this.#forbidden);
  }

  open({ page }: Route): void {
    this.#forbidden = page === "nowhere" || page === "job" ? null : page;
  }

  leave(): void {}

  draw(): TemplateResult {
    const href = this.#desk.hrefOf({ page: "jobs", q: "" });
    if (this.#forbidden) return drawForbidden(say("notSeen"), href);
    return html`<div class="none"><a class="button" href=${href}>${tell("toJobs")}</a></div>`;
  }
}
