"""A report as a workbook: a sheet of totals, and one for each table with its chart beside it."""

import re
from collections.abc import Sequence
from pathlib import Path

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from core.reports import colours, facts
from core.reports.facts import Chart, Facts, Table

WIDEST = 60
NAME = 31
"""Characters in the name of a sheet."""
BAR, HEAD = 0.6, 3.0
"""Centimetres of a chart for each bar, and for its title and axis."""
_BOLD = Font(bold=True)
_HEAD = PatternFill("solid", fgColor=colours.HEAD)


def write(found: Facts, path: Path) -> None:
    """Write it."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.title, book.properties.creator = found.title, "Headway"
    add_totals(book.create_sheet(_name(_("Totals"))), found)
    for table in found.tables:
        add_table(book.create_sheet(_name(table.title)), table)
    book.save(path)


def add_totals(sheet: Worksheet, found: Facts) -> None:
    """Fill the first sheet."""
    at = f"{found.at:%Y-%m-%d %H:%M} {found.at.tzinfo}"
    rows = [(found.title,), (found.about,), (at,), (), *found.totals]
    for row in rows:
        _append(sheet, row)
    sheet["A1"].font = Font(bold=True, size=16)
    _set_widths(sheet, [[name for name, _value in found.totals]])


def add_table(sheet: Worksheet, table: Table) -> None:
    """Fill a sheet with a table."""
    _append(sheet, table.columns)
    for row in table.rows:
        _append(sheet, row)
    for cell in sheet[1]:
        cell.font, cell.fill = _BOLD, _HEAD
    sheet.freeze_panes = "A2"
    columns = zip(table.columns, *table.rows, strict=True)
    _set_widths(sheet, list(columns))
    if table.chart and table.rows:
        sheet.add_chart(chart_of(sheet, table), f"{get_column_letter(len(table.columns) + 2)}2")


def chart_of(sheet: Worksheet, table: Table) -> BarChart:
    """Return a chart of a table that stands in a sheet."""
    last = len(table.rows) + 1
    chart = BarChart()
    chart.type = "bar" if table.chart == Chart.LYING else "col"
    if table.is_stacked:
        chart.grouping, chart.overlap = "stacked", 100
    chart.add_data(
        Reference(sheet, min_col=2, max_col=1 + table.charted, min_row=1, max_row=last),
        titles_from_data=True,
    )
    chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=last))
    palette = colours.SERIES if table.is_stacked else colours.BESIDE
    for series, colour in zip(chart.series, palette, strict=False):
        series.graphicalProperties.solidFill = colour
    _label(chart, table)
    return chart


def _label(chart: BarChart, table: Table) -> None:
    chart.title, chart.y_axis.title = table.title, table.unit
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.width, chart.height = 20, 10
    if table.charted == 1:
        chart.legend = None
    if table.chart == Chart.LYING:
        chart.x_axis.scaling.orientation = "maxMin"  # The first row on top, as in the table.
        chart.height = HEAD + BAR * max(len(table.rows) * _bars(table), 5)


def _bars(table: Table) -> int:
    return 1 if table.is_stacked else table.charted


def _append(sheet: Worksheet, row: Sequence[facts.Cell]) -> None:
    """Add a row, in which texts are texts, whatever they begin with."""
    sheet.append([_clean(value) for value in row])
    for cell in sheet[sheet.max_row]:
        if isinstance(cell, Cell) and isinstance(cell.value, str):
            cell.data_type = "s"


def _clean(value: facts.Cell) -> facts.Cell:
    return ILLEGAL_CHARACTERS_RE.sub("", value) if isinstance(value, str) else value


def _set_widths(sheet: Worksheet, columns: Sequence[Sequence[facts.Cell]]) -> None:
    for place, column in enumerate(columns, 1):
        longest = max((len(str(value)) for value in column), default=0)
        sheet.column_dimensions[get_column_letter(place)].width = min(longest, WIDEST) + 3


def _name(title: str) -> str:
    return re.sub(r"[\[\]:*?/\\]", " ", title)[:NAME]
