"""The rows that could not be imported, as a file to mend and upload again."""

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from django.utils.translation import gettext as _

from core.people.table import Row
from realtime.cells import harmless


class RejectedFile:
    """Writes `rejected.csv`: line and reason, then the row as it was; used as a context."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        """Take where to write and the columns of the original."""
        self.path, self.count, self.first = path, 0, ""
        # The mark in front lets Excel see that the file is UTF-8.
        self._file = path.open("w", encoding="utf-8-sig", errors="replace", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow([_("line"), _("reason"), *map(harmless, columns)])

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._file.close()

    def add(self, row: Row, reason: object) -> None:
        """Write a row and why it was rejected."""
        self.count += 1
        self.first = self.first or _("line %(line)s: %(reason)s") % {
            "line": f"{row.line:,}",
            "reason": reason,
        }
        self._writer.writerow([row.line, harmless(str(reason)), *map(harmless, row.cells)])

    def flush(self) -> None:
        """Make everything that was added readable for others."""
        self._file.flush()
