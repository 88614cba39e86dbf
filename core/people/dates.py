"""Birthdays as people write them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from core.people.errors import BadRow

EARLIEST = 1900
_YEAR_FIRST = re.compile(r"^(\d{4})\s?([-/.年])\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})日?(?:[T ].*)?$")
_PACKED = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_YEAR_LAST = re.compile(r"^(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?[-/.]\s?(\d{4})(?: .*)?$")
_SHORT_YEAR = re.compile(r"^\d{1,2}\D\s?\d{1,2}\D\s?\d{2}$")
_MONTHS = 12


@dataclass
class DateOrder:
    """Whether a column writes the day or the month first, decided by all of its cells.

    `03/04/1990` can be read both ways, `25/04/1990` cannot: one such cell decides for the column.
    Points always put the day first.
    """

    ambiguous: int = 0
    """Cells that can be read both ways."""
    day_first: int = 0
    """Cells that only make sense with the day first."""
    month_first: int = 0
    """Cells that only make sense with the month first."""

    def see(self, text: str) -> None:
        """Count what a cell says about the order."""
        match = _YEAR_LAST.match(text)
        if match is None or match[2] == ".":
            return
        first, second = int(match[1]), int(match[3])
        self.day_first += first > _MONTHS >= second
        self.month_first += second > _MONTHS >= first
        self.ambiguous += first <= _MONTHS and second <= _MONTHS and first != second

    @property
    def month_leads(self) -> bool:
        """Whether the month comes first; without evidence it is the day."""
        return self.month_first > self.day_first

    def note(self) -> str:
        """Return what was decided and why as a sentence, or nothing when there was no doubt."""
        read = _("month/day/year") if self.month_leads else _("day/month/year")
        if self.day_first and self.month_first:
            return _(
                "Birthdays: the column mixes day/month and month/day; all are read as %(order)s, "
                "as most of them must be."
            ) % {"order": read}
        if self.ambiguous and not (self.day_first or self.month_first):
            return _(
                "Birthdays: %(count)s can be read as day/month or month/day, and none decides; "
                "all are read as %(order)s."
            ) % {"count": f"{self.ambiguous:,}", "order": read}
        if self.day_first or self.month_first:
            return _("Birthdays are read as %(order)s.") % {"order": read}
        return ""


def order_of(cells: Iterable[str]) -> DateOrder:
    """Return the order that a whole column decides."""
    order = DateOrder()
    for cell in cells:
        order.see(cell)
    return order


def read_date(text: str, order: DateOrder, today: date) -> date | None:
    """Return a birthday, None for an empty cell; raises `BadRow`."""
    if not text:
        return None
    try:
        found = date(*_parts(text, order))
    except ValueError as error:
        raise _wrong(_("birthday “%(text)s” is not in the calendar"), text) from error
    if found > today:
        raise BadRow(_("birthday %(date)s is in the future") % {"date": found.isoformat()})
    if found.year < EARLIEST:
        raise BadRow(
            _("birthday %(date)s is before %(year)d")
            % {"date": found.isoformat(), "year": EARLIEST}
        )
    return found


def _parts(text: str, order: DateOrder) -> tuple[int, int, int]:
    if match := _PACKED.match(text):
        return int(match[1]), int(match[2]), int(match[3])
    if match := _YEAR_FIRST.match(text):
        return int(match[1]), int(match[3]), int(match[4])
    if match := _YEAR_LAST.match(text):
        first, second = int(match[1]), int(match[3])
        month_leads = order.month_leads and match[2] != "."
        return (int(match[4]), first, second) if month_leads else (int(match[4]), second, first)
    if _SHORT_YEAR.match(text):
        raise _wrong(_("birthday “%(text)s” has a year of two digits: write all four"), text)
    raise _wrong(_("birthday “%(text)s” is not a date: write it like 1990-12-31"), text)


def _wrong(said: str, text: str) -> BadRow:
    return BadRow(said % {"text": text[:40]})
