"""Starting jobs: a task, or a group, chord or chain, with a title and an owner; one run again."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from celery import Signature, current_app
from django.utils.translation import gettext_noop

from realtime import planting, progress, shares
from realtime.cleaning import text
from realtime.conf import conf
from realtime.errors import HeadwayError, Refused
from realtime.models import Job
from realtime.models.tags import TAG, TAGS
from realtime.owners import key_of
from realtime.repeats import arguments_of
from realtime.states import read_one

TEXT = 200
"""Characters shown of what was to be started."""


def start(
    task: Any,
    *args: Any,
    title: str | None = None,
    owner: Any = None,
    tags: Iterable[str] = (),
    share: bool = False,
    **kwargs: Any,
) -> Job:
    """Queue a task with a title and an owner, and return its job.

    A group, chord or chain has one job for all of it, with one bar, whose parts are below it.
    `owner` is a user; without one it is whoever is signed in to the current request. With `share`
    its `share_token` shows it to who has no account.
    Raises `HeadwayError` when the task is not tracked.
    """
    given = planting.Given(
        title=None if title is None else text(title, conf.TEXT_LENGTH),
        owner=key_of(owner),
        tags=[text(tag, TAG) for tag in islice([tags] if type(tags) is str else tags, TAGS)],
    )
    name = str(getattr(task, "name", task))[:TEXT]
    if isinstance(task, Signature):
        job = _queued(name, _queue(task, args, kwargs, given))
    else:
        sent = task.apply_async(args, kwargs, headers={"headway": given.header()})
        job = _queued(name, sent.id)
    if share:
        job.share_token = shares.share(job)
    return job


def again(job: str, *, only_failed: bool = False) -> Job:
    """Run a job that has ended again, or only its items that failed, and return the new job.

    It has the same task, title, tags and owner. Raises `Refused` with the reason when the job has
    not ended, its arguments were not kept, or its failed items cannot be told from the others.
    """
    state = read_one(str(job))
    if state is None:
        raise Refused(gettext_noop("There is no such job."))
    args, kwargs = arguments_of(state, only_failed=only_failed)
    given = {name: state[name] for name in ("title", "owner", "tags")}
    # A web process need not know the task to name it, nor what can be run again of it.
    headers = {"headway": {**given, "again_of": state["id"], "repeats": state["repeats"]}}
    task: Any = current_app.tasks.get(state["name"]) or current_app.signature(state["name"])
    queue = {"queue": state["queue"]} if state["queue"] else {}
    result = task.apply_async(args, kwargs, headers=headers, **queue)
    return _queued(state["name"], result.id)


def _queued(name: str, job: str) -> Job:
    found = Job.objects.filter(pk=job).first()
    if found is None:
        raise HeadwayError(
            f"expected {name} to be tracked, got: no job. It was queued all the same; see "
            'TRACK and IGNORE in HEADWAY, and whether the app "realtime" is installed and migrated.'
        )
    return found


def _queue(
    signature: Signature, args: tuple[Any, ...], kwargs: dict[str, Any], given: planting.Given
) -> str:
    """Queue a signature, and return the id of the job that stands for all of it."""
    token = planting.given.set(given)
    try:
        result = signature.apply_async(args, kwargs)
    finally:
        planting.given.reset(token)
    # What a task starts is below the task's own job.
    within = progress.current()
    return str(given.root or (within.id if within else result.id))
