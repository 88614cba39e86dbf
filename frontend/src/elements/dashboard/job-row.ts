/** One row of the list, made once and written by hand: each frame may bring another state of it. */

import type { JobState } from "../../protocol";
import { setAttribute } from "../attributes";
import { wholePercent } from "../format";
import { SHAPES } from "../icons";
import { type RowText, rowText } from "./row";
import { tell } from "./words";

/** What a row is told beside its job. */
export interface RowContext {
  readonly now: number;
  readonly hrefOf: (id: string) => string;
  readonly isChosen: (id: string) => boolean;
  readonly pendingOf: (id: string) => string;
  readonly many: boolean;
}

const SVG = "http://www.w3.org/2000/svg";

/** Where the parts of a row stand: in the cells of a table, or on a card. */
export type Frame = "table" | "cards";

export class JobRow {
  readonly node: HTMLElement;
  readonly box = document.createElement("input");
  readonly link = document.createElement("a");
  id = "";
  readonly #path = document.createElementNS(SVG, "path");
  readonly #word = make("span", "word");
  readonly #task = make("code", "task");
  readonly #track = make("div", "track");
  readonly #fill = make("div", "fill");
  readonly #percent = make("span", "percent");
  readonly #note = make("span", "note");
  readonly #worker = make("span", "worker");
  readonly #duration = make("span", "duration");
  readonly #started = document.createElement("time");
  #scale = "";

  constructor(frame: Frame) {
    this.box.type = "checkbox";
    this.box.className = "box";
    this.link.className = "title";
    this.link.dir = this.#note.dir = "auto";
    setAttribute(this.#track, "role", "progressbar");
    setAttribute(this.#track, "aria-valuemin", "0");
    setAttribute(this.#track, "aria-valuemax", "100");
    this.#track.append(this.#fill);
    this.node = frame === "table" ? this.#asRow() : this.#asCard();
  }

  /** Shows a job, be it another one or the same anew. */
  write(job: JobState, context: RowContext): void {
    const told = rowText(job, context.now, context.pendingOf(job.id));
    if (job.id !== this.id) this.#name(job.id, context);
    const chosen = context.isChosen(job.id);
    if (this.box.checked !== chosen) this.box.checked = chosen;
    this.#writeClass(told, chosen, context);
    write(this.#word, told.word);
    write(this.link, told.title);
    setAttribute(this.box, "aria-label", tell("select", { title: told.title }));
    setAttribute(this.#track, "aria-label", told.title);
    write(this.#task, told.task);
    this.#writeBar(told);
    write(this.#percent, told.percent);
    write(this.#note, told.note);
    write(this.#worker, told.worker);
    write(this.#duration, told.duration);
    write(this.#started, told.started);
    setAttribute(this.#started, "datetime", told.startedAt || null);
  }

  #name(id: string, { hrefOf }: RowContext): void {
    this.id = id;
    this.node.dataset["id"] = id;
    this.link.href = hrefOf(id);
  }

  #writeClass({ look, unknown }: RowText, chosen: boolean, { many }: RowContext): void {
    const name = ["job", look, unknown && "unknown", chosen && "chosen", many && "many"]
      .filter(Boolean)
      .join(" ");
    if (this.node.className === name) return;
    this.node.className = name;
    this.#path.setAttribute("d", SHAPES[look]);
  }

  #writeBar({ fraction, unknown }: RowText): void {
    const scale = unknown ? "" : `scaleX(${Math.round((fraction ?? 0) * 1000) / 1000})`;
    if (scale !== this.#scale) this.#fill.style.transform = this.#scale = scale;
    const value = fraction === null ? null : `${wholePercent(fraction)}`;
    setAttribute(this.#track, "aria-valuenow", value);
  }

  #asRow(): HTMLElement {
    const row = document.createElement("tr");
    const name = document.createElement("th");
    name.scope = "row";
    name.className = "name";
    name.append(this.link, this.#task);
    row.append(
      cell("choose", this.box),
      cell("state", this.#icon(), this.#word),
      name,
      cell("far", this.#track, line(this.#percent, this.#note)),
      cell("where", this.#worker),
      cell("long", this.#duration),
      cell("when", this.#started),
    );
    return row;
  }

  #asCard(): HTMLElement {
    const card = document.createElement("li");
    const state = make("span", "state");
    state.append(this.#icon(), this.#word);
    const head = line(this.link, this.box);
    head.classList.add("head");
    const foot = line(this.#percent, this.#note);
    const mid = line(state, this.#started);
    mid.classList.add("mid");
    card.append(head, mid, this.#track, foot);
    return card;
  }

  #icon(): SVGSVGElement {
    const icon = document.createElementNS(SVG, "svg");
    icon.setAttribute("viewBox", "0 0 16 16");
    icon.setAttribute("aria-hidden", "true");
    icon.append(this.#path);
    return icon;
  }
}

function make(tag: string, name: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = name;
  return made;
}

function cell(name: string, ...parts: Element[]): HTMLElement {
  const made = document.createElement("td");
  made.className = name;
  made.append(...parts);
  return made;
}

function line(...parts: Element[]): HTMLElement {
  const made = make("div", "line");
  made.append(...parts);
  return made;
}

function write(node: Element, value: string): void {
  if (node.textContent !== value) node.textContent = value;
}
