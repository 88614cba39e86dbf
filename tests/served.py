"""The service with one more view, in which a coroutine is let go on; for tests of web servers."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import django
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

import realtime  # noqa: E402  A view's module is imported when Django is set up; this one is more.
from core.urls import urlpatterns as pages  # noqa: E402
from realtime import progress  # noqa: E402
from realtime.models import Job  # noqa: E402


async def count(gate: str) -> None:
    """Count to ten, waiting at the half for a gate; then ask the database."""
    try:
        for number in progress.track(range(10), unit="item"):
            while number == 5 and not Path(gate).exists():  # noqa: ASYNC240
                await asyncio.sleep(0.02)
    finally:
        progress.log("left")
    progress.update(message=f"{await Job.objects.acount()} jobs")


@csrf_exempt
async def go(request: HttpRequest) -> JsonResponse:
    """Let it count, and answer at once."""
    user = await request.auser()
    errand = await realtime.background(count(request.GET["gate"]), title="Count", owner=user)
    return JsonResponse({"job": errand.id})


urlpatterns = [path("go", go), *pages]

# Last: it loads the pages, of which this module has told only now.
from core.asgi import application  # noqa: E402

__all__ = ["application", "urlpatterns"]
