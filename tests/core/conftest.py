"""What the tests of the service share."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from realtime import progress
from tests.services import RedisServer


@dataclass
class Told:
    """What a task has told `progress`."""

    ok: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    """The reason of each failed item."""
    lines: list[str] = field(default_factory=list)
    """The log."""
    files: dict[str, bytes] = field(default_factory=dict)
    """What was attached."""
    message: str = ""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Keep what a task tells, as no job is there to keep it."""
    kept = Told()

    def ok(n: int = 1) -> None:
        kept.ok += n

    def attach(name: str, path: Path, content_type: str | None = None) -> None:
        kept.files[name] = path.read_bytes()

    def update(current: Any = None, *, message: str | None = None, **_: Any) -> None:
        kept.message = kept.message if message is None else message

    monkeypatch.setattr(progress, "ok", ok)
    monkeypatch.setattr(progress, "failed", lambda item, why: kept.failed.update({item: str(why)}))
    monkeypatch.setattr(progress, "log", lambda text, level="info": kept.lines.append(text))
    monkeypatch.setattr(progress, "attach", attach)
    monkeypatch.setattr(progress, "update", update)
    return kept


@pytest.fixture
def ada(db: None) -> User:
    """Return somebody."""
    return User.objects.create_user("ada", password="x")


@pytest.fixture
def bob(db: None) -> User:
    """Return somebody else."""
    return User.objects.create_user("bob", password="x")


@pytest.fixture(autouse=True)
def own_media(tmp_path: Path, settings: Any, request: pytest.FixtureRequest) -> None:
    """Keep each test's uploads apart, unless a worker has to find them."""
    if "redis" not in request.fixturenames:
        settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def page(ada: User, client: Client, redis: RedisServer) -> Client:
    """Return Ada's browser."""
    client.force_login(ada)
    return client
