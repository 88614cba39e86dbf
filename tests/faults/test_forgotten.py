"""The store has lost everything together with whoever knew: viewers alone remember."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from realtime.events import Status
from tests.faults.page import Page
from tests.faults.world import OWNER, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(
    transactional_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """Return a service in one thread."""
    get_user_model().objects.create_user("ana", password="x", pk=int(OWNER))
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    settings.HEADWAY = {**settings.HEADWAY, "STORE": "memory"}
    one = World(monkeypatch)
    yield one
    one.close()


@pytest.fixture
def job(world: World) -> str:
    """Queue a job that a page watches; its first run has said five lines."""
    job = world.queue()
    page = Page(OWNER, [f"job:{job}", f"log:{job}"])
    world.pages.append(page)
    world.run(page.come())
    world.start(job, redelivers=True).step(lines=5)
    world.wait(1)
    world.run(page.read())
    assert page.screen.after[job] == 5
    return job


@pytest.mark.promise("G6", "G9")
def test_a_run_that_knows_nothing_of_the_log_before_it(world: World, job: str) -> None:
    """Its worker and the store are lost together: all that the next run says is shown, once."""
    world.die(world.runs[0])
    world.lose_store()
    second = world.start(job, redelivered=True)
    second.step(lines=3)
    world.beat()
    second.end(Status.SUCCEEDED)
    world.heal()
    shown = [line["text"] for line in world.pages[0].screen.lines[job]]
    assert shown[5:] == [f"{second.job.run[-6:]} {place}" for place in (1, 2, 3)], shown


@pytest.mark.promise("G3", "G9")
def test_an_end_that_the_store_has_lost_stays(world: World, job: str) -> None:
    """The broker delivers it again, having heard of none: that run is stopped, and says nothing."""
    world.runs[0].end(Status.SUCCEEDED)
    world.wait(1)
    world.note_ends()
    world.lose_store()
    second = world.start(job, redelivered=True)
    second.step()
    assert second.over
    world.heal()
    world.note_ends()
    assert world.pages[0].screen.states[job]["status"] == "succeeded"
    assert not world.pages[0].screen.broken
