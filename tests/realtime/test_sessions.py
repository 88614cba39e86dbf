"""Who is signed in by which session, whatever keeps sessions and whoever knows users."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.utils import timezone
from redis.exceptions import RedisError

from realtime.sessions import Visitor, visitors
from tests.sockets import sign_in

pytestmark = pytest.mark.django_db

BACKENDS = "django.contrib.sessions.backends"
OURS = f"{__name__}.OtherBackend"


class OtherBackend(ModelBackend):
    """A back end of which nobody knows how it finds its users."""

    def get_user(self, user_id: Any) -> Any:
        """Find a user its own way."""
        return super().get_user(user_id)


@pytest.fixture(params=["db", "cached_db", "cache", "file", "signed_cookies"])
def engine(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> str:
    """Keep sessions in each of Django's ways."""
    settings.SESSION_ENGINE = f"{BACKENDS}.{request.param}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    return str(request.param)


@pytest.fixture(params=["django", "other"])
def backend(request: pytest.FixtureRequest, settings: Any) -> str:
    """Know users in Django's own way, which is asked for many at once, and in another one."""
    path = OURS if request.param == "other" else "django.contrib.auth.backends.ModelBackend"
    settings.AUTHENTICATION_BACKENDS = [path]
    return path


def key_of(user: Any, *backend: str) -> str:
    """Return the key of a new session."""
    return sign_in(user, *backend).partition("=")[2]


def found(key: str) -> Visitor | None:
    """Return who is signed in by a key."""
    return visitors([key]).get(key)


def test_every_kind_of_session_tells_who_it_is(engine: str, ana: Any, ben: Any) -> None:
    """Many are asked for at once, and a key that never was gives nobody."""
    keys = {key_of(user): str(user.pk) for user in (ana, ben)}
    answer = visitors([*keys, "nobody-has-this-key"])
    assert {key: visitor.user for key, visitor in answer.items()} == keys


def test_a_session_that_has_ended_lets_nobody_in(engine: str, ana: Any) -> None:
    """After signing out, except where the browser alone keeps the session."""
    key = key_of(ana)
    import_module(f"{BACKENDS}.{engine}").SessionStore(key).flush()
    assert (found(key) is None) == (engine != "signed_cookies")


def test_a_session_that_has_expired_lets_nobody_in(ana: Any) -> None:
    """Though its row is still there."""
    key = key_of(ana)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert found(key) is None


@pytest.mark.parametrize("what", ["password", "deactivated", "deleted"])
def test_a_user_who_may_not_stay(engine: str, backend: str, ana: Any, what: str) -> None:
    """A changed password ends all sessions, a switched-off or deleted user has none."""
    key = key_of(ana, backend)
    assert found(key)
    if what == "deleted":
        ana.delete()
    elif what == "deactivated":
        ana.is_active = False
        ana.save()
    else:
        ana.set_password("new")
        ana.save()
    assert found(key) is None


def test_a_session_of_a_back_end_that_is_gone_lets_nobody_in(ana: Any, settings: Any) -> None:
    """As Django has it."""
    key = key_of(ana)
    settings.AUTHENTICATION_BACKENDS = [OURS]
    assert found(key) is None


def test_operators_are_those_with_the_permission(backend: str, ana: Any, ben: Any) -> None:
    """Of their own, of a group, or as superuser; not when they are switched off."""
    keys = [key_of(user, backend) for user in (ana, ben)]
    assert [found(key).operator for key in keys] == [False, False]  # type: ignore[union-attr]
    may = Permission.objects.get(codename="view_all_jobs")
    team = Group.objects.create(name="team")
    team.permissions.add(may)
    ana.groups.add(team)
    ben.user_permissions.add(may)
    assert [found(key).operator for key in keys] == [True, True]  # type: ignore[union-attr]
    team.permissions.clear()
    assert [found(key).operator for key in keys] == [False, True]  # type: ignore[union-attr]


def test_changed_keys_sign_nobody_out(settings: Any, ana: Any) -> None:
    """An old SECRET_KEY among the fallbacks is enough, and asking changes no session."""
    key = key_of(ana)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "x" * 50
    assert found(key)
    assert [row.pk for row in Session.objects.all()] == [key]
    settings.SECRET_KEY_FALLBACKS = []
    assert found(key) is None
    assert Session.objects.count() == 1


def test_many_are_asked_for_in_few_queries(
    ana: Any, ben: Any, django_assert_num_queries: Any
) -> None:
    """Sessions, users, operators: one query each."""
    keys = [key_of(user) for user in (ana, ben) for _ in range(10)]
    with django_assert_num_queries(3):
        assert len(visitors(keys)) == 20


def test_a_cache_that_is_away_signs_nobody_out(settings: Any, ana: Any) -> None:
    """Django would see an empty session; the caller is told instead."""
    settings.SESSION_ENGINE = f"{BACKENDS}.cache"
    nowhere = "redis://127.0.0.1:1"
    kind = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": kind, "LOCATION": nowhere}}
    with pytest.raises(RedisError):
        visitors(["a-key-of-somebody"])
