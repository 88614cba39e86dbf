"""Notices by mail with real parts: a worker, two web servers, sockets, and a mail server."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

import pytest
from asgiref.sync import sync_to_async
from django.db.models.functions import Now

from realtime import ways
from realtime.models import MailedNotice, Notice, NoticeMail
from realtime.store import get_store
from tests import tasks
from tests.processes import Child, web_server, worker
from tests.realtime.test_mailing import ANA, SMTP, wanting
from tests.realtime.test_sockets import signed_in, start
from tests.services import Mailboxes, RedisServer, smtp_server, wait_until
from tests.sockets import viewer

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


class Service(NamedTuple):
    """What runs."""

    web: Child
    worker: Child
    boxes: Mailboxes


@pytest.fixture
def service(alone: None, redis: RedisServer, transactional_db: None) -> Iterator[Service]:
    """Run two web servers and a worker, each of which may judge, with a short pause."""
    with redis.client() as client:
        client.flushdb()
    with ExitStack() as stack:
        boxes = stack.enter_context(smtp_server())
        more = more_of(boxes)
        webs = [stack.enter_context(web_server("uvicorn", **more)) for _ in range(2)]
        yield Service(webs[0], stack.enter_context(worker("threads", **more)), boxes)


def more_of(boxes: Mailboxes) -> dict[str, Any]:
    """Return the environment in which notices are mailed there, soon."""
    mail = {"EMAIL_BACKEND": SMTP, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": boxes.port}
    soon = {"NOTICE_MAIL_AFTER": 0.5, "LEASE": 3}
    return {"HEADWAY_MORE": json.dumps(soon), "CELERY_MORE": json.dumps(mail)}


async def waited(condition: Any, what: str) -> None:
    """Wait in a thread until something is so."""
    await sync_to_async(partial(wait_until, condition, what, seconds=30))()


async def test_who_is_here_is_not_mailed_and_who_is_away_is_once(
    service: Service, ana: Any
) -> None:
    """Whoever judges, and however many of them there are."""
    await sync_to_async(wanting)(ana, ANA)
    async with viewer(service.web, await signed_in(ana)) as socket:
        await socket.watch("notices")
        await socket.until(partial(socket.of_type, "watching"))
        await waited(lambda: not get_store().absent([str(ana.pk)]), "Ana to be here")
        await start(tasks.fail, "x", owner=ana, title="Watched")
        await socket.until(lambda: socket.of_type("notices")[-1]["unread"] == 1)
    assert not await MailedNotice.objects.aexists()
    await waited(lambda: get_store().absent([str(ana.pk)]), "Ana to be away")
    for number, title in enumerate(("First", "Second"), 1):
        await start(tasks.fail, "x", owner=ana, title=title)
        await waited(lambda: service.boxes.got[ANA] == number, f"mail {number}")  # noqa: B023
    subjects = [message["Subject"] for _, message in service.boxes.messages]
    assert subjects == ["Failed: First", "Failed: Second"]
    assert await Notice.objects.acount() == 3
    sent = NoticeMail.objects.filter(outcome="sent")
    await waited(lambda: sent.count() == 2, "both to be known as sent")
    assert await NoticeMail.objects.acount() == 2


async def test_a_worker_that_is_killed_while_it_sends_sends_nothing_twice(
    service: Service, ana: Any
) -> None:
    """Nobody knows whether the server has it; the next notice comes by a mail of its own."""
    await sync_to_async(wanting)(ana, ANA)
    service.boxes.gate.clear()
    await start(tasks.fail, "x", owner=ana, title="Work")
    sending = NoticeMail.objects.filter(outcome="sending")
    await waited(sending.exists, "the mail to be claimed")
    service.worker.signal(signal.SIGKILL, group=True)
    service.worker.process.wait()
    service.boxes.gate.set()
    await sending.aupdate(due_at=Now() - timedelta(seconds=1))
    await waited(NoticeMail.objects.filter(outcome="unknown").exists, "it to be unknown")
    with worker("threads", name="next", **more_of(service.boxes)):
        await start(tasks.fail, "x", owner=ana, title="Next")
        await waited(NoticeMail.objects.filter(outcome="sent").exists, "the next mail")
    assert [message["Subject"] for _, message in service.boxes.messages].count("Failed: Work") <= 1
    assert [one.outcome async for one in NoticeMail.objects.order_by("pk")] == ["unknown", "sent"]


async def test_who_wants_no_mail_gets_none(service: Service, ana: Any) -> None:
    """Though they are away; what others want has come by then."""
    await sync_to_async(wanting)(ana, ANA)
    await sync_to_async(ways.choose)(str(ana.pk), {"failed": ["inbox"]})
    await start(tasks.fail, "x", owner=ana, title="Silent")
    await waited(Notice.objects.exists, "the notice")
    await sync_to_async(ways.choose)(str(ana.pk), {"failed": ["mail"]})
    await start(tasks.fail, "x", owner=ana, title="Told")
    await waited(lambda: service.boxes.got[ANA], "the mail")
    assert [message["Subject"] for _, message in service.boxes.messages] == ["Failed: Told"]
