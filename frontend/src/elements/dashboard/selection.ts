/** Which jobs of a list are chosen, for something to be done to them. Knows no page. */

export class Selection {
  readonly #ids = new Set<string>();
  #last = "";
  /** Whether all that match are meant, also those that are not shown. */
  #all = false;

  get ids(): ReadonlySet<string> {
    return this.#ids;
  }

  get size(): number {
    return this.#ids.size;
  }

  get all(): boolean {
    return this.#all;
  }

  has(id: string): boolean {
    return this.#all || this.#ids.has(id);
  }

  /** Chooses a job or not; with `through` all from the one that was chosen last. */
  set(id: string, chosen: boolean, order: readonly string[] = [], through = false): void {
    if (this.#all) this.#spell(order);
    for (const one of through ? between(order, this.#last, id) : [id]) {
      if (chosen) this.#ids.add(one);
      else this.#ids.delete(one);
    }
    this.#last = id;
  }

  setAll(ids: readonly string[]): void {
    this.#all = false;
    for (const id of ids) this.#ids.add(id);
  }

  /** Means all that match. */
  match(): void {
    this.#all = true;
  }

  clear(): void {
    this.#ids.clear();
    this.#all = false;
    this.#last = "";
  }

  /** Whoever takes one out of all means the others that are shown. */
  #spell(order: readonly string[]): void {
    this.#all = false;
    for (const id of order) this.#ids.add(id);
  }
}

function between(order: readonly string[], from: string, to: string): readonly string[] {
  const [a, b] = [order.indexOf(from), order.indexOf(to)];
  return a < 0 || b < 0 ? [to] : order.slice(Math.min(a, b), Math.max(a, b) + 1);
}
