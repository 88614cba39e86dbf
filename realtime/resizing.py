"""How many tasks a worker runs at once, changed while it runs."""

from __future__ import annotations

import os
from typing import Any

from django.utils.translation import gettext_noop

PER_PROCESSOR = 16
"""Processes of a prefork pool that one processor may be asked to bear."""
POOLS = {"thread": "threads"}
"""What people call a pool where its module is called otherwise."""
TOO_MANY = gettext_noop("That is more than its machine can bear: ask for fewer.")


def pool_of(pool: Any) -> str:
    """Return what people call a pool: prefork, threads, gevent, eventlet, solo."""
    module = type(pool).__module__.rpartition(".")[2]
    return POOLS.get(module, module)


def concurrency_of(pool: Any) -> int:
    """Return how many tasks a pool can run at once."""
    if pool_of(pool) == "prefork":  # Of which `limit` is how many there were first.
        return int(pool.num_processes)
    # Before Celery 5.7 only the greenlets' own pool knew how large it was made.
    size = getattr(getattr(pool, "_pool", None), "size", None)
    return int(size or pool.limit or 1)


def resizes(consumer: Any) -> bool:
    """Tell whether a worker can be told how many tasks it runs: threads and solo cannot."""
    scales_itself = getattr(consumer.controller, "autoscaler", None)
    return hasattr(consumer.pool, "grow") and not scales_itself


class Size:
    """The size that one worker is to have."""

    def __init__(self) -> None:
        """Begin with the size that there is."""
        self._wanted: int | None = None

    def ask(self, consumer: Any, processes: int) -> dict[str, Any]:
        """Grow now; shrink as far as processes are idle now, and on with each lease."""
        prefork = pool_of(consumer.pool) == "prefork"
        if prefork and processes > PER_PROCESSOR * (os.cpu_count() or 1):
            return {"refused": TOO_MANY}
        self._wanted = processes
        self._step(consumer)
        return {"processes": concurrency_of(consumer.pool)}

    def go_on(self, consumer: Any) -> None:
        """Let the worker's own loop go on with what is left to be done."""
        if self._wanted is not None:
            consumer.call_soon(self._step, consumer)

    def _step(self, consumer: Any) -> None:
        before = concurrency_of(consumer.pool)
        if self._wanted is None:
            return
        if self._wanted > before:
            consumer.pool.grow(self._wanted - before)
            self._wanted = None
        elif self._wanted < before and not _is_handing_over(consumer.pool):
            _shrink(consumer.pool, before - self._wanted)
        after = concurrency_of(consumer.pool)
        if after != before:
            consumer._update_prefetch_count(after - before)  # noqa: SLF001  as Celery's own command
        if after == self._wanted:
            self._wanted = None


def _shrink(pool: Any, count: int) -> None:
    try:
        pool.shrink(count)
    except ValueError:  # More than are idle; those that are have gone.
        return


def _is_handing_over(pool: Any) -> bool:
    """Tell whether a child was given a task and has not said so: it would count as idle."""
    given = getattr(getattr(pool, "_pool", None), "_cache", {})
    jobs = list(given.values()) if isinstance(given, dict) else []
    return any(job._write_to and not job._accepted for job in jobs)  # noqa: SLF001  billiard's


size = Size()
"""This process's."""
