"""The dashboard's page: one for every address below it, where the browser decides what is shown."""

from __future__ import annotations

from typing import Any

from celery import current_app
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import get_script_prefix, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from realtime import words
from realtime.conf import conf
from realtime.permissions import CONTROL_ALL, may_manage_alerts, reach_of

THEME = "headway_theme"
"""The cookie with the look that somebody has chosen; read here, so that nothing flashes."""
THEMES = {"light", "dark"}


def page_of(job: str) -> str:
    """Return the address of a job's page."""
    return f"{reverse('realtime:dashboard')}jobs/{job}"


@never_cache
@require_safe
@login_required
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show the dashboard: everybody's jobs to operators, or those they see, to others their own."""
    person: Any = request.user
    reach = reach_of(person)
    theme = request.COOKIES.get(THEME, "")
    found = {
        "home": get_script_prefix(),
        "person": person,
        "preferences": conf.PREFERENCES_PAGE,
        "operator": reach is None or bool(reach),
        "confined": bool(reach),
        "alerts": may_manage_alerts(person),
        "steers": person.has_perm(CONTROL_ALL) and (reach is None or bool(reach) or not conf.REACH),
        "command": f"celery -A {current_app.main or 'proj'} worker",
        "theme": theme if theme in THEMES else "",
        "words": words.brought_by_dashboard(),
    }
    return render(request, "realtime/dashboard.html", found)
