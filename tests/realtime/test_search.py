"""What a search for jobs means: its words, its pages, and that an index leads each of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from realtime import finding, search
from realtime.errors import BadSearch
from realtime.events import Status, timestamp
from realtime.models import Job
from tests.bench import crowd
from tests.realtime.test_filters import client_of, job_of, listed
from tests.services import RedisServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quiet(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Announce nothing."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)


@pytest.fixture
def chief(django_user_model: Any) -> Any:
    """Return who may see everybody's jobs."""
    one = django_user_model.objects.create_user("chief", password="x")
    one.user_permissions.add(Permission.objects.get(codename="view_all_jobs"))
    return one


def asked(user: Any, path: str, **query: Any) -> Any:
    """Return what is answered."""
    answer = client_of(user).get(f"/headway/api/jobs{path}", query)
    assert answer.status_code == 200, answer.json()
    return answer.json()


REFUSED = {
    "status:gone": "expected status to be one of queued, running,",
    "colour:red": "expected a word before a colon to be one of status, task,",
    "age:5m": "expected age to be such as >5m or <1h, in s, m, h, d or w, got: 5m",
    "age:>1h,>2h": "expected age to be one value; write the word twice for both ends",
    "duration:>99999999w": "expected duration to be such as >5m",
    "id:7": "expected id to be the id of a job, got: 7",
    'tag:"x': "expected tag to be values with commas between them, each quote with its end",
    "tag:a,": "expected tag to be values with commas between them",
    '"never closed': "expected a text in quotes to be with a quote at its end",
    " ".join("x" * 21): "expected the search to be at most 20 words",
    "x" * 1_001: "expected q to be a text of 0 to 1000 characters",
}


@pytest.mark.parametrize("said", REFUSED)
def test_what_cannot_be_understood_is_refused(ana: Any, said: str) -> None:
    """With what was expected, so that who writes it can mend it."""
    answer = client_of(ana).get("/headway/api/jobs", {"q": said})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(REFUSED[said])


@given(st.text(max_size=60))
def test_any_text_is_understood_or_refused(said: str) -> None:
    """Nothing else happens, whatever somebody types."""
    try:
        terms = search.parsed(said)
    except BadSearch:
        return
    assert len(terms) <= search.TERMS


def test_each_word_means_what_it_says(ana: Any, ben: Any, chief: Any) -> None:
    """One word, several values, its contrary; words together must all hold."""
    now = timezone.now()
    jobs = {
        "old": job_of(ana, ago=7_200, name="app.a.one", tags=["x"], title="Customers"),
        "quick": job_of(
            ana,
            ago=600,
            name="app.a.two",
            tags=["y, z"],
            title='The "quick" one',
            status=Status.SUCCEEDED,
            started_at=timestamp(now - timedelta(seconds=590)),
            finished_at=timestamp(now - timedelta(seconds=580)),
        ),
        "slow": job_of(
            ben,
            ago=300,
            name="app.b[1]",
            title="Orders",
            status=Status.FAILED,
            started_at=timestamp(now - timedelta(seconds=290)),
            finished_at=timestamp(now - timedelta(seconds=90)),
        ),
        "now": job_of(ben, name="other", title="Customers again", tags=["x", "é"]),
    }
    found = {
        "": "now slow quick old",
        "status:running": "now old",
        "status:failed,succeeded": "slow quick",
        "status:unfinished": "now old",
        "-status:ended": "now old",
        "task:app.a.one": "old",
        "task:app.a.*": "quick old",
        "task:app.b[1]": "slow",
        "task:app.b*,other": "now slow",
        "-task:app.*": "now",
        "task:*.none": "",
        "task:a*.*e": "old",
        "task:**t*h*r": "now",
        "task:app*app.a.one": "",
        "owner:ana": "quick old",
        "owner:ana,ben": "now slow quick old",
        "owner:me": "",
        "owner:nobody": "",
        "-owner:ben": "quick old",
        "tag:x": "now old",
        "tag:é": "now",
        'tag:"y, z"': "quick",
        "tag:x,y": "now old",
        "-tag:x": "slow quick",
        "age:>1h": "old",
        "age:<1h": "now slow quick",
        "-age:<1h": "old",
        "age:>2m age:<1h": "slow quick",
        "duration:>1m": "slow",
        "duration:<1m": "quick",
        "-duration:>1m": "quick",
        "customers": "now old",
        "CUSTOMERS again": "now",
        '"customers again"': "now",
        "-customers": "slow quick",
        r'"\"quick\""': "quick",
        "status:running owner:ana tag:x age:>1m customers": "old",
        f"id:{jobs['old']}": "old",
        f"root:{jobs['slow']}": "slow",
        jobs["now"]: "now",
        f"-id:{jobs['now']}": "slow quick old",
    }
    names = {job: name for name, job in jobs.items()}
    for said, wanted in found.items():
        got = " ".join(names[job] for job in listed(chief, q=said))
        assert got == wanted, said
        count = asked(chief, "/count", q=said)
        assert count == {"count": len(wanted.split()), "more": False}, said


