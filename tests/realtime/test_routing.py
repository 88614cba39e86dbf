"""Our sockets in a router of the project's own."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from django.urls import include, path, re_path

from realtime.consumers import ProgressConsumer
from realtime.routing import websocket_urlpatterns
from tests.processes import web_server
from tests.services import RedisServer
from tests.sockets import sign_in, viewer

[OURS] = websocket_urlpatterns


class Taken:
    """Tells who was asked to serve which path."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand in for the consumer."""
        self.by: list[str] = []
        monkeypatch.setattr(ProgressConsumer, "__call__", self._serve)
        monkeypatch.setattr("realtime.reaper.start", lambda: None)

    async def _serve(self, *_: object) -> None:
        self.by.append("ours")

    @property
    def asgi(self) -> Any:
        """A socket of the project."""

        async def another(*_: object) -> None:
            self.by.append("theirs")

        return another

    async def ask(self, router: Any, address: str, root_path: str = "") -> str:
        """Return who served a path, or which error says that nobody does."""
        scope = {"type": "websocket", "path": address, "root_path": root_path}
        try:
            await router(scope, None, None)
        except ValueError as error:
            return str(error)
        return self.by.pop()


def router(*routes: Any) -> Any:
    """Return a router of a project."""
    return URLRouter(list(routes))


def pages(where: str) -> Any:
    """Return a project's routes with our pages somewhere."""
    routes = ModuleType("routes")
    vars(routes)["urlpatterns"] = [path(where, include("realtime.urls"))]
    return routes


@pytest.mark.parametrize("where", ["headway/", "", "a/b-c/progress/"])
async def test_sockets_follow_the_pages(
    settings: Any, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Wherever the pages are included, and before or after routes of the project."""
    settings.ROOT_URLCONF = pages(where)
    taken = Taken(monkeypatch)
    first, last = router(OURS, re_path("^chat/ws$", taken.asgi)), router(OURS)
    assert await taken.ask(first, f"/{where}ws") == "ours"
    assert await taken.ask(last, f"/{where}ws") == "ours"
    assert await taken.ask(first, "/chat/ws") == "theirs"
    assert "No route found" in await taken.ask(last, f"/{where}ws/")
    assert "No route found" in await taken.ask(last, "/elsewhere/ws")


async def test_routers_may_be_nested(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A route of theirs that looks the same from inside stays theirs."""
    settings.ROOT_URLCONF = pages("live/headway/")
    taken = Taken(monkeypatch)
    theirs = path("ws", taken.asgi)
    inner = router(OURS, theirs)
    whole = router(path("live/", router(path("headway/", inner))), path("chat/", inner), theirs)
    assert await taken.ask(whole, "/live/headway/ws") == "ours"
    assert await taken.ask(whole, "/chat/ws") == "theirs"
    assert await taken.ask(whole, "/ws") == "theirs"


@pytest.mark.parametrize(("script_name", "root_path"), [(None, "/shop"), ("/shop", "")])
async def test_a_prefix_of_the_server_is_taken_off(
    settings: Any, monkeypatch: pytest.MonkeyPatch, script_name: str | None, root_path: str
) -> None:
    """As for pages."""
    settings.FORCE_SCRIPT_NAME = script_name
    taken = Taken(monkeypatch)
    assert await taken.ask(router(OURS), "/shop/headway/ws", root_path) == "ours"


OWN = """
from django.core.asgi import get_asgi_application
from channels.routing import ProtocolTypeRouter, URLRouter

http = get_asgi_application()
from realtime.routing import websocket_urlpatterns
application = ProtocolTypeRouter({"http": http, "websocket": URLRouter(websocket_urlpatterns)})
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
async def test_a_project_serves_our_sockets_by_its_own_router(
    redis: RedisServer, ana: Any, tmp_path: Any, server: str
) -> None:
    """As the README has it."""
    (tmp_path / "own.py").write_text(OWN)
    cookie = await sync_to_async(sign_in)(ana)
    with web_server(server, "own:application", PYTHONPATH=str(tmp_path)) as web:
        async with viewer(web, cookie) as one:
            assert (await one.read())["type"] == "welcome"
