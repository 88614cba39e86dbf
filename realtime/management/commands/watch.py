"""`manage.py watch`: a job's bar in the terminal, or the jobs that have not ended."""

from __future__ import annotations

import logging
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from realtime import control
from realtime.errors import Refused, StoreAway
from realtime.events import ENDS, Status
from realtime.keys import Keys
from realtime.lookout import List, Lookout, matching
from realtime.printed import Lines
from realtime.states import State

CODES = {Status.SUCCEEDED: 0, Status.FAILED: 1, Status.LOST: 1, Status.CANCELLED: 3}
UNKNOWN = 2
LEFT = 130
"""The exit code of who does not wait for the end."""
PERIOD, LIST_PERIOD = 0.2, 0.5
"""Seconds between two looks."""

HINT = "Ctrl-C cancels after asking, q leaves."
LIST_HINT = "q leaves."
AGAIN = "Press Ctrl-C again to cancel the job."
ASKED = "The job is asked to stop. Ctrl-C again leaves it."
SILENT = "Nothing is heard of it: its worker is silent, or Redis is away."
AWAY = "The store is away, so the job could not be told. Try again."
NO_RICH = (
    "expected rich to be installed, got: nothing. Run `pip install django-headway[terminal]`, or "
    "send the output through a pipe, as `| cat`, for plain lines."
)


class Command(BaseCommand):
    """Shows a job until it ends."""

    help = (
        "Shows a job until it ends: exit code 0 when it succeeded, 1 when it failed or was lost, "
        "2 when there is none, 3 when it was cancelled. Without a job: those that have not ended."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("job", nargs="?", help="the id of a job, or how it begins")
        parser.add_argument("--owner", help="of the list: whose jobs, by the name of a user")

    def handle(self, *_: Any, job: str | None, owner: str | None, **__: Any) -> None:
        """Watch until the end, or until nobody wants to."""
        lookout = _lookout(job) if job else None
        jobs = List(None if owner is None else _person(owner))
        shown = self._screen()
        try:
            with _quiet(), Keys().listening() as keys:
                code = _watch(lookout, shown, keys) if lookout else _list(jobs, shown, keys)
        except KeyboardInterrupt:
            code = LEFT
        finally:
            shown.close()
        if code:
            sys.exit(code)

    def _screen(self) -> Any:
        if not self.stdout.isatty():
            return Lines(self.stdout)  # type: ignore[arg-type]  # It is a stream in all we need.
        try:
            from realtime.terminal import Screen
        except ModuleNotFoundError as error:
            raise CommandError(NO_RICH) from error
        return Screen(sys.stdout)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep our warnings from being written over the bar; what is away is said below it."""
    logger = logging.getLogger("realtime")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


def _watch(lookout: Lookout, shown: Any, keys: Keys) -> int:
    """Show a job until it ends; returns the exit code."""
    note, cancelled = "", False
    while not keys.leaves:
        state = lookout.look()
        for line in lookout.lines():
            shown.line(line["level"], line["text"])
        if state is None or state["status"] in ENDS:
            shown.job(state, "")
            return CODES[state["status"]] if state else UNKNOWN
        if keys.presses > 1 and not cancelled:
            note, cancelled = _cancel(lookout.job)
            keys.presses = 2 if cancelled else 0
        shown.job(state, _note(lookout, keys, note))
        keys.wait(PERIOD)
    return LEFT


def _list(jobs: List, shown: Any, keys: Keys) -> int:
    """Show the jobs that have not ended, once where there is no terminal."""
    while True:
        states: list[State] = jobs.look()
        shown.jobs(states, LIST_HINT if states else f"No job is waiting or running. {LIST_HINT}")
        if isinstance(shown, Lines):
            return 0
        keys.wait(LIST_PERIOD)
        if keys.leaves or keys.presses:
            return 0


def _note(lookout: Lookout, keys: Keys, note: str) -> str:
    """Return what is to be said below the bar."""
    if keys.asked:
        return AGAIN
    return note or (SILENT if lookout.silence else HINT if keys.are_read else "")


def _cancel(job: str) -> tuple[str, bool]:
    """Cancel a job; returns what came of it, and whether it was asked to stop."""
    try:
        control.cancel(job)
    except Refused as error:
        return str(error), False
    except StoreAway:
        return AWAY, False
    return ASKED, True


def _lookout(job: str) -> Lookout:
    """Return who looks at a job that is known."""
    try:
        lookout = Lookout(_found(job))
        known = lookout.look() is not None
    except Error as error:
        raise CommandError(f"The database is away: {error}") from error
    if not known:
        raise CommandError(f"There is no job {job}.", returncode=UNKNOWN)
    return lookout


def _found(beginning: str) -> str:
    """Return the id that is meant."""
    try:
        return str(UUID(beginning))
    except ValueError:
        pass
    known = matching(beginning) if set(beginning.lower()) <= set("0123456789abcdef-") else []
    if len(known) > 1:
        raise CommandError(
            f"expected the id of one job to begin with {beginning}, got: several.",
            returncode=UNKNOWN,
        )
    if not known:
        raise CommandError(f"There is no job {beginning}.", returncode=UNKNOWN)
    return known[0]


def _person(name: str) -> str:
    model: Any = get_user_model()
    found = model._default_manager.filter(**{model.USERNAME_FIELD: name}).first()  # noqa: SLF001
    if found is None:
        raise CommandError(f"There is no user {name}.")
    return str(found.pk)
