/**
 * The client relives what pages went through in the tests of the service (tests/faults/test_client.py):
 * frames, lost sockets and returns; in the end it must show what they showed, having asked the same.
 */

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Client } from "../src/client";
import type { JobState, Position } from "../src/protocol";
import { FakeEnvironment, settled } from "./fakes";

interface History {
  readonly name: string;
  readonly jobs: readonly string[];
  readonly logs: readonly string[];
  readonly events: readonly Event[];
  readonly states: Record<string, { seq: number; status: string }>;
  readonly lines: Record<string, number[]>;
}

interface Event {
  readonly welcome?: object;
  readonly watch?: Record<string, Position>;
  readonly frame?: object;
  readonly lost?: number;
}

const LONGEST_BACKOFF = 60_000;
const { HISTORIES } = process.env;
const histories: History[] = HISTORIES ? JSON.parse(readFileSync(HISTORIES, "utf8")) : [];

class Page {
  readonly seqs = new Map<string, number[]>();
  readonly states = new Map<string, JobState>();
  readonly lines = new Map<string, number[]>();
  readonly world = new FakeEnvironment();
  readonly #client = new Client("ws://here/headway/ws", this.world);

  constructor(history: History) {
    for (const job of history.jobs) {
      this.#client.watch(`job:${job}`, (state) => {
        this.states.set(job, state);
        this.seqs.set(job, [...(this.seqs.get(job) ?? []), state.seq]);
      });
    }
    for (const job of history.logs) {
      this.#client.tail(job, ({ lines }) => {
        if (lines.length === 0) return; // It tells of lines that are no longer kept.
        this.lines.set(job, [...(this.lines.get(job) ?? []), ...lines.map(({ n }) => n)]);
      });
    }
  }

  async live(event: Event): Promise<void> {
    if (event.welcome) {
      if (this.world.sockets.at(-1)?.closed !== false) this.world.pass(LONGEST_BACKOFF);
      this.world.last.receive(event.welcome);
      await settled();
    }
    if (event.watch) expect(this.asked()).toEqual(event.watch);
    if (event.frame) this.world.last.receive(event.frame);
    if (event.lost) this.world.last.end(event.lost);
  }

  asked(): Record<string, Position> {
    return Object.assign({}, ...this.world.last.sentOf("watch").map(({ topics }) => topics));
  }
}

describe.skipIf(!HISTORIES)("a page's history", () => {
  it.each(histories)("$name ends as the service's own page did", async (history) => {
    const page = new Page(history);
    for (const event of history.events) await page.live(event);
    for (const [job, { seq, status }] of Object.entries(history.states)) {
      expect(page.states.get(job)).toMatchObject({ seq, status });
    }
    expect(Object.fromEntries(page.lines)).toEqual(history.lines);
    for (const seqs of page.seqs.values()) {
      expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    }
    expect(page.world.problems).toEqual([]);
  });
});
