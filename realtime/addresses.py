"""Where a webhook may lead: its address is taken apart, resolved once, and each answer checked.

Whoever may name an address must not reach by it what only this machine, or its network, can. The
connection is made to what was checked, so a name that answers otherwise a moment later is no way
around; nor is a spelling, for what the system's resolver makes of it is what is looked at.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import IPv6Address, IPv6Network, ip_address
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import SplitResult, quote, urlsplit

from django.utils.translation import gettext_noop

from realtime.conf import conf

LONGEST = 2_000
"""Characters of an address."""
PORTS = {"http": 80, "https": 443}
HIGHEST_PORT = 65_535
UNICAST = IPv6Network("2000::/3")
"""Where the Internet's addresses are; those with one of IPv4 in them lie outside, but for two."""
KEPT = "%/:=&?~+!$,;'@()*[]-._"
"""What stays in a path as it is written."""
NO_ANSWER = gettext_noop("The name of the webhook's host cannot be resolved.")
PRIVATE = gettext_noop("The webhook leads to a private address, which the settings do not allow.")


class BadAddress(Exception):
    """The webhook's address can never be asked: it says what was expected of it."""


class Blocked(Exception):
    """The webhook's host has an address that must not be reached from here."""


class Unresolved(OSError):
    """Nobody knows where the webhook's host is, or nobody says it in time."""


class Target(NamedTuple):
    """An address, taken apart."""

    scheme: str
    host: str
    """As the resolver and the certificate have it: in ASCII."""
    port: int
    path: str
    """With the query."""


class Place(NamedTuple):
    """One answer of the resolver."""

    family: int
    where: Any
    """As `socket.connect` takes it."""


def target_of(url: str) -> Target:
    """Return an address, taken apart; raises `BadAddress`."""
    if (
        len(url) > LONGEST
        or "\\" in url
        or not all(one.isprintable() and one != " " for one in url)
    ):
        raise BadAddress(f"at most {LONGEST} characters without spaces and backslashes")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadAddress("an address with a host and a port that there can be") from error
    if parts.scheme not in PORTS:
        raise BadAddress("an address that begins with https:// or http://")
    if "@" in parts.netloc:
        raise BadAddress("an address without a name and password in it")
    if port is not None and not 0 < port <= HIGHEST_PORT:
        raise BadAddress("an address with a port that there can be")
    path = quote(parts.path or "/", safe=KEPT)
    query = f"?{quote(parts.query, safe=KEPT)}" if parts.query else ""
    return Target(parts.scheme, _host(parts), port or PORTS[parts.scheme], path + query)


def places(target: Target, patience: float) -> list[Place]:
    """Return where a target is: every answer of the resolver, all of which may be reached.

    Raises `Blocked`, or `Unresolved` after so many seconds.
    """
    found = _resolved(target, patience)
    if not conf.ALERT_PRIVATE_ADDRESSES and not all(is_public(str(one.where[0])) for one in found):
        raise Blocked(PRIVATE)
    return found


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the whole Internet's, and not another in disguise."""
    try:
        ip = ip_address(address)
    except ValueError:  # With a zone of this machine's.
        return False
    if isinstance(ip, IPv6Address) and (ip not in UNICAST or ip.sixtofour or ip.teredo):
        return False
    inward = ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_unspecified
    return ip.is_global and not (inward or ip.is_multicast or ip.is_reserved)


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if not host or "%" in host:
        raise BadAddress("an address with a host")
    if ":" in host:
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError as error:
        raise BadAddress("an address with a host's name") from error


def _resolved(target: Target, patience: float) -> list[Place]:
    """Ask in a thread of its own: the system's resolver has no deadline."""
    told: list[Sequence[Any] | Exception] = []

    def ask() -> None:
        try:
            told.append(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001  told in the thread that waits
            told.append(error)

    thread = Thread(target=ask, name="headway-resolver", daemon=True)
    thread.start()
    thread.join(patience)
    if not told or not told[0] or isinstance(told[0], OSError | UnicodeError):
        raise Unresolved(NO_ANSWER)
    if isinstance(told[0], Exception):
        raise told[0]
    return [Place(family, where) for family, _, _, _, where in told[0]]
