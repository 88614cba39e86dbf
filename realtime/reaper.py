"""Finds jobs whose worker, or whose message, is gone, and says what becomes of them.

In one process at a time, which may be any worker's main one or a web server's.
"""

from __future__ import annotations

import atexit
import json
import logging
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from django.db import Error, connection

from realtime import guardian, records, results
from realtime.alerting import Alerting
from realtime.archive import Archive
from realtime.conf import conf
from realtime.errors import StoreAway
from realtime.events import ENDS, JobState, Status, newest
from realtime.expiry import Expiry
from realtime.mailing import Mailing
from realtime.models import Job
from realtime.orphans import WAITING, Orphans
from realtime.publish import FORGOTTEN_STEP, Change
from realtime.reporter import get_reporter
from realtime.retention import Retention
from realtime.rounds import Rounds
from realtime.series import Series
from realtime.states import State, read_one
from realtime.store import Sign, get_store
from realtime.transition import Transition
from realtime.verdicts import forsaken, given_up, succeeded, verdict

logger = logging.getLogger("realtime")

STARTED = (Status.RUNNING, Status.PAUSED, Status.WAITING, Status.CANCELLING)
"""The statuses in SQL of jobs that a worker runs."""
PAGE = 1_000
"""Jobs that are looked at together."""
PAGES = 20
"""Pages in one round."""
VERDICTS = 500
"""Silent jobs that are settled in one round."""
GRACE = 60.0
"""Seconds that who reports from outside has to be heard, once the store is back: such a report
was refused, and is sent again."""
OLDEST = 200
"""Waiting jobs that are looked at in one round, the oldest first: they are next to start."""


class Contact:
    """Since when the store has been there without a gap, by its own clock.

    While it was away no worker could speak, and after a pause of this process or of the whole
    machine nobody had the time to: all begin anew.
    """

    def __init__(self) -> None:
        """Begin without contact."""
        self._since = self._last = float("-inf")

    def note(self, now: float) -> bool:
        """Take in the store's clock; returns whether contact is old enough to judge."""
        if abs(now - self._last) > conf.LEASE * 0.4:
            self._since = now
        self._last = now
        return self.lasted >= conf.LEASE

    @property
    def lasted(self) -> float:
        """For how many seconds the store has been there."""
        return self._last - self._since


class Reaper:
    """Looks for silent jobs while it holds the lock."""

    def __init__(self) -> None:
        """Begin without the lock."""
        self._token = uuid.uuid4().hex
        self._contact = Contact()
        self._missing: dict[str, float] = {}
        self._unknown: set[str] = set()
        self._orphans = Orphans()
        self._database_away = False
        self.leads = False
        """Whether this process had the lock when it last looked."""
        self.judges = False
        """Whether it could judge then, too: silence means nothing while the store was away."""

    def look(self) -> None:
        """Make one round: take or keep the lock, then judge."""
        try:
            lead = get_store().lead(self._token, conf.LEASE / 2)
            self.leads = lead.mine
            may_judge = self._contact.note(lead.now)
            self.judges = lead.mine and may_judge
            if lead.mine:
                self._look(lead.now, may_judge=may_judge)
        except StoreAway:
            self.judges = False  # Nothing can be judged; the reporters tell of it.

    def resign(self) -> None:
        """Let another process judge at once."""
        try:
            get_store().resign(self._token)
        except StoreAway:
            return

    def _look(self, now: float, *, may_judge: bool) -> None:
        try:
            silent = self._silent(now)  # Always: what is missing counts from when it was missed.
            if may_judge:
                self._judge(silent)
            self._database_away = False
        except Error as error:
            if not self._database_away:
                logger.warning("The database is away, silent jobs are not looked for: %s", error)
            self._database_away = True
        finally:
            connection.close()

    def _judge(self, silent: list[tuple[str, str]]) -> None:
        for job, status in silent[:VERDICTS]:
            self._settle(job, status)
        guardian.look_after_waiting()
        for job in self._orphans.found():
            self._give_up(job)

    def _silent(self, now: float) -> list[tuple[str, str]]:
        """Return the jobs that were not heard for longer than a lease, with SQL's status."""
        missing: dict[str, float] = {}
        silent, unknown = [], set()
        for page in _pages():
            signs = get_store().signs(list(page))
            lost = page.keys() - signs.keys()
            guardian.tell_again(sorted(lost - self._unknown))
            unknown |= lost
            for job, (status, ttl) in page.items():
                sign = signs.get(job)
                if sign is None and status in STARTED:
                    missing[job] = self._missing.get(job, now)
                if self._contact.lasted < min(ttl, GRACE):
                    continue
                if _is_silent(sign, status, now - missing.get(job, now), ttl or conf.LEASE):
                    silent.append((job, status))
        self._missing, self._unknown = missing, unknown
        return silent

    def _settle(self, job: str, status: str) -> None:
        """Tell SQL what the store knows, or everybody that the job's worker has died."""
        kept = get_store().states([job]).get(job)
        said = json.loads(kept) if kept else None
        row = Job.objects.filter(pk=job).first()
        if row is None or row.ended:
            return
        if said and (said["status"] in ENDS or said["status"] == Status.RETRYING):
            if said["status"] != row.status:
                records.try_record(
                    [records.Row(JobState.from_dict(said), said["seq"], said["log"])]
                )
            return
        if row.last.get("held") or (said and said.get("held")):
            held = said or row.state()
            if not guardian.look_after(held):
                get_reporter().put(Transition(lambda: forsaken(held)))
            return
        if said is None and status in WAITING:
            return
        known = newest(said, row.state()) or row.state()
        floor = known["seq"] + (0 if said else FORGOTTEN_STEP)
        logger.warning("Job %s was not heard for %s s", job, row.ttl or conf.LEASE)
        _end(known, floor, verdict)

    def _give_up(self, job: str) -> None:
        """Tell everybody that nobody will start this job."""
        known = read_one(job)
        if known is None or known["status"] not in WAITING:
            return
        floor = known["seq"] + FORGOTTEN_STEP
        logger.warning("Job %s is neither in the broker nor with a worker", job)
        _end(known, floor, given_up)


