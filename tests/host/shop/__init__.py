"""A Django project that knows nothing of Headway but the four steps of its README."""

from .celery import app as celery_app  # noqa: TID252  It lies elsewhere when it runs.

__all__ = ["celery_app"]