def test_a_pattern_of_many_stars_takes_no_time(chief: Any) -> None:
    """It is tried in one way, not in all."""
    job_of(chief, name="a" * 200)
    assert listed(chief, q=f"task:{'*a' * 100}*b") == []
    assert len(listed(chief, q=f"task:{'*a' * 100}*")) == 1


def test_nobody_finds_what_is_anothers(ana: Any, ben: Any) -> None:
    """Whatever the search says."""
    mine, other = job_of(ana), job_of(ben, title="Secret")
    for said in ("owner:ben", "secret", f"id:{other}", "-owner:ana", "status:running"):
        assert other not in listed(ana, q=said)
        assert asked(ana, "/count", q=said)["count"] <= 1
    assert listed(ana, q="owner:me") == [mine]


def test_a_queue_is_for_operators_to_look_for(ana: Any, chief: Any) -> None:
    """By its name, a part of it, or its contrary; who is told of no queue finds none by it."""
    jobs = {
        "mail": job_of(ana, ago=30, queued=True, queue="mail"),
        "late": job_of(ana, ago=20, queued=True, queue="mail, late"),
        "none": job_of(ana, ago=10),
    }
    names = {job: name for name, job in jobs.items()}
    found = {
        "queue:mail": "mail",
        "queue:mail*": "late mail",
        'queue:"mail, late"': "late",
        "queue:mail status:queued": "mail",
        "-queue:mail": "none late",
        "queue:other,mail": "mail",
        "queue:other": "",
    }
    for said, wanted in found.items():
        assert " ".join(names[job] for job in listed(chief, q=said)) == wanted, said
    assert asked(chief, "/words", key="queue", start="m")["words"] == ["mail", "mail, late"]
    assert asked(chief, "/words", key="queue", start="")["words"] == ["mail", "mail, late"]
    assert asked(ana, "/words", key="queue", start="m")["words"] == []
    answer = client_of(ana).get("/headway/api/jobs", {"q": "queue:mail"})
    assert answer.status_code == 400
    wanted = "expected queue to be asked for by operators alone, got: mail"
    assert answer.json()["detail"].startswith(wanted)


def test_words_go_on(ana: Any, ben: Any, chief: Any) -> None:
    """Statuses, tasks, people and tags that begin so; to each what they may see."""
    job_of(ana, name="app.one", tags=["alpha", "beta"])
    job_of(ben, name="app.two", tags=["alps"])
    assert asked(chief, "/words", key="task", start="app.")["words"] == ["app.one", "app.two"]
    assert asked(ana, "/words", key="task", start="app.")["words"] == ["app.one"]
    assert asked(chief, "/words", key="tag", start="al")["words"] == ["alpha", "alps"]
    assert asked(ana, "/words", key="tag", start="al")["words"] == ["alpha"]
    assert asked(chief, "/words", key="owner", start="b")["words"] == ["ben"]
    assert asked(ana, "/words", key="owner", start="b")["words"] == []
    assert asked(ana, "/words", key="status", start="r")["words"] == ["running", "retrying"]


