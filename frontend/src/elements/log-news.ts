/** Says new lines to who does not see them, where that is wanted: few, or how many they are. */

import { isGap, type Row } from "./log-lines";
import { say } from "./log-words";

const BETWEEN = 3000;
const FEW = 3;

export class LogNews {
  #region: Element | undefined;
  #texts: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** In which element it is said; in none without one. */
  set region(region: Element | undefined) {
    this.#region = region;
    if (!region) this.stop();
  }

  came(rows: readonly Row[]): void {
    if (!this.#region) return;
    for (const row of rows) this.#texts.push(isGap(row) ? say("lost", { n: row.lost }) : row.text);
    this.#timer ??= setTimeout(() => this.#speak(), BETWEEN);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#texts = [];
  }

  #speak(): void {
    const texts = this.#texts;
    this.stop();
    if (!this.#region) return;
    const told = texts.slice(-FEW);
    if (texts.length > FEW) told.unshift(`${say("news", { n: texts.length })}:`);
    this.#region.textContent = told.join("\n");
  }
}
