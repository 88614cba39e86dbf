import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const entries: Record<string, string> = {
  client: "src/connect.ts",
  embed: "src/index.ts",
  steer: "src/steer.ts",
};

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Once the code is minified, line breaks are left in templates only, where a space does as well.
const joinLines: Plugin = {
  name: "join-lines",
  generateBundle(_, bundle) {
    for (const file of Object.values(bundle)) {
      if (file.type === "chunk") file.code = `${file.code.trim().replace(/\s*\n\s*/g, " ")}\n`;
    }
  },
};

// One build for each entry: two inputs in one build would share a chunk, and Django's
// hashed static files break imports between built files.
export default defineConfig(({ mode }) => ({
  plugins: [joinLines],
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
