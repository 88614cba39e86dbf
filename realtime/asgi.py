"""Puts the sockets beside a project's HTTP application."""

from __future__ import annotations

import gc
from typing import Any

from django.core.handlers.asgi import get_script_prefix as prefix_of
from django.urls import get_script_prefix, reverse


def asgi_application(http: Any) -> Any:
    """Return an ASGI application: `ws` and `stream` below the include of `realtime.urls`.

    All else goes to `http`.
    """
    # Not above: a project asks for this function before `get_asgi_application` sets Django up.
    from realtime import drain, reaper
    from realtime.consumers import NoSuchSocket, ProgressConsumer
    from realtime.stream import ProgressStream

    progress, other, stream = ProgressConsumer(), NoSuchSocket(), ProgressStream()

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        reaper.start()
        if scope["type"] == "lifespan":
            await http(scope, receive, send)
        elif scope["type"] == "http" and is_ours(scope, "stream"):
            await stream(scope, receive, send)
        elif scope["type"] != "websocket":
            with drain.attended():
                await http(scope, receive, send)
        elif is_ours(scope):
            await progress(scope, receive, send)
        else:
            await other(scope, receive, send)

    _set_apart()
    return application


def _set_apart() -> None:
    """Let the garbage collector leave alone what a process has loaded before it serves anybody.

    With open sockets each full collection would else stop all of them for as long as it takes to
    look through Django, the server and the project again.
    """
    gc.collect()
    gc.freeze()


def is_ours(scope: dict[str, Any], name: str = "ws") -> bool:
    """Tell whether this is for what has that name below the include of `realtime.urls`."""
    return _path_inside(scope) == _address() + name


def _path_inside(scope: dict[str, Any]) -> str:
    """Return the path below FORCE_SCRIPT_NAME or the server's root path, as for Django's pages."""
    path: str = scope["path"]
    return path.removeprefix(prefix_of(scope).rstrip("/"))


def _address() -> str:
    # What a socket's context says of the script's prefix is not this request's: leave it out.
    return "/" + reverse("realtime:index").removeprefix(get_script_prefix())
