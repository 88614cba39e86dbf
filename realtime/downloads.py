"""A kept file on its way to a browser: in parts, whole or from where a broken download goes on."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import IO, Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from realtime.models import File
from realtime.problems import Problem

PART = 256 * 1024
"""Bytes that are read and sent together."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class NoSuchRange(Problem):
    """The file does not reach that far: 416."""

    def __init__(self, size: int) -> None:
        """Take how large the file is."""
        super().__init__(416, "Range not satisfiable", f"The file has {size} bytes.")
        self.size = size

    def answer(self) -> HttpResponse:
        """Return the document with the header that belongs to it."""
        answer = super().answer()
        answer["Content-Range"] = f"bytes */{self.size}"
        return answer


def download(request: HttpRequest, kept: File) -> HttpResponseBase:
    """Return a file as an attachment, which no browser shows or runs; raises `OSError`."""
    opened = kept.content.open("rb")
    try:
        wanted = _wanted(request, kept)
        start, length = wanted or (0, kept.size)
        opened.seek(start)
    except BaseException:
        opened.close()
        raise
    answer = _answer(request, opened, length)
    if wanted:
        answer.status_code = 206
        answer["Content-Range"] = f"bytes {start}-{start + length - 1}/{kept.size}"
    for name, value in _headers(kept, length).items():
        answer[name] = value
    return answer


def _headers(kept: File, length: int) -> dict[str, str]:
    return {
        "Content-Type": kept.content_type,
        "Content-Length": str(length),
        "Content-Disposition": str(content_disposition_header(True, kept.name)),  # noqa: FBT003
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
        "Accept-Ranges": "bytes",
        "ETag": _tag(kept),
    }


def _tag(kept: File) -> str:
    """Return what tells this content from another one of the same name."""
    return f'"{kept.pk}-{kept.size}"'


def _wanted(request: HttpRequest, kept: File) -> tuple[int, int] | None:
    """Return where the part that is asked for begins and how long it is, None for the whole.

    Several parts at once, and what is no range, are answered with the whole, as HTTP allows.
    """
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    if not asked or request.headers.get("If-Range", _tag(kept)) != _tag(kept):
        return None
    first, last = asked.groups()
    if not first:
        if not last:
            return None
        start, end = max(kept.size - int(last), 0), kept.size - 1
    else:
        start, end = int(first), min(int(last or kept.size), kept.size - 1)
        if last and int(last) < start:
            return None
    if start > end:
        raise NoSuchRange(kept.size)
    return start, end - start + 1


def _answer(request: HttpRequest, opened: IO[bytes], length: int) -> HttpResponseBase:
    if request.method == "HEAD":
        opened.close()
        return HttpResponse()
    # Django would read the whole of an ordinary iterator before it sends the first part.
    kind = _PartsInThreads if isinstance(request, ASGIRequest) else _Parts
    return StreamingHttpResponse(kind(opened, length))


class _Reader:
    """Reads a file on, as far as it is wanted."""

    def __init__(self, opened: IO[bytes], length: int) -> None:
        self._opened = opened
        self._left = length

    def read(self) -> bytes:
        """Return the next part, nothing at the end."""
        part = self._opened.read(min(PART, self._left))
        self._left -= len(part)
        return part

    def close(self) -> None:
        """Let the file go; Django does so when the answer is sent, or nobody takes it any more."""
        self._opened.close()


class _Parts(_Reader):
    """The parts of a file."""

    def __iter__(self) -> Iterator[bytes]:
        while part := self.read():
            yield part


class _PartsInThreads(_Reader):
    """The parts of a file, each read in a thread of its own turn."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read: Any = sync_to_async(self.read, thread_sensitive=False)
        while part := await read():
            yield part
