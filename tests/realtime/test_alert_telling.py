"""How alerts reach whom they are for: signed, tried again, told at least once, and tried out."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from realtime import alert_couriers, webhook
from realtime.alert_couriers import TRIES, Couriers
from realtime.alert_trial import try_out
from realtime.models import Alert, AlertDelivery, AlertRule
from tests.processes import child
from tests.realtime.alerted import BOSS, OPS, deliver, events, fails, hooked, judge, passes, rule
from tests.realtime.hooks import SECRET, Hook, hook_server
from tests.services import Mailboxes, RedisServer, free_port, smtp_server, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture(autouse=True)
def quiet(alone: None, redis: RedisServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Announce nothing; nobody else judges; this machine's own addresses may be reached."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
    more = {"ALERT_PRIVATE_ADDRESSES": True, "SITE_URL": "https://jobs.example.org"}
    settings.HEADWAY = {**settings.HEADWAY, **more}


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Run a webhook's server."""
    with hook_server() as found:
        yield found


@pytest.fixture
def boxes(settings: Any) -> Iterator[Mailboxes]:
    """Run a mail server."""
    with smtp_server() as found:
        settings.EMAIL_BACKEND, settings.EMAIL_HOST = SMTP, "127.0.0.1"
        settings.EMAIL_PORT = found.port
        yield found


def fire() -> None:
    """Let what rules look for by default happen."""
    fails(3)
    judge()


def test_a_webhook_is_told_what_has_happened(hook: Hook) -> None:
    """Signed, with a key, as JSON that says which rule, since when, and what of."""
    one = hooked(hook.url("/a?b=c"), name="Shop")
    fire()
    deliver()
    [got] = hook.got
    assert (got.path, got.headers["content-type"]) == ("/a?b=c", "application/json")
    assert got.is_signed()
    delivery = AlertDelivery.objects.get()
    assert got.key == got.said["id"] == str(delivery.key)
    said = got.said
    assert (said["event"], said["test"], said["title"]) == ("alert.firing", False, "Alert: Shop")
    assert said["rule"] == {"id": one.pk, "name": "Shop", "kind": "task_failed"}
    assert said["alert"]["subjects"][0]["name"] == "shop.pack"
    assert said["link"] == "https://jobs.example.org/headway/dashboard/alerts"
    assert (delivery.outcome, delivery.reason, delivery.tries) == ("sent", "HTTP 200", 1)


def test_a_webhook_that_refuses_is_asked_again(hook: Hook) -> None:
    """Later each time, with the same key and body, until it takes it."""
    hook.replies = [500, 503]
    hooked(hook.url())
    fire()
    deliver()
    deliver()
    assert len(hook.got) == 1
    assert AlertDelivery.objects.get().reason == "HTTP 500"
    passes(0.5)
    deliver()
    deliver()
    assert len(hook.got) == 2
    passes(1)
    deliver()
    passes(60)
    deliver()
    assert len(hook.got) == 3
    assert len({(got.key, got.body) for got in hook.got}) == 1
    assert all(got.is_signed() for got in hook.got)
    assert events() == [("firing", "sent")]


@pytest.mark.parametrize("url", ["/refuses", "closed", "https"])
def test_what_does_not_go_is_given_up_after_some_tries(url: str, hook: Hook) -> None:
    """With the last reason."""
    reasons = {"/refuses": "HTTP 500", "closed": "ConnectionRefusedError", "https": "SSLError"}
    hook.replies = [500] * 20
    addresses = {
        "closed": f"http://127.0.0.1:{free_port()}/",
        "https": hook.url().replace("http", "https"),
    }
    hooked(addresses.get(url) or hook.url(url))
    fire()
    for _ in range(TRIES + 3):
        deliver()
        passes(60)
    delivery = AlertDelivery.objects.get()
    assert (delivery.outcome, delivery.tries) == ("failed", TRIES)
    assert delivery.reason.startswith(reasons[url])
    assert delivery.done_at
    if url == "/refuses":
        assert len(hook.got) == TRIES


@pytest.mark.parametrize(("path", "replies"), [("/moves", []), ("/gone", [410])])
def test_what_will_never_go_is_not_asked_again(path: str, replies: list[int], hook: Hook) -> None:
    """A redirect, and an address that says that it is no more."""
    hook.replies = list(replies)
    hooked(hook.url(path))
    fire()
    for _ in range(3):
        deliver()
        passes(60)
    assert (events(), len(hook.got)) == ([("firing", "failed")], 1)


def test_a_private_address_is_not_asked(hook: Hook, settings: Any) -> None:
    """Where the settings do not allow it; that is told."""
    settings.HEADWAY = {**settings.HEADWAY, "ALERT_PRIVATE_ADDRESSES": False}
    hooked(hook.url())
    fire()
    deliver()
    assert (hook.got, events()) == ([], [("firing", "failed")])
    assert "private address" in AlertDelivery.objects.get().reason


