"""Which queues a worker takes messages from: those it is set up for, less those that are paused.

A worker looks before it takes its first message, every few seconds, and when it is told to. What it
was set up for is where it goes back to. Looking has a thread of its own: who waits for the database
must not keep the leases of what runs from being renewed.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import signals
from django.db import DEFAULT_DB_ALIAS, Error, connection, connections

from realtime.conf import conf
from realtime.forks import disconnect
from realtime.models import PausedQueue
from realtime.rounds import Rounds

logger = logging.getLogger("realtime")

MOST = 10_000
"""Paused queues that are heeded."""


def paused() -> frozenset[str]:
    """Return the names of the queues that are paused."""
    return frozenset(PausedQueue.objects.values_list("name", flat=True)[:MOST])


class Intake:
    """What one worker takes from."""

    def __init__(self) -> None:
        """Begin with nothing held back."""
        self.withheld: set[str] = set()
        """Queues that it would take from if they were not paused."""
        self.consumer: Any = None
        """The worker's, once it is ready."""
        self._names: frozenset[str] = frozenset()
        self._connection: Any = None
        self._away = False

    def begin(self, queues: Any) -> None:
        """Leave the paused queues out before the first message is taken."""
        names = self._paused()
        connection.close()  # The children of the pool are yet to be forked.
        for name in (names or frozenset()) & set(queues.consume_from):
            self._leave_out(queues, name)

    def look(self) -> None:
        """Look, and let the worker's own loop do what is to be done."""
        self._connection = connections[DEFAULT_DB_ALIAS]
        names = self._paused()
        if names is None:
            return
        self._names = names
        taken = set(self.consumer.app.amqp.queues.consume_from)
        if names & taken or self.withheld - names:
            self.consumer.call_soon(self._change)

    def disconnect(self) -> None:
        """Close the thread's connection to the database: this process is about to fork."""
        if self._connection is not None:
            disconnect(self._connection)

    def _paused(self) -> frozenset[str] | None:
        """Return which queues are paused, None when nobody can say so."""
        try:
            names = paused()
        except Error as error:
            connection.close()
            if not self._away:
                logger.warning("The database is away, nobody knows which queues rest: %s", error)
            self._away = True
            return None
        self._away = False
        return names

    def _change(self) -> None:
        """Do what was seen last: a loop that was busy may come to it late, and twice."""
        consumer, names = self.consumer, self._names
        queues = consumer.app.amqp.queues
        for name in names & set(queues.consume_from):
            self._leave_out(queues, name)
            if consumer.task_consumer:  # Without a connection the next one is opened without it.
                consumer.cancel_task_queue(name)
        for name in sorted(self.withheld - names):
            queues.select_add(queues[name])
            if consumer.task_consumer:
                consumer.add_task_queue(name)
            self.withheld.discard(name)

    def _leave_out(self, queues: Any, name: str) -> None:
        # Said by name: else Celery would take from whatever it comes to know of, by sending to it.
        queues.select(list(queues.consume_from))
        queues.deselect([name])
        self.withheld.add(name)


intake = Intake()
"""This process's."""
_rounds = Rounds("headway-intake", intake.look, lambda: conf.LEASE / 5, intake.disconnect)


def connect() -> None:
    """Listen to Celery; called once, when the app is ready."""
    signals.celeryd_after_setup.connect(_on_setup, weak=False, dispatch_uid="headway-intake")
    signals.worker_ready.connect(_on_ready, weak=False, dispatch_uid="headway-intake")
    signals.worker_shutdown.connect(_on_shutdown, weak=False, dispatch_uid="headway-intake")


def nudge() -> None:
    """Look now."""
    _rounds.nudge()


def _on_setup(instance: Any = None, **_: Any) -> None:
    intake.begin(instance.app.amqp.queues)


def _on_ready(sender: Any = None, **_: Any) -> None:
    if sender:
        intake.consumer = sender
        _rounds.start()


def _on_shutdown(**_: Any) -> None:
    _rounds.stop(timeout=1)
