/** Refuses built files above their budget and source text that a strict CSP or Trusted Types would break. */

import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const root = new URL("../", import.meta.url);
const BUDGETS = {
  "client.js": { aim: 3500, limit: 4000 },
  "embed.js": { aim: 13_000, limit: 15_000 },
  "steer.js": { aim: 2800, limit: 3250 },
  "inbox.js": { aim: 9500, limit: 10_500 },
  "sign.js": { aim: 1500, limit: 1800 },
  "tree.js": { aim: 7000, limit: 7300 },
  "tray.js": { aim: 7000, limit: 7600 },
  "log.js": { aim: 10_500, limit: 12_500 },
  "dashboard.js": { aim: 48_000, limit: 60_000 },
  "charts.js": { aim: 25_000, limit: 28_000 },
  "alerts.js": { aim: 6000, limit: 7500 },
  "tabs.js": { aim: 1800, limit: 2500 },
  "fallback.js": { aim: 2000, limit: 2500 },
};
const REFUSED = [
  [/\b(inner|outer)HTML\b|insertAdjacentHTML/, "markup from text"],
  [/\bstyleMap\b/, "styleMap writes a style attribute on first render"],
  [/\bstyle\s*=\s*["'`$]/, "a style attribute"],
  [/<style[\s>]/, "a style element"],
  [/setAttribute\(\s*["'`]style/, "a style attribute"],
];

const faults = [...overBudget(), ...refusedWords()];
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;

function overBudget() {
  return Object.entries(BUDGETS).flatMap(([name, { aim, limit }]) => {
    const built = readFileSync(new URL(`../realtime/static/realtime/${name}`, root));
    const size = gzipSync(built, { level: 9 }).length;
    console.log(`${name}: ${size} bytes gzipped (aim ${aim}, limit ${limit})`);
    const faults = [];
    if (size > limit) faults.push(`expected ${name} to be at most ${limit} bytes, got: ${size}`);
    if (built.includes("sourceMappingURL")) faults.push(`${name} names a source map`);
    // By a name that is not known before, what the page has loaded may be asked for.
    if (/\bimport\s*\(?\s*["'`{*]|\bfrom\s*["'`]/.test(built.toString()))
      faults.push(`${name} imports`);
    return faults;
  });
}

function refusedWords() {
  const source = new URL("src/", root);
  return readdirSync(source, { recursive: true })
    .filter((name) => /\.(ts|css)$/.test(name))
    .flatMap((name) => {
      const lines = readFileSync(new URL(name, source), "utf8").split("\n");
      return lines.flatMap((line, at) =>
        REFUSED.filter(([pattern]) => pattern.test(line)).map(
          ([, reason]) => `src/${name}:${at + 1}: ${reason}`,
        ),
      );
    });
}
