"""What is kept of an exception: its kind, its text, and for operators where it came from."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop

from realtime.cleaning import shown, text
from realtime.conf import conf
from realtime.errors import Cancelled, JobError
from realtime.redaction import without_secrets

KIND = 100
"""Characters kept of a kind."""
SAFE_TEXT = gettext_noop("The job stopped because of an error.")
"""What its owner reads of an error whose text is not meant for them."""
AHEAD = 4
"""So many times what is kept is read first: a cut must not part a secret from its name."""


def error_of(exception: BaseException | None, einfo: Any = None) -> dict[str, Any] | None:
    """Return an error as states have it, without secrets; `einfo` is Celery's, with a traceback.

    What is meant for the owner has none: it is no fault in the task.
    """
    if exception is None:
        return None
    public = isinstance(exception, JobError | Cancelled)
    said = shown(exception, AHEAD * conf.TEXT_LENGTH)
    error: dict[str, Any] = {
        "kind": text(type(exception).__name__, KIND),
        "text": text(without_secrets(said), conf.TEXT_LENGTH),
        "public": public,
    }
    trace = getattr(einfo, "traceback", None)
    if not public and type(trace) is str:
        error["traceback"] = _end_of(trace)
    return error


def safe_text(error: dict[str, Any]) -> str:
    """Return what an owner may read of an error; the text of an exception may hold a password."""
    return str(error["text"]) if error.get("public") else SAFE_TEXT


def _end_of(trace: str) -> str:
    """Return the last part of a traceback, which has the place and the error."""
    most = conf.TRACEBACK_LENGTH
    told = without_secrets(trace[-AHEAD * most :])
    return text(told if len(told) <= most else f"…{told[1 - most :]}", most)
