"""System checks: what is wrong with the settings is said at the start, not at night."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from celery import current_app
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004  Django's name
from django.core.checks import register as register_check

from realtime.conf import conf, names


def register() -> None:
    """Let Django run the checks."""
    register_check(check_settings, "headway")
    register_check(check_results, "headway")


def check_settings(**_: Any) -> list[CheckMessage]:
    """Compare HEADWAY with the settings that exist."""
    given = getattr(settings, "HEADWAY", {})
    if not isinstance(given, dict):
        return [_error("HEADWAY", "a dictionary", given)]
    known = names()
    found: list[CheckMessage] = []
    for name, value in given.items():
        if name not in known:
            choices = ", ".join(sorted(known))
            found.append(_error("a key of HEADWAY", f"one of {choices}", name))
        elif not _fits(value, known[name]):
            found.append(_error(f"HEADWAY[{name!r}]", _spoken(known[name]), value))
    return found or _check_lease()


def _check_lease() -> list[CheckMessage]:
    if conf.LEASE >= 3 * conf.BEAT_INTERVAL:
        return []
    wanted = "at least three times HEADWAY['BEAT_INTERVAL'], or the living are taken for dead"
    return [_error("HEADWAY['LEASE']", wanted, conf.LEASE)]


def check_results(**_: Any) -> list[CheckMessage]:
    """Warn when Celery would call a job failed because its result could not be kept."""
    celery = current_app.conf
    if not celery.result_backend or celery.result_backend_always_retry:
        return []
    return [
        Warning(
            "expected Celery's result_backend_always_retry to be True, got: False",
            hint="Without it a task that has done its work is called failed when the result "
            "backend is away at its end. Set CELERY_RESULT_BACKEND_ALWAYS_RETRY = True.",
            id="headway.W001",
        )
    ]


def _error(what: str, wanted: str, got: object) -> Error:
    return Error(f"expected {what} to be {wanted}, got: {got!r}", id="headway.E001")


def _fits(value: object, kind: Any) -> bool:
    if get_origin(kind) is list:
        return isinstance(value, list | tuple) and all(
            _fits(one, get_args(kind)[0]) for one in value
        )
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    return isinstance(value, kind)


def _spoken(kind: Any) -> str:
    spoken = {str: "a text", int: "a positive whole number", float: "a positive number"}
    return spoken.get(kind, "a list of texts")
