"""The ways to import a list: its good rows, all or none, or only to try."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from core import uploads
from core.jobs import transfer
from core.models import Person, Upload
from core.people import staging
from realtime import Cancelled, JobError, progress
from realtime.states import read_one
from tests.bench.house import running_job
from tests.core.conftest import Told
from tests.services import RedisServer, wait_until

COLUMNS = {"email": 0, "name": 1}
GOOD = "mail,name\n" + "".join(f"p{n:02}@b.org,P{n}\n" for n in range(20))


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write a few people at a time."""
    monkeypatch.setattr(staging, "PART", 6)


@pytest.fixture
def brought(ada: User, tmp_path: Path) -> Callable[..., dict[str, int]]:
    """Return what imports a text in a way."""

    def bring(text: str, way: str) -> dict[str, int]:
        (tmp_path / "list.csv").write_text(text)
        pk = str(uploads.keep_path(ada, tmp_path / "list.csv").pk)
        return transfer.import_people(pk, COLUMNS, way)

    return bring


def elsewhere(look: Callable[[], Any]) -> Any:
    """Return what another connection sees."""

    def looked() -> Any:
        try:
            return look()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(looked).result()


def test_to_try_changes_nothing(brought: Callable[..., dict[str, int]], told: Told) -> None:
    """It says what an import would do, also of a person on two rows, and keeps the file."""
    brought("mail,name\np00@b.org,Old\np01@b.org,P1\n", "good")
    found = brought(GOOD + "p05@b.org,Other\nnobody,X\n", "try")
    assert found == {"new": 18, "updated": 1, "unchanged": 1, "repeated": 1, "rejected": 1}
    assert told.message == (
        "Only tried: 18 new, 1 updated, 1 unchanged, 1 repeated, 1 rejected. Nothing was changed"
    )
    assert Person.objects.count() == 2
    assert "nobody" in told.files["rejected.csv"].decode()


def test_what_was_tried_is_what_happens(brought: Callable[..., dict[str, int]], told: Told) -> None:
    """Whichever way it is then brought in."""
    tried = brought(GOOD, "try")
    assert brought(GOOD, "all") == tried
    assert Person.objects.count() == 20


@pytest.mark.parametrize(("way", "people"), [("good", 20), ("all", 0)])
def test_one_bad_row_stops_all_or_none(
    way: str, people: int, brought: Callable[..., dict[str, int]], told: Told
) -> None:
    """Where that was wanted; the file is kept, also for another choice."""
    try:
        brought(GOOD + "nobody,X\n", way)
    except JobError as error:
        said = str(error)
        assert way == "all"
        assert said.startswith("Nothing was imported, as you wanted all rows or none: 1 cannot")
        assert "line 22: “nobody” is not an e-mail address" in said
    assert Person.objects.count() == people
    assert Upload.objects.count() == 1
    assert "nobody" in told.files["rejected.csv"].decode()


def test_good_rows_stay_when_the_import_is_stopped(
    brought: Callable[..., dict[str, int]], told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were written; started again it goes on with the others."""
    monkeypatch.setattr(progress, "advance", _cancel)
    with pytest.raises(Cancelled):
        brought(GOOD, "good")
    assert Person.objects.count() == told.ok == 6
    monkeypatch.undo()
    assert brought(GOOD, "good")["unchanged"] == 6


def _cancel(n: int) -> None:
    raise Cancelled


@pytest.mark.django_db(transaction=True)
def test_the_bar_moves_while_nobody_sees_the_rows(
    redis: RedisServer,
    brought: Callable[..., dict[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Until all of them are there; when they are taken back instead, the bar says that too."""
    counted = [6, 12, 18]
    plain = progress.advance

    def advance(n: float) -> None:
        plain(n)
        wanted = counted.pop(0)
        wait_until(lambda: shown(job.id)["current"] == wanted, "the bar to move", seconds=20)
        assert shown(job.id)["ok"] == elsewhere(Person.objects.count) == 0
        if not counted:
            raise Cancelled

    monkeypatch.setattr(progress, "advance", advance)
    with running_job() as job:
        with pytest.raises(Cancelled):
            brought(GOOD, "all")
        wait_until(lambda: shown(job.id)["message"] == "Nothing was changed", "it to be said")
    assert Person.objects.count() == 0


def shown(job: str) -> dict[str, Any]:
    """Return what a viewer sees."""
    return read_one(job) or {"current": None, "message": ""}
