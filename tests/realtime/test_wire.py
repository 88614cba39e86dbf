"""Frames that are made once for many sockets: what is written is what servers would write."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

from realtime.uvicorn import KNOWN
from realtime.wire import message
from tests.processes import Child, web_server
from tests.services import RedisServer
from tests.sockets import sign_in, viewer


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536])
def test_the_bytes_are_those_of_a_servers_frame(length: int) -> None:
    """The length takes one byte, three or nine."""
    frame = Frame(Opcode.TEXT, b"x" * length)
    assert message("x" * length).wire == frame.serialize(mask=False)


def test_characters_beyond_ascii_are_counted_as_bytes() -> None:
    """The length is that of the encoded text."""
    frame = Frame(Opcode.TEXT, "进度 ✓".encode())
    assert message("进度 ✓").wire == frame.serialize(mask=False)


def test_other_servers_take_it_as_any_message() -> None:
    """They need not know that it is shared."""
    assert message("{}") == {"type": "websocket.send", "text": "{}"}
    assert json.loads(json.dumps(message("{}")))["text"] == "{}"


def test_the_installed_uvicorn_keeps_connections_as_we_know_them() -> None:
    """Another version would be left alone, and cost half as much again for each delivery."""
    assert set(WebSocketsSansIOProtocol.__init__.__code__.co_names) >= KNOWN


@pytest.fixture
def compressing(redis: RedisServer, transactional_db: None) -> Iterator[Child]:
    """Return a server that compresses for browsers which ask for it."""
    with web_server("uvicorn", UVICORN_WS_PER_MESSAGE_DEFLATE="true") as web:
        yield web


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("compression", ["deflate", None])
async def test_a_socket_that_compresses_is_written_to_by_its_server(
    compressing: Child, ana: Any, compression: str | None
) -> None:
    """Its frames are compressed, and others' beside it are not."""
    cookie = await sync_to_async(sign_in)(ana)
    async with viewer(compressing, cookie, compression=compression) as one:
        await one.watch("mine")
        await one.until(lambda: one.of_type("watching"))
        assert bool(one.socket.protocol.extensions) == (compression is not None)
        assert [frame["type"] for frame in one.frames] == ["welcome", "watching"]
