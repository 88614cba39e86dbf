"""The jobs that the service ships; Celery finds their tasks through this module."""

from core.jobs import images, mail, note, reports, transfer

__all__ = ["images", "mail", "note", "reports", "transfer"]
