"""Rules of alerts over HTTP and in Django's admin: made, changed, tried, deleted, each noted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from realtime import alert_checks
from realtime.models import Act, Alert, AlertRule
from realtime.store import get_store
from tests.realtime.alerted import OPS, deliver, fails, judge, passes
from tests.realtime.hooks import SECRET, Hook, hook_server
from tests.realtime.test_openapi import fits, shape_of
from tests.realtime.test_workshop import ABOUT
from tests.services import RedisServer

pytestmark = pytest.mark.django_db(transaction=True)

RULES = "/headway/api/alerts/rules"
NEW = {"name": "Shop", "kind": "task_failed", "inbox": "operators", "count": 3}


@pytest.fixture(autouse=True)
def quiet(alone: None, redis: RedisServer, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Announce nothing; nobody else judges; this machine's own addresses may be reached."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
    settings.HEADWAY = {**settings.HEADWAY, "ALERT_PRIVATE_ADDRESSES": True}


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Run a webhook's server."""
    with hook_server() as found:
        yield found


@pytest.fixture
def eva(django_user_model: Any) -> Client:
    """Return a browser of somebody who may manage alerts, and no more than that needs."""
    person = django_user_model.objects.create_user("eva", password="x", is_staff=True)
    rights = ("view_all_jobs", "manage_alerts")
    person.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = Client()
    client.force_login(person)
    return client


def ask(client: Client, method: str, path: str = "", body: Any = None, status: int = 200) -> Any:
    """Ask for something, hold the answer to its description, and return what it says."""
    send = getattr(client, method)
    address = f"{RULES}{path}"
    answer = send(address, body, content_type="application/json") if body else send(address)
    assert answer.status_code == status, answer.content
    described = "/alerts/rules" + ("/{rule}" if path else "") + ("/try" if "try" in path else "")
    fits(answer.json(), shape_of(f"/api{described}", method, answer))
    return answer.json()


def acts() -> list[tuple[str, str, bool]]:
    """Return what was noted, the oldest first: the action, what of, and whether it was done."""
    rows = Act.objects.order_by("pk").values_list("action", "target", "refused")
    return [(action, target, not refused) for action, target, refused in rows]


def test_a_rule_is_made_changed_and_deleted(eva: Client) -> None:
    """What is not said is as usual, or as it was."""
    made = ask(eva, "post", body=NEW, status=201)
    assert (made["pattern"], made["minutes"], made["quiet"], made["enabled"]) == ("*", 10, 60, True)
    assert (made["state"], made["since"], made["has_secret"]) == ("quiet", None, False)
    changed = ask(eva, "patch", f"/{made['id']}", {"pattern": "shop.*", "people": ["eva"]})
    assert (changed["pattern"], changed["people"], changed["count"]) == ("shop.*", ["eva"], 3)
    off = ask(eva, "patch", f"/{made['id']}", {"enabled": False})
    assert (off["state"], off["people"]) == ("off", ["eva"])
    [listed] = ask(eva, "get")["rules"]
    assert listed == off
    ask(eva, "delete", f"/{made['id']}")
    assert ask(eva, "get")["rules"] == []
    ask(eva, "delete", f"/{made['id']}", status=404)
    done = ["create", "change", "change", "delete"]
    assert acts() == [(f"{action}_alert_rule", "Shop", True) for action in done]


