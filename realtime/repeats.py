"""With which arguments a job is run again: all of them, or those of its items that failed."""

from __future__ import annotations

import inspect
from typing import Any

from celery import current_app

from realtime.calls import ITEMS, REASONS, WHOLE, items_argument, read_call
from realtime.conf import conf
from realtime.errors import Refused
from realtime.events import ENDS
from realtime.models import Item, Job
from realtime.plain import canonical, item_as_json
from realtime.states import State

UNKNOWN = "Its arguments were not kept when it was queued."

Arguments = tuple[list[Any], dict[str, Any]]


def arguments_of(state: State, *, only_failed: bool) -> Arguments:
    """Return with what a job is run again; raises `Refused` with the reason when it cannot be."""
    if state["status"] not in ENDS:
        raise Refused(f"The job has not ended yet: {state['status']}.")
    repeats = state.get("repeats", "")
    if repeats not in {WHOLE, ITEMS}:
        raise Refused(REASONS.get(repeats, UNKNOWN))
    kept = Job.objects.filter(pk=state["id"]).values_list("call", flat=True).first()
    if not kept:
        raise Refused(UNKNOWN)
    args, kwargs = read_call(kept)
    return _narrowed(state, args, kwargs) if only_failed else (args, kwargs)


def _narrowed(state: State, args: list[Any], kwargs: dict[str, Any]) -> Arguments:
    """Return the arguments with the failed items alone."""
    if not state["failed"]:
        raise Refused("None of its items failed.")
    task = current_app.tasks.get(state["name"])
    argument = items_argument(task)
    if task is None or not argument:
        raise Refused("Its task does not say which argument is its list of items: see items().")
    bound = inspect.signature(task.run).bind(*args, **kwargs)
    bound.arguments[argument] = _failed(state, argument, bound.arguments.get(argument))
    return list(bound.args), bound.kwargs


def _failed(state: State, argument: str, given: Any) -> list[Any]:
    """Return those elements of a list that have failed, as they were given and in their order."""
    found = Item.objects.filter(job_id=state["id"], outcome="failed")
    failed = [canonical(item) for item in found.values_list("item", flat=True)]
    if len(failed) < state["failed"]:
        raise Refused(
            f"Only {len(failed):,} of {state['failed']:,} failed items were kept, at most "
            f"{conf.ITEMS:,} are: run all of them again."
        )
    known = {item_as_json(one) for one in given} if isinstance(given, list) else set()
    strange = len(set(failed) - known)
    if strange:
        raise Refused(
            f"expected the failed items to be elements of {argument}, got: {strange:,} that are "
            "none. Run all of them again."
        )
    wanted = set(failed)
    return [one for one in given if item_as_json(one) in wanted]
