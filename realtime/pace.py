"""How fast a job goes and when it will be done."""

from __future__ import annotations

import math

HALF_LIFE = 2.0
"""Seconds after which an observation weighs half."""
UPDATES = 3
SECONDS = 5.0
"""Before so many updates and seconds a forecast would mean nothing."""
RATE_SECONDS = 1.0
"""Before so many seconds a rate would mean nothing."""


class Pace:
    """Rate and ETA by double exponential smoothing, both with a half-life of 2 s.

    The way of Uppy's status bar (transloadit/uppy, `packages/@uppy/status-bar`): the speed is
    smoothed, then the forecast made of it, and between two updates the forecast runs down.
    """

    def __init__(self) -> None:
        """Begin without an observation."""
        self._items = _Speed()
        self._whole = _Speed()
        self._left: float | None = None
        self._updates = 0

    @property
    def rate(self) -> float | None:
        """Items a second, None while that means nothing."""
        return self._items.speed if self._items.lasted >= RATE_SECONDS else None

    def observe(self, now: float, n: float, fraction: float | None) -> None:
        """Take in that at `now` (seconds, any origin) `n` items and a fraction were done."""
        if n < self._items.value:  # Another stage counts its own: the job goes on as it did.
            self._items = _Speed()
        self._items.observe(now, n)
        if fraction is None:
            self._left = None
            return
        elapsed = self._whole.observe(now, fraction)
        if elapsed:
            self._forecast(now, elapsed, fraction)

    def rest(self, now: float) -> None:
        """Take in that nobody works at the moment: the time that passes counts for nothing."""
        self._items.rest(now)
        self._whole.rest(now)

    def eta(self, now: float) -> float | None:
        """Return the seconds to the end at `now`, None while they mean nothing."""
        if self._left is None or self._updates < UPDATES or now - self._whole.begun < SECONDS:
            return None
        return max(self._left - (now - self._whole.at), 0.0)

    def _forecast(self, now: float, elapsed: float, fraction: float) -> None:
        self._updates += 1
        if not self._whole.speed:
            return
        # What nobody has seen need not be kept from jumping.
        shown = self._left is not None and self._updates > UPDATES
        shown = shown and now - self._whole.begun - elapsed >= SECONDS
        before = max((self._left or 0.0) - elapsed, 0.0) if shown else None
        left = (1 - fraction) / self._whole.speed
        self._left = _smoothed(before, left, self._whole.weight)


class _Speed:
    """How fast a number rises; its last seconds weigh more than those before."""

    def __init__(self) -> None:
        self.begun = self.at = math.nan
        """When it was first seen, and when it last rose."""
        self.value = 0.0
        self.speed: float | None = None
        self.weight = 1.0
        """Of the last observation."""

    @property
    def lasted(self) -> float:
        """Seconds over which it was observed."""
        return self.at - self.begun

    def observe(self, now: float, value: float) -> float:
        """Take in a value; returns the seconds since the last one, 0 where nothing has changed."""
        if math.isnan(self.at):
            self.begun, self.at, self.value = now, now, value
            return 0.0
        elapsed = now - self.at
        if elapsed <= 0 or value == self.value:
            return 0.0
        self.weight = _share(elapsed) / _share(now - self.begun)
        self.speed = _smoothed(self.speed, (value - self.value) / elapsed, self.weight)
        self.at, self.value = now, value
        return elapsed

    def rest(self, now: float) -> None:
        """Let the time pass."""
        if not math.isnan(self.at):
            self.at = now


def _share(seconds: float) -> float:
    """Return what the last so many seconds weigh of all time.

    Of the time since the beginning they weigh more: the first observation, which is often of a
    quick first part, would else stand for all the time before it.
    """
    return 1 - math.exp2(-seconds / HALF_LIFE)


def _smoothed(before: float | None, now: float, weight: float) -> float:
    return now if before is None else before + weight * (now - before)
