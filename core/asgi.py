"""HTTP and WebSockets behind one address."""

import os

from django.core.asgi import get_asgi_application

import realtime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")

application = realtime.asgi_application(get_asgi_application())
