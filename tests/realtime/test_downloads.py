"""Files that jobs leave: downloaded whole or in part, without filling the memory, for a time."""

from __future__ import annotations

import io
import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.test import Client
from django.utils import timezone

from realtime import expiry, files, publish
from realtime.conf import conf
from realtime.errors import BadFile
from realtime.events import JobState, timestamp
from realtime.expiry import Expiry
from realtime.known import Known
from realtime.models import File, Job
from realtime.permissions import Role
from realtime.store import get_store
from tests.services import RedisServer, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folder(redis: RedisServer, settings: Any, tmp_path: Path, monkeypatch: Any) -> Path:
    """Keep files where nobody else does, and announce nothing."""
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
    return tmp_path


def left(owner: Any, *kept: tuple[str, bytes], keep: float | None = None) -> str:
    """Return a job that has ended and left files."""
    job = str(uuid.uuid4())
    at = timestamp()
    state = JobState(id=job, root=job, name="t", owner=str(owner.pk), queued_at=at)
    publish.publish([publish.Change(state=state, order=1, transition=True)])
    shown = [files.keep(job, name, io.BytesIO(data), None, keep_for=keep) for name, data in kept]
    end = state.changed(status="succeeded", finished_at=at, files=shown)
    publish.publish([publish.Change(state=end, order=1, transition=True)])
    return job


def client_of(user: Any) -> Client:
    """Return a browser in which this user is signed in."""
    client = Client()
    client.force_login(user)
    return client


