"""The Celery application of the benches' workers."""

from core.celery import app

app.autodiscover_tasks(["tests.bench"], related_name="jobs")

__all__ = ["app"]
