"""Where live states and logs are kept: in Redis, or in memory for tests. One contract.

Each job has one record: its newest state, its numbers, who runs it and what people want of it.
`remember` is the only way to change a state, and is one atomic step for each job:
refuse what comes after the end or from an older run, give the next seq, append the log lines,
renew the lease, hand back what people want and answer.
"""

from __future__ import annotations

from realtime.conf import conf
from realtime.store.contract import (
    GROWING,
    HEALING,
    LINES_PER_READ,
    REMEMBERED,
    WORKERS,
    Answered,
    Branch,
    Crown,
    Growth,
    Lead,
    Lines,
    News,
    Part,
    Remembered,
    Report,
    Sign,
    Standing,
    Store,
    Told,
    Totals,
    numbered,
    told_of,
)
from realtime.store.in_memory import MemoryStore
from realtime.store.in_redis import RedisStore

__all__ = [
    "GROWING",
    "HEALING",
    "LINES_PER_READ",
    "REMEMBERED",
    "WORKERS",
    "Answered",
    "Branch",
    "Crown",
    "Growth",
    "Lead",
    "Lines",
    "MemoryStore",
    "News",
    "Part",
    "RedisStore",
    "Remembered",
    "Report",
    "Sign",
    "Standing",
    "Store",
    "Told",
    "Totals",
    "close_stores",
    "get_store",
    "numbered",
    "told_of",
]

_stores: dict[tuple[str, str], Store] = {}


def get_store() -> Store:
    """Return this process's store, as the settings name it."""
    key = (conf.STORE, conf.REDIS_URL)
    if key not in _stores:
        _stores[key] = MemoryStore() if conf.STORE == "memory" else RedisStore()
    return _stores[key]


def close_stores() -> None:
    """Close this process's stores; the next call opens new ones."""
    for store in _stores.values():
        store.close()
    _stores.clear()
