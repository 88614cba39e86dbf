"""How a word of a search may go on, for who writes it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from realtime import task_names
from realtime.events import Status
from realtime.models import Job
from realtime.search import GROUPS

KEYS = ("status", "task", "owner", "tag", "queue")
"""Words whose values can be told."""
MOST = 20
"""Values that are told."""
RECENT = 500
"""Jobs whose tags, or one's own jobs whose tasks, are told."""


def of(key: str, start: str, person: Any, *, all_jobs: bool) -> list[str]:
    """Return values that begin so, of what the person may see."""
    start = start.replace("\x00", "")
    found = _VALUES[key]
    return found(start, person, all_jobs=all_jobs)[:MOST]


def _statuses(start: str, person: Any, *, all_jobs: bool) -> list[str]:
    del person, all_jobs
    return [word for word in (*Status, *GROUPS) if word.startswith(start)]


def _tasks(start: str, person: Any, *, all_jobs: bool) -> list[str]:
    if all_jobs:
        return task_names.names(start)
    recent = _recent(person, all_jobs=all_jobs).values_list("name", flat=True)[:RECENT]
    return sorted({name for name in recent if name.startswith(start)})


def _queues(start: str, person: Any, *, all_jobs: bool) -> list[str]:
    del person
    return [name for name in task_names.queues(start) if name] if all_jobs else []


def _owners(start: str, person: Any, *, all_jobs: bool) -> list[str]:
    del person
    special = [word for word in ("me", "nobody") if word.startswith(start)]
    if not all_jobs:
        return special[:1]
    people = get_user_model()
    word = people.USERNAME_FIELD
    found = people.objects.filter(Q((f"{word}__startswith", start))).order_by(word)
    return [*special, *map(str, found.values_list(word, flat=True)[:MOST])]


def _tags(start: str, person: Any, *, all_jobs: bool) -> list[str]:
    recent = _recent(person, all_jobs=all_jobs).values_list("last__tags", flat=True)[:RECENT]
    return sorted({tag for tags in recent for tag in tags or () if tag.startswith(start)})


def _recent(person: Any, *, all_jobs: bool) -> Any:
    own = Q() if all_jobs else Q(("owner_id", person.pk))
    return Job.objects.filter(own).order_by("-queued_at", "-pk")


_VALUES = {
    "status": _statuses,
    "task": _tasks,
    "owner": _owners,
    "tag": _tags,
    "queue": _queues,
}
