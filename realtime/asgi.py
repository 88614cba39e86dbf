"""Puts the sockets beside a project's HTTP application."""

from __future__ import annotations

from typing import Any

from django.core.handlers.asgi import get_script_prefix as prefix_of
from django.urls import get_script_prefix, reverse


def asgi_application(http: Any) -> Any:
    """Return an ASGI application: `ws` below the include of `realtime.urls`, all else to `http`."""
    # Not above: a project asks for this function before `get_asgi_application` sets Django up.
    from realtime import drain, reaper
    from realtime.consumers import NoSuchSocket, ProgressConsumer

    progress, other = ProgressConsumer(), NoSuchSocket()

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        reaper.start()
        if scope["type"] == "lifespan":
            await http(scope, receive, send)
        elif scope["type"] != "websocket":
            with drain.attended():
                await http(scope, receive, send)
        elif is_ours(scope):
            await progress(scope, receive, send)
        else:
            await other(scope, receive, send)

    return application


def is_ours(scope: dict[str, Any]) -> bool:
    """Tell whether a socket is opened at `ws` below the include of `realtime.urls`."""
    return _path_inside(scope) == _address()


def _path_inside(scope: dict[str, Any]) -> str:
    """Return the path below FORCE_SCRIPT_NAME or the server's root path, as for Django's pages."""
    path: str = scope["path"]
    return path.removeprefix(prefix_of(scope).rstrip("/"))


def _address() -> str:
    # What a socket's context says of the script's prefix is not this request's: leave it out.
    return "/" + reverse("realtime:index").removeprefix(get_script_prefix()) + "ws"
