"""How fast a job goes and when it will be done."""

from __future__ import annotations

import math

HALF_LIFE = 2.0
"""Seconds after which an observation weighs half."""
UPDATES = 3
SECONDS = 5.0
"""Before so many updates and seconds a forecast would mean nothing."""


class Pace:
    """Rate and ETA by double exponential smoothing, both with a half-life of 2 s.

    The way of Uppy's status bar (transloadit/uppy, `packages/@uppy/status-bar`): the speed is
    smoothed, then the forecast made of it, and between two updates the forecast runs down.
    """

    def __init__(self) -> None:
        """Begin without an observation."""
        self.rate: float | None = None
        self._begun: float | None = None
        self._time: float | None = None
        self._n = 0.0
        self._fraction: float | None = None
        self._speed: float | None = None
        self._left: float | None = None
        self._updates = 0

    def observe(self, now: float, n: float, fraction: float | None) -> None:
        """Take in that at `now` (seconds, any origin) `n` items and a fraction were done."""
        if self._time is None or n < self._n:
            Pace.__init__(self)
            self._begun, self._time, self._n, self._fraction = now, now, n, fraction
            return
        elapsed = now - self._time
        if elapsed <= 0 or (n == self._n and fraction == self._fraction):
            return
        weight = _share(elapsed) / _share(now - (self._begun or 0.0))
        self.rate = _smoothed(self.rate, (n - self._n) / elapsed, weight)
        if self.eta(now) is None:
            self._left = None  # Nobody has seen it: nothing that must not jump.
        self._forecast(elapsed, fraction, weight)
        self._time, self._n, self._fraction = now, n, fraction
        self._updates += 1

    def rest(self, now: float) -> None:
        """Take in that nobody works at the moment: the time that passes counts for nothing."""
        if self._time is not None:
            self._time = now

    def eta(self, now: float) -> float | None:
        """Return the seconds to the end at `now`, None while they mean nothing."""
        if self._left is None or self._time is None or self._begun is None:
            return None
        if self._updates < UPDATES or now - self._begun < SECONDS:
            return None
        return max(self._left - (now - self._time), 0.0)

    def _forecast(self, elapsed: float, fraction: float | None, weight: float) -> None:
        if fraction is None or self._fraction is None:
            self._left = None
            return
        self._speed = _smoothed(self._speed, max(fraction - self._fraction, 0) / elapsed, weight)
        if not self._speed:
            return
        left = (1 - fraction) / self._speed
        before = None if self._left is None else max(self._left - elapsed, 0)
        self._left = _smoothed(before, left, weight)


def _share(seconds: float) -> float:
    """Return what the last so many seconds weigh of all time.

    Of the time since the beginning they weigh more: the first observation, which is often of a
    quick first part, would else stand for all the time before it.
    """
    return 1 - math.exp2(-seconds / HALF_LIFE)


def _smoothed(before: float | None, now: float, weight: float) -> float:
    return now if before is None else before + weight * (now - before)
