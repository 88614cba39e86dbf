"""Uploads under real servers: the memory stays, the sentence arrives."""

import http.client
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client

from core.models import Upload
from tests.processes import Child, web_server
from tests.services import RedisServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SIZE = 60 * 1024**2
STATUS = Path("/proc/self/status")


@pytest.fixture(params=["daphne", "uvicorn"])
def web(
    request: pytest.FixtureRequest, redis: RedisServer, transactional_db: None
) -> Iterator[Child]:
    """Run the service under each server."""
    with web_server(request.param) as one:
        yield one


def peak(web: Child) -> int:
    """Return the most memory that the process has ever had."""
    lines = Path(f"/proc/{web.pid}/status").read_text().splitlines()
    (found,) = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(found) * 1024


def send(web: Child, browser: Client, size: int) -> tuple[int, bytes]:
    """Send a form with a file as browsers do."""
    token = browser.get("/pictures/").cookies["csrftoken"].value
    cookies = f"csrftoken={token}; sessionid={browser.cookies['sessionid'].value}"
    fields = {"csrfmiddlewaretoken": token, "format": "keep", "quality": "80", "widths": "320"}
    part = '--edge\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n'
    head = "".join(part.format(name, "") + value + "\r\n" for name, value in fields.items())
    head += part.format("pictures", '; filename="a.jpg"')
    body = head.encode() + bytes(size) + b"\r\n--edge--\r\n"
    headers = {
        "Content-Type": "multipart/form-data; boundary=edge",
        "Cookie": cookies,
        "Accept": "application/json",
    }
    with closing(http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)) as connection:
        connection.request("POST", "/pictures/", body, headers)
        with connection.getresponse() as answer:
            return answer.status, answer.read()


@pytest.mark.skipif(not STATUS.exists(), reason="the peak of memory is read from /proc")
def test_an_upload_does_not_fill_the_memory(web: Child, ada: User, client: Client) -> None:
    """Twisted's own reading of forms would take twelve times the upload."""
    client.force_login(ada)
    before = peak(web)
    status, said = send(web, client, SIZE)
    assert (status, said[:9]) == (HTTPStatus.OK, b'{"next": ')
    assert Upload.objects.get().size == SIZE
    assert peak(web) - before < 2.5 * SIZE
