import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

interface Named {
  readonly name: string;
  readonly description?: string;
}
interface Element extends Named {
  readonly tagName: string;
  readonly attributes?: Named[];
  readonly events?: Named[];
  readonly slots?: Named[];
  readonly members?: Named[];
  readonly cssParts?: Named[];
  readonly cssProperties?: Named[];
}
type List = "attributes" | "events" | "slots" | "members" | "cssParts" | "cssProperties";

const root = new URL("../", import.meta.url);
const built = new URL("../realtime/static/realtime/custom-elements.json", root);
const { modules } = JSON.parse(readFileSync(built, "utf8")) as {
  modules: { path: string; declarations: Element[] }[];
};
const elements = modules.flatMap(({ declarations }) => declarations);
const sources = (kind: string) =>
  (readdirSync(new URL("src/", root), { recursive: true }) as string[])
    .filter((name) => name.endsWith(kind))
    .map((name) => readFileSync(new URL(`src/${name}`, root), "utf8"))
    .join("\n");
const code = sources(".ts").replace(/\/\*[\s\S]*?\*\//g, "");
const styles = sources(".css");

function told(list: List): Set<string> {
  return new Set(elements.flatMap((one) => one[list] ?? []).map(({ name }) => name));
}

function found(text: string, pattern: RegExp): Set<string> {
  return new Set([...text.matchAll(pattern)].map(([, name = ""]) => name));
}

describe("the manifest names all that is for others", () => {
  it("every element", () => {
    const defined = found(code, /customElements\.define\("(job-[\w-]+)"/g);
    expect(new Set(elements.map(({ tagName }) => tagName))).toEqual(defined);
  });

  it("every part and custom property", () => {
    expect(told("cssParts")).toEqual(found(code, /\bpart="([\w-]+)"/g));
    expect(told("cssProperties")).toEqual(found(styles, /var\((--headway-[\w-]+)/g));
  });

  it("every event", () => {
    expect(told("events")).toEqual(found(code, /(?:#tell|CustomEvent)\("([\w-]+)"/g));
  });

  it("every attribute that is read or set", () => {
    const read = found(code, /(?:(?:get|has)Attribute|setAttribute\(this,) ?\(?"([\w]+)"/g);
    const toggled = found(code, /toggleAttribute\("(\w+)"/g);
    const styled = found(styles, /:host\(\[(?!hidden)(\w+)/g);
    const sought = found(code, /"job-progress\[([\w-]+)\]"/g);
    expect(told("attributes")).toEqual(new Set([...read, ...toggled, ...styled, ...sought]));
  });

  it("with a sentence for each", () => {
    for (const element of elements) {
      const lists = [element.attributes, element.events, element.slots, element.members];
      const all = [...lists, element.cssParts, element.cssProperties].flatMap((list) => list ?? []);
      for (const one of [element, ...all]) expect(one.description, one.name).toMatch(/^[A-Z].*\.$/);
    }
  });

  it("beside scripts that are there", () => {
    for (const { path } of modules)
      expect(readFileSync(new URL(path, built)).length).toBeGreaterThan(0);
  });
});
