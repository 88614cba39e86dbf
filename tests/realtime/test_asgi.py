"""Where the sockets are, and what a project's asgi.py may look like."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.urls import set_script_prefix

import realtime
from realtime.consumers import NoSuchSocket, ProgressConsumer
from tests.processes import ROOT, environment

ASGI = """
from django.core.asgi import get_asgi_application
import realtime
application = realtime.asgi_application(get_asgi_application())
"""


def test_the_one_line_sets_django_up_itself() -> None:
    """Python looks `realtime.asgi_application` up before it calls `get_asgi_application`."""
    command = [sys.executable, "-c", ASGI]
    subprocess.run(command, cwd=ROOT, env=environment(), check=True, timeout=60)


@pytest.mark.parametrize(
    ("path", "script_name", "root_path", "is_served"),
    [
        ("/headway/ws", None, "", True),
        ("/headway/ws/", None, "", False),
        ("/headway/", None, "", False),
        ("/shop/headway/ws", None, "", False),
        ("/shop/headway/ws", "/shop", "", True),
        ("/headway/ws", "/shop", "", True),
        ("/shop/headway/ws", None, "/shop", True),
        ("/other/headway/ws", "/shop", "", False),
    ],
)
async def test_sockets_are_where_the_pages_are(  # noqa: PLR0913, PLR0917
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    path: str,
    script_name: str | None,
    root_path: str,
    is_served: bool,  # noqa: FBT001
) -> None:
    """A prefix is taken off as Django does for pages, whatever the context says of another one."""
    settings.FORCE_SCRIPT_NAME = script_name
    served: list[type] = []
    for kind in (ProgressConsumer, NoSuchSocket):

        async def serve(self: object, *_: object) -> None:
            served.append(type(self))

        monkeypatch.setattr(kind, "__call__", serve)
    scope = {"type": "websocket", "path": path, "root_path": root_path}
    for said in ("/", "/shop/"):
        set_script_prefix(said)
        await realtime.asgi_application(None)(scope, None, None)
    assert served == [ProgressConsumer if is_served else NoSuchSocket] * 2
