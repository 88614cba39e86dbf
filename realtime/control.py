"""What people ask of jobs: start one, run one again, cancel one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from celery import current_app

from realtime.cleaning import text
from realtime.conf import conf
from realtime.errors import HeadwayError, Refused
from realtime.events import ENDS, Status
from realtime.models import Job
from realtime.publish import end_elsewhere
from realtime.repeats import arguments_of
from realtime.reporter import get_reporter
from realtime.states import State, read_one
from realtime.store import get_store
from realtime.transition import Transition

TAG = 50
"""Characters kept of a tag."""
TAGS = 20
"""Tags kept of a job."""


def start(
    task: Any,
    *args: Any,
    title: str | None = None,
    owner: Any = None,
    tags: Iterable[str] = (),
    **kwargs: Any,
) -> Job:
    """Queue a task with a title and an owner, and return its job.

    `owner` is a user; without one it is whoever is signed in to the current request.
    Raises `HeadwayError` when the task is not tracked.
    """
    given = {
        "title": None if title is None else text(title, conf.TEXT_LENGTH),
        "owner": None if owner is None else str(owner.pk),
        "tags": [text(tag, TAG) for tag in islice([tags] if type(tags) is str else tags, TAGS)],
    }
    result = task.apply_async(args, kwargs, headers={"headway": given})
    return _queued(task.name, result.id)


def again(job: str, *, only_failed: bool = False) -> Job:
    """Run a job that has ended again, or only its items that failed, and return the new job.

    It has the same task, title, tags and owner. Raises `Refused` with the reason when the job has
    not ended, its arguments were not kept, or its failed items cannot be told from the others.
    """
    state = read_one(str(job))
    if state is None:
        raise Refused("There is no such job.")
    args, kwargs = arguments_of(state, only_failed=only_failed)
    given = {name: state[name] for name in ("title", "owner", "tags")}
    headers = {"headway": {**given, "again_of": state["id"]}}
    # A web process need not know the task to name it.
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


def cancel(job: str) -> State:
    """Ask a job to stop at its next progress call; one that has not started never starts.

    Returns its state as it is then. Raises `Refused` when it has ended.
    """
    state = read_one(job)
    if state is None:
        raise Refused("There is no such job.")
    if state["status"] in ENDS:
        raise Refused(f"The job has already ended: {state['status']}.")
    get_store().ask(job, "cancel")
    if state["status"] in {Status.QUEUED, Status.RETRYING}:
        current_app.control.revoke(job)
        ended = get_reporter().put(Transition(lambda: end_elsewhere(job, Status.CANCELLED)))
        ended.wait(conf.END_TIMEOUT)
        return read_one(job) or state
    return {**state, "status": Status.CANCELLING}
