"""How files come in: streamed to disk, counted on the way, refused with a sentence.

Below ASGI the whole request is on disk before Django sees it, so a proxy in front should have the
same limit; what is refused here never reaches the storage, the database or a worker.
"""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadhandler import (
    FileUploadHandler,
    StopUpload,
    TemporaryFileUploadHandler,
)
from django.http import HttpRequest, HttpResponse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect

MEGABYTE = 1024 * 1024
LIMIT = 200 * MEGABYTE
"""Bytes of all files in one request."""
_FORM = MEGABYTE
"""What the other fields and the boundaries may take."""
_DIGITS = 20

TOO_LARGE = format_lazy(
    gettext_lazy("The files together are larger than {size} MB: choose fewer or smaller ones."),
    size=LIMIT // MEGABYTE,
)
TOO_MANY = gettext_lazy(
    "These are too many files for one upload: choose fewer, or put them into one ZIP."
)

View = Callable[..., HttpResponse]


class LimitHandler(FileUploadHandler):
    """Stops an upload as soon as its files together are larger than the limit."""

    exceeded = False

    def __init__(self, request: HttpRequest | None = None, limit: int = LIMIT) -> None:
        """Take the limit in bytes."""
        super().__init__(request)
        self.left = limit

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Let a piece pass to the handlers behind, or stop."""
        del start
        self.left -= len(raw_data)
        if self.left < 0:
            self.exceeded = True
            raise StopUpload(connection_reset=True)
        return raw_data

    def stopped(self, request: HttpRequest) -> bool:
        """Read the request's files, if nobody has, and tell whether they were too much."""
        return not request.FILES and self.exceeded

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers behind."""


def receives_files(view: View) -> View:
    """Let a view take files; it is called with `refused`, a sentence or nothing.

    The form's CSRF token is checked behind the handlers, because reading it reads the files.
    """

    @csrf_exempt
    @wraps(view)
    def receive(request: HttpRequest, *values: Any, **named: Any) -> HttpResponse:
        if request.method != "POST":
            return view(request, *values, refused="", **named)
        if _length(request) > LIMIT + _FORM:
            return _refuse(view(request, *values, refused=str(TOO_LARGE), **named))
        limit = LimitHandler(request)
        request.upload_handlers = [limit, TemporaryFileUploadHandler(request)]
        try:
            return _protected(view, limit)(request, *values, **named)
        except TooManyFilesSent:
            return _refuse(view(request, *values, refused=str(TOO_MANY), **named))

    return receive


def _length(request: HttpRequest) -> int:
    """Return how long the request says that it is; what is no number says nothing."""
    said = request.META.get("CONTENT_LENGTH") or ""
    return int(said) if said.isascii() and said.isdecimal() and len(said) < _DIGITS else 0


def _protected(view: View, limit: LimitHandler) -> View:
    @csrf_protect
    def call(request: HttpRequest, *values: Any, **named: Any) -> HttpResponse:
        if limit.stopped(request):
            return _refuse(view(request, *values, refused=str(TOO_LARGE), **named))
        return view(request, *values, refused="", **named)

    return call


def _refuse(answer: HttpResponse) -> HttpResponse:
    answer.status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return answer