def test_a_secret_is_told_nobody(eva: Client, hook: Hook) -> None:
    """Neither in answers nor in what is noted; with another webhook it is given anew."""
    made = ask(eva, "post", body={**NEW, "url": hook.url(), "secret": SECRET}, status=201)
    assert made["has_secret"]
    path = f"/{made['id']}"
    ask(eva, "patch", path, {"name": "Other"})
    assert AlertRule.objects.get().secret == SECRET
    told = eva.get(RULES).content + eva.get("/headway/api/acts").content
    told += eva.get(f"/admin/realtime/alertrule{path}/change/").content
    assert b"Other" in told
    assert SECRET.encode() not in told
    refused = ask(eva, "patch", path, {"url": "https://example.org/elsewhere"}, 400)
    assert "secret to be at least 16 characters" in refused["detail"]
    assert AlertRule.objects.get().url == hook.url()
    ask(eva, "patch", path, {"url": ""})
    assert AlertRule.objects.get().secret == ""


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"name": ""}, "expected name to be a text of 1 to 100 characters, got: "),
        ({"name": " "}, "expected name to be a text of one line"),
        ({"name": "a\nb"}, "expected name to be a text of one line"),
        ({"name": "Taken"}, "expected name to be one that no other rule has, got: Taken"),
        ({"kind": "moon"}, "expected kind to be one of task_failed, queue_old, worker_gone, job_s"),
        ({"count": 0}, "expected count to be a whole number from 1 to 10000, got: 0"),
        ({"minutes": 0}, "expected minutes to be at least 1, got: 0"),
        ({"kind": "worker_gone", "minutes": 10}, "expected minutes to be from 0 to 9 where a wor"),
        ({"quiet": 0}, "expected quiet to be a whole number from 1 to 10080"),
        ({"mails": ["ana"]}, "expected each of mails to be a mail address such as ops@example.org"),
        ({"mails": ["a@b.org\nBcc: c@d.org"]}, "expected each of mails to be a mail address"),
        ({"mails": [OPS] * 21}, "expected mails to be a list of 0 to 20"),
        ({"url": "ftp://x"}, "expected url to be an address that begins with https:// or http://"),
        ({"url": "https://a:b@c"}, "expected url to be an address without a name and password"),
        ({"url": "https://example.org"}, "expected secret to be at least 16 characters"),
        ({"inbox": "chosen"}, "expected people to be at least one name of an account"),
        ({"inbox": "nobody"}, "expected the rule to be told by mails, a url or an inbox"),
        ({"people": ["nix"]}, "expected people to be names of accounts that may see the jobs of"),
        ({"people": ["ana"]}, "expected people to be names of accounts that may see the jobs of"),
        ({"language": "tlh"}, "expected language to be empty, or one of en, zh-hans, got: tlh"),
        ({"colour": "red"}, "expected each key of the body to be one of name, kind, pattern"),
    ],
)
def test_what_cannot_be_is_refused(said: Any, told: str, eva: Client, ana: Any) -> None:
    """With a sentence that says what was expected, and what came; nothing is kept."""
    AlertRule.objects.create(name="Taken", kind="job_stalled", inbox="operators")
    refused = eva.post(RULES, {**NEW, **said}, content_type="application/json")
    assert refused.status_code == 400
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["detail"].startswith(told)
    assert AlertRule.objects.count() == 1


