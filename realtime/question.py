"""A question to a job's owner, while its task waits for the answer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any

from realtime.cleaning import is_meant, number, shown, text
from realtime.conf import conf
from realtime.events import timestamp

CHOICES = 50
"""Choices of one question."""
CHOICE = 200
"""Characters kept of a choice."""
LONGEST = 10 * 365 * 86_400.0
"""Seconds: who waits longer waits for ever."""


class Question:
    """What is asked: the task waits for it, the reporter tells it and brings the answer."""

    def __init__(self, said: object, choices: object, timeout: object) -> None:
        """Take what the task asks, in its own thread."""
        self.text = text(said, conf.TEXT_LENGTH)
        self._given = None if choices is None else _listed(choices)
        self._choices = None if self._given is None else [text(one, CHOICE) for one in self._given]
        seconds = number(timeout)
        self._seconds = None if seconds is None or seconds > LONGEST else max(seconds, 0)
        self.asked = timestamp()
        self._until = time.monotonic() + (LONGEST if self._seconds is None else self._seconds)
        self.nth = 0
        """How often the same was asked before in this run."""
        self.answer = ""
        """The answer as JSON, once it is there."""
        self.closing = False
        """Whether the time is over: viewers do not see it any more."""
        self.closed = False
        """Whether the store has taken in that it is not asked any more: no answer can come."""

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """What makes two questions the same."""
        return self.text, tuple(self._choices or ())

    @property
    def id(self) -> str:
        """The same for the same question in another run of the job, which has its answer then."""
        return sha256(json.dumps([self.nth, *self.key]).encode()).hexdigest()[:16]

    @property
    def left(self) -> float:
        """Seconds until the time is over."""
        return self._until - time.monotonic()

    def view(self) -> dict[str, Any]:
        """Return what viewers see."""
        return {
            "id": self.id,
            "text": self.text,
            "choices": self._choices,
            "asked_at": self.asked,
            "expires_at": self._expires(),
        }

    def hear(self, answer: str, *, closed: bool) -> None:
        """Take in what the store said; called by the reporter."""
        self.answer = self.answer or answer
        self.closed = self.closed or (closed and self.closing)

    def reply(self) -> Any:
        """Return the answer: the choice as the task gave it, or a text."""
        said = json.loads(self.answer)["answer"]
        given, choices = self._given or [], self._choices or []
        return next((one for one, shown in zip(given, choices, strict=True) if shown == said), said)

    def _expires(self) -> str | None:
        if self._seconds is None:
            return None
        asked = datetime.fromisoformat(self.asked).astimezone(UTC)
        return timestamp(asked + timedelta(seconds=self._seconds))


def _listed(choices: Any) -> list[Any]:
    """Return what can be chosen; what is no series is the one choice."""
    found: list[Any] = []
    one = type(choices) is str or not issubclass(type(choices), Iterable)
    try:
        found.extend(islice([choices] if one else choices, CHOICES))
    except BaseException as error:
        if is_meant(error):
            raise
    return found or [shown(choices, CHOICE)]
