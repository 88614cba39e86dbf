"""Layers that lose messages, as real ones may."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer

DROP = "FAULT_DROP"
"""The environment's variable with a file that says which share of messages is lost, 0 to 1."""


class LossyLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    """The pub/sub layer, which loses a share of what it is given, echoes too."""

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        """Send, or lose."""
        if random.random() >= _share():
            await self.__getattr__("group_send")(group, message)


def _share() -> float:
    return float(Path(os.environ[DROP]).read_text() or "0")
