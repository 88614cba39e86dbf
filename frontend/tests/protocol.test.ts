import { describe, expect, it } from "vitest";
import contract from "../../tests/contract/frames.json";
import { comesBack, decode, decodeState, isEnd } from "../src/protocol";
import { aState } from "./fakes";

type Example = { name: string; frame?: unknown; text?: string };

const { valid, tolerated, invalid }: Record<string, Example[]> = contract.server;
const ignore = () => {};
const textOf = ({ frame, text }: Example) => text ?? JSON.stringify(frame);

function read(example: Example) {
  const problems: string[] = [];
  return { frame: decode(textOf(example), (problem) => problems.push(problem)), problems };
}

describe("decode", () => {
  it.each(valid ?? [])("reads $name as it is", (example) => {
    expect(read(example)).toEqual({ frame: example.frame, problems: [] });
  });

  it.each(tolerated ?? [])("puts up with $name", (example) => {
    expect(read(example).problems).toEqual([]);
  });

  it.each(invalid ?? [])("reports $name and never throws", (example) => {
    const { frame, problems } = read(example);
    expect(problems).toHaveLength(1);
    expect(frame).toSatisfy((f: typeof frame) => f.type === "ignored" || f.type === "jobs");
    if (frame.type === "jobs") expect(frame.jobs).toEqual([]);
  });

  it("keeps the good states of a batch with a bad one", () => {
    const frame = decode({ type: "jobs", jobs: [{ id: 1 }, aState()] }, ignore);
    expect(frame).toEqual({ type: "jobs", jobs: [aState()] });
  });

  it("tells whether the server counts a malformed frame against the window", () => {
    expect(decode({ type: "log", job: 1 }, ignore)).toEqual({ type: "ignored", data: true });
    expect(decode({ type: "watching" }, ignore)).toEqual({ type: "ignored", data: false });
  });

  it.each(["toString", "__proto__", "constructor"])("does not mistake %s for a frame", (type) => {
    expect(decode(`{"type": "${type}"}`, ignore)).toEqual({ type: "ignored", data: false });
  });

  it("does not read binary data", () => {
    expect(decode(new ArrayBuffer(8), ignore).type).toBe("ignored");
  });

  it.each(Object.keys(aState()))("asks for %s in a state", (field) => {
    const { [field]: _, ...rest } = { ...aState() } as Record<string, unknown>;
    expect(decodeState(rest)).toBeNull();
  });
});

describe("close codes", () => {
  it.each(contract.closes)("$code ($means): comes back $comes_back", ({ code, comes_back }) => {
    expect(comesBack(code)).toBe(comes_back);
  });
});

describe("ends", () => {
  it("knows the four ends from what still lives", () => {
    expect(["succeeded", "failed", "cancelled", "lost"].every(isEnd)).toBe(true);
    expect(["queued", "cancelling", "toString", null].some(isEnd)).toBe(false);
  });
});
