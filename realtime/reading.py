"""What the web reads for its viewers; these calls wait, so they run in threads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from realtime import finding, log_parts
from realtime import states as newest_states
from realtime.asking import ask
from realtime.events import ENDS
from realtime.history import history
from realtime.line import line
from realtime.models import Job, Tag
from realtime.reach import Reach
from realtime.states import State
from realtime.store import LINES_PER_READ, Lines, Sign

FIRST = 200
"""Jobs with which a list begins."""
SHARE = 10
"""Jobs of each tag that are looked for, at least, however many tags are watched."""
SILENT = 5.0
"""Seconds without a sign of life after which SQL is asked whether the job has ended."""
RECENT = timedelta(seconds=60)


def states(jobs: list[str]) -> dict[str, State]:
    """Return the newest states of those jobs that are known, from store and SQL together."""
    if not jobs:
        return {}
    live = newest_states.parsed(ask(lambda store: store.states(jobs), {}))
    found = newest_states.completed(jobs, live)
    history.learn(history.stale(found.values()))
    line.look(found.values())
    return found


def first_ids(kind: str, root: str, user: str, reach: Reach) -> list[str]:
    """Return the ids of the jobs with which a topic (tree, mine, all) begins, newest first.

    Of all jobs those that a user of this reach sees.
    """
    if kind == "all" and reach is not None:
        page = finding.find(finding.visible(user, reach), "", FIRST)
        return [str(job.pk) for job in page.jobs]
    chosen: dict[str, dict[str, Any]] = {
        "tree": {"root": root},
        "mine": {"owner_id": user},
        "all": {},
    }
    found = Job.objects.filter(**chosen[kind])
    return [str(job) for job in found.values_list("pk", flat=True)[:FIRST]]


def log(job: str, after: int, limit: int = LINES_PER_READ, newest: int = 0) -> Lines:
    """Return the lines of a job that follow line `after`, from the store, else from SQL.

    `newest` is the last line that the job's state tells of: both may have forgotten all. None are
    called lost that may still come.
    """
    part = ask(lambda store: store.log(job, after, limit), None)
    if part and (part.lines or part.lost or newest <= after):
        return part
    kept = log_parts.read(job, after, limit)
    if part is None and kept.lost and Job.objects.filter(pk=job, log_due=True).exists():
        return Lines(lines=[], lost=0)  # What comes before the last lines, the store may have.
    if kept.lines or part is None or _may_come(job):
        return kept
    return Lines(lines=[], lost=newest - after)


def _may_come(job: str) -> bool:
    """Tell whether lines may be on their way to the store, which was away when they were said.

    Their worker tells them when it is back. What the store has had and lost comes from nobody. A
    row whose log is no longer due says that they came, or were waited for; one of a job that goes
    on is not waited for: nobody says when its worker has died before the next attempt.
    """
    return Job.objects.filter(pk=job, log_due=True, untold=True).exists()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The lists that are watched: their unfinished and just finished jobs count as watched."""

    owners: list[str]
    """Whose own jobs."""
    roots: list[str]
    """The jobs of which trees."""
    tags: list[str]
    """The jobs of which tags."""
    everything: bool
    """Whether all jobs."""


def newer(known: dict[str, int], lists: Lists) -> list[State]:
    """Return the states that are newer than the known seqs, and jobs that are not known at all."""
    signs = _signs(list(known))
    doubtful = {job for job, seq in known.items() if _is_doubtful(signs.get(job), seq)}
    found = states(sorted(doubtful | _listed(lists)))
    return [state for job, state in found.items() if state["seq"] > known.get(job, -1)]


def ends(jobs: list[str]) -> dict[str, bool] | None:
    """Return of those jobs that the store knows whether it knows their end, None while away."""
    signs: dict[str, Sign] | None = ask(lambda store: store.signs(jobs), None) if jobs else {}
    return None if signs is None else {job: sign.ended for job, sign in signs.items()}


def _signs(jobs: list[str]) -> dict[str, Sign]:
    return ask(lambda store: store.signs(jobs), {})


def _is_doubtful(sign: Sign | None, seq: int) -> bool:
    return sign is None or sign.seq > seq or sign.age > SILENT


def _listed(lists: Lists) -> set[str]:
    current = Q(finished_at__gt=timezone.now() - RECENT) | ~Q(status__in=ENDS)
    jobs = Job.objects.filter(current)
    found = {job for tag in lists.tags for job in _tagged(jobs, tag, len(lists.tags))}
    if lists.owners or lists.roots or lists.everything:
        if not lists.everything:
            jobs = jobs.filter(Q(("owner_id__in", lists.owners)) | Q(root__in=lists.roots))
        found |= set(jobs.values_list("pk", flat=True)[:FIRST])
    return {str(job) for job in found}


def _tagged(jobs: QuerySet[Job], tag: str, among: int) -> QuerySet[Job, UUID]:
    """Return those of the jobs that are among the newest of a tag: its share of a list.

    Who watches that list misses no other: whatever else they watch they know already.
    """
    newest = Tag.objects.filter(tag=tag).order_by("-queued_at", "-job_id")
    jobs = jobs.filter(pk__in=newest.values("job_id")[:FIRST])
    return jobs.values_list("pk", flat=True)[: max(FIRST // among, SHARE)]
