"""A file that is made while it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse


def attachment(
    request: HttpRequest, parts: Iterator[str], *, name: str, kind: str
) -> StreamingHttpResponse:
    """Return these parts as a download; each is made when the one before has been sent."""
    # Django would read the whole of an ordinary iterator before it sends the first part.
    streamed = _in_threads(parts) if isinstance(request, ASGIRequest) else parts
    answer = StreamingHttpResponse(streamed, content_type=f"{kind}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


async def _in_threads(parts: Iterator[str]) -> AsyncIterator[str]:
    while part := await sync_to_async(lambda: next(parts, ""))():
        yield part
