"""Whether a socket may be opened: from where it comes, and who opens it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.http.cookie import parse_cookie
from django.http.request import split_domain_port, validate_host

from realtime.conf import conf
from realtime.permissions import is_operator

logger = logging.getLogger("realtime")

LOCAL_HOSTS = [".localhost", "127.0.0.1", "[::1]"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who opens a socket."""

    user: str
    """The primary key, as text."""
    operator: bool
    """Whether they may see everybody's jobs."""


def is_own_origin(scope: dict[str, Any]) -> bool:
    """Compare the whole origin (scheme, host, port) with our own, as Django's CSRF check does.

    Browsers send cookies along with handshakes from any site; this is what keeps others out.
    """
    origins = _headers(scope, b"origin")
    if len(origins) != 1:
        return False
    origin = origins[0].lower()
    allowed = _is_listed(origin) or origin == _own_origin(scope)
    if not allowed:
        logger.warning(
            "expected the origin of a socket to be %s or in CSRF_TRUSTED_ORIGINS, got: %.200s. "
            "Behind a proxy that ends TLS, set SECURE_PROXY_SSL_HEADER.",
            _own_origin(scope),
            origin,
        )
    return allowed


def _own_origin(scope: dict[str, Any]) -> str | None:
    hosts = _headers(scope, b"host")
    if len(hosts) != 1:
        return None
    host = hosts[0].lower()
    names = settings.ALLOWED_HOSTS or (LOCAL_HOSTS if settings.DEBUG else [])
    if "*" in names and "*" not in conf.ORIGINS:
        # A wildcard there says which names Django answers to, not whose pages may read jobs.
        names = [name for name in names if name != "*"] or LOCAL_HOSTS
    name, _ = split_domain_port(host)
    if not name or not validate_host(name, names):
        return None
    return f"{'https' if _is_secure(scope) else 'http'}://{host}"


def _is_secure(scope: dict[str, Any]) -> bool:
    header: tuple[str, str] | None = settings.SECURE_PROXY_SSL_HEADER
    if header:
        name, value = header
        given = _headers(scope, name.removeprefix("HTTP_").replace("_", "-").lower().encode())
        return [one.split(",")[0].strip() for one in given] == [value]
    return scope.get("scheme") in {"wss", "https"}


def _is_listed(origin: str) -> bool:
    if "*" in conf.ORIGINS and "*" in settings.ALLOWED_HOSTS:
        return True
    return any(_matches(origin, one) for one in [*settings.CSRF_TRUSTED_ORIGINS, *conf.ORIGINS])


def _matches(origin: str, pattern: str) -> bool:
    if "*" not in pattern:
        return origin == pattern.lower()
    given, wanted = urlsplit(origin), urlsplit(pattern.lower())
    ending = wanted.netloc.removeprefix("*")
    return (
        ending.startswith(".") and given.scheme == wanted.scheme and given.netloc.endswith(ending)
    )


def visitor(scope: dict[str, Any]) -> Visitor | None:
    """Return who is signed in, by Django's own session; asks the database."""
    key = _session_key(scope)
    if not key:
        return None
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(SimpleNamespace(session=session))  # type: ignore[arg-type]
    if not user.is_authenticated or not user.is_active:
        return None
    return Visitor(user=str(user.pk), operator=is_operator(user))


def _session_key(scope: dict[str, Any]) -> str | None:
    # Read as Django reads it: the standard library stops at the first cookie it does not like.
    cookies = parse_cookie("; ".join(_headers(scope, b"cookie")))
    key = cookies.get(settings.SESSION_COOKIE_NAME)
    return key if key and "\x00" not in key else None  # PostgreSQL cannot be asked for a NUL.


def _headers(scope: dict[str, Any], name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
