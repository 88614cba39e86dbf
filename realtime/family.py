"""Which jobs a request means: one job, and the unfinished ones that it has started."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from realtime import trees
from realtime.errors import Refused
from realtime.events import ENDS
from realtime.models import Job
from realtime.states import State, read, read_one
from realtime.trees import PAGE, WAITING


def unfinished(job: str) -> State:
    """Return a job's state. Raises `Refused` when there is none, or it has ended."""
    return still_going(read_one(job))


def still_going(state: State | None) -> State:
    """Return a state that was read. Raises `Refused` when there is none, or it is an end."""
    if state is None:
        raise Refused(gettext_noop("There is no such job."))
    if state["status"] in ENDS:
        raise Refused(_("The job has already ended: %(status)s.") % {"status": state["status"]})
    return state


def family(state: State) -> Iterator[State]:
    """Yield the unfinished jobs that a job has started, and those that they have started."""
    for page in pages(_descendants(state), PAGE):
        yield from (one for one in read(page).values() if one["status"] not in ENDS)


def _descendants(state: State) -> list[str]:
    """Return the ids of the jobs that a job has started, and of those that they have started."""
    if state["id"] == state["root"]:
        return list(trees.unfinished(state["id"]))
    return sorted(below(state["root"], {state["id"]}))


def below(root: str, jobs: set[str]) -> set[str]:
    """Return the ids of all that these jobs of one tree have started, directly or not."""
    children = defaultdict(set)
    rows = Job.objects.filter(root=root).exclude(pk=root)
    for child, parent in rows.values_list("pk", "parent").iterator():
        children[str(parent)].add(str(child))
    found, left = set[str](), list(jobs)
    while left:
        more = children[left.pop()] - found
        found |= more
        left += more
    return found - jobs


def pages(jobs: list[str], size: int) -> Iterator[list[str]]:
    """Yield the jobs in pages; `itertools` has this since Python 3.12, with tuples."""
    return (jobs[at : at + size] for at in range(0, len(jobs), size))


def is_idle(state: State) -> bool:
    """Tell whether no worker runs a job: it has not started, or the jobs below it decide."""
    return state["status"] in WAITING or bool(state.get("held"))


def is_held_root(state: State) -> bool:
    """Tell whether a job ends as its tree does, and never by itself."""
    return bool(state.get("held")) and state["id"] == state["root"]
