"""What becomes of jobs that nobody runs any more, as the process that judges says it.

What their workers might still say is refused from then on: the jobs are taken over, by nobody.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.utils.translation import gettext_noop

from realtime import trees
from realtime.conf import conf
from realtime.events import JobState, Status, timestamp
from realtime.language import speaking
from realtime.publish import FORGOTTEN_STEP, Change, stopped, unheard, worker_lost
from realtime.states import State

ORPHANED = gettext_noop("The queue has lost it. It can be started again.")
FORSAKEN = gettext_noop("A job for which it has waited is lost. It can be started again.")


def verdict(known: State, floor: int) -> Change:
    """Return what becomes of a job whose worker has died, unless it is heard meanwhile.

    It is lost, or waits for the broker to deliver it again.
    """
    again, ttl = bool(known.get("redelivers")), known.get("ttl") or 0
    error = worker_lost(comes_back=again)
    if ttl:
        with speaking(known.get("language") or ""):
            error = unheard(ttl)
    state = stopped(known, Status.RETRYING if again else Status.LOST, error=error)
    return _taken_over(state, floor, ttl or conf.LEASE)


def succeeded(known: State, floor: int, done_at: datetime) -> Change:
    """Return the end of a job whose worker died before it could tell it, but had kept the result.

    How long it took is told by the worker's clock, which began it.
    """
    at = timestamp(done_at)
    more = {"fraction": 1.0, "started_at": known["started_at"] or at, "finished_at": at}
    state = stopped(known, Status.SUCCEEDED, **more)
    return _taken_over(state, floor, conf.LEASE)


def given_up(known: State, floor: int) -> Change:
    """Return the end of a job whose message is lost, unless it is heard of meanwhile."""
    return _taken_over(_orphaned(known, ORPHANED), floor, conf.ORPHAN)


def forsaken(held: State) -> Change:
    """Return the end of a held job about which nobody will decide, unless it is heard meanwhile.

    Its message was acknowledged when others took its place, so no broker brings it back.
    """
    state = _orphaned(held, FORSAKEN)
    if state.id == state.root:
        state = state.changed(children=trees.counted(state.root))
    return _taken_over(state, held["seq"], conf.LEASE)


def _orphaned(known: State, text: str) -> JobState:
    error = {"kind": "Orphaned", "text": text, "public": True}
    return stopped(known, Status.LOST, held=False, error=error)


def _taken_over(state: JobState, floor: int, silent_for: float) -> Change:
    return Change(
        state=state,
        order=max(state.attempt, 1),
        run=uuid.uuid4().hex,
        claim=True,
        floor=floor,
        after=FORGOTTEN_STEP,
        transition=True,
        silent_for=silent_for,
    )
