"""The zones that can be chosen: those that people call by their city, and London's old time."""

from functools import cache
from zoneinfo import available_timezones

UTC = "UTC"
_NOBODYS = {"Etc", "SystemV", "US", "Brazil", "Canada", "Chile", "Mexico", "posix", "right"}


@cache
def zones() -> list[tuple[str, str]]:
    """Return each zone's name and how it is shown."""
    cities = {
        name
        for name in available_timezones()
        if "/" in name and name.partition("/")[0] not in _NOBODYS
    }
    return [(UTC, UTC), *((name, name.replace("_", " ")) for name in sorted(cities))]
