"""Template tags: the scripts, and elements that are there before their script is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from django import template
from django.conf import settings
from django.middleware.csrf import get_token
from django.templatetags.static import static
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext

from realtime import reading, words
from realtime.elements import ELEMENTS
from realtime.events import ENDS, Status
from realtime.permissions import shared_state, visible_state

if TYPE_CHECKING:
    from django.template.context import Context

register = template.Library()

FAULTS = {Status.FAILED, Status.LOST}
SPOKEN = {"JobError", "JobsFailed", "WorkerLost", "Orphaned", "Expired", "Unheard"}
"""Kinds of errors whose text is a sentence for whoever reads it, as in `view.ts`."""
SAFE = {"", "http", "https"}
LINES = 100
"""Of a log that are there before its script is."""


@register.inclusion_tag("realtime/headway_scripts.html", takes_context=True)
def headway_scripts(context: Context, nonce: str = "") -> dict[str, Any]:
    """Render the elements' script and style sheet, with the nonce of the page's policy."""
    request = context.get("request")
    return {
        "address": reverse("realtime:index"),
        "words": words.brought(),
        "elements": json.dumps({name: static(file) for name, file in ELEMENTS.items()}),
        "nonce": _nonce(context, nonce),
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "csrf_header": settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-"),
        "csrf_token": _token(request),
        "scope": _scope(request),
    }


@register.inclusion_tag("realtime/job_inbox.html", takes_context=True)
def job_inbox(
    context: Context, href: str = "", page: str = "", settings: str = "", nonce: str = ""
) -> dict[str, Any]:
    """Render the bell with a person's notices, and its script, for who is signed in.

    `href` is where a link leads for who has no script; `page` the address of a job's page, with
    00000000-0000-0000-0000-000000000000 in the place of its id; `settings` that of a page on which
    they choose how they are told.
    """
    return {**_for_one(context, page, nonce), "href": href, "settings": settings}


@register.inclusion_tag("realtime/job_toasts.html", takes_context=True)
def job_toasts(
    context: Context, page: str = "", position: str = "", nonce: str = ""
) -> dict[str, Any]:
    """Render what shows new notices for a while, for who is signed in."""
    return {**_for_one(context, page, nonce), "position": position}


@register.inclusion_tag("realtime/job_tree.html", takes_context=True)
def job_tree(
    context: Context, root: Any, page: str = "", nonce: str = "", token: str = ""
) -> dict[str, Any]:
    """Render the jobs that one has started, from its id or its `Job`.

    `page` is the address of a job's page, as for the bell. What a job below a root has started is
    shown of its `Job` alone, which knows the root. `token` is a share token of the root.
    """
    job = str(getattr(root, "pk", root))
    tree = str(getattr(root, "root", root))
    look = {"page": page, "nonce": _nonce(context, nonce), "src": _with(token, "")}
    return {"root": tree, "job": job, **look}


@register.inclusion_tag("realtime/job_tray.html", takes_context=True)
def job_tray(context: Context, page: str = "", nonce: str = "") -> dict[str, Any]:
    """Render one's running and just finished jobs at the edge of the page, for who is signed in."""
    return _for_one(context, page, nonce)


@register.inclusion_tag("realtime/job_progress.html", takes_context=True)
def job_progress(  # noqa: PLR0913  Each is an attribute of the element.
    context: Context,
    job: Any,
    *,
    compact: bool = False,
    actions: bool = False,
    in_tab: bool = False,
    src: str = "",
    token: str = "",
) -> dict[str, Any]:
    """Render a job's bar from its id, its `Job` or a state that this user may see.

    With `in_tab` the page's title, and while nobody looks its icon, tell how far the job is.
    `src` is the address of the include, where that is not the one of `headway_scripts`; `token` a
    share token, with which a guest sees the bar.
    """
    state = job if isinstance(job, dict) else _state(context, str(getattr(job, "id", job)), token)
    src = _with(token, src)
    look = {"compact": compact, "actions": actions, "in_tab": in_tab, "src": src}
    if state is None:
        return {**look, "job": getattr(job, "id", job)}
    return {
        **look,
        "job": state["id"],
        "state": state,
        "json": json.dumps(state, ensure_ascii=False, default=str),
        "seq": str(state["seq"]),
        "title": state["title"] or state["name"] or gettext("Job"),
        "word": words.BAR.get(_look(state), state["status"]),
        "percent": _percent(state),
        "count": _count(state),
        **({} if compact else _below(state)),
    }


