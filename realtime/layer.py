"""The Channels layer that announces what is new."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from channels.layers import BaseChannelLayer, channel_layers
from channels_redis.pubsub import RedisPubSubChannelLayer

from realtime.conf import conf

# Explicit, because redis-py 8 closes a connection that is idle for 5 s unless told otherwise.
SOCKET_TIMEOUT = 30


def open_layer(*, timeout: float = SOCKET_TIMEOUT) -> Any:
    """Return the project's layer that HEADWAY["LAYER"] names, else a pub/sub layer of our own.

    `timeout` is how many seconds our own layer waits for Redis.
    """
    if conf.LAYER:
        return channel_layers[conf.LAYER]
    host = {"address": conf.REDIS_URL, "socket_timeout": timeout, "socket_connect_timeout": timeout}
    layer: BaseChannelLayer = RedisPubSubChannelLayer(hosts=[host], prefix=conf.PREFIX)
    return layer


async def empty(layer: Any) -> None:
    """Let our own layer forget everything and close its connections; it can be used again."""
    for shard in layer._shards:  # noqa: SLF001
        # One that has died is awaited by `flush`, which then dies of the same error.
        if shard._receive_task and shard._receive_task.done():  # noqa: SLF001
            shard._receive_task = None  # noqa: SLF001
    await layer.flush()


def shard_of(key: str) -> str:
    """Return the group in which jobs with this shard key are announced."""
    return f"{conf.PREFIX}.shard.{crc32(key.encode()) % conf.SHARDS}"


def shards() -> list[str]:
    """Return all groups, for who watches everything."""
    return [f"{conf.PREFIX}.shard.{number}" for number in range(conf.SHARDS)]