def address(job: str, name: str) -> str:
    """Return where a file is."""
    return f"/headway/api/jobs/{job}/files/{name}"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-3", 0, 3),
        ("bytes=4-", 4, 9),
        ("bytes=-3", 7, 9),
        ("bytes=8-100", 8, 9),
        ("bytes=-100", 0, 9),
    ],
)
def test_a_part_of_a_file(ana: Any, asked: str, start: int, end: int) -> None:
    """206 with what it is of the whole."""
    job = left(ana, ("a.txt", b"0123456789"))
    answer = client_of(ana).get(address(job, "a.txt"), headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.getvalue() == b"0123456789"[start : end + 1]
    assert answer["Content-Range"] == f"bytes {start}-{end}/10"
    assert answer["Content-Length"] == str(end - start + 1)


@pytest.mark.parametrize(
    "asked", ["", "bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,4-5", "items=0-1", "bytes=x-y"]
)
def test_what_is_no_range_is_answered_with_the_whole(ana: Any, asked: str) -> None:
    """As it is without one, and with how to ask better."""
    job = left(ana, ("a.txt", b"0123456789"))
    answer = client_of(ana).get(address(job, "a.txt"), headers={"Range": asked})
    assert (answer.status_code, answer.getvalue()) == (200, b"0123456789")
    assert (answer["Accept-Ranges"], answer["Content-Length"]) == ("bytes", "10")
    assert answer["Content-Disposition"] == 'attachment; filename="a.txt"'


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(ana: Any, asked: str) -> None:
    """416 with how much there is."""
    job = left(ana, ("a.txt", b"0123456789"))
    answer = client_of(ana).get(address(job, "a.txt"), headers={"Range": asked})
    assert (answer.status_code, answer["Content-Range"]) == (416, "bytes */10")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_download_goes_on_only_with_the_same_file(ana: Any) -> None:
    """`If-Range` names the content that the browser has a part of."""
    job = left(ana, ("a.txt", b"0123456789"))
    client = client_of(ana)
    tag = client.head(address(job, "a.txt"))["ETag"]
    part = {"Range": "bytes=5-", "If-Range": tag}
    assert client.get(address(job, "a.txt"), headers=part).getvalue() == b"56789"
    files.keep(job, "a.txt", io.BytesIO(b"abcdefghij"), None)
    assert client.get(address(job, "a.txt"), headers=part).getvalue() == b"abcdefghij"


def test_only_the_headers_of_a_file(ana: Any) -> None:
    """HEAD tells the size and sends nothing."""
    job = left(ana, ("a.txt", b"0123456789"))
    answer = client_of(ana).head(address(job, "a.txt"))
    assert (answer.status_code, answer["Content-Length"], answer.content) == (200, "10", b"")


def test_a_file_that_is_kept_no_longer(ana: Any, ben: Any, folder: Path) -> None:
    """Not listed from that moment on; 410 before and after it is taken away."""
    job = left(ana, ("old.txt", b"old"), keep=3_600)
    files.keep(job, "other.txt", io.BytesIO(b"other"), None, keep_for=0)
    client = client_of(ana)
    assert [one["name"] for one in client.get(f"/headway/api/jobs/{job}").json()["files"]] == [
        "old.txt"
    ]
    _pass_an_hour(job)
    for taken_away in (False, True):
        assert client.get(f"/headway/api/jobs/{job}").json()["files"] == []
        answer = client.get(address(job, "old.txt"))
        assert (answer.status_code, answer.json()["title"]) == (410, "Gone")
        assert client.get(address(job, "never.txt")).status_code == 404
        assert client_of(ben).get(address(job, "old.txt")).status_code == 404
        if not taken_away:
            Expiry().look()
    assert [path.name for path in folder.rglob("*.txt")] == ["other.txt"]
    assert client.get(address(job, "other.txt")).getvalue() == b"other"


def _pass_an_hour(job: str) -> None:
    """Let the files of a job be an hour older, in their rows and in its state."""
    ago = timezone.now() - timedelta(seconds=1)
    File.objects.filter(job_id=job, expires_at__isnull=False).update(expires_at=ago)
    row = Job.objects.get(pk=job)
    for file in row.last["files"]:
        file["expires_at"] = timestamp(ago)
    row.save()
    store: Any = get_store()
    store._redis.delete(f"{conf.PREFIX}:job:{{{job}}}")


def test_a_socket_is_sent_no_file_that_is_over(monkeypatch: Any) -> None:
    """Also from a state that was encoded before."""
    at = timestamp(timezone.now() + timedelta(seconds=60))
    file = {"name": "a", "size": 1, "url": "/a", "expires_at": at}
    state = {**JobState(id="x").changed(files=[file]).values(), "seq": 1, "log": 0}
    known = Known(state)
    assert '"name":"a"' in known.frame(Role.OWNER)["text"]
    later = timestamp(timezone.now() + timedelta(seconds=61))
    for module in ("known", "permissions"):
        monkeypatch.setattr(f"realtime.{module}.timestamp", lambda: later)
    assert '"files":[]' in known.text(Role.OWNER)
    assert '"files":[]' in known.frame(Role.OWNER)["text"]


def test_files_are_taken_away_a_few_at_a_time(ana: Any, folder: Path, monkeypatch: Any) -> None:
    """One that the storage holds fast keeps no other, and is tried again an hour later."""
    monkeypatch.setattr(expiry, "BATCH", 2)
    job = left(ana, *((f"{n}.txt", b"text") for n in range(5)), keep=0.001)
    wait_until(lambda: all(file.expired for file in File.objects.all()), "all to be over")
    delete = FileSystemStorage.delete

    def held(storage: FileSystemStorage, name: str) -> None:
        if Path(name).name == "2.txt":
            raise PermissionError(name)
        delete(storage, name)

    monkeypatch.setattr(FileSystemStorage, "delete", held)
    one = Expiry()
    left_over = []
    for _ in range(4):
        one.look()
        left_over.append(File.objects.filter(job_id=job).count())
    assert left_over == [3, 2, 1, 1]
    assert [path.name for path in folder.rglob("*.txt")] == ["2.txt"]
    monkeypatch.undo()
    monkeypatch.setattr("realtime.expiry.time.monotonic", lambda: time.time() * 2)
    one.look()
    assert not File.objects.filter(job_id=job).exists()


@pytest.mark.parametrize("wrong", [-1, "a week", object(), float("nan")])
def test_how_long_a_file_is_kept_is_a_number(ana: Any, wrong: Any) -> None:
    """Anything else is refused, with what was expected; the longest is a hundred years."""
    job = left(ana)
    with pytest.raises(BadFile, match="expected keep to be seconds from 0"):
        files.keep(job, "a", io.BytesIO(b""), None, keep_for=wrong)
    assert files.keep(job, "a", io.BytesIO(b""), None, keep_for=1e300)["expires_at"] > timestamp()
    assert files.keep(job, "a", io.BytesIO(b""), None, keep_for=0)["expires_at"] is None
