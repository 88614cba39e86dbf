"""Template tags: the script and one job's bar, which is there before the script is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import template
from django.conf import settings
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy

from realtime.permissions import visible_state

if TYPE_CHECKING:
    from django.template.context import Context

register = template.Library()

WORDS = {
    "queued": pgettext_lazy("status of a job", "Queued"),
    "running": pgettext_lazy("status of a job", "Running"),
    "paused": pgettext_lazy("status of a job", "Paused"),
    "waiting": pgettext_lazy("status of a job", "Needs an answer"),
    "retrying": pgettext_lazy("status of a job", "Retrying"),
    "cancelling": pgettext_lazy("status of a job", "Cancelling…"),
    "succeeded": pgettext_lazy("status of a job", "Succeeded"),
    "failed": pgettext_lazy("status of a job", "Failed"),
    "cancelled": pgettext_lazy("status of a job", "Cancelled"),
    "lost": pgettext_lazy("status of a job", "Lost"),
}


@register.inclusion_tag("realtime/headway_scripts.html", takes_context=True)
def headway_scripts(context: Context, nonce: str = "") -> dict[str, Any]:
    """Render the elements' script and style sheet, with the nonce of the page's policy."""
    request = context.get("request")
    return {
        "address": reverse("realtime:index"),
        "nonce": nonce or context.get("csp_nonce") or getattr(request, "csp_nonce", ""),
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "csrf_header": settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-"),
        "csrf_token": _token(request),
    }


@register.inclusion_tag("realtime/job_progress.html", takes_context=True)
def job_progress(
    context: Context, job: Any, *, compact: bool = False, actions: bool = False
) -> dict[str, Any]:
    """Render a job's bar from its id, its `Job` or a state that this user may see."""
    state = job if isinstance(job, dict) else _state(context, str(getattr(job, "id", job)))
    look = {"compact": compact, "actions": actions}
    if state is None:
        return {**look, "job": getattr(job, "id", job)}
    return {
        **look,
        "job": state["id"],
        "state": state,
        "json": json.dumps(state, ensure_ascii=False, default=str),
        "seq": str(state["seq"]),
        "title": state["title"] or state["name"] or gettext("Job"),
        "word": WORDS.get(state["status"], state["status"]),
        "percent": _percent(state),
        "count": _count(state),
    }


def _token(request: Any) -> str:
    """Return a token where the script cannot read the cookie, and see to it that there is one."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ""  # who may do nothing needs none, and the page stays free to be cached
    token = get_token(request)
    return token if settings.CSRF_USE_SESSIONS or settings.CSRF_COOKIE_HTTPONLY else ""


def _state(context: Context, job: str) -> dict[str, Any] | None:
    user = getattr(context.get("request"), "user", None) or context.get("user")
    return visible_state(user, job) if user is not None else None


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


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}" if value % 1 else str(int(value))
