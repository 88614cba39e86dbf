"""Whose jobs an operator sees: everybody's, or those alone that have one of some tags (REACH).

A project with tenants says so by a function of its own. Whatever goes wrong in it opens nothing:
who cannot be told apart is shown their own jobs alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from django.db import connection, transaction
from django.utils.module_loading import import_string

from realtime.cleaning import text
from realtime.conf import conf
from realtime.models.tags import TAG
from realtime.states import State

logger = logging.getLogger("realtime")

Reach = frozenset[str] | None
"""The tags of whose jobs somebody sees besides their own; None where they see everybody's."""
OWN: Reach = frozenset()
"""Of who sees nobody else's."""
REMEMBERED = 1_000
"""People of whom is known that it could not be told what they see: each is told of once."""
_KEPT = "_headway_reach"


def of(user: Any) -> Reach:
    """Return the reach of somebody who may see all jobs; of one object it is asked once."""
    if not conf.REACH:
        return None
    kept = getattr(user, _KEPT, None)
    if kept is None or kept[0] != conf.REACH:
        kept = (conf.REACH, ask(user))
        setattr(user, _KEPT, kept)
    found: Reach = kept[1]
    return found


def ask(user: Any) -> Reach:
    """Return the same as it is now. It may ask the database, and never raises."""
    if not conf.REACH:
        return None
    try:
        with _apart():
            found = _checked(function()(user))
    except Exception:
        if _trouble.is_news(user):
            logger.exception("%s fails for user %s, who sees their own alone", conf.REACH, user.pk)
        return OWN
    _trouble.forget(user)
    return found


def function() -> Callable[[Any], Any]:
    """Return the project's function; raises `ImportError` or `TypeError` where it is none."""
    found = import_string(conf.REACH)
    if not callable(found):
        raise TypeError(f"expected HEADWAY['REACH'] to name a function, got: {found!r:.100}")
    told: Callable[[Any], Any] = found
    return told


def reaches(reach: Reach, state: State) -> bool:
    """Tell whether a job is one of those that are seen besides one's own."""
    return reach is None or not reach.isdisjoint(state.get("tags") or ())


def _checked(said: Any) -> Reach:
    if said is None:
        return None
    tags = [said] if isinstance(said, str) else list(said)
    for tag in tags:
        # One that is cut would be the beginning of somebody else's.
        if not isinstance(tag, str) or not tag or text(tag, TAG) != tag:
            wanted = f"expected tags of 1 to {TAG} characters from {conf.REACH}"
            raise ValueError(f"{wanted}, got: {tag!r:.100}")
    return frozenset(tags)


@contextmanager
def _apart() -> Iterator[None]:
    """Let a statement that fails spoil no transaction but its own."""
    if connection.in_atomic_block:
        with transaction.atomic():
            yield
    else:
        yield


class _Trouble:
    """For whom it could not be told what they see; each is logged once until it can."""

    def __init__(self) -> None:
        self._people: set[Any] = set()
        self._lock = Lock()

    def is_news(self, user: Any) -> bool:
        with self._lock:
            if user.pk in self._people:
                return False
            if len(self._people) >= REMEMBERED:
                self._people.clear()
            self._people.add(user.pk)
            return True

    def forget(self, user: Any) -> None:
        if user.pk not in self._people:
            return
        with self._lock:
            self._people.discard(user.pk)
        logger.info("%s tells again what user %s may see", conf.REACH, user.pk)


_trouble = _Trouble()
