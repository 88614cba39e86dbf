"""The output of many processes as one readable stream."""

import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TextIO

COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


@dataclass
class Console:
    """Writes each line with the name of the process that said it."""

    as_json: bool = False
    stream: TextIO = field(default_factory=lambda: sys.stdout)
    width: int = 9
    _colours: dict[str, int] = field(default_factory=dict)

    def write(self, name: str, text: str) -> None:
        """Write one line of a process; a terminal that has gone is no reason to stop."""
        line = self._as_json(name, text) if self.as_json else self._as_text(name, text)
        with suppress(OSError):
            print(line, file=self.stream, flush=True)

    def _as_text(self, name: str, text: str) -> str:
        label = f"{name:{self.width}} |"
        return f"{self._coloured(name, label)} {text}"

    def _coloured(self, name: str, label: str) -> str:
        if not self.stream.isatty() or "NO_COLOR" in os.environ:
            return label
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        return f"\033[{colour}m{label}\033[0m"

    def _as_json(self, name: str, text: str) -> str:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"at": now, "level": "info", "process": name, "text": text}
        return json.dumps({**line, **_own_json(text)}, ensure_ascii=False)


def _own_json(text: str) -> dict[str, object]:
    """Return the object that the process wrote, where it wrote one."""
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) and "text" in said else {}
