"""System checks: what is wrong with the settings is said at the start, not at night."""

from __future__ import annotations

import inspect
import re
from typing import Any, get_args, get_origin

from celery import current_app
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004  Django's name
from django.core.checks import register as register_check

from realtime import reach
from realtime.conf import conf, names
from realtime.events import ENDS, NoticeKind, Way

MAY_BE_ZERO = {"KEEP_FILES", "KEEP_SERIES"}
SHORTEST = 10_800
"""Seconds of KEEP_MINUTES, at least."""


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
        elif not (_fits(value, known[name]) or (value == 0 and name in MAY_BE_ZERO)):
            found.append(_error(f"HEADWAY[{name!r}]", _spoken(known[name]), value))
    checks = (_check_lease, _check_kept, _check_series, _check_ways, _check_site, _check_reach)
    return found or [one for check in checks for one in check()]


def _check_lease() -> list[CheckMessage]:
    if conf.LEASE >= 3 * conf.BEAT_INTERVAL:
        return []
    wanted = "at least three times HEADWAY['BEAT_INTERVAL'], or the living are taken for dead"
    return [_error("HEADWAY['LEASE']", wanted, conf.LEASE)]


def _check_kept() -> list[CheckMessage]:
    for rule, seconds in conf.KEEP_JOBS.items():
        pattern, _, status = rule.partition(" ")
        if not pattern or (status and status not in ENDS) or seconds < conf.KEEP_ENDED:
            wanted = "seconds, no fewer than KEEP_ENDED, by 'pattern' or 'pattern status' with a "
            wanted += f"status of {', '.join(sorted(ENDS))}"
            return [_error("HEADWAY['KEEP_JOBS']", wanted, {rule: seconds})]
    return []


def _check_series() -> list[CheckMessage]:
    if conf.KEEP_MINUTES < SHORTEST:
        wanted = f"at least {SHORTEST}, or minutes are gone before they are added up"
        return [_error("HEADWAY['KEEP_MINUTES']", wanted, conf.KEEP_MINUTES)]
    if conf.KEEP_SERIES and conf.KEEP_SERIES < conf.KEEP_MINUTES:
        wanted = "0, or no less than KEEP_MINUTES"
        return [_error("HEADWAY['KEEP_SERIES']", wanted, conf.KEEP_SERIES)]
    return []


def _check_ways() -> list[CheckMessage]:
    said = conf.NOTICE_WAYS
    if not (said.keys() <= set(NoticeKind) and set().union(*said.values()) <= set(Way)):
        wanted = f"ways ({', '.join(Way)}) by kind ({', '.join(NoticeKind)})"
        return [_error("HEADWAY['NOTICE_WAYS']", wanted, said)]
    return []


def _check_site() -> list[CheckMessage]:
    site = conf.SITE_URL
    if not site or re.fullmatch(r"https?://[^\s/?#]+", site):
        return []
    return [_error("HEADWAY['SITE_URL']", "an origin such as https://jobs.example.org", site)]


def _check_reach() -> list[CheckMessage]:
    if not conf.REACH:
        return []
    try:
        found = reach.function()
    except Exception as error:  # noqa: BLE001  whatever a module raises while it is imported
        wanted = "the dotted path of a function that takes a user, as myproject.tenants.reach"
        return [_error("HEADWAY['REACH']", wanted, conf.REACH, f"{type(error).__name__}: {error}")]
    if inspect.iscoroutinefunction(found):
        return [_error("HEADWAY['REACH']", "a plain function, no coroutine", conf.REACH)]
    return []


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


def _error(what: str, wanted: str, got: object, hint: str | None = None) -> Error:
    return Error(f"expected {what} to be {wanted}, got: {got!r}", hint=hint, id="headway.E001")


def _fits(value: object, kind: Any) -> bool:
    if get_origin(kind) is list:
        return isinstance(value, list | tuple) and all(
            _fits(one, get_args(kind)[0]) for one in value
        )
    if get_origin(kind) is dict:
        key, one = get_args(kind)
        return isinstance(value, dict) and all(
            _fits(name, key) and _fits(said, one) for name, said in value.items()
        )
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    return isinstance(value, kind)


def _spoken(kind: Any) -> str:
    spoken = {str: "a text", int: "a positive whole number", float: "a positive number"}
    if get_origin(kind) is dict:
        kept = get_args(kind)[1]
        return f"a dictionary of {'positive whole numbers' if kept is int else 'lists of texts'}"
    return spoken.get(kind, "a list of texts")
