"""Opens a list, whatever kind of file it is: told by what it holds, not by its name."""

from pathlib import Path

from django.utils.translation import gettext as _

from core.people.csv_file import open_csv
from core.people.encoding import Encoding, detect_encoding
from core.people.errors import BadTable
from core.people.json_lines import open_json_lines
from core.people.table import Table
from core.people.workbook import SIGNATURE, open_workbook


def open_table(path: Path) -> Table:
    """Find out how a file is written; raises `BadTable` when it is no table."""
    with path.open("rb") as file:
        if file.read(len(SIGNATURE)) == SIGNATURE:
            return open_workbook(path)
    encoding = detect_encoding(path)
    match _first_sign(path, encoding):
        case "{":
            return open_json_lines(path, encoding)
        case "[":
            raise BadTable(_("The file is one JSON array: write one object on each line instead."))
    return open_csv(path, encoding)


def _first_sign(path: Path, encoding: Encoding) -> str:
    with encoding.open(path) as file:
        return file.read(1000).lstrip()[:1]
