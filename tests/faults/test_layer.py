"""The layer loses what it is given: viewers are healed from the store."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async

from tests.faults import tasks
from tests.faults.cast import Cast
from tests.faults.forms import brief

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

G2_SECONDS = 5.0


@pytest.mark.promise("G1", "G2")
@pytest.mark.parametrize("share", brief([0.01, 0.5, 1.0], 1.0))
async def test_announcements_are_lost(cast: Cast, share: float) -> None:
    """However many announcements are lost, all see the truth within five seconds of the end."""
    await sync_to_async(cast.stage.web)(lossy=True)
    await sync_to_async(cast.stage.worker)(lossy=True)
    jobs = [await cast.start(tasks.walk, 40, pause=0.05, lines=5) for _ in range(4)]
    await cast.audience(8, *(f"job:{job}" for job in jobs), f"log:{jobs[0]}")
    await cast.audience(2, "mine")
    cast.stage.drop(share)
    cast.faulted()
    await cast.recorded()
    await cast.whole(within=G2_SECONDS)
