"""One action for all jobs that a search means, as a job of its own: with a bar, and its refusals.

It runs in the web process, at once: behind ten thousand jobs that wait for a worker, a task that
cancels them would wait for the same worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from realtime import audit, bulk, finding, meaning, permissions
from realtime.audit import Author
from realtime.errands import background
from realtime.errors import HeadwayError, JobError
from realtime.finding import Wanted
from realtime.problems import Problem
from realtime.progress import advance, current, failed, ok, update
from realtime.states import State

PAGE = 200
"""Jobs that are steered together."""
TITLES = {
    "cancel": gettext_noop("Cancel all: %(search)s"),
    "pause": gettext_noop("Pause all: %(search)s"),
    "resume": gettext_noop("Resume all: %(search)s"),
}
EVERYTHING = gettext_noop("everything")
NOT_ANY_MORE = gettext_noop("The account that has asked for it is not active any more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be done, to which jobs, for whom."""

    action: str
    """What."""
    asked: dict[str, str]
    """The words of the query that means the jobs."""
    tree: bool
    """Whether to what they have started, too."""
    author: Author
    """Who asks."""

    @property
    def title(self) -> str:
        """What its job is called."""
        said = " ".join(text for word, text in self.asked.items() if word != "cursor" and text)
        return _(TITLES[self.action]) % {"search": said or _(EVERYTHING)}

    def wanted(self, own: str) -> tuple[Any, Wanted]:
        """Return who asks, as they are now, and which jobs that means, without `own`."""
        person = get_user_model().objects.filter(pk=self.author.person, is_active=True).first()
        if person is None:
            raise JobError(_(NOT_ANY_MORE))
        wanted = meaning.meant(self.asked, person, permissions.reach_of(person))
        return person, meaning.without(meaning.unfinished(wanted), own)

    def count(self, own: str) -> int | None:
        """Return how many jobs there are, None when there are too many to count."""
        found = finding.count(self.wanted(own)[1])
        return None if found.more else found.count

    def page(self, own: str, cursor: str) -> tuple[list[State], dict[str, str], str | None]:
        """Steer some: returns them, why some were refused, and what asks for more."""
        person, wanted = self.wanted(own)
        page = finding.find(wanted, cursor, PAGE)
        titles = {str(job.pk): job.title for job in page.jobs}

        def may(state: State) -> bool:
            return permissions.may_control(person, state)

        refused = bulk.steer(list(titles), self.action, tree=self.tree, may=may)
        audit.note_all(self.author, self.action, titles, refused, within=own)
        states = [{"id": job, "title": title} for job, title in titles.items()]
        return states, refused, page.next


def begin(request: HttpRequest, action: str, asked: dict[str, str], *, tree: bool) -> str:
    """Begin, and return the id of the job that does it."""
    order = Order(action=action, asked=asked, tree=tree, author=audit.author(request))
    order.wanted("")  # What cannot be understood is refused now.
    try:
        return async_to_sync(_begin)(order, request.user)
    except HeadwayError as error:
        raise Problem(409, gettext_noop("Not possible now"), str(error)) from error


async def _begin(order: Order, owner: Any) -> str:
    errand = await background(steer_all(order), title=order.title, owner=owner)
    return errand.id


async def steer_all(order: Order) -> None:
    """Do it page by page; what is refused is an item that has failed, with its reason."""
    job = current()
    own = job.id if job else ""
    update(0, total=await sync_to_async(order.count)(own), unit="job")
    cursor: str | None = ""
    while cursor is not None:
        states, refused, cursor = await sync_to_async(order.page)(own, cursor)
        for state in states:
            if reason := refused.get(state["id"]):
                failed(f"{state['title']} ({state['id']})", reason)
        ok(len(states) - len(refused))
        advance(len(states))
