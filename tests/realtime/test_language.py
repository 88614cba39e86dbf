"""The language in which a job was started is the one in which we speak of it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.utils import translation

from realtime import notices, progress, publish
from realtime.events import JobState, Status
from realtime.failure import SAFE_TEXT
from realtime.language import spoken, translated
from realtime.permissions import HIDDEN, Role, view
from realtime.queueing import queued_state
from realtime.running import RunningJob


def ended(status: Status, **more: Any) -> JobState:
    """Return a job of somebody's, started in Chinese, that has run for an hour."""
    job = str(uuid4())
    return JobState(
        id=job,
        root=job,
        name="work",
        owner="1",
        status=status,
        language="zh-hans",
        started_at="2026-11-27T10:00:00.000Z",
        finished_at="2026-11-27T11:00:00.000Z",
        **more,
    )


def told(state: JobState) -> str:
    """Return what its owner is told of its end."""
    due = notices.due(state, asked=False)
    assert due is not None
    assert due.told is not None
    return due.told.text


def test_a_job_keeps_the_language_in_which_it_is_queued() -> None:
    """And nothing where that is the project's own, which may change."""
    with translation.override("zh-hans"):
        assert spoken() == "zh-hans"
        assert queued_state("work", {"id": "1"}).language == "zh-hans"
    with translation.override("en"):
        assert queued_state("work", {"id": "1"}).language == ""


def test_a_job_below_another_speaks_as_that_does() -> None:
    """Whatever its worker speaks."""
    parent = RunningJob(id=str(uuid4()), name="work", title="Work")
    parent.language = "zh-hans"
    token = progress.bound.set(parent)
    try:
        assert queued_state("work", {"id": "1"}).language == "zh-hans"
    finally:
        progress.bound.reset(token)


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (ended(Status.SUCCEEDED, current=10, unit="张", failed=2), "10 张，失败 2"),  # noqa: RUF001
        (ended(Status.SUCCEEDED, current=10), "完成 10"),
        (ended(Status.FAILED), "任务失败。"),
        (ended(Status.LOST, error=publish.worker_lost()), "运行它的工作进程已终止。"),
        (ended(Status.FAILED, error={"kind": "KeyError", "text": "x"}), "任务因错误而停止。"),
        (ended(Status.FAILED, error={"kind": "JobError", "text": "Ours", "public": True}), "Ours"),
    ],
)
def test_a_notice_is_in_the_jobs_language(state: JobState, text: str) -> None:
    """Its reporter speaks none."""
    assert told(state) == text


def test_an_error_of_ours_is_shown_in_the_jobs_language() -> None:
    """It is kept in English; viewers are not told of the language."""
    error = {"kind": "KeyError", "text": "secret", "traceback": "…"}
    state = {**ended(Status.FAILED, error=error).values(), "seq": 1, "log": 0}
    seen = view(state, Role.OWNER)
    assert seen["error"] == {"kind": "KeyError", "text": "任务因错误而停止。"}
    assert view({**state, "language": ""}, Role.OWNER)["error"]["text"] == SAFE_TEXT
    assert "language" in HIDDEN
    assert "language" not in seen


def test_what_others_say_stays_as_it_is() -> None:
    """Also nothing at all, by which gettext keeps what is said of the catalogue."""
    assert translated("Nobody has translated this.", "zh-hans") == "Nobody has translated this."
    assert translated("", "zh-hans") == ""
