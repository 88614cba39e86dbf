import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const entries: Record<string, string> = {
  client: "src/connect.ts",
  embed: "src/index.ts",
  steer: "src/steer.ts",
  inbox: "src/inbox.ts",
  sign: "src/tab-sign.ts",
  tree: "src/tree.ts",
  tray: "src/tray.ts",
  log: "src/log.ts",
  dashboard: "src/dashboard.ts",
  charts: "src/charts.ts",
  alerts: "src/alerts.ts",
  tabs: "src/tabs.ts",
  fallback: "src/fallback.ts",
};

/** What the license of uPlot asks for. */
const NOTICE =
  "/*! uPlot, (c) Leon Sorokin, MIT License: https://github.com/leeoniya/uPlot/blob/master/LICENSE */ ";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Once the code is minified, line breaks are left in templates only. In those of Lit, which are
// indented, a space does as well; others mean what they say, and are written out.
const joinLines: Plugin = {
  name: "join-lines",
  generateBundle(_, bundle) {
    for (const file of Object.values(bundle)) {
      if (file.type !== "chunk") continue;
      const joined = file.code.trim().replace(/\s*\n[^\S\n]+/g, " ");
      const notice = file.name === "charts" ? NOTICE : "";
      file.code = `${notice}${joined.replace(/\n/g, "\\n")}\n`;
    }
  },
};

// Files that have no Lit of their own, nor what draws a bar: those of `embed.js` do for all.
const LENT = [
  "/lit-html/lit-html.js",
  "/src/protocol.ts",
  ...["hot-path", "icons", "job-progress", "painter", "strings", "view"].map(
    (name) => `/src/elements/${name}.ts`,
  ),
];
const borrowers = ["inbox", "tree", "tray", "log", "dashboard", "charts", "alerts"];

const borrow: Plugin = {
  name: "borrow",
  enforce: "pre",
  async resolveId(source, importer) {
    const found = await this.resolve(source, importer, { skipSelf: true });
    return LENT.some((end) => found?.id.endsWith(end)) ? here("src/elements/lent.ts") : found;
  },
};

// One build for each entry: two inputs in one build would share a chunk, and Django's
// hashed static files break imports between built files.
export default defineConfig(({ mode }) => ({
  plugins: [mode !== "fallback" && joinLines, borrowers.includes(mode) && borrow],
  publicDir: mode === "embed" ? here("public") : false,
  build: {
    outDir: here("../realtime/static/realtime"),
    emptyOutDir: false,
    target: "es2022",
    // The oldest browsers of the last two years: all know light-dark() and nesting.
    cssTarget: ["chrome123", "firefox121", "safari17.5"],
    sourcemap: false,
    modulePreload: false,
    reportCompressedSize: false,
    rollupOptions: {
      input: { [mode]: here(entries[mode] ?? "src/index.ts") },
      preserveEntrySignatures: "strict",
      output: {
        entryFileNames: "[name].js",
        codeSplitting: false,
      },
    },
  },
  test: { environment: "node", include: ["tests/**/*.test.ts"] },
}));
