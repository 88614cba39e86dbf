"""Who is signed in by a session, and what they may do.

Asked at the handshake, and every few seconds for all open sockets together: so each session and
each user is read once, in few queries where Django's own back ends allow it. It only reads:
Django's `get_user` writes, and would renew or end the session behind the browser's back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
    load_backend,
)
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import PermissionsMixin
from django.contrib.sessions.backends.cache import SessionStore as CacheStore
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.core.cache import caches
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from realtime import reach, shares
from realtime.permissions import VIEW_ALL
from realtime.reach import OWN, Reach

Session = dict[str, Any]

GUEST = "?token="
"""What the key of a guest begins with."""
PART = 500
"""Keys in one query."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in, or a guest with a share token."""

    user: str
    """The primary key, as text; "" of a guest."""
    operator: bool
    """Whether they may see everybody's jobs."""
    tags: frozenset[str] = frozenset()
    """The tags of whose jobs they see, where they may not see everybody's."""
    session: str = ""
    """The key of the session that says so, or of a guest."""
    shared: str = ""
    """The id of the job that a guest may see."""


def visitors(keys: Collection[str]) -> dict[str, Visitor]:
    """Return who comes with each of these keys, of sessions or of guests; nobody, where one lacks.

    Raises whatever a database or a cache raises that is away.
    """
    tokens = {key for key in keys if key.startswith(GUEST)}
    return _signed_in(set(keys) - tokens) | _guests(tokens)


def guest_key(token: str) -> str:
    """Return the key of a guest with this share token; no session has such a key."""
    return GUEST + token


def _guests(keys: Collection[str]) -> dict[str, Visitor]:
    found = shares.shared([key.removeprefix(GUEST) for key in keys])
    return {
        guest_key(token): Visitor(user="", operator=False, session=guest_key(token), shared=job)
        for token, job in found.items()
    }


def _signed_in(keys: Collection[str]) -> dict[str, Visitor]:
    if not keys:
        return {}
    sessions = _sessions(keys)
    users = _users({_person(session) for session in sessions.values()})
    found = {
        key: user
        for key, session in sessions.items()
        if (user := users.get(_person(session))) is not None and _is_verified(user, session)
    }
    reaches_of = _reaches({user.pk: user for user in found.values()})
    return {key: _visitor(key, user, reaches_of.get(user.pk, OWN)) for key, user in found.items()}


def _visitor(key: str, user: Any, seen: Reach) -> Visitor:
    tags = frozenset() if seen is None else seen
    return Visitor(user=str(user.pk), operator=seen is None, tags=tags, session=key)


def _sessions(keys: Collection[str]) -> dict[str, Session]:
    """Return the sessions that are valid and in which somebody is signed in."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    if store.load is DatabaseStore.load:
        found = _from_database(store, keys)
    else:
        found = {key: dict(store(key).items()) for key in keys}
        if issubclass(store, CacheStore) and not all(found.values()):
            # Django takes a cache that is away for one that has forgotten; this raises then.
            caches[settings.SESSION_CACHE_ALIAS].get(__name__)
    return {key: session for key, session in found.items() if SESSION_KEY in session}


def _from_database(store: Any, keys: Collection[str]) -> dict[str, Session]:
    valid = store.get_model_class().objects.filter(expire_date__gt=timezone.now())
    decode = store().decode
    return {
        row.session_key: decode(row.session_data)
        for part in _parts(keys)
        for row in valid.filter(session_key__in=part)
    }


def _parts(keys: Iterable[Any]) -> Iterator[list[Any]]:
    rest = list(keys)
    while rest:
        yield rest[:PART]
        del rest[:PART]


def _person(session: Session) -> tuple[str, str]:
    return session.get(BACKEND_SESSION_KEY, ""), str(session[SESSION_KEY])


def _users(people: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Any]:
    """Return those users who may still sign in, by back end and key as sessions name them."""
    to_python = get_user_model()._meta.pk.to_python  # noqa: SLF001  public in Django
    wanted: dict[str, dict[Any, str]] = {}
    for path, key in people:
        if path in settings.AUTHENTICATION_BACKENDS:
            with suppress(ValidationError):  # A session from before the model had other keys.
                wanted.setdefault(path, {})[to_python(key)] = key
    return {
        (path, keys[pk]): user
        for path, keys in wanted.items()
        for pk, user in _users_of(load_backend(path), list(keys)).items()
        if user.is_active
    }


def _users_of(backend: Any, keys: list[Any]) -> dict[Any, Any]:
    if type(backend).get_user is not ModelBackend.get_user:
        found = {key: backend.get_user(key) for key in keys}
        return {key: user for key, user in found.items() if user is not None}
    manager = get_user_model()._default_manager  # noqa: SLF001  public in Django
    return {
        user.pk: user
        for part in _parts(keys)
        for user in manager.filter(pk__in=part)
        if backend.user_can_authenticate(user)
    }


def _is_verified(user: Any, session: Session) -> bool:
    """Tell whether a session was begun with the user's present password, as Django does."""
    if not hasattr(user, "get_session_auth_hash"):
        return True
    given = session.get(HASH_SESSION_KEY) or ""
    fallbacks = getattr(user, "get_session_auth_fallback_hash", tuple)
    hashes = [user.get_session_auth_hash(), *fallbacks()]
    return any(constant_time_compare(given, one) for one in hashes)


def _reaches(users: dict[Any, Any]) -> dict[Any, Reach]:
    """Return whose jobs each of them sees, by their keys; who sees none but their own is left out.

    Asked anew each time: a back end may hand out the same user again.
    """
    return {pk: reach.ask(users[pk]) for pk in _operators(users)}


def _operators(users: dict[Any, Any]) -> set[Any]:
    """Return the keys of those who may see others' jobs."""
    if not _are_permissions_djangos():
        return {pk for pk, user in users.items() if user.is_active and user.has_perm(VIEW_ALL)}
    allowed = ModelBackend().with_perm(VIEW_ALL)
    return {
        pk
        for part in _parts(users)
        for pk in allowed.filter(pk__in=part).values_list("pk", flat=True)
    }


def _are_permissions_djangos() -> bool:
    """Tell whether one query can ask for many users what `has_perm` would answer for each."""
    has_perm = getattr(get_user_model(), "has_perm", None)
    backends = {type(load_backend(path)) for path in settings.AUTHENTICATION_BACKENDS}
    return has_perm is PermissionsMixin.has_perm and backends == {ModelBackend}
