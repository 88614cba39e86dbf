"""Steering many jobs together: a page of them in as many steps as one job."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from realtime import control, pools, trees
from realtime.errors import Refused
from realtime.events import ENDS, Wish
from realtime.family import below, is_held_root, is_idle, pages, still_going
from realtime.models import Job
from realtime.reporter import get_reporter
from realtime.states import State, read
from realtime.trees import PAGE

MAY_NOT = gettext_noop("You may see this job, but not steer it.")
WISHES = {"cancel": Wish.CANCEL, "pause": Wish.PAUSE, "resume": Wish.GO_ON}


def steer(
    jobs: Sequence[str], action: str, *, tree: bool, may: Callable[[State], bool]
) -> dict[str, str]:
    """Do one thing to many jobs, and with `tree` to what they have started.

    `may` says which may be steered. Returns why others were refused, by their ids. The same as
    what `control` does one by one, in as many steps for all of them.
    """
    known, wish = read(list(jobs)), WISHES[action]
    reasons = {job: _reason(known.get(job), wish, tree=tree, may=may) for job in jobs}
    chosen = [known[job] for job in jobs if not reasons[job]]
    asked = {state["id"]: state for state in chosen}
    if tree:
        asked |= {state["id"]: state for state in _below(chosen) if may(state)}
    roots = [state["id"] for state in chosen if tree and state["id"] == state["root"]]
    promised = [job for root in _with_trees(roots) for job in trees.followers(root)]
    _carry_out(wish, list(asked.values()), promised)
    return {job: reason for job, reason in reasons.items() if reason}


def _carry_out(wish: Wish, asked: list[State], promised: list[str]) -> None:
    control.leave(wish, asked, promised)
    if wish is Wish.CANCEL:
        waiting = [one["id"] for one in asked if is_idle(one) and not is_held_root(one)]
        pools.revoke([*waiting, *promised])
        control.end_unstarted(waiting)
    for one in asked:
        if is_held_root(one):
            get_reporter().tell(one["id"])


def _reason(state: State | None, wish: Wish, *, tree: bool, may: Callable[[State], bool]) -> str:
    """Return why a job does not take a wish, "" where it does."""
    try:
        going = still_going(state)
        if not may(going):
            return _(MAY_NOT)
        control.check(going, wish, tree=tree)
    except Refused as refused:
        return _(str(refused))
    return ""


def _below(chosen: Iterable[State]) -> Iterator[State]:
    """Yield the unfinished jobs that these have started, and those that they have started."""
    by_root = defaultdict(set)
    for state in chosen:
        by_root[state["root"]].add(state["id"])
    for root in _with_trees(by_root):
        for page in pages(sorted(below(root, by_root[root])), PAGE):
            yield from (one for one in read(page).values() if one["status"] not in ENDS)


def _with_trees(roots: Iterable[str]) -> list[str]:
    """Return the roots that have jobs below them: most have none."""
    found: list[str] = []
    for page in pages(list(dict.fromkeys(roots)), PAGE):
        below = Job.objects.filter(root__in=page, parent__isnull=False).order_by()
        found += map(str, below.values_list("root", flat=True).distinct())
    return found
