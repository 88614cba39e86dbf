"""What a task that is about to run is told, and what that costs."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime

import pytest

from realtime.admission import FRESH, SKEW, Wished, standing_of
from realtime.events import timestamp
from realtime.store import MemoryStore, Standing
from tests.services import wait_until


class Watchful(MemoryStore):
    """A store that counts how often a single job is looked for."""

    looks = 0

    def standing(self, job: str) -> Standing:
        """Count, and look."""
        self.looks += 1
        return super().standing(job)


@pytest.fixture
def watchful(monkeypatch: pytest.MonkeyPatch) -> Watchful:
    """Return the store that this process asks; nothing was wanted of any job for a while."""
    kept = Watchful()
    kept._wished -= SKEW + 1
    monkeypatch.setattr("realtime.admission.get_store", lambda: kept)
    monkeypatch.setattr("realtime.asking.get_store", lambda: kept)
    monkeypatch.setattr("realtime.admission.wished", Wished())
    return kept


def test_a_job_that_nobody_can_have_cancelled_is_not_looked_for(watchful: Watchful) -> None:
    """One queued after the last wish costs no question."""
    for _ in range(20):
        assert standing_of(str(uuid.uuid4()), timestamp(), fresh=True).wants == ""
    assert watchful.looks == 0


def test_a_job_that_waited_while_people_wanted_something_is_looked_for(watchful: Watchful) -> None:
    """Its own wish is found; one of another job costs a question."""
    queued, one, other = timestamp(), str(uuid.uuid4()), str(uuid.uuid4())
    assert standing_of(one, queued, fresh=True).wants == ""
    watchful.want([one], "cancel")
    wait_until(
        lambda: standing_of(one, queued, fresh=True).wants == "cancel",
        "the wish",
        seconds=10 * FRESH,
    )
    assert standing_of(other, queued, fresh=True).wants == ""
    assert watchful.looks >= 2


def test_clocks_may_differ(watchful: Watchful) -> None:
    """A job that says it was queued a little later than the wish may have been queued before."""
    job = str(uuid.uuid4())
    watchful.want([job], "cancel")
    ahead = timestamp(datetime.fromtimestamp(time.time() + SKEW / 2, UTC))
    assert standing_of(job, ahead, fresh=True).wants == "cancel"


def test_a_job_that_ran_before_is_always_looked_for(watchful: Watchful) -> None:
    """What was wanted of its last run is not told by when it was queued."""
    standing_of(str(uuid.uuid4()), timestamp(), fresh=False)
    assert watchful.looks == 1


def test_another_store_is_asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one store said says nothing of the next."""
    moment, seen = time.time() - 60, Wished()
    for wished_at, expected in ((moment - SKEW - 1, False), (time.time(), True)):
        kept = MemoryStore()
        kept._wished = wished_at
        monkeypatch.setattr("realtime.admission.get_store", lambda kept=kept: kept)
        monkeypatch.setattr("realtime.asking.get_store", lambda kept=kept: kept)
        assert seen.since(moment) is expected
