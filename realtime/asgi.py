"""Puts the sockets beside a project's HTTP application."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from realtime.consumers import NoSuchSocket, ProgressConsumer


def asgi_application(http: Any) -> Any:
    """Return an ASGI application: `ws` below the include of `realtime.urls`, all else to `http`."""
    progress, other = ProgressConsumer(), NoSuchSocket()

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            await http(scope, receive, send)
        elif scope["path"] == reverse("realtime:index") + "ws":
            await progress(scope, receive, send)
        else:
            await other(scope, receive, send)

    return application