def _end(known: State, floor: int, otherwise: Callable[[State, int], Change]) -> None:
    """Tell everybody that a job has succeeded, where its result was kept, else what it is."""
    if done_at := results.done_at(known):
        change = partial(succeeded, known, floor, done_at)
    else:
        change = partial(otherwise, known, floor)
    get_reporter().put(Transition(change))


def _is_silent(sign: Sign | None, status: str, missing_for: float, term: float) -> bool:
    if sign is None:
        return missing_for >= term
    if status == Status.QUEUED and sign.order == 0:
        return False
    return sign.age >= term


def _pages() -> Iterator[dict[str, tuple[str, int]]]:
    """Yield the jobs to look at, by id, with their status and how long they may be silent."""
    last: Any = None
    for _ in range(PAGES):
        rows = Job.objects.filter(status__in=STARTED).order_by("pk")
        rows = rows.filter(pk__gt=last) if last else rows
        page = list(rows.values_list("pk", "status", "ttl")[:PAGE])
        if page:
            last = page[-1][0]
            yield {str(job): (status, ttl) for job, status, ttl in page}
        if len(page) < PAGE:
            break
    for status in WAITING:
        waiting = Job.objects.filter(status=status).order_by("queued_at")
        yield {str(job): (status, 0) for job in waiting.values_list("pk", flat=True)[:OLDEST]}


_reaper = Reaper()
_rounds = Rounds("headway-reaper", _reaper.look, lambda: conf.LEASE / 5)
_mailing = Mailing()
_archive = Archive()
_expiry = Expiry()
_retention = Retention()
_series = Series()
_alerting = Alerting()


def _tidy() -> None:
    if _reaper.leads:
        _mailing.look()
        _archive.look()
        _expiry.look()
        _retention.look()
        _series.look()


def _alert() -> None:
    if _reaper.leads:
        _alerting.look(judges=_reaper.judges)


# In threads of their own: long logs keep neither silent jobs nor alerts from being seen.
_archiving = Rounds("headway-archive", _tidy, lambda: conf.LEASE / 5)
_alerts = Rounds("headway-alerts", _alert, lambda: conf.LEASE / 5)


def start() -> None:
    """Look for silent jobs in this process, a worker's main one or a web server's."""
    # The memory store knows of no other process: nobody could die unnoticed.
    if not _rounds.alive and conf.STORE != "memory":
        _rounds.start()
        _archiving.start()
        _alerts.start()
        atexit.register(stop)


def stop() -> None:
    """Stop looking, and let another process do it."""
    if _rounds.alive:
        _archiving.stop(timeout=1)
        _alerts.stop(timeout=1)
        _rounds.stop(timeout=1)
        _reaper.resign()
