"""With which arguments a job is run again: all of them, or those of its items that failed."""

from __future__ import annotations

import inspect
from typing import Any

from celery import current_app
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from realtime.calls import ITEMS, REASONS, WHOLE, items_argument, items_flag, read_call
from realtime.conf import conf
from realtime.errors import Refused
from realtime.events import ENDS
from realtime.models import Item, Job
from realtime.plain import canonical, item_as_json
from realtime.states import State

UNKNOWN = gettext_noop("Its arguments were not kept when it was queued.")

Arguments = tuple[list[Any], dict[str, Any]]


def arguments_of(state: State, *, only_failed: bool) -> Arguments:
    """Return with what a job is run again; raises `Refused` with the reason when it cannot be."""
    if state["status"] not in ENDS:
        raise Refused(_("The job has not ended yet: %(status)s.") % {"status": state["status"]})
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
        raise Refused(gettext_noop("None of its items failed."))
    task = task_of(state["name"])
    if task is None:
        unknown = _("The web process cannot import %(task)s: run all of it again.")
        raise Refused(unknown % {"task": state["name"]})
    argument, flag = items_argument(task), items_flag(task)
    if not (argument or flag):
        raise Refused(
            gettext_noop("Its task does not say which argument is its list of items: see items().")
        )
    bound = inspect.signature(task.run).bind(*args, **kwargs)
    if flag:
        bound.arguments[flag] = True
    else:
        bound.arguments[argument] = _failed(state, argument, bound.arguments.get(argument))
    return list(bound.args), bound.kwargs


def task_of(name: str) -> Any:
    """Return a task; a web process has not imported all that its Celery application names."""
    if name not in current_app.tasks:
        current_app.loader.import_default_modules()
    return current_app.tasks.get(name)


def _failed(state: State, argument: str, given: Any) -> list[Any]:
    """Return those elements of a list that have failed, as they were given and in their order."""
    found = Item.objects.filter(job_id=state["id"], outcome="failed")
    failed = [canonical(item) for item in found.values_list("item", flat=True)]
    if len(failed) < state["failed"]:
        few = _(
            "Only %(kept)s of %(failed)s failed items were kept, at most %(most)s are: run all "
            "of them again."
        )
        counts = {"kept": len(failed), "failed": state["failed"], "most": conf.ITEMS}
        raise Refused(few % {name: f"{count:,}" for name, count in counts.items()})
    known = {item_as_json(one) for one in given} if isinstance(given, list) else set()
    strange = len(set(failed) - known)
    if strange:
        others = _(
            "expected the failed items to be elements of %(argument)s, got: %(strange)s that are "
            "none. Run all of them again."
        )
        raise Refused(others % {"argument": argument, "strange": f"{strange:,}"})
    wanted = set(failed)
    return [one for one in given if item_as_json(one) in wanted]
