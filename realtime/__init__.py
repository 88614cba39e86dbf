"""Headway: live job progress for Django. These names are promised, and nothing else."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from realtime import progress
    from realtime.asgi import asgi_application
    from realtime.calls import items
    from realtime.errands import background
    from realtime.errors import Cancelled, HeadwayError, JobError
    from realtime.shares import share, unshare
    from realtime.starts import again, start
    from realtime.weights import weight

__version__ = "0.1.0"
__all__ = [
    "Cancelled",
    "HeadwayError",
    "JobError",
    "again",
    "asgi_application",
    "background",
    "items",
    "progress",
    "share",
    "start",
    "unshare",
    "weight",
]

_HOMES = {
    "Cancelled": "realtime.errors",
    "HeadwayError": "realtime.errors",
    "JobError": "realtime.errors",
    "again": "realtime.starts",
    "asgi_application": "realtime.asgi",
    "background": "realtime.errands",
    "items": "realtime.calls",
    "share": "realtime.shares",
    "start": "realtime.starts",
    "unshare": "realtime.shares",
    "weight": "realtime.weights",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: most of it needs Django to be set up, which this module is not."""
    if name == "progress":
        return import_module("realtime.progress")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
