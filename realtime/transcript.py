"""A job's whole log as a text file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse

from realtime import reading
from realtime.attachment import attachment
from realtime.states import State


def transcript(request: HttpRequest, state: State) -> StreamingHttpResponse:
    """Return all lines that are kept, as many as there are now, read and sent in parts."""
    name = f"log-{state['id']}.txt"
    return attachment(request, _parts(state), name=name, kind="text/plain")


def _parts(state: State) -> Iterator[str]:
    after, newest = 0, state["log"]
    while after < newest:
        part = reading.log(state["id"], after, newest=newest)
        if part.lost:
            yield f"({part.lost} lines are no longer kept)\n"
        if not part.lines:
            return
        yield "".join(map(_written, part.lines))
        after = part.lines[-1]["n"]


def _written(line: dict[str, Any]) -> str:
    return f"{line['at']} {line['level']:<8} {line['text']}\n"
