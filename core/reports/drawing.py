"""The charts of a report's pages: bars that lie or stand, with their names and numbers."""

from collections.abc import Iterator
from typing import Any

from reportlab.graphics.shapes import Drawing, Group, Line, Rect, String
from reportlab.lib.colors import HexColor

from core.reports import colours, fonts
from core.reports.facts import Chart, Table

SIZE = 7.5
"""Of letters, in points."""
BAR, GAP = 9.0, 5.0
NAMES, NUMBERS = 150.0, 48.0
"""Points for the names at the left and the numbers at the right of lying bars."""
TALL = 120.0
STEP = 12.0
BELOW = 16.0
LEGEND = 18.0
AT_MOST = 40
"""Rows that are drawn; the table has all of them."""
_MUTED = HexColor(f"#{colours.MUTED}")
_LINE = HexColor(f"#{colours.LINE}")


def chart_of(table: Table, width: float) -> Drawing | None:
    """Return the chart of a table, None where there is nothing to draw."""
    if not table.chart or not table.largest():
        return None
    draw = _lying if table.chart == Chart.LYING else _standing
    return draw(table, width)


def _lying(table: Table, width: float) -> Drawing:
    bars = 1 if table.is_stacked else table.charted
    rows = table.rows[:AT_MOST]
    row_height = BAR * bars + GAP
    height = row_height * len(rows)
    drawing = Drawing(width, height + _legend_height(table))
    scale = (width - NAMES - NUMBERS) / table.largest()
    for place, row in enumerate(rows):
        bottom = height - row_height * (place + 1) + GAP / 2
        name = fonts.cut(str(row[0]), NAMES - 8, SIZE)
        middle = bottom + (BAR * bars - SIZE) / 2 + 1
        _write(drawing, name, NAMES - 6 - fonts.width(name, SIZE), middle)
        _lay(drawing, table, table.numbers(row), bottom, scale)
    drawing.add(Line(NAMES, 0, NAMES, height, strokeColor=_LINE))
    _explain(drawing, table, height)
    return drawing


def _lay(drawing: Drawing, table: Table, numbers: list[float], bottom: float, scale: float) -> None:
    """Lay the bars of one row."""
    left = NAMES
    for place, number in enumerate(numbers):
        low = bottom if table.is_stacked else bottom + BAR * (len(numbers) - 1 - place)
        drawing.add(_rect(left, low + 0.5, number * scale, BAR - 1, _colour(table, place)))
        if table.is_stacked:
            left += number * scale
        else:
            _write(drawing, _said(number), NAMES + number * scale + 3, low + 2)
    if table.is_stacked:
        _write(drawing, _said(sum(numbers)), left + 3, bottom + 2)


def _standing(table: Table, width: float) -> Drawing:
    drawing = Drawing(width, TALL + BELOW + STEP + _legend_height(table))
    base, rows = BELOW, table.rows[-AT_MOST:]
    wide = width / len(rows)
    # A name needs room: where there are many, each so many-th has one.
    every = max(1, round(max(fonts.width(str(row[0]), SIZE) for row in rows) * 1.4 / wide))
    for place, row in enumerate(rows):
        numbers, left, low = table.numbers(row), wide * place + wide * 0.15, base
        for series, number in enumerate(numbers):
            tall = number * TALL / table.largest()
            drawing.add(_rect(left, low, wide * 0.7, tall, _colour(table, series)))
            low += tall
        if sum(numbers):
            _centre(drawing, _said(sum(numbers)), wide * (place + 0.5), low + 3)
        if place % every == 0:
            _centre(drawing, str(row[0]), max(wide * (place + 0.5), 20), 3)
    drawing.add(Line(0, base, width, base, strokeColor=_LINE))
    _explain(drawing, table, TALL + BELOW + STEP)
    return drawing


def _explain(drawing: Drawing, table: Table, bottom: float) -> None:
    """Write which colour is what, where there are several."""
    left = NAMES if table.chart == Chart.LYING else 0.0
    for place, name in _series(table):
        drawing.add(_rect(left, bottom + 6, 7, 7, _colour(table, place)))
        _write(drawing, name, left + 11, bottom + 6)
        left += 26 + fonts.width(name, SIZE)


def _series(table: Table) -> Iterator[tuple[int, str]]:
    if table.charted > 1:
        yield from enumerate(table.columns[1 : 1 + table.charted])


def _legend_height(table: Table) -> float:
    return LEGEND if table.charted > 1 else 0.0


def _colour(table: Table, series: int) -> str:
    return (colours.SERIES if table.is_stacked else colours.BESIDE)[series]


def _rect(left: float, bottom: float, width: float, height: float, colour: str) -> Rect:
    fill: Any = {"fillColor": HexColor(f"#{colour}"), "strokeColor": None}
    return Rect(left, bottom, width, height, **fill)


def _centre(drawing: Drawing, text: str, middle: float, bottom: float) -> None:
    _write(drawing, text, middle - fonts.width(text, SIZE) / 2, bottom)


def _write(drawing: Drawing, text: str, left: float, bottom: float) -> None:
    """Write a text, part by part, each in the typeface that has its letters."""
    written = Group()
    for name, part in fonts.runs(text):
        written.add(String(left, bottom, part, fontName=name, fontSize=SIZE, fillColor=_MUTED))
        left += fonts.width(part, SIZE)
    drawing.add(written)


def _said(number: float) -> str:
    return f"{number:,.10g}"
