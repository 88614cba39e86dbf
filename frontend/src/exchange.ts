/** In the tab that has the socket: what each tab watches, and which frame goes to which tab. */

import type { BrowserFrame, JobState } from "./protocol";

export const OWN = "";

type Came =
  | { readonly type: "welcome"; readonly user: string | null; readonly now: string }
  | { readonly type: "jobs"; readonly jobs: readonly JobState[] }
  | { readonly type: "log"; readonly job: string }
  | { readonly type: "watching" | "refused"; readonly topic: string }
  | { readonly type: "notices" | "heartbeat" };

export class Exchange {
  readonly #now: () => number;
  readonly #send: (text: string) => void;
  readonly #tell: (tab: string, text: string) => void;
  readonly #topics = new Map<string, Set<string>>();
  #welcome: Extract<Came, { type: "welcome" }> | undefined;
  #ahead = 0; // milliseconds by which the server's clock is

  /** `send` says something to the server, `tell` to another tab. */
  constructor(
    now: () => number,
    send: (text: string) => void,
    tell: (tab: string, text: string) => void,
  ) {
    this.#now = now;
    this.#send = send;
    this.#tell = tell;
  }

  /** Another tab is there, or begins anew. */
  joined(tab: string): void {
    this.left(tab);
    this.#topics.set(tab, new Set());
    if (!this.#welcome) return;
    const now = new Date(this.#now() + this.#ahead).toISOString();
    this.#tell(tab, JSON.stringify({ ...this.#welcome, now }));
  }

  /** Another tab is gone: what it alone watched is watched no longer. */
  left(tab: string): void {
    const topics = this.#topics.get(tab);
    this.#topics.delete(tab);
    if (topics) this.#unwatch([...topics]);
  }

  get tabs(): string[] {
    return [...this.#topics.keys()].filter((tab) => tab !== OWN);
  }

  /** A tab says something to the server. Who has the socket acknowledges for all. */
  said(tab: string, text: string): void {
    const frame = JSON.parse(text) as BrowserFrame;
    const topics = this.#topics.get(tab) ?? new Set();
    this.#topics.set(tab, topics);
    if (frame.type === "watch") {
      for (const topic of Object.keys(frame.topics)) topics.add(topic);
      this.#send(text);
    } else if (frame.type === "unwatch") {
      for (const topic of frame.topics) topics.delete(topic);
      this.#unwatch(frame.topics);
    } else if (tab === OWN) {
      this.#send(text);
    }
  }

  /** The server says something: the other tabs are told what they watch. */
  came(text: string): void {
    const tabs = this.tabs;
    if (tabs.length === 0 && !text.startsWith('{"type":"welcome"')) return;
    const frame = parsed(text);
    if (frame?.type === "welcome") {
      this.#welcome = frame;
      this.#ahead = Date.parse(frame.now) - this.#now() || 0;
      this.#topics.get(OWN)?.clear();
      for (const tab of tabs) this.#topics.get(tab)?.clear();
    }
    for (const tab of tabs) {
      const told = frame && this.#meant(frame, text, this.#topics.get(tab) ?? new Set());
      if (told) this.#tell(tab, told);
    }
  }

  /** Returns what of a frame is for who watches these topics. */
  #meant(frame: Came, text: string, topics: ReadonlySet<string>): string {
    switch (frame.type) {
      case "jobs": {
        const jobs = frame.jobs.filter((state) => this.#isWatched(state, topics));
        if (jobs.length === frame.jobs.length) return text;
        return jobs.length > 0 ? JSON.stringify({ type: "jobs", jobs }) : "";
      }
      case "log":
        return topics.has(`log:${frame.job}`) ? text : "";
      case "watching":
      case "refused":
        return topics.has(frame.topic) ? text : "";
      case "notices":
        return topics.has("notices") ? text : "";
      default:
        return text;
    }
  }

  #isWatched({ id, root, owner }: JobState, topics: ReadonlySet<string>): boolean {
    const mine = owner !== null && owner === this.#welcome?.user && topics.has("mine");
    return mine || topics.has(`job:${id}`) || topics.has(`tree:${root}`) || topics.has("all");
  }

  #unwatch(topics: readonly string[]): void {
    const others = [...this.#topics.values()];
    const free = topics.filter((topic) => !others.some((watched) => watched.has(topic)));
    if (free.length > 0) this.#send(JSON.stringify({ type: "unwatch", topics: free }));
  }
}

function parsed(text: string): Came | undefined {
  try {
    return JSON.parse(text) as Came;
  } catch {
    return undefined; // the connection says what is wrong with it
  }
}
