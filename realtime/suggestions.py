"""How a word of a search may go on, for who writes it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from realtime import finding, task_names
from realtime.events import Status
from realtime.models import Job
from realtime.reach import Reach
from realtime.search import GROUPS

KEYS = ("status", "task", "owner", "tag", "queue")
"""Words whose values can be told."""
MOST = 20
"""Values that are told."""
RECENT = 500
"""Jobs whose tags are told; their tasks and owners, to who does not see all jobs."""


def of(key: str, start: str, person: Any, reach: Reach) -> list[str]:
    """Return values that begin so, of what a person of this reach may see."""
    start = start.replace("\x00", "")
    return _VALUES[key](start, person, reach)[:MOST]


def _statuses(start: str, person: Any, reach: Reach) -> list[str]:
    del person, reach
    return [word for word in (*Status, *GROUPS) if word.startswith(start)]


def _tasks(start: str, person: Any, reach: Reach) -> list[str]:
    if reach is None:
        return task_names.names(start)
    recent = _recent(person, reach).values_list("name", flat=True)
    return sorted({name for name in recent if name.startswith(start)})


def _queues(start: str, person: Any, reach: Reach) -> list[str]:
    del person
    return [name for name in task_names.queues(start) if name] if reach is None else []


def _owners(start: str, person: Any, reach: Reach) -> list[str]:
    special = [word for word in ("me", "nobody") if word.startswith(start)]
    if reach is not None and not reach:
        return special[:1]
    people = get_user_model()
    word = people.USERNAME_FIELD
    if reach is not None:
        names = _recent(person, reach).values_list(f"owner__{word}", flat=True)
        return [*special, *sorted({str(one) for one in names if one and one.startswith(start)})]
    found = people.objects.filter(Q((f"{word}__startswith", start))).order_by(word)
    return [*special, *map(str, found.values_list(word, flat=True)[:MOST])]


def _tags(start: str, person: Any, reach: Reach) -> list[str]:
    recent = _recent(person, reach).values_list("last__tags", flat=True)
    return sorted({tag for tags in recent for tag in tags or () if tag.startswith(start)})


def _recent(person: Any, reach: Reach) -> QuerySet[Job]:
    page = finding.find(finding.visible(person.pk, reach), "", RECENT)
    return Job.objects.filter(pk__in=[job.pk for job in page.jobs]).order_by()


_VALUES = {
    "status": _statuses,
    "task": _tasks,
    "owner": _owners,
    "tag": _tags,
    "queue": _queues,
}
