"""A large file on its way to quick and to slow readers, in a real server."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.test import Client

from realtime import files, publish
from realtime.events import JobState, timestamp
from realtime.models import File
from tests.processes import Child
from tests.services import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MEGABYTE = 1_000_000
SIZE = 200 * MEGABYTE
JOB = "6f0e0000-0000-4000-8000-00000000f11e"


@pytest.fixture
def address(ana: Any, settings: Any) -> Iterator[str]:
    """Keep a large file where the server has its own."""
    settings.MEDIA_ROOT = Path(os.environ["DATA_DIR"]) / "media"
    at = timestamp()
    state = JobState(id=JOB, root=JOB, name="t", owner=str(ana.pk), queued_at=at)
    publish.publish([publish.Change(state=state, order=1, transition=True)])
    yield files.keep(JOB, "large.bin", io.BytesIO(bytes(SIZE)), None)["url"]
    File.objects.get(job_id=JOB).content.delete(save=False)


class Reader:
    """A browser that downloads, and looks at how much memory the server takes meanwhile."""

    def __init__(self, web: Child, user: Any) -> None:
        client = Client()
        client.force_login(user)
        self.cookie = "; ".join(f"{name}={one.value}" for name, one in client.cookies.items())
        self.server = psutil.Process(web.pid)
        self.web = web
        self.most = 0
        self._open: list[HTTPConnection] = []

    def opened(self, address: str, **headers: str) -> HTTPResponse:
        """Ask for a file, and take in the headers alone."""
        connection = HTTPConnection("127.0.0.1", self.web.port, timeout=30)
        self._open.append(connection)
        connection.request("GET", address, headers={"Cookie": self.cookie, **headers})
        return connection.getresponse()

    def close(self) -> None:
        """Go away."""
        for connection in self._open:
            connection.close()

    def look(self) -> None:
        """Note how much memory the server takes."""
        self.most = max(self.most, self.server.memory_info().rss)

    def looked_for(self, seconds: float) -> Any:
        """Return what looks until so much time has passed."""
        until = time.monotonic() + seconds

        def passed() -> bool:
            self.look()
            return time.monotonic() > until

        return passed


def test_a_large_file_fills_no_memory(web: Child, ana: Any, address: str) -> None:
    """200 MB to one who stops reading and to one who does not: the server holds a few of them."""
    with closing(Reader(web, ana)) as reader:
        _download(reader, address)


def _download(reader: Reader, address: str) -> None:
    assert len(reader.opened(address, Range="bytes=0-9").read()) == 10
    reader.look()
    before = reader.most
    reader.opened(address)
    wait_until(reader.looked_for(2), "two seconds to pass")
    held = reader.most - before
    quick, total = reader.opened(address), 0
    while part := quick.read(MEGABYTE):
        total += len(part)
        reader.look()
    assert total == SIZE
    assert held < 30 * MEGABYTE
    assert reader.most - before < 50 * MEGABYTE
