"""The WebSocket routes, for a project with a router of its own."""

from __future__ import annotations

from typing import Any

from django.urls import re_path

from realtime import reaper
from realtime.consumers import ProgressConsumer

_progress = ProgressConsumer()


async def socket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve a socket, in a process that looks for silent jobs from then on."""
    reaper.start()
    await _progress(scope, receive, send)


websocket_urlpatterns = [re_path(r"(?:^|/)headway/ws$", socket)]  # type: ignore[arg-type]
