/** A socket whose frames come with answers, asked for again and again. */

import { OverHttp } from "./over-http";

const SEEN = 2000;
const HIDDEN = 15_000;

interface Answer {
  readonly frames: readonly { readonly type: string; readonly topic?: string }[];
  readonly closed: { readonly code: number; readonly reason: string } | null;
}

export class Polls extends OverHttp {
  protected readonly accept = "application/json";
  readonly #confirmed = new Set<string>();
  #notices = "";

  protected async read(answer: Response, signal: AbortSignal): Promise<void> {
    const { frames, closed } = (await answer.json()) as Answer;
    if (signal.aborted) return;
    for (const frame of frames) {
      const text = JSON.stringify(frame);
      if (this.#isNews(frame, text)) this.take(text);
      if (signal.aborted) return;
    }
    if (closed) this.end(closed.code, closed.reason);
    else this.askIn(this.page.visible() ? SEEN : HIDDEN);
  }

  /** Each answer says anew what a socket says once, or when it has changed. */
  #isNews(frame: Answer["frames"][number], text: string): boolean {
    if (frame.type === "notices") {
      const changed = text !== this.#notices;
      this.#notices = text;
      return changed;
    }
    if (frame.type !== "watching" || frame.topic === undefined) return true;
    const fresh = !this.#confirmed.has(frame.topic);
    this.#confirmed.add(frame.topic);
    return fresh;
  }
}
