"""What people ask of jobs that have not ended: cancel, pause, resume, answer one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from realtime import pools, trees
from realtime.calls import BACKGROUND
from realtime.cleaning import text
from realtime.conf import conf
from realtime.errors import BadAnswer, Refused
from realtime.events import ENDS, Status, Wish
from realtime.family import family, is_held_root, is_idle, pages, unfinished
from realtime.publish import end_elsewhere
from realtime.reporter import get_reporter
from realtime.states import State, read, read_one
from realtime.store import get_store
from realtime.transition import Transition
from realtime.trees import PAGE

ANSWER = 2_000
"""Characters of an answer."""
BY = 150
"""Characters kept of who answers."""

NEVER_STARTS = "It was cancelled before it started."
NO_WORKER = "It is cancelled: no worker ran it."
STOPS = "It is asked to stop, and does so at its next progress call."
STOPPED = "It is stopped at once, without cleaning up."
ENDS_LAST = "The jobs below it are asked to stop, and it ends with the last of them."
STOPPED_LAST = "The jobs below it are stopped at once, and it ends with the last of them."
PAUSES = "It waits at its next progress call, until it may go on."
ALL_PAUSE = "The jobs below it wait, at their next progress call or their start, until it goes on."
GOES_ON = "It goes on."
NOTES = {
    (Wish.PAUSE, False): PAUSES,
    (Wish.PAUSE, True): ALL_PAUSE,
    (Wish.GO_ON, False): GOES_ON,
    (Wish.GO_ON, True): GOES_ON,
}
"""What happens, of a job and of one that stands for those below it."""
ANSWERED = "The answer is on its way to the job."
WEB = gettext_noop("It runs in a web process, where nothing may wait. It can be cancelled.")
HELD = gettext_noop(
    "Its task was replaced by others, and no worker runs it: only those can be paused."
)
ONLY_TREE = gettext_noop("No worker runs it: it can only be steered with the jobs below it.")
NOT_ASKED = gettext_noop("The job does not ask this, or asks it no more: read its state again.")


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
    state = unfinished(job)
    check(state, Wish.CANCEL, tree=tree)
    asked, promised = _meant(state, tree=tree, may=may)
    if terminate:
        pools.check(asked)
    leave(Wish.CANCEL, asked, promised)
    if terminate:
        asked = _anew(asked)
    waiting = [one["id"] for one in asked if is_idle(one) and not is_held_root(one)]
    pools.revoke([*waiting, *promised])
    if terminate:
        pools.revoke([one["id"] for one in asked if not is_idle(one)], terminate=True)
    end_unstarted(waiting)
    if is_held_root(state):
        get_reporter().tell(state["id"])
        note = STOPPED_LAST if terminate else ENDS_LAST
        return {**state, "status": Status.CANCELLING, "wants": Wish.CANCEL, "note": note}
    if job in waiting:
        note = NO_WORKER if state.get("held") else NEVER_STARTS
        return {**(read_one(job) or state), "note": _note(note, asked)}
    note = _note(STOPPED if terminate else STOPS, asked)
    return {**state, "status": Status.CANCELLING, "wants": Wish.CANCEL, "note": note}


def pause(job: str, *, tree: bool = True, may: Callable[[State], bool] = lambda _: True) -> State:
    """Ask a running job to wait at its next progress call, and so with `tree` all below it.

    Those that wait for a worker wait at their start. What stands for the jobs below it is paused
    when none of them works. Raises `Refused` unless the job runs.
    """
    state = unfinished(job)
    check(state, Wish.PAUSE, tree=tree)
    return _steer(state, Wish.PAUSE, tree=tree, may=may)


def resume(job: str, *, tree: bool = True, may: Callable[[State], bool] = lambda _: True) -> State:
    """Let a paused job go on, and with `tree` all below it.

    Raises `Refused` unless it is paused, or about to be.
    """
    state = unfinished(job)
    check(state, Wish.GO_ON, tree=tree)
    return _steer(state, Wish.GO_ON, tree=tree, may=may)


def check(state: State, wish: Wish, *, tree: bool) -> None:
    """Raise `Refused` unless an unfinished job takes this wish as it is now."""
    if wish is Wish.PAUSE:
        _check_pause(state)
    waits = state["status"] == Status.PAUSED
    if wish is Wish.GO_ON and not waits and get_store().standing(state["id"]).wants != Wish.PAUSE:
        wanted = _("expected the job to be paused, got: %(status)s.")
        raise Refused(wanted % {"status": state["status"]})
    if is_held_root(state) and not tree:
        raise Refused(ONLY_TREE)


def _check_pause(state: State) -> None:
    if state.get("held") and not is_held_root(state):
        raise Refused(HELD)
    if state.get("repeats") == BACKGROUND and not state.get("held"):
        raise Refused(WEB)
    if state["status"] != Status.RUNNING:
        wanted = _("expected the job to be running, got: %(status)s.")
        raise Refused(wanted % {"status": state["status"]})


def _steer(state: State, wish: Wish, *, tree: bool, may: Callable[[State], bool]) -> State:
    """Leave a wish for a job and what it has started, and return its state with what happens."""
    leave(wish, *_meant(state, tree=tree, may=may))
    if is_held_root(state):
        get_reporter().tell(state["id"])
    return {**state, "wants": wish, "note": NOTES[wish, is_held_root(state)]}


def _meant(
    state: State, *, tree: bool, may: Callable[[State], bool]
) -> tuple[list[State], list[str]]:
    """Return a job with the jobs below it that are meant too, and those that are to follow."""
    if not tree:
        return [state], []
    # Before the family: what is queued meanwhile is in one of the two.
    promised = trees.followers(state["id"]) if state["id"] == state["root"] else []
    return [state, *(one for one in family(state) if may(one))], promised


def _anew(asked: list[State]) -> list[State]:
    """Return these jobs as they are now, without those that have ended.

    Some have begun since they were read. Who begins after a wish was left is told of it.
    """
    found = [read(page) for page in pages([one["id"] for one in asked], PAGE)]
    return [one for page in found for one in page.values() if one["status"] not in ENDS]


def leave(wish: Wish, asked: list[State], promised: list[str]) -> None:
    """Leave a wish for jobs, and for those that are to follow them."""
    for page in pages([*promised, *(one["id"] for one in asked)], PAGE):
        get_store().want(page, wish)


def answer(job: str, said: object, *, question: str | None = None, by: str = "") -> State:
    """Answer what a job asks; the first answer counts.

    `question` is the id of what is answered, the job's open question without it; `by` is who
    answers, as others are told. Raises `BadAnswer` when it is none of the choices, `Refused` when
    nothing is asked, or somebody was faster.
    """
    state = unfinished(job)
    asked = state.get("question")
    if state["status"] != Status.WAITING or not asked or question not in {None, asked["id"]}:
        raise Refused(NOT_ASKED)
    given = json.dumps({"answer": _checked(said, asked["choices"]), "by": text(by, BY)})
    done = get_store().answer(job, asked["id"], given)
    if not done.kept:
        raise Refused(NOT_ASKED)
    if not done.taken:
        first = json.loads(done.kept)
        before = _("It was answered already, by %(by)s: %(answer)s")
        raise Refused(before % {"by": first["by"] or _("somebody"), "answer": first["answer"]})
    return {**state, "note": ANSWERED}


def _checked(said: object, choices: list[str] | None) -> str:
    if type(said) is not str or not said.strip() or len(said) > ANSWER:
        wanted = f"a text of 1 to {ANSWER} characters"
        raise BadAnswer(wanted if choices is None else _listed(choices), said)
    if choices is not None and said not in choices:
        raise BadAnswer(_listed(choices), said)
    return text(said, ANSWER)


def _listed(choices: list[str]) -> str:
    return f"one of {', '.join(choices)}"


def end_unstarted(jobs: list[str]) -> None:
    """Record that jobs never start, and wait until that is done, `END_TIMEOUT` at most.

    Their states are read after the wish was left: who starts now is told of it.
    """
    reporter, until = get_reporter(), time.monotonic() + conf.END_TIMEOUT
    makers = [
        partial(end_elsewhere, job, Status.CANCELLED, known=state)
        for job, state in read(jobs).items()
        if is_idle(state)
    ]
    ends = [reporter.put(Transition(make)) for make in makers]
    for end in ends:
        end.wait(max(until - time.monotonic(), 0))


def _note(note: str, asked: list[State]) -> str:
    others = len(asked) - 1
    return f"{note} The same goes for {others} that it has started." if others else note
