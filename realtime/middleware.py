"""Remembers whose request is being answered, for the jobs that it queues."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from realtime.owners import requester

Answer = HttpResponseBase | Awaitable[HttpResponseBase]


class OwnerMiddleware:
    """Put it after AuthenticationMiddleware: jobs queued in a request belong to its user."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        """Take the place in the chain, in its manner: sync or async."""
        self._get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer:
        """Bind the request's user while it is answered."""
        if self._is_async:
            return self._answer_async(request)
        token = requester.set(lambda: _owner(request))
        try:
            answer: HttpResponseBase = self._get_response(request)
            return answer
        finally:
            requester.reset(token)

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        token = requester.set(lambda: _owner(request))
        try:
            answer: HttpResponseBase = await self._get_response(request)
            return answer
        finally:
            requester.reset(token)


def _owner(request: HttpRequest) -> str | None:
    user = getattr(request, "user", None)
    return str(user.pk) if user is not None and user.is_authenticated else None
