import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { signOf } from "../src/elements/tab-words";
import type { JobState } from "../src/protocol";

const contract = JSON.parse(
  readFileSync(new URL("../../tests/contract/frames.json", import.meta.url), "utf8"),
);
const states: JobState[] = contract.server.valid.flatMap(
  ({ frame }: { frame: { jobs?: JobState[] } }) => frame.jobs ?? [],
);
const running = states.find(({ status, fraction }) => status === "running" && fraction !== null);
const state = (more: Partial<JobState>) => ({ ...running, ...more }) as JobState;

it.each<[string, Partial<JobState>]>([
  ["(38%)", { fraction: 0.389 }],
  ["(99%)", { fraction: 0.9999 }],
  ["(0%)", { fraction: 0 }],
  ["(…)", { fraction: null }],
  ["(?)", { status: "waiting" }],
  ["(40%)", { status: "paused", fraction: 0.4 }],
  ["✓", { status: "succeeded", fraction: 1, failed: 0 }],
  ["▲", { status: "succeeded", fraction: 1, failed: 3 }],
  ["✕", { status: "failed" }],
  ["✕", { status: "lost" }],
  ["⊘", { status: "cancelled" }],
])("%s", (text, more) => {
  expect(signOf(state(more), "en")?.text).toBe(text);
});

it("a job that waits in its queue has no sign", () => {
  expect(signOf(state({ status: "queued" }))).toBeNull();
});

it("speaks the page's language", () => {
  expect(signOf(state({ fraction: 0.38 }), "tr")?.text).toBe("(%38)");
});