@pytest.fixture
def many(ana: Any, ben: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Write more jobs than a page looks at."""
    monkeypatch.setattr(finding, "WINDOW", 200)
    monkeypatch.setattr(finding, "COUNTED", 200)
    count = 3_000
    time = timedelta(hours=2)
    crowd.fill_jobs(count, timezone.now(), time, owners=[ana, ben], running=True)
    crowd.analyze()
    yield count
    Job.objects.all().delete()


ALL_OF: dict[str, Any] = {
    "number": {},
    "status:failed,running": {"status__in": ["failed", "running"]},
    "task:shop.*": {},
    "task:shop.task1,shop.task2 -tag:x": {"name__in": ["shop.task1", "shop.task2"]},
    "queue:queue1,queue2": {"queue__in": ["queue1", "queue2"]},
}


@pytest.mark.parametrize("said", ["tag:tag7", *ALL_OF])
def test_pages_lead_to_all_of_them(many: int, chief: Any, said: str) -> None:
    """Each once, newest first, though a page looks at a small part."""
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = asked(chief, "", q=said, cursor=cursor)
        assert len(page["jobs"]) == 50 or page["searched_to"] or page["next"] is None
        found += [state["id"] for state in page["jobs"]]
        cursor = page["next"]
    wanted = Job.objects.order_by("-queued_at", "-pk")
    if said == "tag:tag7":
        assert found == [str(job.pk) for job in wanted if "tag7" in job.last["tags"]]
    else:
        pks = wanted.filter(**ALL_OF[said]).values_list("pk", flat=True)
        assert found == [str(pk) for pk in pks]


SEARCHES = (
    *("", "status:failed", "status:unfinished", "status:succeeded,failed", "task:shop.task1"),
    *("task:shop.*", "owner:ana", "owner:ana status:running", "tag:tag7", "number 7"),
    *("age:>5m", "age:<1h status:failed", "duration:>1m", "-status:succeeded"),
    "task:shop.* status:failed duration:>10s owner:ben -tag:tag0",
)

QUEUES = ("queue:queue1", "queue:queue* status:running", "queue:queue1,queue2 number")
"""For operators."""


@pytest.mark.parametrize("person", ["ana", "chief"])
def test_no_query_reads_the_whole_table(many: int, ana: Any, chief: Any, person: str) -> None:
    """Of each statement that a list, a count or a word's end needs, the plan uses an index."""
    user = {"ana": ana, "chief": chief}[person]
    with CaptureQueriesContext(connection) as asked_of_it:
        for said in (*SEARCHES, *(QUEUES if person == "chief" else ())):
            page = asked(user, "", q=said)
            if page["next"]:
                asked(user, "", q=said, cursor=page["next"])
            asked(user, "/count", q=said)
        for key in ("task", "owner", "tag", "status", "queue"):
            asked(user, "/words", key=key, start="a")
    statements = {
        one["sql"] for one in asked_of_it.captured_queries if "realtime_job" in one["sql"]
    }
    assert len(statements) > len(SEARCHES)
    for statement in statements:
        assert not [line for line in plan(statement) if reads_all(line)], statement


def test_what_leads_is_known_after_a_few_counts(many: int, ana: Any) -> None:
    """Of a pattern with many names no more are counted than tell that they are too many."""
    asked(ana, "", q="task:shop.task1*")
    with CaptureQueriesContext(connection) as asked_of_it:
        asked(ana, "", q="task:shop.task1*")
    counts = [one for one in asked_of_it.captured_queries if "COUNT(" in one["sql"]]
    names = {job.name for job in Job.objects.filter(name__startswith="shop.task1").only("name")}
    each = many / crowd.TASKS
    assert len(names) == 11
    assert len(counts) <= 1 + math.ceil(finding.COUNTED / each)


def plan(statement: str) -> list[str]:
    """Return how the database answers a statement, when it avoids to read whole tables."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET enable_seqscan = off")
            cursor.execute(f"EXPLAIN {statement}")
            lines = [row[0] for row in cursor.fetchall()]
            cursor.execute("RESET enable_seqscan")
            return lines
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
        return [row[3] for row in cursor.fetchall()]


def reads_all(line: str) -> bool:
    """Tell whether a line of a plan reads the whole table of jobs without an index."""
    if connection.vendor == "postgresql":
        return "Seq Scan on realtime_job" in line
    return line.startswith("SCAN realtime_job") and "USING" not in line
