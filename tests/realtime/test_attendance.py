"""Who is here: told by the processes that see people, asked by who writes a notice."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from realtime import attendance
from realtime.errors import StoreAway
from realtime.hub import get_hub
from realtime.store import Store, get_store
from realtime.threads import in_thread
from tests.realtime.collector import Collector
from tests.services import RedisServer, wait_until


def test_who_is_seen_by_any_process_is_here(store: Store) -> None:
    """Until the last one that has told of them has not done so for long enough."""
    store.attend("one", {"ana": 30, "ben": 0.05})
    store.attend("two", {"ana": 0.05, "cem": 30})
    assert store.absent(["ana", "dan"]) == {"dan"}
    wait_until(lambda: store.absent(["ana", "ben", "cem"]) == {"ben"}, "Ben to be gone")
    store.attend("one", {"ana": 0.05})
    wait_until(lambda: store.absent(["ana", "cem"]) == {"ana"}, "Ana to be gone")
    assert store.absent([]) == set()


@pytest.mark.parametrize("store", ["redis"], indirect=True)
def test_redis_forgets_by_itself(redis: RedisServer, store: Store) -> None:
    """There is one key for each person who is here, and none for who is not."""
    store.attend("one", dict.fromkeys(map(str, range(1_200)), 30.0))
    assert store.absent(["0", "1199", "1200"]) == {"1200"}
    store.attend("one", dict.fromkeys(map(str, range(1_200)), 0.01))
    with redis.client() as client:
        wait_until(lambda: not client.keys("*:here:*"), "no key to be left")


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything be told at once."""
    for name, seconds in {"GRACE": 0.05, "GATHER": 0.01, "RENEW": 0.2}.items():
        monkeypatch.setattr(attendance, name, seconds)


async def is_here(person: str) -> bool:
    """Ask the store."""
    return not await in_thread(get_store().absent, [person])


async def here(person: str, *, wanted: bool = True) -> None:
    """Wait until somebody is here, or no more."""
    wait = partial(wait_until, what=f"{person} to be here: {wanted}")
    await sync_to_async(wait)(lambda: (not get_store().absent([person])) == wanted)


async def test_who_has_a_socket_is_here_until_the_last_one_goes(store: Store, brief: None) -> None:
    """It is told when the first comes and when the last goes, not with each."""
    first, second = Collector(get_hub(), "ana"), Collector(get_hub(), "ana")
    await here("ana")
    await first.hub.leave(first.mailbox)
    assert await is_here("ana")
    await second.hub.leave(second.mailbox)
    await here("ana", wanted=False)


async def test_who_stays_is_told_of_again(
    store: Store, brief: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else they would be forgotten, as those are whose web process has died."""
    monkeypatch.setattr(attendance, "KEEP", 0.6)
    told: list[dict[str, float]] = []
    attend = store.attend

    def count(process: str, people: dict[str, float]) -> None:
        told.append(people)
        attend(process, people)

    monkeypatch.setattr(store, "attend", count)
    one = Collector(get_hub(), "ana")
    await one.until(lambda: len(told) > 4)
    assert await is_here("ana")
    monkeypatch.setattr(one.hub._attendance, "leave", lambda *_, **__: None)  # As if it died.
    await one.hub.leave(one.mailbox)
    await here("ana", wanted=False)


async def test_who_polls_is_here_between_two_polls(store: Store, brief: None) -> None:
    """Though no socket of theirs is open meanwhile."""
    one = Collector(get_hub(), "ana")
    one.mailbox.comes_back = True
    await one.hub.leave(one.mailbox)
    assert await is_here("ana")


async def test_a_store_that_is_away_stops_nobody(
    store: Store, brief: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are told of when it is back."""

    def refuse(*_: Any) -> None:
        raise StoreAway("no")

    with monkeypatch.context() as away:
        away.setattr(store, "attend", refuse)
        one = Collector(get_hub(), "ana")
        await one.hub._attendance.settle()
    await here("ana")
    await one.hub.leave(one.mailbox)
