"""A report as pages to print: totals, and each table with its chart above it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from core.reports import colours, fonts
from core.reports.drawing import chart_of
from core.reports.facts import Cell, Facts, Table

MARGIN = 18 * mm
PADDING = 6.0
"""Points that reportlab keeps free around what is in its frame."""
WIDTH = A4[0] - 2 * MARGIN
LONGEST_CELL = 300
TOGETHER = 12
"""Rows of a table that stays on one page."""
NARROW = 62.0
"""Points of a column of numbers."""


def _style(size: float, colour: str = colours.TEXT, **more: Any) -> ParagraphStyle:
    given = {"fontName": fonts.PLAIN, "leading": size * 1.35, **more}
    return ParagraphStyle("", fontSize=size, textColor=HexColor(f"#{colour}"), **given)


TITLE = _style(20, fontName=fonts.BOLD)
HEADING = _style(12, fontName=fonts.BOLD, spaceBefore=16, spaceAfter=6, keepWithNext=1)
TEXT = _style(9, colours.MUTED)
CELL = _style(8)
NUMBER = _style(8, alignment=2)
BIG = _style(16, fontName=fonts.BOLD)
_LINE = HexColor(f"#{colours.LINE}")
_RULED: Any = [
    ("BACKGROUND", (0, 0), (-1, 0), HexColor(f"#{colours.HEAD}")),
    ("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 2.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
]


def write(found: Facts, path: Path) -> None:
    """Write it."""
    fonts.ready()
    page = SimpleDocTemplate(
        str(path),
        pagesize=A4,
        leftMargin=MARGIN - PADDING,
        rightMargin=MARGIN - PADDING,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=found.title,
        author="Headway",
    )
    at = f"{found.at:%Y-%m-%d %H:%M} {found.at.tzinfo}"

    def foot(canvas: Any, document: Any) -> None:
        canvas.setFont(fonts.PLAIN, 7)
        canvas.setFillColor(HexColor(f"#{colours.MUTED}"))
        canvas.drawString(MARGIN, 10 * mm, at)
        canvas.drawRightString(A4[0] - MARGIN, 10 * mm, str(document.page))

    parts = [_said(found.title, TITLE), _said(f"{found.about}. {at}", TEXT), Spacer(0, 10)]
    parts.append(totals(found.totals))
    for table in found.tables:
        parts += section(table)
    page.build(parts, onFirstPage=foot, onLaterPages=foot)


def totals(numbers: Sequence[tuple[str, Cell]]) -> Flowable:
    """Return the numbers that matter most, side by side."""
    shown = [_said(_number(value), BIG) for _name, value in numbers]
    named = [_said(name, TEXT) for name, _value in numbers]
    look: Any = [("BOX", (0, 0), (-1, -1), 0.5, _LINE), ("VALIGN", (0, 0), (-1, -1), "TOP")]
    widths = [WIDTH / len(numbers)] * len(numbers)
    return Grid([shown, named], widths, style=look, hAlign="LEFT")


def section(table: Table) -> list[Flowable]:
    """Return a table below its name and its chart."""
    parts: list[Flowable] = [_said(table.title, HEADING)]
    if not table.rows:
        return [*parts, _said(_("Nothing."), TEXT)]
    if chart := chart_of(table, WIDTH):
        parts += [chart, Spacer(0, 8)]
    whole = [*parts, _grid(table)]
    return [KeepTogether(whole)] if len(table.rows) <= TOGETHER else whole


def _grid(table: Table) -> Flowable:
    numeric = [not isinstance(value, str) for value in table.rows[0]]
    styles = [NUMBER if is_number else CELL for is_number in numeric]
    rows = [
        [_said(_number(value), style) for value, style in zip(row, styles, strict=True)]
        for row in [table.columns, *table.rows]
    ]
    wide = (WIDTH - NARROW * sum(numeric)) / max(len(numeric) - sum(numeric), 1)
    widths = [NARROW if is_number else wide for is_number in numeric]
    return Grid(rows, widths, style=_RULED, repeatRows=1, hAlign="LEFT")


def _said(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(fonts.markup(text[:LONGEST_CELL], style.fontName), style)


def _number(value: Cell) -> str:
    return value if isinstance(value, str) else f"{value:,.10g}"
