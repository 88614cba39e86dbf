import { describe, expect, it } from "vitest";
import { type Choice, matching } from "../src/elements/dashboard/palette";

const choice = (name: string, about = ""): Choice => ({ name, about, keys: "", run: () => {} });
const ALL = [
  choice("Overview", "Go to"),
  choice("Jobs", "Go to"),
  choice("Go to the jobs"),
  choice("All jobs", "Views"),
  choice("Failed, last hour", "Views"),
];
const names = (said: string) => matching(ALL, said).map(({ name }) => name);

describe("the command palette finds", () => {
  it("all without a word, as they are", () => {
    expect(matching(ALL, "  ")).toBe(ALL);
  });

  it("by any part, whatever the case; what begins so first", () => {
    expect(names("JO")).toEqual(["Jobs", "Go to the jobs", "All jobs"]);
    expect(names("hour")).toEqual(["Failed, last hour"]);
    expect(names("vie")).toEqual(["Overview", "All jobs", "Failed, last hour"]);
  });

  it("only what has every word, in its name or its sort", () => {
    expect(names("jobs views")).toEqual(["All jobs"]);
    expect(names("jobs nothing")).toEqual([]);
  });
});
