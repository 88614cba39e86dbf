"""Pages and sockets, as the third step says."""

import os

from django.core.asgi import get_asgi_application

import realtime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

application = realtime.asgi_application(get_asgi_application())
