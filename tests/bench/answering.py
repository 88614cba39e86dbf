"""Views that have a second's work to do, in the ways that there are; served by the service."""

from __future__ import annotations

import asyncio
import os
import time
from typing import Any

import django
from asgiref.sync import sync_to_async
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")
django.setup()

import realtime  # noqa: E402  A view's module is imported when Django is set up; this one is more.
from core.urls import urlpatterns as pages  # noqa: E402
from tests.bench.jobs import SECOND, second  # noqa: E402


async def work() -> None:
    """Wait for others, as a mail server lets us wait."""
    await asyncio.sleep(SECOND)


async def nothing(request: HttpRequest) -> JsonResponse:
    """Look who asks, as all others do."""
    return JsonResponse({"for": (await request.auser()).pk})


def sync(request: HttpRequest) -> JsonResponse:
    """Do the work, then answer."""
    time.sleep(SECOND)
    return JsonResponse({"for": request.user.pk})


async def waits(request: HttpRequest) -> JsonResponse:
    """Await the work, then answer."""
    await work()
    return JsonResponse({"for": (await request.auser()).pk})


async def background(request: HttpRequest) -> JsonResponse:
    """Let this process do the work."""
    job: Any = await realtime.background(work(), owner=await request.auser())
    return JsonResponse({"job": job.id})


async def celery(request: HttpRequest) -> JsonResponse:
    """Let a worker do it."""
    job = await sync_to_async(realtime.start)(second, owner=await request.auser())
    return JsonResponse({"job": str(job.pk)})


WAYS = {view.__name__: view for view in (nothing, sync, waits, background, celery)}
urlpatterns = [*(path(f"ways/{name}", csrf_exempt(view)) for name, view in WAYS.items()), *pages]

from core.asgi import application  # noqa: E402  It reads the patterns above.

__all__ = ["application", "urlpatterns"]
