"""Fresh Python environments beside the tests' own, made with what the set-up has found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.processes import ROOT

HOLDS = "import ctypes, ensurepip, sqlite3, ssl, venv, sys; print(*sys.version_info[:2], sep='.')"
"""Runs in a Python that can hold a project, and tells its version."""

PYTHONS = {"oldest": "3.11", "newest": "3.13"}
"""Between which versions of Python all are supported."""


def find_python(version: str) -> str | None:
    """Return a Python of this version; each is run, for a name may be a shim of what is not there.

    Looks on PATH and where pyenv keeps its own.
    """
    for folder in _folders():
        candidate = str(folder / f"python{version}")
        with suppress(OSError, subprocess.CalledProcessError):
            if run(candidate, "-c", HOLDS).strip() == version:
                return candidate
    return None


def _folders() -> Iterator[Path]:
    yield from map(Path, os.get_exec_path())
    yield from Path("~/.pyenv/versions").expanduser().glob("*/bin")


def find_uv() -> str:
    """Return the uv that the set-up uses: the one on PATH, else the one that it fetched."""
    fetched = ROOT / "var" / "tools" / "bin" / "uv"
    return shutil.which("uv") or str(fetched)


def run(*command: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """Run a command to its end and return what it printed."""
    told = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if told.returncode:
        # Shown by pytest, for the error names the command alone.
        print(told.stdout[-4000:], told.stderr[-4000:], sep="\n")  # noqa: T201
        raise subprocess.CalledProcessError(told.returncode, command)
    return told.stdout


def either(*commands: Sequence[str]) -> str:
    """Run the first of the commands that works: some indexes answer uv alone, some pip alone."""
    *firsts, last = commands
    for command in firsts:
        with suppress(OSError, subprocess.CalledProcessError):
            return run(*command, env=_clean())
    return run(*last, env=_clean())


def _clean() -> dict[str, str]:
    """Return this environment without what leads to the tests' own packages."""
    led = {"VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT"}
    kept = {name: value for name, value in os.environ.items() if name not in led}
    # uv does not read pip's configuration: hand over the certificates that pip was given.
    if certificates := kept.get("PIP_CERT"):
        kept.setdefault("SSL_CERT_FILE", certificates)
    return {**kept, "UV_PYTHON_DOWNLOADS": "never"}


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment."""

    folder: Path
    """Where it is."""

    @classmethod
    def make(cls, folder: Path, python: str = sys.executable) -> Self:
        """Make an empty one."""
        run(python, "-m", "venv", "--without-pip", str(folder))
        return cls(folder)

    @property
    def programs(self) -> Path:
        """Where its programs are."""
        return self.folder / "bin"

    @property
    def python(self) -> str:
        """Its Python."""
        return str(self.programs / "python")

    def install(self, *what: str) -> None:
        """Install requirements, or options that name them."""
        pip = f"{self.python} -m ensurepip >&2 && exec {self.python} -m pip install -q"
        either(
            (find_uv(), "pip", "install", "--quiet", "--python", self.python, *what),
            ("sh", "-c", f'{pip} "$@"', "sh", *what),
        )


def build_wheel(folder: Path) -> Path:
    """Build the package from this checkout and return the wheel."""
    either(
        (find_uv(), "build", "--quiet", "--wheel", "--out-dir", str(folder)),
        (sys.executable, "-m", "build", "--wheel", "--outdir", str(folder)),
    )
    [wheel] = folder.glob("*.whl")
    return wheel


def export_lock(file: Path, *groups: str) -> Path:
    """Write what the lock file says of these groups as requirements."""
    chosen = [word for group in groups for word in ("--group", group)]
    export = ("export", "--quiet", "--frozen", "--no-emit-project", "--no-default-groups")
    run(find_uv(), *export, *chosen, "--output-file", str(file), env=_clean())
    return file
