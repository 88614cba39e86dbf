"""What operators see who see a part of all jobs: over HTTP, in the admin, by every question."""

from __future__ import annotations

import base64
import json
import logging
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.reports import of_jobs
from realtime import alert_telling, finding, permissions, reach, tokens
from realtime.events import JobState, Status, timestamp
from realtime.models import AlertRule, Job, Tag
from realtime.publish import Change, publish
from realtime.records import create
from realtime.sessions import visitors
from tests import tenants
from tests.bench import crowd
from tests.realtime.test_filters import client_of
from tests.realtime.test_search import asked, plan, reads_all
from tests.services import RedisServer
from tests.sockets import sign_in

pytestmark = pytest.mark.django_db(transaction=True)

A, B = "tenant:a", "tenant:b"
RIGHTS = ("view_all_jobs", "control_all_jobs", "control_workers", "manage_alerts", "view_job")


@pytest.fixture(autouse=True)
def confining(redis: RedisServer, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Be a project with tenants, and announce nothing."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)
    settings.HEADWAY = {**settings.HEADWAY, "REACH": "tests.tenants.reach"}


@pytest.fixture
def operator_of(django_user_model: Any) -> Callable[..., Any]:
    """Return what makes an operator of some tenants; of none who sees everybody's jobs."""

    def make(name: str, *tags: str) -> Any:
        one = django_user_model.objects.create_user(name, password="x", is_staff=True)
        one.user_permissions.set(Permission.objects.filter(codename__in=RIGHTS))
        if tags:
            tenants.join(one, *tags)
        return one

    return make


def job_of(owner: Any, *tags: str, **values: Any) -> str:
    """Make a running job, and return its id."""
    pk = str(uuid.uuid4())
    given = {"id": pk, "root": pk, "name": f"app.of_{owner.username}", "owner": str(owner.pk)}
    state = JobState(**{**given, "queued_at": timestamp(), "tags": list(tags), **values})
    state = state.changed(status=Status.RUNNING, started_at=timestamp())
    publish([Change(state=state, order=1, transition=True)])
    return pk


@pytest.fixture
def jobs(ana: Any, ben: Any) -> dict[str, str]:
    """Make a job of each tenant, and one of nobody's."""
    return {
        "a": job_of(ana, A, "nightly", title="Hers"),
        "b": job_of(ben, B, "secret", title="His"),
        "none": job_of(ben, title="Nobody's"),
    }


def listed(user: Any, **query: str) -> list[str]:
    """Return the ids of the jobs that a list has."""
    return [state["id"] for state in asked(user, "", **query)["jobs"]]


def test_a_list_has_what_one_sees(jobs: dict[str, str], operator_of: Any) -> None:
    """Of one's tenants and one's own, newest first, once each; so do its searches and counts."""
    one = operator_of("one", A)
    own, both = job_of(one), job_of(one, A)
    found = [both, own, jobs["a"]]
    assert listed(one) == found
    assert asked(one, "/count") == {"count": 3, "more": False}
    assert listed(one, q="status:running") == found
    assert asked(one, "/count", q="status:running") == {"count": 3, "more": False}
    for foreign in ("owner:ben", "tag:secret", "task:app.of_ben", f"id:{jobs['b']}", "His"):
        assert listed(one, q=foreign) == []
        assert asked(one, "/count", q=foreign)["count"] == 0
    assert listed(one, q=f"root:{jobs['a']}") == [jobs["a"]]
    assert listed(one, tag=B) == listed(one, q=f"-tag:{A},nightly owner:ben") == []
    assert len(listed(operator_of("all"))) == 5
    assert sorted(listed(operator_of("two", A, B))) == sorted([*found[::2], jobs["b"]])


def test_pages_lead_to_all_that_one_sees(ana: Any, operator_of: Any) -> None:
    """Each once, though several indexes lead, and one job may be in all of them."""
    one = operator_of("one", A, B)
    wanted = [job_of(who, *tags) for who in (ana, one) for tags in ((A,), (B,), (A, B))] * 1
    wanted += [job_of(ana, A) for _ in range(60)] + [job_of(one) for _ in range(60)]
    for _ in range(20):
        job_of(ana, "other")
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = asked(one, "", cursor=cursor)
        found += [state["id"] for state in page["jobs"]]
        cursor = page["next"]
    assert sorted(found) == sorted(wanted)
    assert asked(one, "/count")["count"] == len(wanted)


def test_a_reach_may_be_of_many_tags(ana: Any, operator_of: Any) -> None:
    """More than the values of a word of which an index is asked for one by one."""
    tags = [f"tenant:{number}" for number in range(finding.BRANCHES + 1)]
    one = operator_of("one", *tags)
    wanted = [job_of(ana, tag) for tag in tags]
    job_of(ana, "tenant:other")
    assert listed(one) == wanted[::-1]
    assert asked(one, "/count")["count"] == len(wanted)


def test_a_page_ends_at_no_other_tenants_job(
    ana: Any, ben: Any, operator_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cursor says where it ends, and the time until which was looked."""
    monkeypatch.setattr(finding, "WINDOW", 4)
    one = operator_of("one", A)
    hers = [job_of(ana, A, title="Hers") for _ in range(5)]
    his = [job_of(ben, B, title="His") for _ in range(5)]
    seen, cursor = list[str](), ""
    for _ in range(20):
        page = asked(one, "", q="status:running Hers", cursor=cursor)
        seen += [state["id"] for state in page["jobs"]]
        cursor = page["next"] or ""
        assert not [job for job in his if job in base64.urlsafe_b64decode(cursor).decode()]
        if not cursor:
            break
    assert seen == hers[::-1]


def test_how_words_go_on_tells_of_no_other(jobs: dict[str, str], operator_of: Any) -> None:
    """Neither tasks nor people, tags nor queues."""
    one = operator_of("one", A)

    def words(key: str) -> list[str]:
        found: list[str] = asked(one, "/words", key=key)["words"]
        return found

    assert words("task") == ["app.of_ana"]
    assert words("owner") == ["me", "nobody", "ana"]
    assert words("tag") == ["nightly", A]
    assert words("queue") == []
    answer = client_of(one).get("/headway/api/jobs", {"q": "queue:celery"})
    assert answer.status_code == 400


def test_a_job_is_told_as_to_an_operator_or_not_at_all(
    jobs: dict[str, str], operator_of: Any
) -> None:
    """Arguments and traceback of what is theirs to see; one's own elsewhere as to any owner."""
    one = operator_of("one", A)
    client = client_of(one)
    assert "arguments" in client.get(f"/headway/api/jobs/{jobs['a']}").json()
    for part in ("", "/tree", "/log", "/items", "/acts", "/files/x"):
        assert client.get(f"/headway/api/jobs/{jobs['b']}{part}").status_code == 404
    assert "arguments" not in client.get(f"/headway/api/jobs/{job_of(one)}").json()
    assert permissions.visible_state(one, jobs["b"]) is None
    assert permissions.visible_state(one, jobs["a"])


def test_what_is_done_to_many_is_done_to_those_alone(
    jobs: dict[str, str], operator_of: Any
) -> None:
    """By ids, by a filter, and to what a job has started below another's."""
    one = operator_of("one", A)
    client = client_of(one)

    def ask(**body: Any) -> Any:
        kind = "application/json"
        answer = client.post("/headway/api/jobs/actions", json.dumps(body), content_type=kind)
        assert answer.status_code == 202
        return answer.json()

    told = ask(action="cancel", ids=list(jobs.values()))
    assert [state["id"] for state in told["jobs"]] == [jobs["a"]]
    assert {refusal["status"] for refusal in told["refused"]} == {404}
    told = ask(action="cancel", filter={"q": "status:unfinished"})
    assert [state["id"] for state in told["jobs"]] == [jobs["a"]]
    state = {"owner": "0", "tags": [B]}
    assert not permissions.may_control(one, state)
    assert permissions.may_control(one, {**state, "tags": [A]})


def test_notes_of_who_did_what_are_ones_own(jobs: dict[str, str], operator_of: Any) -> None:
    """And those of a job that one sees, without the address from which they were asked for."""
    one, all_of_them = operator_of("one", A), operator_of("all")
    for job in jobs.values():
        client_of(all_of_them).post(f"/headway/api/jobs/{job}/cancel")
    client = client_of(one)
    assert client.get("/headway/api/acts").json()["acts"] == []
    [act] = client.get(f"/headway/api/jobs/{jobs['a']}/acts").json()["acts"]
    assert (act["by"], act["address"]) == ("all", None)


def test_what_tells_of_everybody_says_whom_to_ask(operator_of: Any) -> None:
    """A 403 with what to do, also where the right to steer workers was given."""
    client = client_of(operator_of("one", A))
    for path in ("api/workers", "api/schedule", "api/alerts", "api/metrics/now", "metrics"):
        answer = client.get(f"/headway/{path}")
        assert answer.status_code == 403, path
        assert "ask for the right to see all" in answer.json()["detail"]
    page = client.get("/headway/dashboard/").content.decode()
    assert " operator confined steers" in page
    assert "alerts=" not in page
    page = client_of(operator_of("all")).get("/headway/dashboard/").content.decode()
    assert " operator steers alerts=" in page


def test_the_admin_shows_what_one_sees(jobs: dict[str, str], operator_of: Any) -> None:
    """Its list, its filters and its pages; without a tenant and a right, one's own alone."""
    one = operator_of("one", A)
    page = client_of(one).get("/admin/realtime/job/").content.decode()
    assert jobs["a"] in page
    assert jobs["b"] not in page
    assert "app.of_ben" not in page
    shown = client_of(one).get(f"/admin/realtime/job/{jobs['a']}/change/").content.decode()
    assert "field-arguments" in shown
    assert client_of(one).get(f"/admin/realtime/job/{jobs['b']}/change/").status_code == 302
    assert jobs["b"] in client_of(operator_of("all")).get("/admin/realtime/job/").content.decode()
    one.user_permissions.set(Permission.objects.filter(codename="view_job"))
    assert jobs["a"] not in client_of(one).get("/admin/realtime/job/").content.decode()


def test_the_services_own_pages_keep_to_it(jobs: dict[str, str], operator_of: Any) -> None:
    """A job's page is there or not, and shared by who may steer it; a report is on one's own."""
    one = operator_of("one", A)
    client = client_of(one)
    statuses = {name: client.get(f"/jobs/{job}/").status_code for name, job in jobs.items()}
    assert statuses == {"a": 200, "b": 404, "none": 404}
    statuses = {name: client.post(f"/jobs/{job}/share/").status_code for name, job in jobs.items()}
    assert statuses == {"a": 302, "b": 404, "none": 404}
    job_of(one)
    assert dict(of_jobs.gather(one, timezone.now()).totals)["Jobs"] == 1
    assert dict(of_jobs.gather(operator_of("all"), timezone.now()).totals)["Jobs"] == 4


def test_alerts_reach_who_sees_everybody(operator_of: Any, ana: Any) -> None:
    """They tell of all jobs, and so nobody confined."""
    one, all_of_them = operator_of("one", A), operator_of("all")
    rule = AlertRule.objects.create(name="R", kind="job_stalled", inbox="operators")
    assert alert_telling._people(rule) == [all_of_them]
    rule.people.set([one, all_of_them, ana])
    rule.inbox = "chosen"
    assert alert_telling._people(rule) == [all_of_them]


def test_nobody_puts_a_job_before_others_eyes(ana: Any, operator_of: Any) -> None:
    """A report from outside is taken with tags whose jobs its sender sees, or with none."""

    def send(user: Any, *tags: str) -> int:
        _, token = tokens.create(user, "t", ["report"])
        body = json.dumps({"name": "script", "tags": list(tags)})
        headers = {"Authorization": f"Bearer {token}"}
        client = Client(headers=headers)
        return client.post("/headway/api/jobs", body, content_type="application/json").status_code

    one, all_of_them = operator_of("one", A), operator_of("all")
    assert [send(ana), send(ana, A)] == [201, 403]
    assert [send(one, A), send(one, A, B)] == [201, 403]
    assert send(all_of_them, A, B) == 201


BAD: dict[str, Any] = {
    "what raises": LookupError("gone"),
    "a number": 7,
    "numbers": [1],
    "an empty tag": [""],
    "a tag that no job has, whose beginning another may have": ["x" * 51],
    "bytes": b"tenant:a",
    "a tag that is cleaned where a job has it": [A, "tenant:\x00"],
}


@pytest.mark.parametrize("said", BAD.values(), ids=list(BAD))
def test_what_goes_wrong_opens_nothing_and_is_told_once(
    jobs: dict[str, str], operator_of: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any, said: Any
) -> None:
    """Whoever it happens to sees their own jobs alone, until it works again."""
    one = operator_of("one", A)
    works = tenants.reach

    def fail(user: Any) -> Any:
        if isinstance(said, Exception):
            raise said
        return said

    monkeypatch.setattr(tenants, "reach", fail)
    with caplog.at_level(logging.INFO, logger="realtime"):
        for _ in range(3):
            assert listed(one) == []
        cookie = sign_in(one).partition("=")[2]
        [who] = visitors([cookie]).values()
        assert (who.operator, who.tags) == (False, frozenset())
        assert client_of(one).get("/headway/api/workers").status_code == 403
        monkeypatch.setattr(tenants, "reach", works)
        assert listed(one) == [jobs["a"]]
    told = [record for record in caplog.records if "tests.tenants.reach" in record.message]
    assert [record.levelname for record in told] == ["ERROR", "INFO"]
    assert told[0].exc_info


def test_one_tag_may_be_told_as_a_text(
    jobs: dict[str, str], operator_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a job is started; it is not taken for its letters."""
    monkeypatch.setattr(tenants, "reach", lambda user: B)
    assert listed(operator_of("one")) == [jobs["b"]]
    monkeypatch.setattr(tenants, "reach", lambda user: (tag for tag in (A,)))
    assert listed(operator_of("two")) == [jobs["a"]]


def test_a_question_that_fails_spoils_no_transaction(
    operator_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where requests are transactions, too."""
    one = operator_of("one")

    def fail(user: Any) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")

    monkeypatch.setattr(tenants, "reach", fail)
    with transaction.atomic():
        assert reach.ask(one) == frozenset()
        assert Job.objects.count() == 0


def test_it_is_asked_once_for_a_request_and_of_operators_alone(
    jobs: dict[str, str], operator_of: Any, ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may cost a question to the database."""
    one, times = operator_of("one", A), list[Any]()

    def counted(user: Any) -> Any:
        times.append(user.username)
        return [A]

    monkeypatch.setattr(tenants, "reach", counted)
    client_of(one).get(f"/headway/api/jobs/{jobs['a']}")
    client_of(ana).get(f"/headway/api/jobs/{jobs['a']}")
    assert times == ["one"]


def test_tags_are_kept_with_the_job_and_go_with_it(ana: Any) -> None:
    """Each once, in the order of the list; also where it is queued."""
    kept = job_of(ana, A, A, B)
    queued = str(uuid.uuid4())
    create(JobState(id=queued, root=queued, name="t", tags=[A], queued_at=timestamp()))
    found = Tag.objects.order_by("tag", "-queued_at").values_list("tag", "job_id", "queued_at")
    at = dict(Job.objects.values_list("pk", "queued_at"))
    pks = [uuid.UUID(one) for one in (queued, kept, kept)]
    assert [(tag, pk, moment) for tag, pk, moment in found] == [
        (tag, pk, at[pk]) for tag, pk in zip((A, A, B), pks, strict=True)
    ]
    Job.objects.all().delete()
    assert not Tag.objects.exists()


@pytest.fixture
def many(ana: Any, ben: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Write more jobs than a page looks at, and their tags as the migration does."""
    monkeypatch.setattr(finding, "WINDOW", 200)
    monkeypatch.setattr(finding, "COUNTED", 200)
    hours = timedelta(hours=2)
    crowd.fill_jobs(3_000, timezone.now(), hours, owners=[ana, ben], running=True)
    migration = import_module("realtime.migrations.0023_tags")
    with connection.schema_editor() as editor:
        migration.read_tags(None, editor)
    crowd.analyze()
    yield
    Job.objects.all().delete()


def test_all_of_a_tenant_is_found_in_a_crowd(many: None, operator_of: Any) -> None:
    """By the index of tags, with any search besides; no statement reads all jobs or tags."""
    one = operator_of("one", "tag7", "tag8")
    wanted = {str(job.pk) for job in Job.objects.all() if {"tag7", "tag8"} & {*job.last["tags"]}}
    assert len(wanted) == Tag.objects.filter(tag__in=["tag7", "tag8"]).count() > 5
    with CaptureQueriesContext(connection) as asked_of_it:
        page = asked(one, "")
        assert {state["id"] for state in page["jobs"]} == wanted
        assert (page["next"], page["searched_to"]) == (None, None)
        for said in ("status:failed", "task:shop.*", "owner:ana", "age:<1h", "number", "tag:tag7"):
            asked(one, "", q=said)
            asked(one, "/count", q=said)
        for key in ("task", "owner", "tag"):
            asked(one, "/words", key=key)
        asked(one, "/count")
    statements = {one["sql"] for one in asked_of_it.captured_queries}
    searches = [one for one in statements if '"realtime_tag"' in one]
    assert len(searches) > 5
    for statement in searches:
        lines = plan(statement)
        assert not [line for line in lines if reads_all(line)], statement
        assert not [line for line in lines if "Seq Scan on realtime_tag" in line], statement
        assert not [line for line in lines if line.startswith("SCAN realtime_tag")], statement
