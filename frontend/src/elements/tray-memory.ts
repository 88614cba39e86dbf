/** What a person has put away, and whether the tray is open: kept by the browser, for this person. */

import { KEPT } from "./tray-list";

/** The part of `localStorage` that is used, so that tests can play one. */
export interface Shelf {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

interface Kept {
  readonly open: boolean;
  /** When each job that was dismissed had ended: after a while it is shown no more anyhow. */
  readonly dismissed: Readonly<Record<string, number>>;
}

export class TrayMemory {
  readonly #shelf: () => Shelf;
  #person = "";
  #kept: Kept = { open: false, dismissed: {} };

  constructor(shelf: () => Shelf) {
    this.#shelf = shelf;
  }

  get key(): string {
    return `headway-tray ${this.#person}`;
  }

  get open(): boolean {
    return this.#kept.open;
  }
  set open(open: boolean) {
    this.#read(); // another tab may have dismissed something meanwhile
    this.#write({ ...this.#kept, open });
  }

  has(id: string): boolean {
    return Object.hasOwn(this.#kept.dismissed, id);
  }

  /** Reads what is kept for a person, anew when another tab has changed it. */
  of(person: string): void {
    this.#person = person;
    this.#read();
  }

  dismiss(ended: ReadonlyMap<string, number>, now: number): void {
    this.#read();
    const known = Object.entries({ ...this.#kept.dismissed, ...Object.fromEntries(ended) });
    const fresh = known.filter(([, at]) => now - at < 2 * KEPT);
    this.#write({ ...this.#kept, dismissed: Object.fromEntries(fresh) });
  }

  #read(): void {
    try {
      const kept: Partial<Kept> = JSON.parse(this.#shelf().getItem(this.key) ?? "{}");
      this.#kept = { open: kept.open === true, dismissed: { ...kept.dismissed } };
    } catch {
      // Storage may be forbidden, or hold something else: what is known goes on.
    }
  }

  #write(kept: Kept): void {
    this.#kept = kept;
    try {
      this.#shelf().setItem(this.key, JSON.stringify(kept));
    } catch {
      // Storage may be full or forbidden: it is kept for this page.
    }
  }
}
