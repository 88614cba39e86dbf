"""HTTP and WebSockets behind one address."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")

django_application = get_asgi_application()

import realtime  # noqa: E402  Django must be set up first.

application = realtime.asgi_application(django_application)
