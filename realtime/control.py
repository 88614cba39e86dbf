"""What people ask of jobs: start one, run one again; cancel, pause, resume, answer one."""

from __future__ import annotations

import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from celery import Signature, current_app

from realtime import planting, progress, trees
from realtime.cleaning import text
from realtime.conf import conf
from realtime.errors import BadAnswer, HeadwayError, Refused
from realtime.events import ENDS, Status, Wish
from realtime.models import Job
from realtime.publish import end_elsewhere
from realtime.repeats import arguments_of
from realtime.reporter import get_reporter
from realtime.states import State, read, read_one
from realtime.store import get_store
from realtime.transition import Transition

TAG = 50
"""Characters kept of a tag."""
TEXT = 200
"""Characters shown of what was to be started."""
TAGS = 20
"""Tags kept of a job."""
ANSWER = 2_000
"""Characters of an answer."""
BY = 150
"""Characters kept of who answers."""
PAGE = 500
"""Jobs of a tree that are read and asked together: more would take the store too long."""
PATIENCE = 1.0
"""Seconds that workers have to say what pool they are."""
TERMINATING = ("prefork", "gevent", "eventlet")
"""The pools that can stop a task by force."""
NOT_STARTED = (Status.QUEUED, Status.RETRYING)

NEVER_STARTS = "It was cancelled before it started."
NO_WORKER = "It is cancelled: no worker ran it."
STOPS = "It is asked to stop, and does so at its next progress call."
STOPPED = "It is stopped at once, without cleaning up."
ENDS_LAST = "The jobs below it are asked to stop, and it ends with the last of them."
STOPPED_LAST = "The jobs below it are stopped at once, and it ends with the last of them."
PAUSES = "It waits at its next progress call, until it may go on."
GOES_ON = "It goes on."
ANSWERED = "The answer is on its way to the job."
HELD = "No worker runs it: only the jobs below it can be paused."
ONLY_TREE = "No worker runs it: it can only be cancelled with the jobs below it."
NOT_ASKED = "The job does not ask this, or asks it no more: read its state again."

logger = logging.getLogger("realtime")


def start(
    task: Any,
    *args: Any,
    title: str | None = None,
    owner: Any = None,
    tags: Iterable[str] = (),
    **kwargs: Any,
) -> Job:
    """Queue a task with a title and an owner, and return its job.

    A group, chord or chain has one job for all of it, with one bar, whose parts are below it.
    `owner` is a user; without one it is whoever is signed in to the current request.
    Raises `HeadwayError` when the task is not tracked.
    """
    given = planting.Given(
        title=None if title is None else text(title, conf.TEXT_LENGTH),
        owner=None if owner is None else str(owner.pk),
        tags=[text(tag, TAG) for tag in islice([tags] if type(tags) is str else tags, TAGS)],
    )
    name = str(getattr(task, "name", task))[:TEXT]
    if isinstance(task, Signature):
        return _queued(name, _queue(task, args, kwargs, given))
    return _queued(name, task.apply_async(args, kwargs, headers={"headway": given.header()}).id)


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


def cancel(
    job: str,
    *,
    tree: bool = True,
    terminate: bool = False,
    may: Callable[[State], bool] = lambda _: True,
) -> State:
    """Ask a job to stop at its next progress call; one that has not started never starts.

    With `tree` the unfinished jobs that it has started, and those that they have started, are
    asked too, as far as `may` says so. With `terminate` what runs is stopped at once, without
    cleaning up, in pools that can do so. What stands for the jobs below it ends with the last of
    them. Returns its state as it is then, with a `note` that says what will happen. Raises
    `Refused` when it has ended, or its worker cannot terminate.
    """
    state = _unfinished(job)
    if _is_held_root(state) and not tree:
        raise Refused(ONLY_TREE)
    # Before the family: what is queued meanwhile is in one of the two.
    promised = get_store().promised(state["id"]) if _is_held_root(state) else []
    asked = [state, *(one for one in (_family(state) if tree else ()) if may(one))]
    if terminate:
        _check_pools(asked)
    for page in _pages([*promised, *(one["id"] for one in asked)], PAGE):
        get_store().want(page, Wish.CANCEL)
    waiting = [one["id"] for one in asked if _is_idle(one) and not _is_held_root(one)]
    _revoke([*waiting, *promised])
    if terminate:
        _revoke([one["id"] for one in asked if not _is_idle(one)], terminate=True)
    _end(waiting)
    if _is_held_root(state):
        get_reporter().tell(state["id"])
        note = STOPPED_LAST if terminate else ENDS_LAST
        return {**state, "status": Status.CANCELLING, "wants": Wish.CANCEL, "note": note}
    if job in waiting:
        note = NO_WORKER if state.get("held") else NEVER_STARTS
        return {**(read_one(job) or state), "note": _note(note, asked)}
    note = _note(STOPPED if terminate else STOPS, asked)
    return {**state, "status": Status.CANCELLING, "wants": Wish.CANCEL, "note": note}


def pause(job: str) -> State:
    """Ask a running job to wait at its next progress call. Raises `Refused` unless it runs."""
    state = _unfinished(job)
    if state.get("held"):
        raise Refused(HELD)
    if state["status"] != Status.RUNNING:
        raise Refused(f"expected the job to be running, got: {state['status']}.")
    get_store().want([job], Wish.PAUSE)
    return {**state, "wants": Wish.PAUSE, "note": PAUSES}


