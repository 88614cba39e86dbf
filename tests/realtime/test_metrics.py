"""What the processes count, and who may read it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

import realtime
from realtime.errors import StoreAway
from realtime.metrics import COUNTERS, GAUGES, HISTOGRAMS, Counted, counted
from realtime.store import RedisStore, get_store
from tests import tasks
from tests.processes import web_server, worker
from tests.services import RedisServer, wait_until
from tests.sockets import sign_in, viewer

pytestmark = pytest.mark.django_db(transaction=True)

METRICS = "/headway/metrics"


def read(client: Client, **more: Any) -> dict[str, float]:
    """Return every sample by its name and labels."""
    answer = client.get(METRICS, **more)
    assert answer.status_code == 200
    return {
        sample.name + "".join(f"[{label}]" for label in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_operators_and_scrapers_see_them_and_nobody_else(
    client: Client, ana: Any, admin_user: Any, settings: Any, redis: RedisServer
) -> None:
    """Without a token nobody gets in by one, and who may not know is told that nothing is here."""
    token = {"headers": {"authorization": "Bearer let-me-in"}}
    for empty in ("", "Bearer let-me-in", "Bearer "):
        assert client.get(METRICS, headers={"authorization": empty}).status_code == 404
    client.force_login(ana)
    assert client.get(METRICS).status_code == 404
    client.force_login(admin_user)
    assert set(GAUGES) <= {name.removeprefix("headway_") for name in read(client)}
    settings.HEADWAY = {**settings.HEADWAY, "METRICS_TOKEN": "let-me-in"}
    assert read(Client(), **token)
    for wrong in ("Bearer let-me-in-too", "Basic let-me-in", "Bearer \udcff", "let-me-in"):
        assert Client().get(METRICS, headers={"authorization": wrong}).status_code == 404


@pytest.mark.usefixtures("alone")
def test_what_the_store_could_not_be_told_is_told_later(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that was counted is lost while the store is away."""
    with redis.client() as client:
        client.flushdb()
    one = Counted()
    one.count("jobs_ended", label="lost")
    with monkeypatch.context() as outage:

        def away(*_: object, **__: object) -> None:
            raise StoreAway("it does not answer")

        outage.setattr(RedisStore, "total", away)
        one.settle()
    one.count("jobs_ended", label="lost")
    one.settle()
    one.settle()
    assert get_store().totals().counts == {"jobs_ended:lost": 2}


@pytest.mark.usefixtures("alone")
def test_processes_that_are_gone_leave_nothing(redis: RedisServer) -> None:
    """Children that come and go must not fill Redis where nobody ever scrapes."""
    with redis.client() as client:
        client.flushdb()
        store = get_store()
        store.total("gone", {}, {"sockets": 3}, keep=-5)
        for process in ("one", "two", "two"):
            store.total(process, {"frames": 1}, {"sockets": 1}, keep=60)
        assert client.dbsize() == 3
        assert store.totals().gauges == {"sockets": 2}
        assert client.hlen("headway:gauges") == client.zcard("headway:processes-until") == 2


def test_durations_are_told_apart(
    client: Client, admin_user: Any, redis: RedisServer, alone: None
) -> None:
    """Buckets hold all that is not longer, as Prometheus wants them; a bound belongs to its own."""
    with redis.client() as away:
        away.flushdb()
    one = Counted()
    for seconds in (0.001, 0.005, 0.3, 99):
        one.observe("reporter_lag", seconds)
    one.settle()
    client.force_login(admin_user)
    seen = read(client)
    name = "headway_reporter_lag_seconds"
    bounds = ("0.005", "0.25", "0.5", "5.0", "+Inf")
    assert [seen[f"{name}_bucket[{bound}]"] for bound in bounds] == [2, 2, 3, 3, 4]
    assert seen[f"{name}_count"] == 4
    assert seen[f"{name}_sum"] == pytest.approx(99.306)


def test_every_metric_is_documented_and_counted_somewhere() -> None:
    """In the README's list, and in the code that counts it."""
    from tests.processes import ROOT

    readme = (ROOT / "README.md").read_text()
    sources = "".join(
        path.read_text() for path in (ROOT / "realtime").glob("*.py") if path.stem != "metrics"
    )
    for name in (*COUNTERS, *HISTOGRAMS, *GAUGES):
        assert f"`headway_{name}" in readme
        assert re.search(rf'counted\.(count|observe|show)\(\s*"{name}"', sources), name


@pytest.mark.slow
async def test_one_scrape_shows_all_processes(
    redis: RedisServer, ana: Any, admin_user: Any, alone: None
) -> None:
    """A worker's ends, a web process's sockets and frames."""
    from asgiref.sync import sync_to_async

    with redis.client() as client:
        client.flushdb()
    with worker("threads"), web_server() as web:
        cookie = await sync_to_async(sign_in)(ana)
        async with viewer(web, cookie) as sees:
            job = str((await sync_to_async(realtime.start)(tasks.count, 100, owner=ana)).pk)
            await sees.watch(f"job:{job}")
            await sees.ended(job)
            page = Client()
            await sync_to_async(page.force_login)(admin_user)

            def told() -> bool:
                counted.settle()
                seen = read(page)
                return (
                    seen.get("headway_jobs_ended_total[succeeded]", 0) >= 1
                    and seen["headway_sockets"] >= 1
                    and seen["headway_watches"] >= 1
                    and seen["headway_frames_total"] >= 1
                    and seen["headway_states_heard_total"] >= 1
                    and seen["headway_announcements_sent_total"] >= 1
                    and seen["headway_reporter_lag_seconds_count"] >= 1
                )

            await sync_to_async(wait_until)(told, "all of it", seconds=60)
