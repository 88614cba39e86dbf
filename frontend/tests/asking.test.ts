import { beforeEach, describe, expect, it, vi } from "vitest";
import { ask } from "../src/elements/asking";
import type { Steering } from "../src/elements/steering";
import { aState } from "./fakes";

const noted: [string, string][] = [];
const taken: unknown[] = [];
const STEERING: Steering = {
  state: aState({ id: "a/b" }),
  include: "/jobs",
  pending: "",
  note: (pending, problem) => noted.push([pending, problem]),
  take: (answer) => taken.push(answer),
};

function answering(status: number, body: unknown) {
  const fetched = vi.fn(
    async (_address: URL, _request: RequestInit) => new Response(JSON.stringify(body), { status }),
  );
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

beforeEach(() => {
  noted.length = 0;
  taken.length = 0;
  vi.useRealTimers();
  vi.stubGlobal("document", {
    baseURI: "https://example.org/page",
    cookie: "csrftoken=a%20b",
    querySelector: () => null,
    getElementById: () => null,
  });
});

describe("a request", () => {
  it("goes to the job's address with the token, and its answer is taken in", async () => {
    const fetched = answering(202, { id: "a/b" });
    await ask(STEERING, "answer", { answer: "Yes" });
    const [address, request] = fetched.mock.calls[0] ?? [];
    expect(String(address)).toBe("https://example.org/jobs/api/jobs/a%2Fb/answer");
    expect(request?.body).toBe('{"answer":"Yes"}');
    expect(request?.headers).toMatchObject({ "X-CSRFToken": "a b" });
    expect([noted, taken]).toEqual([[["answer", ""]], [{ id: "a/b" }]]);
  });

  it("to run a job again goes to one address, whether for all or for its failed items", async () => {
    const fetched = answering(202, { id: "new" });
    await ask(STEERING, "again");
    await ask(STEERING, "again_failed");
    const asked = fetched.mock.calls.map(([address, { body }]) => [address.pathname, body]);
    expect(asked).toEqual([
      ["/jobs/api/jobs/a%2Fb/again", null],
      ["/jobs/api/jobs/a%2Fb/again", '{"only_failed":true}'],
    ]);
    expect(noted.map(([pending]) => pending)).toEqual(["again", "again_failed"]);
  });

  it("is taken back with the reason when it is refused", async () => {
    answering(409, { title: "Not possible now", detail: "It has ended." });
    await ask(STEERING, "pause");
    expect(noted).toEqual([
      ["pause", ""],
      ["", "Could not pause: It has ended."],
    ]);
    expect(taken).toEqual([]);
  });

  it("is taken back when nobody answers, and a late refusal says nothing more", async () => {
    vi.useFakeTimers();
    let refuse: (reason: Error) => void = () => {};
    vi.stubGlobal("fetch", () => new Promise((_, rejected) => (refuse = rejected)));
    const asked = ask(STEERING, "cancel");
    await vi.advanceTimersByTimeAsync(10_000);
    expect(noted.at(-1)).toEqual(["", "Could not cancel: the server did not answer."]);
    refuse(new Error("late"));
    await asked;
    expect(noted).toHaveLength(2);
  });
});
