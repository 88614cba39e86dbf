"""Sees to jobs that no worker runs, because others decide about them; the reaper asks it to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db.models import F

from realtime.conf import conf
from realtime.events import CANVAS, ENDS, Status
from realtime.models import Job
from realtime.reporter import get_reporter
from realtime.states import State
from realtime.store import get_store

OLDEST = 200
"""Waiting jobs that are looked at in one round, the oldest first: they are next to start."""
PAGE = 1_000
"""Jobs of a tree that are looked through for one that goes on."""


def look_after(known: State) -> bool:
    """See to a held job that was not heard of; False when nobody will ever decide about it."""
    job = known["id"]
    if known["final"] != job:
        get_reporter().tell(job)
    elif not _others_run(known):
        return False
    get_store().renew([job])
    return True


def tell_again(jobs: list[str]) -> None:
    """Tell of those jobs, which the store has lost, about which their trees decide.

    Nobody else may speak of them for a while: those below them may all wait.
    """
    roots = Job.objects.filter(pk__in=jobs, root=F("pk"))
    for job, held in roots.values_list("pk", "last__held"):
        if held:
            get_reporter().tell(str(job))


def look_after_waiting() -> None:
    """Tell of the roots that nobody has told of since they were queued.

    Their jobs may have ended with the process that would have told of them.
    """
    before = datetime.now(UTC) - timedelta(seconds=conf.LEASE)
    waiting = Job.objects.filter(status=Status.QUEUED, queued_at__lt=before).order_by("queued_at")
    for job, name in waiting.values_list("pk", "name")[:OLDEST]:
        if name in CANVAS:
            get_reporter().tell(str(job))


def _others_run(known: State) -> bool:
    """Tell whether any job of the tree goes on that is not itself decided about by others."""
    below = Job.objects.filter(root=known["root"]).exclude(status__in=ENDS)
    below = below.exclude(pk__in=(known["id"], known["root"]))
    return any(not last.get("held") for last in below.values_list("last", flat=True)[:PAGE])
