/** A page of which few look at: its file is fetched when it is first shown. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { Desk } from "./desk";
import type { Page } from "./page";
import { tell, type Word } from "./words";

/** What the file brings; what it is called is known before. */
export type Later = Omit<Page, "title">;

export class Fetched implements Page {
  readonly ages = true;
  readonly #desk: Desk;
  readonly #name: Word;
  /** "" where whoever looks has no business here. */
  readonly #address: string;
  readonly #of: (file: unknown) => Later;
  #page: Later | undefined;
  #shown = false;
  #problem = "";

  constructor(desk: Desk, name: Word, address: string, of: (file: unknown) => Later) {
    this.#desk = desk;
    this.#name = name;
    this.#address = address;
    this.#of = of;
  }

  get title(): string {
    return tell(this.#address ? this.#name : "nowhere");
  }

  get shape(): string {
    return `${this.#problem} ${this.#page?.shape}`;
  }

  get keys() {
    return this.#page?.keys ?? {};
  }

  open(): void {
    this.#shown = true;
    if (this.#page) this.#page.open({ page: "nowhere" });
    else if (this.#address) void this.#fetch();
  }

  leave(): void {
    this.#shown = false;
    this.#page?.leave();
  }

  draw(): TemplateResult {
    if (this.#page) return this.#page.draw();
    const href = this.#desk.hrefOf({ page: "jobs", q: "" });
    const back = html`<a class="button" href=${href}>${tell("toJobs")}</a>`;
    const shown = this.#problem ? html`<p role="alert">${this.#problem}</p>` : nothing;
    return html`<div class="none">${shown}${this.#address && !this.#problem ? nothing : back}</div>`;
  }

  paint(all: boolean): void {
    this.#page?.paint?.(all);
  }

  renew(): void {
    this.#page?.renew?.();
  }

  close(): void {
    this.#page?.close?.();
  }

  async #fetch(): Promise<void> {
    this.#problem = "";
    try {
      const file: unknown = await import(/* @vite-ignore */ this.#address);
      this.#page ??= this.#of(file);
      if (this.#shown) this.#page.open({ page: "nowhere" });
    } catch {
      this.#problem = tell("noAnswer");
    }
    this.#desk.redraw();
  }
}
