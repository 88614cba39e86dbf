"""The Celery application of the tests' workers: the service's, with the tests' tasks."""

from core.celery import app

app.autodiscover_tasks(["tests"])

__all__ = ["app"]
