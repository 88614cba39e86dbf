"""Whether a socket, or a stream, may be opened: from where it comes, and who opens it."""

from __future__ import annotations

import asyncio
import logging
import re
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from weakref import WeakKeyDictionary

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port, validate_host
from django.utils.http import is_same_domain

from realtime.conf import conf
from realtime.sessions import GUEST, Visitor, guest_key, visitors
from realtime.together import Together

logger = logging.getLogger("realtime")

LOCAL_HOSTS = [".localhost", "127.0.0.1", "[::1]"]
SCHEMES = {"ws": "http", "wss": "https", "https": "https"}
HANDSHAKE = 5.0
"""Seconds that finding out who it is may take."""
FORWARDED = (b"x-forwarded-for", b"forwarded", b"x-real-ip")
"""Headers in which proxies say for whom they ask."""


def is_own_origin(scope: dict[str, Any]) -> bool:
    """Compare the whole origin (scheme, host, port) with our own, as Django's CSRF check does.

    Browsers send cookies along with handshakes from any site; this is what keeps others out.
    """
    origins = _headers(scope, b"origin")
    if len(origins) != 1:
        return False
    origin = origins[0].lower()
    own = _own_origin(scope)
    allowed = _is_listed(origin) or origin == own
    if not allowed:
        logger.warning(
            "expected the origin of a socket to be %s or in CSRF_TRUSTED_ORIGINS, got: %.200s. "
            "Behind a proxy that ends TLS, set SECURE_PROXY_SSL_HEADER; behind one that changes "
            "the host, USE_X_FORWARDED_HOST.",
            own,
            origin,
        )
    return allowed


def _own_origin(scope: dict[str, Any]) -> str | None:
    """Return the origin of our pages, as Django takes it from headers and settings."""
    request = _as_request(scope)
    try:
        host = request.get_host().lower()
    except DisallowedHost:
        return None
    if "*" in settings.ALLOWED_HOSTS and "*" not in conf.ORIGINS:
        # A wildcard there says which names Django answers to, not whose pages may read jobs.
        names = [name for name in settings.ALLOWED_HOSTS if name != "*"] or LOCAL_HOSTS
        if not validate_host(split_domain_port(host)[0], names):
            return None
    return f"{request.scheme}://{host}"


def _as_request(scope: dict[str, Any]) -> HttpRequest:
    scheme = SCHEMES.get(scope.get("scheme", "ws"), "http")
    as_http = {"path": "/", **scope, "type": "http", "method": "GET", "scheme": scheme}
    return ASGIRequest(as_http, BytesIO())


def _is_listed(origin: str) -> bool:
    if "*" in conf.ORIGINS and "*" in settings.ALLOWED_HOSTS:
        return True
    return any(_matches(origin, one) for one in [*settings.CSRF_TRUSTED_ORIGINS, *conf.ORIGINS])


def _matches(origin: str, pattern: str) -> bool:
    if "*" not in pattern:
        return origin == pattern.lower()
    given, wanted = urlsplit(origin), urlsplit(pattern.lower())
    ending = wanted.netloc.removeprefix("*")
    if not ending.startswith("."):
        return False
    return given.scheme == wanted.scheme and is_same_domain(given.netloc, ending)


def is_asked_by_own_page(scope: dict[str, Any]) -> bool:
    """Tell the same of a request; browsers leave the origin out of a GET to the page's own."""
    sites = _headers(scope, b"sec-fetch-site")
    if scope["method"] == "GET" and sites and not _headers(scope, b"origin"):
        return sites == ["same-origin"]
    return is_own_origin(scope)


async def admitted(scope: dict[str, Any]) -> Visitor | None:
    """Return who is signed in, None also when that cannot be told in time."""
    try:
        async with asyncio.timeout(HANDSHAKE):
            return await visitor(scope)
    except Exception:
        logger.exception("A visitor could not be recognised")
        return None


async def visitor(scope: dict[str, Any]) -> Visitor | None:
    """Return who comes: with a share token, else by Django's own session.

    The database is asked for many at once.
    """
    token = share_token(scope)
    key = guest_key(token) if token else _session_key(scope)
    return (await _reception().ask([key])).get(key) if key else None


def address_of(scope: dict[str, Any]) -> str | None:
    """Return from which address a browser comes; None where only a proxy's is known.

    A server that trusts its proxy has put the browser's address in the proxy's place.
    """
    client = scope.get("client")
    if not client:
        return None
    told = [value for name in FORWARDED for value in _headers(scope, name)]
    named = {part for value in told for part in re.split(r'[\s,;="\[\]]+', value)}
    return client[0] if not told or client[0] in named else None


_receptions: WeakKeyDictionary[asyncio.AbstractEventLoop, Together[Visitor]] = WeakKeyDictionary()


def _reception() -> Together[Visitor]:
    """Return where the running event loop asks who comes."""
    loop = asyncio.get_running_loop()
    if loop not in _receptions:
        _receptions[loop] = Together(visitors)
    return _receptions[loop]


def share_token(scope: dict[str, Any]) -> str:
    """Return the share token in an address, "" where there is none."""
    said: bytes = scope.get("query_string", b"")
    return dict(parse_qsl(said.decode("latin-1"))).get("token", "")


def _session_key(scope: dict[str, Any]) -> str | None:
    # Read as Django reads it: the standard library stops at the first cookie it does not like.
    cookies = parse_cookie("; ".join(_headers(scope, b"cookie")))
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    if not key or "\x00" in key or key.startswith(GUEST):  # PostgreSQL cannot be asked for a NUL.
        return None
    return key


def _headers(scope: dict[str, Any], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
