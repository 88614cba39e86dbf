import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const source = new URL("../src/", import.meta.url);

/** What each file may import; elements are held to the last line. */
const ALLOWED: Record<string, string[]> = {
  "protocol.ts": [],
  "backoff.ts": [],
  "deadline.ts": ["./connection"],
  "connection.ts": ["./backoff", "./deadline", "./protocol"],
  "client.ts": ["./connection", "./protocol"],
  "page.ts": ["./connection"],
  "connect.ts": ["./client", "./connection", "./page", "./protocol"],
};
const PURE = ["protocol.ts", "backoff.ts", "deadline.ts", "connection.ts", "client.ts"];
const PAGE =
  /\b(document\.|window\.|navigator|WebSocket|setTimeout|addEventListener|Date\.now|Math\.random)/;

function read(name: string): string {
  return readFileSync(new URL(name, source), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
}

function importsOf(name: string): string[] {
  return [...read(name).matchAll(/from "([^"]+)"/g)].map(([, path = ""]) => path);
}

it.each(Object.entries(ALLOWED))("%s imports nothing but %j", (name, allowed) => {
  expect(allowed).toEqual(expect.arrayContaining([...new Set(importsOf(name))]));
});

it.each(PURE)("%s takes time, chance, sockets and the page from outside", (name) => {
  expect(read(name)).not.toMatch(PAGE);
});

const DASHBOARDS = [
  "deeds",
  "job-list",
  "metrics",
  "query",
  "routes",
  "selection",
  "shortcuts",
  "stage-times",
  "task-lines",
  "usual",
  "views",
  "window",
  "workshop",
];
it.each(DASHBOARDS)("the dashboard's %s knows no page", (name) => {
  expect(read(`elements/dashboard/${name}.ts`)).not.toMatch(PAGE);
});

it("no element reaches past the client", () => {
  for (const [folder, up] of [
    ["elements/", "../"],
    ["elements/dashboard/", "../../"],
  ] as const) {
    const names = readdirSync(new URL(folder, source)).filter((name) => name.endsWith(".ts"));
    for (const name of names) {
      const outside = importsOf(folder + name).filter((path) => path.startsWith(up));
      const allowed = ["client", "connect", "protocol"].map((file) => up + file);
      expect(allowed).toEqual(expect.arrayContaining(outside));
      expect(read(folder + name)).not.toMatch(/WebSocket/);
    }
  }
});
