"""Who is told what by notices, and when: decided and written with a job's transitions."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DataError

from realtime import expiry, notice_list, notices, publish, records
from realtime.events import JobState, Status, timestamp
from realtime.models import Job, Notice
from realtime.publish import Change

pytestmark = pytest.mark.django_db(transaction=True)

ENDS = {Status.SUCCEEDED, Status.FAILED, Status.CANCELLED, Status.LOST}


@pytest.fixture(autouse=True)
def quiet(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Announce nothing, in each store."""
    monkeypatch.setattr("realtime.announcer.announce", lambda shards: None)


def question(id: str = "q1", **more: Any) -> dict[str, Any]:  # noqa: A002  its name in a state
    """Return what a job asks."""
    asked = {"text": "Replace them?", "choices": ["Yes", "No"], "asked_at": timestamp()}
    return {"id": id, **asked, "expires_at": None, **more}


def state(owner: Any, status: Status, *, took: float = 60, **more: Any) -> JobState:
    """Return a state of a new job that has run so long."""
    job = str(uuid.uuid4())
    began = timestamp(datetime.now(UTC) - timedelta(seconds=took))
    values: dict[str, Any] = {"id": job, "root": job, "name": "tests.work", "title": "Work"}
    values |= {"owner": str(owner.pk) if owner else None, "queued_at": began, "started_at": began}
    values |= {"finished_at": timestamp() if status in ENDS else None}
    values |= {"question": question() if status is Status.WAITING else None}
    return JobState(status=status, **{**values, **more})


def tell(*states: JobState, **more: Any) -> None:
    """Publish states of jobs, one after the other."""
    for one in states:
        publish.publish([Change(state=one, order=1, transition=True, **more)])


def shown(owner: Any) -> list[tuple[str, str]]:
    """Return the kind and the text of each of somebody's notices, the newest first."""
    return [(one["kind"], one["text"]) for one in notice_list.page(str(owner.pk), 50)]


@pytest.mark.parametrize(
    ("status", "more", "told"),
    [
        ("succeeded", {}, [("finished", "")]),
        ("succeeded", {"message": "All done"}, [("finished", "All done")]),
        (
            "succeeded",
            {"current": 1_200, "unit": "image", "failed": 3, "skipped": 1},
            [("finished", "1,200 images, 3 failed, 1 skipped")],
        ),
        ("succeeded", {"current": 1, "unit": "row"}, [("finished", "1 row")]),
        ("succeeded", {"took": 0.5}, []),
        ("succeeded", {"took": 0.5, "attempt": 2}, []),
        (
            "failed",
            {"took": 0.5, "error": {"kind": "ValueError", "text": "password=x"}},
            [("failed", "The job stopped because of an error.")],
        ),
        (
            "failed",
            {"error": {"kind": "JobError", "text": "It is empty.", "public": True}},
            [("failed", "It is empty.")],
        ),
        ("failed", {}, [("failed", notices.FAILED)]),
        ("lost", {}, [("failed", notices.LOST)]),
        ("cancelled", {}, []),
        ("retrying", {}, []),
        ("running", {}, []),
        ("waiting", {}, [("asks", "Replace them?")]),
    ],
)
def test_what_is_told(ana: Any, status: str, more: Any, told: Any) -> None:
    """Ends of jobs that took a while, failures, questions: never what was cancelled."""
    tell(state(ana, Status(status), **more))
    assert shown(ana) == told


def test_time_in_the_queue_counts_for_a_job_that_was_tried_again(ana: Any) -> None:
    """Its owner has waited since it was queued; what it took in its last attempt is no matter."""
    at = timestamp()
    tell(state(ana, Status.SUCCEEDED, attempt=2, started_at=at, finished_at=at))
    assert [kind for kind, _ in shown(ana)] == ["finished"]


def test_of_a_tree_the_root_is_told(ana: Any) -> None:
    """A job below it asks by itself, but its end is the root's matter."""
    root = state(ana, Status.RUNNING)
    asking = state(ana, Status.WAITING, root=root.id, parent=root.id)
    tell(root, asking, asking.changed(status=Status.RUNNING, question=None))
    tell(state(ana, Status.FAILED, root=root.id), state(ana, Status.SUCCEEDED, root=root.id))
    assert [kind for kind, _ in shown(ana)] == ["asks"]


def test_jobs_of_nobody_and_tasks_that_are_left_out(ana: Any, settings: Any) -> None:
    """Nothing is told of them; questions of the latter are."""
    settings.HEADWAY = {**settings.HEADWAY, "NOTICES": ["shop.*"], "NOTICE_AFTER": 1}
    tell(state(None, Status.FAILED), state(ana, Status.FAILED), state(ana, Status.WAITING))
    tell(state(ana, Status.SUCCEEDED, name="shop.pack", took=2))
    assert [kind for kind, _ in shown(ana)] == ["finished", "asks"]
    assert Notice.objects.count() == 2


def test_of_some_tasks_a_short_success_is_told_too(ana: Any, settings: Any) -> None:
    """Of what nobody waits for, as it comes by itself."""
    settings.HEADWAY = {**settings.HEADWAY, "NOTICE_ALWAYS": ["shop.*"]}
    tell(state(ana, Status.SUCCEEDED, name="shop.pack", took=1))
    tell(state(ana, Status.SUCCEEDED, name="core.pack", took=1))
    tell(state(ana, Status.CANCELLED, name="shop.pack"))
    assert [kind for kind, _ in shown(ana)] == ["finished"]


