import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const root = new URL("../", import.meta.url);
const built = new URL("../realtime/static/realtime/", root);
const scripts = readdirSync(built).filter((name) => name.endsWith(".js"));
const lock = JSON.parse(readFileSync(new URL("package-lock.json", root), "utf8")) as {
  packages: Record<string, { engines?: { node?: string }; optional?: boolean }>;
};

describe("what is built", () => {
  // What Vite builds as a library keeps its line breaks, a fifth more to load.
  it.each(scripts.filter((name) => name !== "fallback.js"))("%s is one line", (name) => {
    expect(readFileSync(new URL(name, built), "utf8").trim().split("\n")).toHaveLength(1);
  });

  it("runs what Node 20 runs", () => {
    const asked = Object.entries(lock.packages).map(([name, { engines }]) => [name, engines?.node]);
    const newer = asked.filter(([, node]) => node && !/\*|20|(>=|\^) ?v?1?\d(\.|\b)/.test(node));
    expect(newer).toEqual([]);
  });
});
