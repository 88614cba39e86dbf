"""The jobs that the service ships; Celery finds their tasks through this module."""

from core.jobs import images, transfer

__all__ = ["images", "transfer"]
