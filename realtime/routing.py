"""The WebSocket routes, for a project with a router of its own."""

from __future__ import annotations

from django.urls import re_path

from realtime.consumers import ProgressConsumer

websocket_urlpatterns = [re_path(r"(?:^|/)headway/ws$", ProgressConsumer())]  # type: ignore[arg-type]
