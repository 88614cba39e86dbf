"""What the service brings along where nothing is given."""

from __future__ import annotations

import socket

import pytest

from core import embedded


def test_a_free_port_is_none_that_connections_are_given() -> None:
    """Else it could be taken between now and the server's start."""
    ports = {embedded.free_port() for _ in range(20)}
    assert ports <= set(range(20_000, 32_768))
    assert len(ports) > 1
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()


def test_a_port_that_is_taken_is_not_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all are, a sentence says so."""
    port = embedded.free_port()
    monkeypatch.setattr(embedded, "NEVER_GIVEN", range(port, port + 1))
    assert embedded.free_port() == port
    wanted = f"expected a free port from {port} to {port}, got: none"
    with socket.create_server(("127.0.0.1", port)), pytest.raises(OSError, match=wanted):
        embedded.free_port()