def test_an_end_that_is_told_again_is_one_notice(ana: Any) -> None:
    """By the run of a redelivered message, by the reaper, or because SQL was away."""
    ended = state(ana, Status.FAILED)
    tell(ended, ended)
    records.record([records.Row(ended, 2**33, 0), records.Row(ended, 2**33, 0)])
    lost = ended.changed(status=Status.LOST)
    assert records.try_record([records.Row(lost, 2**34, 0)]) == []
    assert [kind for kind, _ in shown(ana)] == ["failed"]


def test_a_question_is_asked_once_and_is_over_when_it_is_answered(ana: Any) -> None:
    """Then it is read, and there is nothing to be done about it."""
    asking = state(ana, Status.WAITING)
    tell(asking, asking)
    [notice] = notice_list.page(str(ana.pk), 50)
    assert (notice["actions"], notice["read_at"]) == (["answer"], None)
    assert notice["question"]["choices"] == ["Yes", "No"]
    assert notice_list.unread(str(ana.pk)) == 1
    tell(asking.changed(status=Status.RUNNING, question=None))
    [notice] = notice_list.page(str(ana.pk), 50)
    assert (notice["actions"], notice["question"]) == ([], None)
    assert notice["read_at"]
    assert notice_list.unread(str(ana.pk)) == 0


@pytest.mark.parametrize("end", ["failed", "cancelled", "lost", "retrying"])
def test_a_question_is_over_with_its_run(ana: Any, end: str) -> None:
    """However it ends; the next run asks the same anew, with the same notice."""
    asking = state(ana, Status.WAITING)
    ended = timestamp() if end != "retrying" else None
    tell(asking, asking.changed(status=Status(end), question=None, finished_at=ended))
    assert Notice.objects.get(kind="asks").settled_at
    if end == "retrying":
        tell(asking.changed(attempt=2))
        [notice] = notice_list.page(str(ana.pk), 50)
        assert (notice["actions"], notice["read_at"]) == (["answer"], None)


def test_one_question_after_the_other(ana: Any) -> None:
    """Each has its notice, and only the one that is open can be answered."""
    asking = state(ana, Status.WAITING)
    tell(asking, asking.changed(question=question("q2", text="And these?")))
    found = notice_list.page(str(ana.pk), 50)
    assert [(one["text"], one["actions"]) for one in found] == [
        ("And these?", ["answer"]),
        ("Replace them?", []),
    ]
    assert notice_list.unread(str(ana.pk)) == 1


def test_what_can_be_answered_no_more_is_not_offered(ana: Any) -> None:
    """Its time is over, or its job is to stop, and its task has not heard of it yet."""
    over = timestamp(datetime.now(UTC) - timedelta(seconds=1))
    tell(state(ana, Status.WAITING, question=question(expires_at=over)))
    tell(state(ana, Status.WAITING, wants="cancel"))
    assert [one["actions"] for one in notice_list.page(str(ana.pk), 50)] == [[], []]


def test_an_older_run_tells_nothing(ana: Any) -> None:
    """What SQL refuses of a job is no news of it either."""
    running = state(ana, Status.RUNNING)
    records.record([records.Row(running, 2**32, 0)])
    late = running.changed(status=Status.FAILED, finished_at=timestamp())
    assert records.try_record([records.Row(late, 1_000, 0)]) == []
    assert shown(ana) == []


def test_a_notice_that_cannot_be_kept_takes_no_end_with_it(
    ana: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job has ended; that nobody was told of it is in the log."""

    def refuse(*_: object) -> None:
        raise DataError("no")

    monkeypatch.setattr(notices, "write", refuse)
    ended = state(ana, Status.FAILED)
    tell(ended)
    assert Job.objects.get(pk=ended.id).status == "failed"
    assert shown(ana) == []


def test_what_a_notice_offers(ana: Any) -> None:
    """Files to download, as long as they are kept, and to run it again."""
    at = datetime.now(UTC)
    kept = [
        {"name": f"{name}.zip", "size": 3, "url": f"/{name}", "expires_at": timestamp(until)}
        for name, until in (("a", at + timedelta(hours=1)), ("b", at - timedelta(hours=1)))
    ]
    tell(state(ana, Status.SUCCEEDED, files=kept, repeats="whole"))
    [notice] = notice_list.page(str(ana.pk), 50)
    assert notice["actions"] == ["again", "download"]
    assert [file["name"] for file in notice["files"]] == ["a.zip"]


def test_notices_are_kept_for_so_long(ana: Any, settings: Any) -> None:
    """And go with their job."""
    tell(state(ana, Status.FAILED), state(ana, Status.FAILED))
    old, young = Notice.objects.all()
    Notice.objects.filter(pk=old.pk).update(at=old.at - timedelta(seconds=100))
    settings.HEADWAY = {**settings.HEADWAY, "KEEP_NOTICES": 50}
    expiry.Expiry().look()
    assert [one.pk for one in Notice.objects.all()] == [young.pk]
    assert young.job
    young.job.delete()
    assert not Notice.objects.exists()


def test_a_job_that_never_asked_pays_for_no_question(
    ana: Any, django_assert_num_queries: Any
) -> None:
    """A short success of somebody's is one statement, as it was before there were notices."""
    short = state(ana, Status.RUNNING, took=1)
    tell(short)
    ended = short.changed(status=Status.SUCCEEDED, finished_at=timestamp())
    with django_assert_num_queries(1):
        tell(ended, asked=False)
