"""HTTP and WebSockets behind one address."""

import os

from django.core.asgi import get_asgi_application
from django.urls import get_resolver

import realtime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")

pages = get_asgi_application()
# Now, so that the first visitor does not wait for it.
get_resolver().url_patterns  # noqa: B018
application = realtime.asgi_application(pages)
