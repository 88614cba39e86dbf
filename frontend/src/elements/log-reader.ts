/** What the reader of a log does: seeks, goes to lines, marks and copies them. */

import { copy } from "./copying";
import type { Handlers } from "./log-drawing";
import { isGap, type Row } from "./log-lines";
import { linked, linkTo } from "./log-links";
import { LogNews } from "./log-news";
import type { LogPane } from "./log-pane";
import type { LogSource } from "./log-source";
import { say } from "./log-words";

const UP = new Set(["ArrowUp", "PageUp"]);

/** The element, with what it has by now. */
export interface Host {
  readonly element: HTMLElement;
  readonly root: ShadowRoot;
  readonly pane: () => LogPane | undefined;
  readonly source: () => LogSource | undefined;
  readonly draw: () => void;
}

export class LogReader {
  readonly news = new LogNews();
  readonly #host: Host;
  query = "";
  times = true;
  announces = false;
  /** Whether what is sought was not here yet. */
  #seeks = false;
  /** What has just been done. */
  done = "";

  constructor(host: Host) {
    this.#host = host;
  }

  get #pane(): LogPane | undefined {
    return this.#host.pane();
  }

  get #source(): LogSource | undefined {
    return this.#host.source();
  }

  get #box(): HTMLElement | null {
    return this.#host.root.querySelector<HTMLElement>(".lines");
  }

  get #field(): HTMLInputElement | null {
    return this.#host.root.querySelector("input");
  }

  /** Lets the page's address and selections be heard, until the signal. */
  listen(signal: AbortSignal): void {
    addEventListener("hashchange", () => this.goToLink(), { signal });
    document.addEventListener("selectionchange", () => this.#selected(), { signal });
  }

  goToLink(): void {
    const n = linked(this.#host.element);
    const { lines, newest = 0 } = this.#source ?? {};
    if (n === 0 || !lines) return;
    this.#host.element.scrollIntoView({ block: "nearest" });
    this.#pane?.mark(n);
    if (n < lines.first && lines.room > 0) void this.#fetchUntil(n);
    else if (n <= Math.max(lines.last, newest)) this.#pane?.goTo(n);
  }

  /** Something was drawn: what was sought in vain may have come. */
  painted(): void {
    if (this.#seeks) this.#step(0);
  }

  readonly does: Handlers = {
    filter: (level) => {
      const rows = this.#source?.lines?.rows ?? [];
      this.#pane?.keep(() => this.#pane?.view.filter(level, rows));
    },
    search: (text) => {
      this.query = text;
      this.#pane?.search(text);
      this.#seeks = false;
      if (text) this.#step(0);
      if (text) void this.#fetchAll();
    },
    step: (step) => this.#step(step),
    leaveSearch: () => {
      if (this.#field) this.#field.value = "";
      this.does.search("");
      this.#box?.focus({ preventScroll: true });
    },
    toggle: (what) => this.#toggle(what),
    copyAll: () => void this.#copy((this.#pane?.view.rows ?? []).map(written).join("\n")),
    copyLink: () => {
      const link = linkTo(this.#host.element, this.#pane?.marked ?? 0);
      void this.#copy(new URL(link, location.href).href);
    },
    toLatest: () => {
      this.#pane?.toLatest();
      this.#box?.focus({ preventScroll: true });
    },
    scrolled: () => this.#pane?.scrolled(),
    wheeled: ({ deltaY }) => {
      if (deltaY < 0) this.#pane?.leaveEnd();
    },
    pressed: (event) => {
      if (this.#pressed(event)) event.preventDefault();
    },
  };

  /** Tells whether the key is not for the browser. */
  #pressed({ key, shiftKey, ctrlKey, metaKey, altKey, target }: KeyboardEvent): boolean {
    const pane = this.#pane;
    const isFind = (ctrlKey || metaKey) && key.toLowerCase() === "f";
    if (!pane || (!isFind && (ctrlKey || metaKey || altKey))) return false;
    if (isFind) this.#field?.focus();
    else if (shiftKey && (key === "ArrowDown" || key === "ArrowUp")) this.#move(key);
    else if (key === "Enter" && target === this.#box) this.#choose(pane.first);
    // Both at once: a browser glides, and does not arrive where the end has moved meanwhile.
    else if (key === "End") pane.toLatest();
    else if (key === "Home") void this.#toFirst(pane);
    else {
      if (UP.has(key)) pane.leaveEnd();
      return false;
    }
    return true;
  }

  /** To the next line that was found, or the one before; 0 is to the first one in sight. */
  #step(step: 1 | -1 | 0): void {
    const pane = this.#pane;
    if (!pane) return;
    const isAtOne = step !== 0 && pane.view.rank(pane.marked) > 0;
    const n = pane.view.next(isAtOne ? pane.marked : pane.first - 1, step || 1);
    this.#seeks = n === undefined && this.query !== "" && (this.#source?.isArriving ?? false);
    if (n !== undefined) this.#show(n);
  }

  /** To the line after the one that is marked, or before it. */
  #move(key: "ArrowDown" | "ArrowUp"): void {
    const pane = this.#pane;
    if (!pane) return;
    const at = pane.view.indexOf(pane.marked || pane.first);
    const row = pane.view.rows[key === "ArrowDown" ? at + 1 : at - 1];
    if (row) this.#choose(row.n);
  }

  #choose(n: number): void {
    if (n === 0) return;
    history.replaceState(history.state, "", linkTo(this.#host.element, n));
    this.#show(n);
  }

  #show(n: number): void {
    this.#pane?.mark(n);
    this.#pane?.goTo(n);
  }

  /** To the first line that is kept, unless the reader goes elsewhere before it has come. */
  async #toFirst(pane: LogPane): Promise<void> {
    do pane.toFirst();
    while ((await this.#source?.fetchEarlier()) && pane.isAtFirst);
  }

  /** What is not here cannot be found. */
  async #fetchAll(): Promise<void> {
    while (this.query && (await this.#source?.fetchEarlier())) {}
  }

  async #fetchUntil(n: number): Promise<void> {
    while (n < (this.#source?.lines?.first ?? 0) && (await this.#source?.fetchEarlier())) {}
    this.#pane?.goTo(n);
  }

  /** What is being selected must not move away. */
  #selected(): void {
    const root: ShadowRoot & { getSelection?: () => Selection | null } = this.#host.root;
    const selection = root.getSelection?.() ?? document.getSelection(); // as Chrome has it, or not
    const isHere = selection?.type === "Range" && this.#box?.contains(selection.anchorNode);
    if (isHere) this.#pane?.follow.stop();
  }

  #toggle(what: "times" | "wraps" | "announces"): void {
    if (what === "wraps") this.#pane?.wrap(!this.#pane.wraps);
    else this[what] = !this[what];
    const region = this.#host.root.querySelector(".news");
    this.news.region = this.announces && region ? region : undefined;
    this.#pane?.resized();
  }

  async #copy(text: string): Promise<void> {
    const done = await copy(text, this.#host.root);
    this.done = ""; // so that the same words are said again
    this.#host.draw();
    this.done = say(done ? "copied" : "notCopied");
    this.#host.draw();
  }
}

/** A row as it is in the file. */
function written(row: Row): string {
  return isGap(row) ? say("lost", { n: row.lost }) : `${row.at} ${row.level.padEnd(8)} ${row.text}`;
}
