/** Writes what the manifest says of each element into EMBEDDING.md, between its two marks. */

import { readFileSync, writeFileSync } from "node:fs";

const root = new URL("../../", import.meta.url);
const page = new URL("EMBEDDING.md", root);
const manifest = new URL("realtime/static/realtime/custom-elements.json", root);
const [BEGIN, END] = ["<!-- elements: from the manifest -->", "<!-- /elements -->"];
const PARTS = [
  ["attributes", "attribute", (name) => name],
  ["members", "property", (name) => `.${name}`],
  ["events", "event", (name) => name],
  ["slots", "slot", (name) => name || "(default)"],
  ["cssParts", "part", (name) => `::part(${name})`],
  ["cssProperties", "custom property", (name) => name],
];

const { modules } = JSON.parse(readFileSync(manifest, "utf8"));
const elements = modules.flatMap(({ path, declarations }) =>
  declarations.map((element) => section(element, path)),
);
const text = readFileSync(page, "utf8");
const [before, rest] = text.split(BEGIN);
const [, after] = rest.split(END);
writeFileSync(page, [before, BEGIN, "\n", elements.join("\n"), END, after].join(""));

function section(element, script) {
  const rows = PARTS.flatMap(([list, kind, shown]) =>
    (element[list] ?? []).map((one) => row(kind, shown(one.name), one)),
  );
  return [
    `### \`<${element.tagName}>\``,
    `${element.description} (\`${script}\`)`,
    "",
    "| | | |",
    "| --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function row(kind, name, { type, description }) {
  const kinds = type ? `, \`${type.text.replaceAll("|", "\\|")}\`` : "";
  return `| ${kind} | \`${name}\`${kinds} | ${description.replaceAll("|", "\\|")} |`;
}
