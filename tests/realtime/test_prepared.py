"""An end's statement is read and planned once for each connection, and poolers do no harm."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import Error, connection, transaction

from realtime import prepared, records
from realtime.events import JobState, Status, timestamp
from realtime.models import Job
from realtime.records import Row

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'"),
]


@pytest.fixture(autouse=True)
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin as a process does that has met no pooler, on a new connection."""
    monkeypatch.setattr(prepared, "_refused", False)
    connection.close()


def ended() -> JobState:
    """Return the end of a job that is queued."""
    job = str(uuid.uuid4())
    queued = JobState(id=job, root=job, name="t", queued_at=timestamp())
    records.create(queued)
    return queued.changed(
        status=Status.SUCCEEDED, started_at=timestamp(), finished_at=timestamp(), attempt=1
    )


def statements() -> list[str]:
    """Return what is prepared in this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


def forget() -> None:
    """Let the server forget what it has prepared, as if a pooler had changed the connection."""
    raw: Any = connection.connection
    raw.pgconn.exec_(b"DEALLOCATE ALL")


def status_of(state: JobState) -> str:
    """Return how a job's row says that it stands."""
    return Job.objects.get(pk=state.id).status


def test_many_ends_prepare_one_statement() -> None:
    """And nobody else's statements are prepared for it."""
    states = [ended() for _ in range(20)]
    for state in states:
        assert records.try_record([Row(state, 5, 0)]) == []
    assert {status_of(state) for state in states} == {"succeeded"}
    [statement] = statements()
    assert statement.startswith("UPDATE")


def test_ends_that_are_told_together_prepare_the_same_one() -> None:
    """In a transaction of theirs, and after it alone."""
    states = [ended() for _ in range(20)]
    assert records.try_record([Row(state, 5, 0) for state in states]) == []
    assert records.try_record([Row(states[0], 6, 0)]) == []
    assert {status_of(state) for state in states} == {"succeeded"}
    [statement] = statements()
    assert statement.startswith("UPDATE")


def test_a_pooler_that_changes_the_connection_is_noticed() -> None:
    """The end is written all the same, and nothing is prepared any more."""
    first, second, third = ended(), ended(), ended()
    assert records.try_record([Row(first, 5, 0)]) == []
    forget()
    assert records.try_record([Row(second, 5, 0)]) == []
    assert records.try_record([Row(third, 5, 0)]) == []
    assert [status_of(state) for state in (first, second, third)] == ["succeeded"] * 3
    assert statements() == []


def test_it_is_noticed_within_a_transaction_too() -> None:
    """That one is over; who has to write several rows tries again."""
    first, second, third = ended(), ended(), ended()
    assert records.try_record([Row(first, 5, 0)]) == []
    forget()
    with pytest.raises(Error), transaction.atomic():
        records.record([Row(second, 5, 0), Row(third, 5, 0)])
    assert status_of(second) == "queued"
    assert records.try_record([Row(second, 5, 0), Row(third, 5, 0)]) == []
    assert [status_of(second), status_of(third)] == ["succeeded"] * 2


def test_nothing_is_prepared_where_the_settings_tell_of_a_pooler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Django's own setting for it."""
    pooled = True
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", pooled)
    state = ended()
    assert records.try_record([Row(state, 5, 0)]) == []
    assert (status_of(state), statements()) == ("succeeded", [])


def test_who_listens_to_statements_hears_of_it() -> None:
    """Tools that watch a project's statements miss none of ours."""
    heard: list[str] = []

    def listen(execute: Any, sql: str, *more: Any) -> Any:
        heard.append(sql)
        return execute(sql, *more)

    state = ended()
    with connection.execute_wrapper(listen):
        assert records.try_record([Row(state, 5, 0)]) == []
    assert [sql.split()[0] for sql in heard] == ["UPDATE"]


def test_a_statement_that_is_wrong_says_so() -> None:
    """As Django says it: who calls knows Django's errors."""
    with pytest.raises(Error, match="does not exist"):
        prepared.rows_changed("UPDATE nowhere SET x = %s", [[1]])
    assert not prepared._refused