def resume(job: str) -> State:
    """Let a paused job go on. Raises `Refused` unless it is paused, or about to be."""
    state = _unfinished(job)
    if state["status"] != Status.PAUSED and get_store().standing(job).wants != Wish.PAUSE:
        raise Refused(f"expected the job to be paused, got: {state['status']}.")
    get_store().want([job], Wish.GO_ON)
    return {**state, "wants": Wish.GO_ON, "note": GOES_ON}


def answer(job: str, said: object, *, question: str | None = None, by: str = "") -> State:
    """Answer what a job asks; the first answer counts.

    `question` is the id of what is answered, the job's open question without it; `by` is who
    answers, as others are told. Raises `BadAnswer` when it is none of the choices, `Refused` when
    nothing is asked, or somebody was faster.
    """
    state = _unfinished(job)
    asked = state.get("question")
    if state["status"] != Status.WAITING or not asked or question not in {None, asked["id"]}:
        raise Refused(NOT_ASKED)
    given = json.dumps({"answer": _checked(said, asked["choices"]), "by": text(by, BY)})
    done = get_store().answer(job, asked["id"], given)
    if not done.kept:
        raise Refused(NOT_ASKED)
    if not done.taken:
        first = json.loads(done.kept)
        raise Refused(f"It was answered already, by {first['by'] or 'somebody'}: {first['answer']}")
    return {**state, "note": ANSWERED}


def _unfinished(job: str) -> State:
    state = read_one(job)
    if state is None:
        raise Refused("There is no such job.")
    if state["status"] in ENDS:
        raise Refused(f"The job has already ended: {state['status']}.")
    return state


def _pages(jobs: list[str], size: int) -> Iterator[list[str]]:
    """Yield the jobs in pages; `itertools` has this since Python 3.12, with tuples."""
    return (jobs[at : at + size] for at in range(0, len(jobs), size))


def _checked(said: object, choices: list[str] | None) -> str:
    if type(said) is not str or not said.strip() or len(said) > ANSWER:
        wanted = f"a text of 1 to {ANSWER} characters"
        raise BadAnswer(wanted if choices is None else _listed(choices), said)
    if choices is not None and said not in choices:
        raise BadAnswer(_listed(choices), said)
    return text(said, ANSWER)


def _listed(choices: list[str]) -> str:
    return f"one of {', '.join(choices)}"


def _family(state: State) -> Iterator[State]:
    """Yield the unfinished jobs that a job has started, and those that they have started."""
    for page in _pages(_descendants(state), PAGE):
        yield from (one for one in read(page).values() if one["status"] not in ENDS)


def _descendants(state: State) -> list[str]:
    """Return the ids of the jobs that a job has started, and of those that they have started."""
    if state["id"] == state["root"]:
        return list(trees.unfinished(state["id"]))
    rows = Job.objects.filter(root=state["root"])
    children = defaultdict(list)
    for child, parent in rows.values_list("pk", "parent"):
        children[str(parent)].append(str(child))
    found = list(children[state["id"]])
    for one in found:  # It grows meanwhile.
        found += children[one]
    return found


def _is_idle(state: State) -> bool:
    """Tell whether no worker runs a job: it has not started, or the jobs below it decide."""
    return state["status"] in NOT_STARTED or bool(state.get("held"))


def _is_held_root(state: State) -> bool:
    """Tell whether a job ends as its tree does, and never by itself."""
    return bool(state.get("held")) and state["id"] == state["root"]


def _check_pools(asked: list[State]) -> None:
    """Raise `Refused` unless the workers of these jobs can stop a task by force."""
    if any(one.get("ttl") for one in asked):
        raise Refused(
            "It runs outside Celery, where nothing is stopped by force. Cancel it without "
            "terminate: its next report is told."
        )
    workers = {str(one["worker"]) for one in asked if not _is_idle(one)}
    if not workers:
        return
    told = _pools(workers)
    for worker in workers:
        pool = told.get(worker, {}).get("pool", {}).get("implementation", "")
        kind = pool.partition(":")[0].rpartition(".")[2]
        if kind not in TERMINATING:
            said = f"got: {kind}" if kind else "got: no answer from the worker"
            raise Refused(
                f"expected the worker's pool to be {' or '.join(TERMINATING)}, {said}. "
                "Cancel it without terminate: it stops at its next progress call."
            )


def _pools(workers: set[str]) -> dict[str, Any]:
    """Return what workers say of themselves, nothing while the broker is away."""
    try:
        # A connection of its own: one from the pool may have died since it was used.
        with current_app.connection_for_read() as connection:
            asking = current_app.control.inspect(
                sorted(workers), timeout=PATIENCE, connection=connection
            )
            return asking.stats() or {}
    except Exception as error:  # noqa: BLE001  each broker has errors of its own
        logger.warning("The broker is away, no worker can be asked for its pool: %r", error)
        return {}


def _revoke(jobs: list[str], *, terminate: bool = False) -> None:
    """Tell all workers; who does not hear it reads the same in the store when the job is due."""
    if not jobs:
        return
    try:
        current_app.control.revoke(jobs, terminate=terminate)
    except Exception as error:  # noqa: BLE001  each broker has errors of its own
        logger.warning("The broker is away, nobody is told that jobs are revoked: %r", error)


def _end(jobs: list[str]) -> None:
    """Record that jobs never start, and wait until that is done."""
    reporter, until = get_reporter(), time.monotonic() + conf.END_TIMEOUT
    ends = [reporter.put(Transition(partial(end_elsewhere, job, Status.CANCELLED))) for job in jobs]
    for end in ends:
        end.wait(max(until - time.monotonic(), 0))


def _note(note: str, asked: list[State]) -> str:
    others = len(asked) - 1
    return f"{note} The same goes for {others} that it has started." if others else note
