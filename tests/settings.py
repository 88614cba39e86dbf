"""Settings of the tests: the service's own, with a data folder that nobody else uses.

Processes that a test starts take HEADWAY_MORE and CELERY_MORE, settings as JSON, and VISIBILITY,
the seconds after which Redis as broker delivers again what a dead worker held. With AS_SERVED
workers take messages as the service's do.
"""

import json
import os
import tempfile

import django

from core.embedded import free_port
from core.queues import is_rabbit

os.environ.setdefault("DATA_DIR", tempfile.mkdtemp(prefix="headway-test-"))
os.environ.setdefault("SECRET_KEY", "tests-only-" + "0" * 50)
os.environ["DEBUG"] = "1"
if "REDIS_URL" not in os.environ:  # The session's own Redis is started there by conftest.
    os.environ["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"

from core.settings import *  # noqa: F403  The environment above decides what they are.
from core.settings import (
    CELERY_BROKER_URL,
    CELERY_TASK_ROUTES,
    DATA_DIR,
    DATABASES,
    HEADWAY,
    INSTALLED_APPS,
)

BACKPORT = django.VERSION < (6, 0)
INSTALLED_APPS = [*INSTALLED_APPS, *(["django_tasks"] if BACKPORT else []), "django_tasks_db"]
IMMEDIATE = "django_tasks.backends.immediate" if BACKPORT else "django.tasks.backends.immediate"
TASKS = {
    "default": {"BACKEND": f"{IMMEDIATE}.ImmediateBackend"},
    "database": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []},
}

DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, so that web and worker processes started by a test see the same rows.
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}

# The service's own tasks as it says, and all others as by default.
HEADWAY = {**HEADWAY, "KEEP_ARGUMENTS": [*HEADWAY["KEEP_ARGUMENTS"], "[!c]*"]}
# Nothing is too old for a test, and nobody counts while tables are emptied between two.
HEADWAY = {**HEADWAY, "KEEP_JOBS": {}, "KEEP_SERIES": 0}
HEADWAY = {**HEADWAY, **json.loads(os.environ.get("HEADWAY_MORE", "{}"))}
# The tests' own tasks are sent, and taken, as Celery does by default.
CELERY_TASK_ROUTES = {name: route for name, route in CELERY_TASK_ROUTES.items() if name != "*"}
if "AS_SERVED" not in os.environ:
    CELERY_WORKER_PREFETCH_MULTIPLIER, CELERY_WORKER_DISABLE_PREFETCH = 4, False
if "VISIBILITY" in os.environ and not is_rabbit(CELERY_BROKER_URL):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": int(os.environ["VISIBILITY"]),
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    }
vars().update(json.loads(os.environ.get("CELERY_MORE", "{}")))
