/** The views of the list: those that every dashboard has, one's own, and how many jobs are in each. */

import type { Api, Count } from "./api";
import { Refresh } from "./refresh";
import { VIEWS } from "./views";

export interface OwnView {
  readonly id: number;
  readonly name: string;
  readonly q: string;
}

const EVERY = 60_000; // milliseconds between two counts
const UNDO = 8000; // milliseconds for which a deleted view can be brought back

export class OwnViews {
  readonly #api: Api;
  readonly #redraw: () => void;
  readonly #isHeld: () => boolean;
  readonly #refresh: Refresh;
  readonly #counts = new Map<string, Count>();
  #own: readonly OwnView[] = [];
  #gone: OwnView | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #version = 0;

  /** `isHeld` tells whether somebody is at what brings a view back. */
  constructor(api: Api, redraw: () => void, isHeld: () => boolean) {
    this.#isHeld = isHeld;
    this.#api = api;
    this.#redraw = redraw;
    this.#refresh = new Refresh((signal) => this.#ask(signal), redraw, EVERY);
  }

  /** Tells by another number that something else is to be drawn. */
  get version(): number {
    return this.#version;
  }

  get own(): readonly OwnView[] {
    return this.#own;
  }

  /** The one that was deleted just now, and can be brought back. */
  get gone(): OwnView | null {
    return this.#gone;
  }

  /** How many jobs a search finds, "" while that is not known. */
  countOf(q: string): string {
    const found = this.#counts.get(q);
    if (!found) return "";
    const shown = found.count.toLocaleString(document.documentElement.lang || undefined);
    return found.more ? `${shown}+` : shown;
  }

  /** Whether a search has a name already. */
  has(q: string): boolean {
    return [...VIEWS, ...this.#own].some((view) => view.q === q);
  }

  /** Counts anew where it is time to. */
  look(): void {
    this.#refresh.look();
  }

  close(): void {
    this.#refresh.stop();
    clearTimeout(this.#timer);
  }

  /** Saves a search under a name; throws an Error whose message can be shown. */
  async save(name: string, q: string): Promise<void> {
    this.#take(await this.#api.saveView(name, q));
    void this.#refresh.now();
  }

  async delete(view: OwnView): Promise<void> {
    this.#take(await this.#api.deleteView(view.id));
    this.#forget(view);
  }

  /** Brings back what was deleted just now. */
  async restore(): Promise<void> {
    const view = this.#gone;
    this.#forget(null);
    if (view) await this.save(view.name, view.q);
  }

  #forget(view: OwnView | null): void {
    this.#gone = view;
    this.#waitForUndo();
    this.#changed();
  }

  #waitForUndo(): void {
    clearTimeout(this.#timer);
    if (!this.#gone) return;
    this.#timer = setTimeout(() => {
      // Whoever is about to press it must not find it gone.
      if (this.#isHeld()) this.#waitForUndo();
      else this.#forget(null);
    }, UNDO);
  }

  #take(own: readonly OwnView[]): void {
    this.#own = own;
    this.#changed();
  }

  #changed(): void {
    this.#version += 1;
    this.#redraw();
  }

  async #ask(signal: AbortSignal): Promise<void> {
    this.#take(await this.#api.views(signal));
    // One after the other: nobody waits for them, and others ask the service, too.
    for (const { q } of [...VIEWS, ...this.#own]) {
      const count = await this.#api.count(q, signal).catch(() => null);
      if (signal.aborted) return;
      if (count) this.#counts.set(q, count);
      this.#changed();
    }
  }
}