@register.inclusion_tag("realtime/job_log.html", takes_context=True)
def job_log(context: Context, job: Any, *, follow: bool = True) -> dict[str, Any]:
    """Render a job's log, for who may see the job; its last lines are there before any script.

    Without `follow` it stays where it is while the job goes on writing.
    """
    state = job if isinstance(job, dict) else _state(context, str(getattr(job, "id", job)))
    if state is None:
        return {"job": getattr(job, "id", job), "follow": follow}
    return {
        "job": state["id"],
        "follow": follow,
        "state": state,
        "newest": str(state["log"]),
        "over": state["status"] in ENDS and not state["log"],
        "lines": [line | {"moment": _moment(line["at"])} for line in _last_lines(state)],
        "file": reverse("realtime:log", args=[state["id"]]) + "?format=text",
    }


def _last_lines(state: dict[str, Any]) -> list[dict[str, Any]]:
    after = max(state["log"] - LINES, 0)
    return reading.log(state["id"], after, LINES, state["log"]).lines if state["log"] else []


def _moment(at: str) -> datetime | None:
    try:
        return datetime.fromisoformat(at)
    except ValueError:
        return None


def _for_one(context: Context, page: str, nonce: str) -> dict[str, Any]:
    user = getattr(context.get("request"), "user", None)
    shown = user is not None and user.is_authenticated
    return {"shown": shown, "page": page, "nonce": _nonce(context, nonce)}


def _nonce(context: Context, given: str) -> str:
    request = context.get("request")
    return str(given or context.get("csp_nonce") or getattr(request, "csp_nonce", ""))


def _token(request: Any) -> str:
    """Return a token where the script cannot read the cookie, and see to it that there is one."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""  # who may do nothing needs none, and the page stays free to be cached
    token = get_token(request)
    return token if settings.CSRF_USE_SESSIONS or settings.CSRF_COOKIE_HTTPONLY else ""


def _scope(request: Any) -> str:
    """Return whose tabs may share a socket: those of one person in one session."""
    user, session = getattr(request, "user", None), getattr(request, "session", None)
    if user is None or not user.is_authenticated:
        return ""
    whose = f"{user.pk} {getattr(session, 'session_key', '')}"
    return salted_hmac("realtime.tabs", whose, algorithm="sha256").hexdigest()[:16]


def _with(token: str, src: str) -> str:
    """Return the address of the include with a share token, where there is one."""
    if not token:
        return src
    return f"{src or reverse('realtime:index')}?{urlencode({'token': token})}"


def _state(context: Context, job: str, token: str = "") -> dict[str, Any] | None:
    if token:
        return shared_state(token, job)
    user = getattr(context.get("request"), "user", None) or context.get("user")
    return visible_state(user, job) if user is not None else None


def _look(state: dict[str, Any]) -> str:
    """Return how the element will show the job, so that its first word is the same."""
    if state["status"] == "succeeded" and state["failed"]:
        return "warnings"
    return "stalled" if state["status"] == "running" and state["stalled"] else state["status"]


def _percent(state: dict[str, Any]) -> str:
    """Return whole percent as text, so that no locale puts a comma into the attribute."""
    fraction = state["fraction"]
    if fraction is None:
        return {"succeeded": "100", "running": ""}.get(state["status"], "0")
    return str(int(min(1, max(0, fraction)) * 100 + 1e-9))


def _count(state: dict[str, Any]) -> str:
    current, total = (_number(state[name]) for name in ("current", "total"))
    if total:
        return f"{current} / {total}"
    return current if state["current"] else ""


def _below(state: dict[str, Any]) -> dict[str, Any]:
    """Return what stands below the bar: why it ended so, its stages, its files."""
    return {
        "said": _said(state) if state["status"] in ENDS else "",
        "stages": [*_stages(state["stages"])],
        # An address that begins with `javascript:` would be run by a click.
        "files": [file for file in state["files"] if urlsplit(file["url"]).scheme in SAFE],
    }


def _said(state: dict[str, Any]) -> str:
    """Return what the element says of an end, in its words."""
    error = state["error"]
    if not error or state["status"] not in FAULTS:
        return str(state["message"])
    return error["text"] if error["kind"] in SPOKEN else f"{error['kind']}: {error['text']}"


def _stages(stages: list[dict[str, Any]]) -> Iterator[tuple[str, bool]]:
    """Yield the names that the element shows, and whether parts follow: of what is done none do."""
    for stage in stages:
        parts = stage.get("stages", []) if stage["status"] != Status.SUCCEEDED else []
        yield stage["name"], bool(parts)
        yield from _stages(parts)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}" if value % 1 else str(int(value))
