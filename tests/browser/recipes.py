"""The recipes of EMBEDDING.md, as its readers find them, for tests to run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.browser.double import MODULES, ROOT

PAGE = ROOT / "EMBEDDING.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BUNDLE = """
import { build } from "vite";
const [entry, out] = process.argv.slice(-2);
const output = { entryFileNames: "bundle.js" };
const rollupOptions = { input: entry, output, preserveEntrySignatures: "strict" };
await build({ configFile: false, logLevel: "error", build: { outDir: out, rollupOptions } });
"""


def recipe(title: str) -> dict[str, str]:
    """Return the code of a recipe by its language."""
    section = PAGE.read_text("utf-8").split(f"\n### {title}\n")[1].split("\n### ")[0]
    return dict(_BLOCK.findall(section))


def bundled(code: str, folder: Path) -> Path:
    """Return a script with all that the code imports, as its author's tools would make it."""
    entry = MODULES / ".recipes" / f"{folder.name}.jsx"  # where `react` is found from
    entry.parent.mkdir(exist_ok=True)
    entry.write_text(code, "utf-8")
    node = (str(ROOT / "scripts" / "with-node"), "node", "--input-type=module", "-e", _BUNDLE)
    subprocess.run((*node, "--", str(entry), str(folder)), cwd=MODULES.parent, check=True)
    entry.unlink()
    return folder / "bundle.js"
