import { describe, expect, it } from "vitest";
import { has, quoted, startedAt, toggled, tokensOf } from "../src/elements/dashboard/query";

describe("a filter", () => {
  it("is words and what they are about", () => {
    const said = tokensOf('status:failed  tag:"a b" left over');
    expect(said.map(({ key, value }) => [key, value])).toEqual([
      ["status", "failed"],
      ["tag", "a b"],
      ["", "left"],
      ["", "over"],
    ]);
  });

  it("takes a word in, in the place of another one about the same, and out again", () => {
    expect(toggled("", "status:failed")).toBe("status:failed");
    expect(toggled("status:running owner:ana x", "status:failed")).toBe(
      "owner:ana x status:failed",
    );
    expect(toggled("owner:ana status:failed", "status:failed")).toBe("owner:ana");
    expect(has('tag:"status:failed"', "status:failed")).toBe(false);
  });

  it.each([
    ["", 0, { key: "", start: "", from: 0, to: 0 }],
    ["sta", 3, { key: "", start: "sta", from: 0, to: 3 }],
    ["status:", 7, { key: "status", start: "", from: 7, to: 7 }],
    ["x status:fai owner:ana", 12, { key: "status", start: "fai", from: 9, to: 12 }],
    ["status:failed", 9, { key: "status", start: "fa", from: 7, to: 13 }],
    ["status:failed ", 14, { key: "", start: "", from: 14, to: 14 }],
    ['tag:"two wo', 11, { key: "tag", start: "two wo", from: 4, to: 11 }],
    ["status:failed,lo", 16, { key: "status", start: "lo", from: 14, to: 16 }],
    ['tag:"a,b",c', 11, { key: "tag", start: "c", from: 10, to: 11 }],
    ["-status:l", 9, { key: "status", start: "l", from: 8, to: 9 }],
  ])("%j with the caret at %i is completed there", (q, caret, started) => {
    expect(startedAt(q, caret)).toEqual(started);
  });

  it("has a value as it can be read again", () => {
    for (const value of ["ana", "two words", 'a "b"', "back\\slash here"]) {
      expect(tokensOf(`tag:${quoted(value)}`)[0]?.value).toBe(value);
    }
  });
});
