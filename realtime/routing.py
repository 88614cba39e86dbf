"""The WebSocket routes, for a project with a router of its own."""

from __future__ import annotations

from typing import Any

from django.urls import Resolver404, re_path

from realtime import reaper
from realtime.asgi import is_ours
from realtime.consumers import ProgressConsumer

_progress = ProgressConsumer()


async def socket(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve a socket at `ws` below the include, in a process that looks for silent jobs.

    Raises `Resolver404` for every other path, whereupon a `URLRouter` tries its next route.
    """
    if not is_ours(scope):
        raise Resolver404({"path": scope["path"]})
    reaper.start()
    await _progress(scope, receive, send)


# Any path: where the project includes our pages is known once its routes are, and only the
# whole path tells it when routers are nested.
websocket_urlpatterns = [re_path("", socket)]  # type: ignore[arg-type]
