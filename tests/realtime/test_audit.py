"""Who did what when: kept before it is done, also when it is refused, and told by role."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from realtime import tokens
from realtime.events import Status
from realtime.expiry import Expiry
from realtime.models import Act
from tests.realtime.test_actions import ana, ben, job_of, post

__all__ = ["ana", "ben", "job_of"]

pytestmark = pytest.mark.django_db(transaction=True)


def acts(user: Any, path: str = "acts") -> list[dict[str, Any]]:
    """Return what a person is told of what was done."""
    client = Client()
    client.force_login(user)
    answer = client.get(f"/headway/api/{path}")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["acts"]
    return found


def test_what_is_asked_of_a_job_is_kept(job_of: Any, ana: Any) -> None:
    """Newest first, with who, what and when; where it was refused, why."""
    job = job_of(ana)
    post(ana, f"{job}/pause", {"tree": False})
    post(ana, f"{job}/answer", {"answer": "secret"})
    refused, paused = acts(ana, f"jobs/{job}/acts")
    assert (paused["by"], paused["action"], paused["target"]) == ("ana", "pause", "Work")
    assert (paused["detail"], paused["refused"]) == ({"tree": False}, None)
    assert refused["action"] == "answer"
    assert refused["refused"].startswith("The job does not ask this")
    assert "secret" not in str(refused)


def test_who_may_not_is_kept_too(job_of: Any, ana: Any, ben: Any) -> None:
    """Somebody who sees all jobs and may steer none has tried."""
    ben.user_permissions.add(Permission.objects.get(codename="view_all_jobs"))
    job = job_of(ana)
    assert post(ben, f"{job}/cancel").status_code == 403
    [act] = acts(ana, f"jobs/{job}/acts")
    assert (act["by"], act["refused"]) == ("ben", "You may see this job, but not steer it.")


def test_from_where_is_for_operators(job_of: Any, ana: Any, ben: Any) -> None:
    """They are told the address, and which API token asked."""
    ben.user_permissions.add(Permission.objects.get(codename="view_all_jobs"))
    job = job_of(ana)
    _, said = tokens.create(ana, "nightly script")
    headers = {"Authorization": f"Bearer {said}"}
    assert Client().post(f"/headway/api/jobs/{job}/cancel", headers=headers).status_code == 202
    [own] = acts(ana, f"jobs/{job}/acts")
    assert (own["address"], own["token"]) == (None, None)
    [told] = acts(ben)
    assert (told["address"], told["token"]) == ("127.0.0.1", "nightly script")


def test_others_are_told_of_their_own_alone(job_of: Any, ana: Any, ben: Any) -> None:
    """And what was done to a job that is none of theirs is nothing to them."""
    job = job_of(ana)
    post(ana, f"{job}/cancel")
    assert [act["action"] for act in acts(ana)] == ["cancel"]
    assert acts(ben) == []
    client = Client()
    client.force_login(ben)
    assert client.get(f"/headway/api/jobs/{job}/acts").status_code == 404


def test_many_are_kept_one_by_one(job_of: Any, ana: Any) -> None:
    """Each with what meant it, so that its own page tells of it."""
    jobs = [job_of(ana), job_of(ana)]
    said = {"action": "cancel", "filter": {"status": Status.RUNNING}}
    assert post(ana, "actions", said).status_code == 202
    for job in jobs:
        [act] = acts(ana, f"jobs/{job}/acts")
        assert act["detail"] == {"filter": {"status": "running"}}


def test_pages_follow_each_other(ana: Any) -> None:
    """By cursor; one that is none is refused."""
    Act.objects.bulk_create(Act(person=ana, name="ana", action=f"a{n}") for n in range(120))
    client = Client()
    client.force_login(ana)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.get("/headway/api/acts", {"cursor": cursor}).json()
        seen += [act["action"] for act in page["acts"]]
        cursor = page["next"]
    assert seen == [f"a{n}" for n in reversed(range(120))]
    for bad in ("x", "-1", "9" * 30):
        assert client.get("/headway/api/acts", {"cursor": bad}).status_code == 400


def test_it_outlives_its_person(job_of: Any, ana: Any, ben: Any) -> None:
    """The name stays; what they were is not looked up."""
    ben.user_permissions.add(Permission.objects.get(codename="view_all_jobs"))
    post(ana, f"{job_of(ana)}/cancel")
    ana.delete()
    [act] = acts(ben)
    assert act["by"] == "ana"


def test_old_acts_go(ana: Any) -> None:
    """After KEEP_ACTS, the oldest first."""
    old = timezone.now() - timedelta(days=181)
    Act.objects.create(person=ana, name="ana", action="old", at=old)
    Act.objects.create(person=ana, name="ana", action="young")
    Expiry().look()
    assert [act.action for act in Act.objects.all()] == ["young"]
