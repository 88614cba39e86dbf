"""A web process's ear on the layer, when the layer goes deaf."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from realtime.layer import open_layer
from realtime.listener import Listener
from tests.services import RedisServer

GROUP = "headway.shard.0"


async def until(condition: Callable[[], Any], seconds: float = 15) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_a_layer_that_has_gone_deaf_is_begun_anew(
    redis: RedisServer, settings: Any, caplog: Any
) -> None:
    """Its receiving task ended at a time-out, as the network's may be, and said nothing."""
    settings.HEADWAY = {**settings.HEADWAY, "HEAL_INTERVAL": 0.05}
    heard: list[Any] = []
    listener = Listener(heard.extend)
    await listener.join([GROUP])
    speaker = open_layer()

    async def say(number: int) -> None:
        await speaker.group_send(GROUP, {"type": "states", "states": [json.dumps(number)]})

    await say(1)
    await until(lambda: heard == [1])
    [shard] = listener._layer._shards
    receiving = shard._receive_task

    async def time_out(**_: object) -> None:
        raise TimeoutError

    shard._pubsub.get_message = time_out
    with caplog.at_level(logging.WARNING):
        await until(receiving.done)
        assert isinstance(receiving.exception(), TimeoutError)
        await until(lambda: not listener._joined)
    assert "delivers nothing any more" in caplog.text
    await listener.join([GROUP])  # As the hub does every two seconds.
    await say(2)
    await until(lambda: heard == [1, 2])
    await listener.close()
    await speaker.flush()


async def test_a_layer_that_is_away_is_left_to_come_back(
    redis: RedisServer, settings: Any, caplog: Any
) -> None:
    """Nothing is begun anew while nothing can be sent."""
    settings.HEADWAY = {**settings.HEADWAY, "HEAL_INTERVAL": 0.05}
    listener = Listener(lambda _: None)
    await listener.join([GROUP])
    redis.stop()
    try:
        with pytest.raises(TimeoutError):
            await until(lambda: not listener._joined, seconds=3.5)
    finally:
        redis.cont()
    assert await listener._is_heard()
    assert GROUP in listener._joined
    await listener.close()
