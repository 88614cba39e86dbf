"""The pictures of a job, as small pictures of their own on its page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from core.pictures.handover import THUMBNAIL
from realtime.events import Status
from realtime.models import Job
from realtime.permissions import is_over

TASK = "core.jobs.images.resize"
"""The job whose parts are pictures."""
SHOWN = 120
"""Pictures on one page: who watches a tree is sent 200 jobs of it, those of a retry included."""
WORDS: Mapping[str, Any] = {
    Status.QUEUED: gettext_lazy("Waiting"),
    Status.RETRYING: gettext_lazy("Waiting"),
    Status.SUCCEEDED: gettext_lazy("Done"),
    Status.FAILED: gettext_lazy("Failed"),
    Status.CANCELLED: gettext_lazy("Cancelled"),
    Status.LOST: gettext_lazy("Lost"),
    "other": gettext_lazy("Being made"),
}
"""What is said of a picture, by the status of its job."""


@dataclass(frozen=True)
class Tile:
    """One picture of a job."""

    name: str
    """What its owner calls it."""
    status: str
    """The status of its job; `unusable` where that has succeeded and nothing could be made."""
    said: str
    """What is said of it: its reason or a word."""
    thumbnail: str
    """The address of what there is to see, empty while there is nothing."""


@dataclass(frozen=True)
class Tiles:
    """The first pictures of a job."""

    first: Sequence[Tile]
    """At most `SHOWN`."""
    count: int
    """How many there are."""


def tiles_of(job: Job) -> Tiles | None:
    """Return the pictures of a job, None for one of another kind."""
    if job.name != TASK:
        return None
    parts: QuerySet[Job] = Job.objects.filter(root=job.pk).exclude(pk=job.pk)
    # A job that was delivered again may have begun all of them anew: the later ones count.
    first = {part.title: _tile(part) for part in parts.order_by("queued_at", "title")[: 2 * SHOWN]}
    return Tiles(list(first.values())[:SHOWN], max(parts.count(), len(first)))


def _tile(part: Job) -> Tile:
    state = part.state()
    unusable = part.status == Status.SUCCEEDED and state.get("failed")
    status = "unusable" if unusable else part.status
    said = state.get("message") if unusable else WORDS.get(part.status, WORDS["other"])
    return Tile(part.title, status, str(said or ""), _thumbnail(state))


def _thumbnail(state: Mapping[str, Any]) -> str:
    kept = [file for file in state.get("files", ()) if file["name"] == THUMBNAIL]
    return kept[0]["url"] if kept and not is_over(kept[0]) else ""