def test_there_is_a_most_of_rules(eva: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is refused with what to do."""
    monkeypatch.setattr("realtime.alert_views.RULES", 1)
    ask(eva, "post", body=NEW, status=201)
    refused = ask(eva, "post", body={**NEW, "name": "B"}, status=409)
    assert refused["detail"].endswith("delete one first.")
    assert acts()[-1] == ("create_alert_rule", "B", False)
    assert alert_checks.RULES == 100


def test_what_has_fired_is_told(eva: Client, hook: Hook) -> None:
    """With since when, what of, whom, and what became of it; by pages, or of one rule."""
    hook.replies = [500]
    made = ask(eva, "post", body={**NEW, "url": hook.url(), "secret": SECRET}, status=201)
    [failed, *_] = fails(3)
    judge()
    deliver()
    [rule] = ask(eva, "get")["rules"]
    assert (rule["state"], bool(rule["since"]), bool(rule["told_at"])) == ("firing", True, True)
    answer = eva.get(f"/headway/api/alerts?rule={made['id']}")
    fits(answer.json(), shape_of("/api/alerts", "get", answer))
    [alert] = answer.json()["alerts"]
    assert (alert["name"], alert["count"], alert["over_at"]) == ("Shop", 3, None)
    assert alert["subjects"][0]["name"] == failed.name
    told = {one["way"]: one for one in alert["deliveries"]}
    assert (told["webhook"]["outcome"], told["webhook"]["reason"]) == ("waiting", "HTTP 500")
    assert (told["inbox"]["outcome"], told["inbox"]["reason"]) == ("sent", "1 person")
    Alert.objects.bulk_create(
        Alert(name="Old", kind="task_failed", over_at=alert["since"]) for _ in range(70)
    )
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = eva.get(f"/headway/api/alerts?cursor={cursor}").json()
        seen += [one["id"] for one in page["alerts"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == 71
    assert eva.get("/headway/api/alerts?cursor=x").status_code == 400


def test_a_rule_is_tried(eva: Client, hook: Hook) -> None:
    """What became of each way is answered, and kept as a test."""
    hook.replies = [403]
    said = {**NEW, "url": hook.url(), "secret": SECRET, "mails": [OPS]}
    made = ask(eva, "post", body=said, status=201)
    tried = ask(eva, "post", f"/{made['id']}/try", status=200)["deliveries"]
    assert [(one["way"], one["outcome"], one["reason"]) for one in tried] == [
        ("mail", "sent", None),
        ("webhook", "failed", "HTTP 403"),
        ("inbox", "sent", "1 person"),
    ]
    passes(60)
    deliver()
    assert len(hook.got) == 1
    [alert] = eva.get("/headway/api/alerts").json()["alerts"]
    assert alert["test"]
    assert ask(eva, "get")["rules"][0]["state"] == "quiet"
    notices = eva.get("/headway/api/notices")
    fits(notices.json(), shape_of("/api/notices", "get", notices))
    [notice] = notices.json()["notices"]
    assert (notice["kind"], notice["job"], notice["title"]) == ("alert", None, "Test: Shop")
    assert (notice["actions"], notice["files"], notice["question"]) == ([], [], None)
    assert b"Test: Shop" in eva.get("/notices/").content


def test_who_may_not_manage_alerts_is_told_so(ana: Any) -> None:
    """And is shown nothing; the rights matrix has every role."""
    client = Client()
    client.force_login(ana)
    refused = client.get(RULES)
    assert (refused.status_code, "ask for that right" in refused.json()["detail"]) == (403, True)
    assert client.get("/admin/realtime/alertrule/").status_code == 302


def test_rules_are_managed_in_the_admin(eva: Client, hook: Hook) -> None:
    """Held to the same, noted the same, and tried by an action."""
    get_store().introduce("w", ABOUT)
    form = {
        "name": "Shop",
        "enabled": "on",
        "kind": "worker_gone",
        "pattern": "*",
        "count": "1",
        "minutes": "10",
        "mails": f"{OPS}\n",
        "url": hook.url(),
        "secret": SECRET,
        "inbox": "nobody",
        "quiet": "60",
        "language": "",
    }
    add = "/admin/realtime/alertrule/add/"
    refused = eva.post(add, form)
    assert b"expected minutes to be from 0 to 9" in refused.content
    assert eva.post(add, {**form, "minutes": "5"}).status_code == 302
    rule = AlertRule.objects.get()
    assert (rule.mails, rule.secret, rule.minutes) == ([OPS], SECRET, 5)
    change = f"/admin/realtime/alertrule/{rule.pk}/change/"
    assert eva.post(change, {**form, "minutes": "6", "secret": ""}).status_code == 302
    rule.refresh_from_db()
    assert (rule.minutes, rule.secret) == (6, SECRET)
    chosen = {"action": "try_out", "_selected_action": [rule.pk]}
    page = eva.post("/admin/realtime/alertrule/", chosen, follow=True).content.decode()
    assert f"Shop: webhook {hook.url()}: sent HTTP 200" in page
    assert f"Shop: mail {OPS}: sent" in page
    alert = Alert.objects.get()
    shown = eva.get(f"/admin/realtime/alert/{alert.pk}/change/").content.decode()
    assert hook.url() in shown
    assert eva.post(f"/admin/realtime/alert/{alert.pk}/delete/", {"post": "yes"}).status_code == 403
    delete = f"/admin/realtime/alertrule/{rule.pk}/delete/"
    assert eva.post(delete, {"post": "yes"}).status_code == 302
    assert not AlertRule.objects.exists()
    done = ["create", "change", "try", "delete"]
    assert acts() == [(f"{action}_alert_rule", "Shop", True) for action in done]
