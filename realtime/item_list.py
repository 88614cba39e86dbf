"""The failed and skipped items of a job, as pages and as a file for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse

from realtime.attachment import attachment
from realtime.cells import harmless
from realtime.events import ENDS, timestamp
from realtime.models import Item
from realtime.states import State

OUTCOMES = ("failed", "skipped")
BATCH = 500
"""Rows of a file that are read together."""
MARK = "\ufeff"
"""Lets Excel see that a file is UTF-8."""


def page(state: State, outcome: str, after: int, limit: int) -> dict[str, Any]:
    """Return the items that follow number `after`, at most `limit`, and how to ask for more."""
    found = _found(state, outcome, after, limit + 1)
    return {
        "job": state["id"],
        "items": [_shown(item) for item in found[:limit]],
        "next": found[limit - 1].n if len(found) > limit else None,
        "lost": _lost(state, outcome),
    }


def table(request: HttpRequest, state: State, outcome: str) -> StreamingHttpResponse:
    """Return all items as CSV, read and sent in parts."""
    name = f"{outcome or 'items'}-{state['id']}.csv"
    return attachment(request, _parts(state, outcome), name=name, kind="text/csv")


def _found(state: State, outcome: str, after: int, limit: int) -> list[Item]:
    found = Item.objects.filter(job_id=state["id"], n__gt=after)
    if outcome:
        found = found.filter(outcome=outcome)
    return list(found.order_by("n")[:limit])


def _shown(item: Item) -> dict[str, Any]:
    return {
        "n": item.n,
        "outcome": item.outcome,
        "item": item.item,
        "reason": item.reason,
        "at": timestamp(item.at),
    }


def _lost(state: State, outcome: str) -> int:
    """Return how many items are counted and not kept; known once the job has ended."""
    if state["status"] not in ENDS:
        return 0
    asked = (outcome,) if outcome else OUTCOMES
    kept = Item.objects.filter(job_id=state["id"], outcome__in=asked).count()
    counted: int = sum(state[one] for one in asked)
    return max(counted - kept, 0)


def _parts(state: State, outcome: str) -> Iterator[str]:
    yield MARK + _line("number", "outcome", "item", "reason", "at")
    after = 0
    while found := _found(state, outcome, after, BATCH):
        yield "".join(_row(item) for item in found)
        after = found[-1].n
    if lost := _lost(state, outcome):
        yield _line("", outcome, "", f"({lost} more were counted and not kept)", "")


def _row(item: Item) -> str:
    said = item.item if isinstance(item.item, str) else json.dumps(item.item, ensure_ascii=False)
    return _line(str(item.n), item.outcome, said, item.reason, timestamp(item.at))


def _line(*cells: str) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(map(harmless, cells))
    return written.getvalue()
