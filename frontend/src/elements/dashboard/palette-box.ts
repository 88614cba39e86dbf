/** The command palette: a field, and what its letters find. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import type { Desk } from "./desk";
import { type Choice, MOST, matching } from "./palette";
import { tell } from "./words";

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export class PaletteBox {
  readonly #desk: Desk;
  readonly #choices: () => readonly Choice[];
  #all: readonly Choice[] = [];
  #said = "";
  #active = 0;
  #open = false;
  #opens = false;

  /** `choices` are asked for each time that it is opened: they depend on the page. */
  constructor(desk: Desk, choices: () => readonly Choice[]) {
    this.#desk = desk;
    this.#choices = choices;
  }

  get shape(): string {
    return this.#open ? JSON.stringify([this.#said, this.#active]) : "";
  }

  open(): void {
    this.#all = this.#choices();
    this.#said = "";
    this.#active = 0;
    this.#open = this.#opens = true;
    this.#desk.redraw();
    requestAnimationFrame(() => {
      this.#opens = false;
      if (!this.#dialog?.open) this.#dialog?.showModal();
    });
  }

  draw(): TemplateResult {
    return html`<dialog id="palette" aria-label=${tell("palette")} @close=${() => this.#closed()}
      @click=${(event: Event) => event.target === this.#dialog && this.#dialog?.close()}>
      ${this.#open ? this.#drawOpen() : nothing}
    </dialog>`;
  }

  get #dialog(): HTMLDialogElement | null {
    return this.#desk.shadow.querySelector<HTMLDialogElement>("#palette");
  }

  #drawOpen(): TemplateResult {
    const found = this.#found();
    const active = found.length > 0 ? `choice-${this.#active}` : nothing;
    return html`<input id="palette-field" type="text" role="combobox" autocomplete="off"
        autocapitalize="off" spellcheck="false" autofocus aria-label=${tell("palette")}
        placeholder=${tell("paletteHint")} aria-autocomplete="list" aria-expanded="true"
        aria-controls="choices" aria-activedescendant=${active} .value=${this.#said}
        @input=${(event: Event) => this.#typed((event.target as HTMLInputElement).value)}
        @keydown=${(event: KeyboardEvent) => this.#pressed(event)} />
      <ul id="choices" role="listbox" aria-label=${tell("palette")}>
        ${found.map(
          ({ name, about, keys }, at) => html`<li id="choice-${at}" role="option"
          aria-selected=${at === this.#active} @click=${() => this.#take(at)}>
          <bdi>${name}</bdi><span>${about}</span>${keys ? html`<kbd aria-hidden="true">${keys}</kbd>` : nothing}</li>`,
        )}
      </ul>`;
  }

  /** What can be chosen now; what is written can be searched for in any case. */
  #found(): readonly Choice[] {
    const said = this.#said.trim();
    const found = matching(this.#all, said).slice(0, MOST);
    return said ? [...found, this.#search(said)] : found;
  }

  #search(said: string): Choice {
    const { go } = this.#desk;
    const about = "";
    if (ID.test(said))
      return {
        name: tell("showJob"),
        about,
        keys: "",
        run: () => go({ page: "job", id: said.toLowerCase() }),
      };
    const name = tell("searchFor", { q: said });
    return { name, about, keys: "", run: () => go({ page: "jobs", q: said }) };
  }

  #typed(said: string): void {
    this.#said = said;
    this.#active = 0;
    this.#desk.redraw();
  }

  #pressed(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const moves: Readonly<Record<string, () => void>> = {
      ArrowDown: () => this.#move(1),
      ArrowUp: () => this.#move(-1),
      Enter: () => this.#take(this.#active),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  #move(step: number): void {
    const count = this.#found().length;
    if (count === 0) return;
    this.#active = (this.#active + step + count) % count;
    this.#desk.redraw();
    this.#dialog?.querySelector(`#choice-${this.#active}`)?.scrollIntoView({ block: "nearest" });
  }

  #take(at: number): void {
    const choice = this.#found()[at];
    this.#dialog?.close();
    choice?.run();
  }

  /** Told late of an end, when it is open anew, it stays. */
  #closed(): void {
    if (this.#opens || this.#dialog?.open) return;
    this.#open = false;
    this.#desk.redraw();
  }
}
