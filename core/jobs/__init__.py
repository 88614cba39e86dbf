"""The jobs that the service ships; Celery finds their tasks through this module."""
