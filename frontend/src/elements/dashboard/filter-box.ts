/** The field for a filter, with completions by the keyboard: the combobox pattern. */

import { html, nothing, type TemplateResult } from "lit/html.js";
import { text } from "../strings";
import type { Api } from "./api";
import { FOR_OPERATORS, KEYS, quoted, SPANS, STATUSES, type Started, startedAt } from "./query";
import { tell, type Word } from "./words";

const TYPING = 150; // milliseconds without a key, then the service is asked for words
const SETTLED = 400; // then the filter is used
const MOST = 10;

interface Option {
  /** What stands in the filter afterwards. */
  readonly put: string;
  readonly label: string;
  readonly about: string;
}

interface Desk {
  readonly api: Api;
  /** Whether whoever types may look for what is told to operators alone. */
  readonly operator: boolean;
  readonly redraw: () => void;
  readonly field: () => HTMLInputElement | null;
  /** A filter was typed; `done` when that was said by Enter. */
  readonly use: (q: string, done: boolean) => void;
}

export class FilterBox {
  readonly #desk: Desk;
  #options: readonly Option[] = [];
  #active = -1;
  #started: Started = { key: "", start: "", from: 0, to: 0 };
  #asking = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #using: ReturnType<typeof setTimeout> | undefined;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** All that the template shows, as one text to compare. */
  get shape(): string {
    return JSON.stringify([this.#options, this.#active]);
  }

  get open(): boolean {
    return this.#options.length > 0;
  }

  /** Shows a filter that came another way, as by a link, unless somebody types one. */
  show(q: string): void {
    const field = this.#desk.field();
    if (field && field.value.trim() !== q && this.#using === undefined) field.value = q;
  }

  focus(): void {
    this.#desk.field()?.focus();
    this.#desk.field()?.select();
  }

  draw(problem: string): TemplateResult {
    const active = this.#active >= 0 ? `option-${this.#active}` : nothing;
    return html`<div class="filter">
      <svg viewBox="0 0 16 16" aria-hidden="true"><path d="M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9ZM10.4 10.4l3.1 3.1" /></svg>
      <input id="filter" type="search" role="combobox" autocomplete="off" autocapitalize="off"
        spellcheck="false" enterkeyhint="search" aria-label=${tell("filter")}
        placeholder=${tell("hint")} aria-autocomplete="list" aria-expanded=${this.open}
        aria-controls="options" aria-activedescendant=${active}
        aria-invalid=${problem ? "true" : nothing} aria-describedby=${problem ? "refused" : nothing}
        @input=${() => this.#typed()} @keydown=${(event: KeyboardEvent) => this.#pressed(event)}
        @blur=${() => this.#close()} />
      <kbd aria-hidden="true">/</kbd>
      ${this.#drawOptions()}
    </div>`;
  }

  #drawOptions(): TemplateResult {
    const options = this.#options.map(
      (option, at) => html`<li id="option-${at}" role="option" aria-selected=${at === this.#active}
        @pointerdown=${(event: Event) => event.preventDefault()} @click=${() => this.#accept(at)}>
        <code>${option.label}</code><span>${option.about}</span>
      </li>`,
    );
    return html`<ul id="options" role="listbox" aria-label=${tell("completions")}
      ?hidden=${!this.open}>${options}</ul>`;
  }

  #typed(): void {
    clearTimeout(this.#using);
    this.#using = setTimeout(() => this.#use(false), SETTLED);
    this.#complete();
  }

  #use(done: boolean): void {
    clearTimeout(this.#using);
    this.#using = undefined;
    this.#desk.use(this.#desk.field()?.value.trim() ?? "", done);
  }

  #pressed(event: KeyboardEvent): void {
    if (event.isComposing) return;
    const moves: Readonly<Record<string, () => void>> = {
      ArrowDown: () => (this.open ? this.#move(1) : this.#complete()),
      ArrowUp: () => this.#move(-1),
      Enter: () => (this.#active >= 0 ? this.#accept(this.#active) : this.#submit()),
      Escape: () => (this.open ? this.#close() : this.#empty()),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  }

  #submit(): void {
    this.#close();
    this.#use(true);
  }

  #empty(): void {
    const field = this.#desk.field();
    if (!field?.value) field?.blur();
    else {
      field.value = "";
      this.#use(true);
    }
  }

  #move(step: number): void {
    const count = this.#options.length;
    if (count === 0) return;
    this.#active = (this.#active + step + (this.#active < 0 && step < 0 ? 1 : 0) + count) % count;
    this.#desk.redraw();
  }

  #accept(at: number): void {
    const [field, option] = [this.#desk.field(), this.#options[at]];
    if (!field || !option) return;
    const { from, to } = this.#started;
    field.setRangeText(option.put, from, to, "end");
    this.#close();
    if (option.put.endsWith(":")) this.#complete();
    else this.#use(false);
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#asking.abort();
    this.#set([]);
  }

  #complete(): void {
    const field = this.#desk.field();
    if (!field) return;
    this.#started = startedAt(field.value, field.selectionStart ?? field.value.length);
    const { key, start } = this.#started;
    clearTimeout(this.#timer);
    this.#asking.abort();
    if (!key) this.#set(keysFor(start, this.#desk.operator));
    else if (key === "status") this.#set(statusesFor(start));
    else if (SPANS[key]) this.#set(valuesFor(SPANS[key] ?? [], start));
    else this.#timer = setTimeout(() => void this.#ask(key, start), TYPING);
  }

  async #ask(key: string, start: string): Promise<void> {
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    const words = await this.#desk.api.words(key, start, signal).catch(() => []);
    if (!signal.aborted) this.#set(valuesFor(words, ""));
  }

  #set(options: readonly Option[]): void {
    this.#options = options.slice(0, MOST);
    this.#active = -1;
    this.#desk.redraw();
  }
}

function keysFor(start: string, operator: boolean): Option[] {
  const told = KEYS.filter((key) => operator || !FOR_OPERATORS.includes(key));
  return told
    .filter((key) => key.startsWith(start.toLowerCase()))
    .map((key) => ({
      put: `${key}:`,
      label: `${key}:`,
      about: tell(`${key}Key` as Word),
    }));
}

function statusesFor(start: string): Option[] {
  return STATUSES.filter((status) => status.startsWith(start.toLowerCase())).map((status) => ({
    put: `${status} `,
    label: status,
    about: status === "unfinished" || status === "ended" ? tell(status) : text(status),
  }));
}

function valuesFor(values: readonly string[], start: string): Option[] {
  return values
    .filter((value) => value.startsWith(start))
    .map((value) => ({ put: `${quoted(value)} `, label: value, about: "" }));
}
