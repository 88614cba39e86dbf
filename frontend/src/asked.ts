/** What a request says: the topics that are watched, each with what the browser has of it. */

import type { BrowserFrame, Jobs, Log, Position, Refused } from "./protocol";

const TOPICS_PER_FRAME = 50;

type Said = Jobs | Log | Refused | { readonly type: "watching"; readonly topic: string };

export class Asked {
  readonly #topics = new Map<string, Position>();

  /** Takes in what a socket would have been sent; tells whether the next request says more. */
  take(text: string): boolean {
    const frame = JSON.parse(text) as BrowserFrame;
    if (frame.type === "ack") return false; // the network itself slows the server down
    if (frame.type === "unwatch") {
      for (const topic of frame.topics) this.#topics.delete(topic);
      return false; // what is still told of it is watched by nobody
    }
    for (const [topic, have] of Object.entries(frame.topics)) this.#topics.set(topic, have);
    return true;
  }

  /** Notes what a frame has brought, so that the next request goes on from there. */
  note(text: string): Said["type"] | "" {
    try {
      const frame = JSON.parse(text) as Said;
      if (frame.type === "jobs") {
        for (const { id, seq } of frame.jobs) this.#have(`job:${id}`, { seq });
      } else if (frame.type === "log") {
        const after = frame.lines.at(-1)?.n ?? frame.after + frame.lost;
        this.#have(`log:${frame.job}`, { after });
      }
      return frame.type;
    } catch {
      return ""; // the connection says what is wrong with it
    }
  }

  /** The body of a request: frames, one to a line. */
  body(): string {
    const all = [...this.#topics];
    const frames: string[] = [];
    for (let at = 0; at < all.length; at += TOPICS_PER_FRAME) {
      const topics = Object.fromEntries(all.slice(at, at + TOPICS_PER_FRAME));
      frames.push(JSON.stringify({ type: "watch", topics }));
    }
    return frames.join("\n");
  }

  #have(topic: string, position: Position): void {
    if (this.#topics.has(topic)) this.#topics.set(topic, position);
  }
}
