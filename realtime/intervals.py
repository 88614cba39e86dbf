"""The intervals of the series: each length is a multiple of the one before, from midnight UTC on.

No day of anybody's calendar: where clocks are put forward or back, nothing is longer or shorter.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from realtime.conf import conf

MINUTE: Final = 60
STEPS: Final = (MINUTE, 600, 3_600, 21_600, 86_400)
"""The lengths in seconds; what was counted of a minute is added up for all others."""
SHORT: Final = (MINUTE, 600)
"""Those that are kept for KEEP_MINUTES, all others for KEEP_SERIES."""


def kept_for(step: int) -> int:
    """Return for how many seconds intervals of a length are kept."""
    return conf.KEEP_MINUTES if step in SHORT else conf.KEEP_SERIES


def kept_since(step: int, now: int) -> int:
    """Return the second from which on intervals of a length can be asked for.

    They go a whole one later: who asks for as long as they are kept has them, a slow clock or not.
    """
    return now - kept_for(step) - step


def moment(second: int) -> datetime:
    """Return the moment of a second since 1970."""
    return datetime.fromtimestamp(second, UTC)


def second(moment: datetime) -> int:
    """Return the second since 1970 in which a moment is."""
    return int(moment.timestamp() // 1)


def floor(second: int, step: int) -> int:
    """Return the start of the interval in which a second is."""
    return second - second % step