def test_a_webhook_that_hangs_holds_up_no_other(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is sent in a thread of its own, and given up in time."""
    monkeypatch.setattr(webhook, "PATIENCE", 20.0)
    hooked(hook.url("/hangs"))
    fire()
    couriers = Couriers()
    couriers.look()
    wait_until(lambda: len(hook.got) == 1, "the first to hang", seconds=30)
    hooked(hook.url("/quick"))
    judge()
    wait_until(lambda: couriers.look() or len(hook.got) == 2, "the other", seconds=15)  # type: ignore[func-returns-value]
    hook.released.set()
    wait_until(lambda: couriers.look() or couriers.rests, "both to be noted", seconds=30)  # type: ignore[func-returns-value]
    assert events() == [("firing", "sent")] * 2


def test_a_certificate_that_nobody_knows_is_refused(hook: Hook, tmp_path: Any) -> None:
    """What is signed with it is not told to whoever answers in a host's place."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    with hook_server(str(certificate), str(key)) as secured:
        with pytest.raises(ssl.SSLCertVerificationError):
            webhook.post(secured.url(), b"{}", SECRET, "k")
        os.environ["SSL_CERT_FILE"] = str(certificate)
        try:
            assert webhook.post(secured.url(), b"{}", SECRET, "k") == 200
        finally:
            del os.environ["SSL_CERT_FILE"]
    assert len(secured.got) == 1


def test_mails_are_sent_to_each_address(boxes: Mailboxes) -> None:
    """In the language of the rule, as text and HTML, with where to look."""
    rule(name="<Shop>", mails=[OPS, BOSS], inbox="nobody", language="zh-hans")
    fire()
    deliver()
    assert boxes.got == {OPS: 1, BOSS: 1}
    message = boxes.messages[0][1]
    assert message["Subject"] == "警报\uff1a<Shop>"
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain
    assert html
    assert "10 分钟内有 3 个任务失败。" in str(plain.get_content())
    assert "https://jobs.example.org/headway/dashboard/alerts" in str(plain.get_content())
    assert "<b>警报\uff1a&lt;Shop&gt;</b>" in str(html.get_content())
    assert events() == [("firing", "sent")] * 2


def test_a_mail_that_is_refused_for_now_is_sent_later(boxes: Mailboxes) -> None:
    """With the same id; one that is refused for good is not."""
    boxes.refusals = {OPS: ["451 later"], BOSS: ["550 nobody"]}
    rule(mails=[OPS, BOSS], inbox="nobody")
    fire()
    deliver()
    assert events() == [("firing", "waiting"), ("firing", "failed")]
    passes(60)
    deliver()
    assert boxes.got == {OPS: 1}
    assert events() == [("firing", "sent"), ("firing", "failed")]
    assert AlertDelivery.objects.order_by("pk")[1].reason == "550 nobody"


def test_a_mail_server_that_is_away_is_asked_later(settings: Any) -> None:
    """And the reason is kept meanwhile."""
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = SMTP, "127.0.0.1"
    settings.EMAIL_PORT = free_port()
    rule(mails=[OPS], inbox="nobody")
    fire()
    deliver()
    assert AlertDelivery.objects.get().reason.startswith("ConnectionRefusedError")
    with smtp_server() as boxes:
        settings.EMAIL_PORT = boxes.port
        passes(60)
        deliver()
        assert boxes.got == {OPS: 1}


def test_a_message_is_claimed_by_one(hook: Hook) -> None:
    """Of two processes that send what is due, one does."""
    hooked(hook.url())
    fire()
    [one] = AlertDelivery.objects.all()
    assert alert_couriers.claimed(one, one.due_at)
    assert not alert_couriers.claimed(one, one.due_at)


def test_what_a_killed_process_was_sending_is_sent_by_the_next(hook: Hook) -> None:
    """With the same key: who was told twice can tell that it is the same."""
    hooked(hook.url("/hangs"))
    fire()
    code = (
        "import django; django.setup()\n"
        "import time\n"
        "from realtime.alert_couriers import Couriers\n"
        "Couriers().look()\n"
        "time.sleep(600)\n"
    )
    more = {"HEADWAY_MORE": json.dumps({"ALERT_PRIVATE_ADDRESSES": True})}
    connection.close()
    with child(sys.executable, "-c", code, port=0, files=(), **more) as courier:
        wait_until(lambda: len(hook.got) == 1, "the first try", seconds=60)
        courier.signal(signal.SIGKILL)
        courier.process.wait()
    assert events() == [("firing", "waiting")]
    deliver()
    assert len(hook.got) == 1  # Its time has not come.
    hook.released.set()
    passes(60)
    deliver()
    assert [got.key for got in hook.got] == [str(AlertDelivery.objects.get().key)] * 2
    assert events() == [("firing", "sent")]


def test_a_rule_is_tried_out_by_every_way(hook: Hook, boxes: Mailboxes, operator: Any) -> None:
    """At once, marked as a test, and what became of each is told; nothing fires, nothing waits."""
    boxes.refusals = {BOSS: ["451 later"]}
    one = hooked(hook.url(), name="Shop", mails=[OPS, BOSS])
    AlertRule.objects.update(inbox="operators")
    tried = try_out(AlertRule.objects.get())
    assert [(row.way, row.to, row.outcome, row.reason) for row in tried] == [
        ("mail", OPS, "sent", ""),
        ("mail", BOSS, "failed", "451 later"),
        ("webhook", hook.url(), "sent", "HTTP 200"),
        ("inbox", "operators", "sent", "1 person"),
    ]
    assert [(got.said["event"], got.said["test"]) for got in hook.got] == [("alert.test", True)]
    assert boxes.messages[0][1]["Subject"] == "Test: Shop"
    passes(60)
    deliver()
    judge()
    assert (boxes.got, len(hook.got)) == ({OPS: 1}, 1)
    assert not Alert.objects.filter(over_at=None).exists()
    assert AlertRule.objects.get(pk=one.pk).told_at is None


def test_each_message_has_a_key_of_its_own(hook: Hook) -> None:
    """What is told again is another message, and when it is over one more."""
    hooked(hook.url(), quiet=1)
    fire()
    deliver()
    passes(1)
    judge()
    deliver()
    keys = [got.key for got in hook.got]
    assert len(set(keys)) == 2
    assert all(uuid.UUID(key) for key in keys)
