"""The service around `realtime`: settings, accounts, pages and the jobs it ships."""

from core.celery import app as celery_app

__all__ = ["celery_app"]
