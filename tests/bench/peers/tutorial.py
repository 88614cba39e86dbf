"""The way that Channels' tutorial and those after it show: every socket joins the group."""

from __future__ import annotations

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")
http = get_asgi_application()

from channels.generic.websocket import AsyncJsonWebsocketConsumer  # noqa: E402  Django first.
from channels.routing import ProtocolTypeRouter  # noqa: E402

GROUP = "job"


class TutorialConsumer(AsyncJsonWebsocketConsumer):
    """One socket in the group."""

    async def connect(self) -> None:
        """Join."""
        await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """Leave."""
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def progress(self, event: dict[str, Any]) -> None:
        """Pass a report on."""
        await self.send_json(event["state"])


application = ProtocolTypeRouter({"http": http, "websocket": TutorialConsumer.as_asgi()})
