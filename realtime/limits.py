"""How many sockets one person and one address may open in a web process, how often one reports."""

from __future__ import annotations

import ipaddress
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from realtime.conf import conf

HOME = 64
"""Bits of an IPv6 address that belong to one household."""

WINDOW = 10
"""Seconds over which the rate of reports is taken."""

_taken: Counter[tuple[str, str]] = Counter()


@contextmanager
def seat(user: str, address: str | None, shared: str = "") -> Iterator[str]:
    """Take a socket's seat; gives the reason when there is none, else "" and keeps it taken.

    A guest has no user, and watches the job that is `shared`.
    """
    wanted = {("user", user): conf.SOCKETS_PER_USER}
    if shared:
        wanted = {("shared job", shared): conf.SOCKETS_PER_SHARE}
    if address:
        wanted["address", _neighbourhood(address)] = conf.SOCKETS_PER_ADDRESS
    for place, most in wanted.items():
        if _taken[place] >= most:
            yield f"expected at most {most} sockets of one {place[0]}: close other pages"
            return
    _taken.update(wanted.keys())
    try:
        yield ""
    finally:
        _taken.subtract(wanted.keys())
        for place in wanted:
            if not _taken[place]:
                del _taken[place]


class Reports:
    """What each person has reported in this window."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._window = 0
        self._counts: Counter[str] = Counter()

    def count(self, user: str, now: float) -> int:
        """Count a report; returns after how many seconds to come again, 0 for now."""
        window = int(now // WINDOW)
        if window != self._window:
            self._window, self._counts = window, Counter()
        self._counts[user] += 1
        fits = self._counts[user] <= conf.REPORT_RATE * WINDOW
        return 0 if fits else int(WINDOW - now % WINDOW) + 1


_reports = Reports()


def report(user: str) -> int:
    """Count a report from outside; returns after how many seconds to come again, 0 for now."""
    return _reports.count(user, time.monotonic())


def _neighbourhood(address: str) -> str:
    """Return the address, of IPv6 the part that one household shares."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:  # noqa: PLR2004
        return address
    return str(ipaddress.ip_network((known, HOME), strict=False))
