"""The views of the list that people save for themselves."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from realtime import saved_views
from realtime.models import SavedView

pytestmark = pytest.mark.django_db

VIEWS = "/headway/api/views"


def client_of(name: str, **more: Any) -> Client:
    """Return a browser of somebody new."""
    client = Client()
    client.force_login(User.objects.create_user(name, **more))
    return client


def save(client: Client, name: str, q: str) -> Any:
    """Save a view."""
    return client.post(VIEWS, {"name": name, "q": q}, "application/json")


def test_a_view_is_saved_changed_and_deleted() -> None:
    """Its name stays its own; each answer tells all that there are."""
    ana = client_of("ana")
    save(ana, "Broken imports", "status:failed task:shop.import_*")
    told = save(ana, "  Slow\n today ", "duration:>1m").json()["views"]
    assert [(one["name"], one["q"]) for one in told] == [
        ("Broken imports", "status:failed task:shop.import_*"),
        ("Slow today", "duration:>1m"),
    ]
    changed = save(ana, "Slow today", "duration:>5m").json()["views"]
    assert [one["q"] for one in changed] == ["status:failed task:shop.import_*", "duration:>5m"]
    assert [one["id"] for one in changed] == [one["id"] for one in told]
    left = ana.delete(f"{VIEWS}/{told[0]['id']}")
    assert left.json() == {"views": changed[1:]} == ana.get(VIEWS).json()


def test_nobody_has_anothers() -> None:
    """Nor can delete it; two may use the same name."""
    ana, ben = client_of("ana"), client_of("ben")
    [view] = save(ana, "Mine", "status:failed").json()["views"]
    assert ben.get(VIEWS).json() == {"views": []}
    assert ben.delete(f"{VIEWS}/{view['id']}").status_code == 404
    assert save(ben, "Mine", "status:running").status_code == 200
    assert ana.get(VIEWS).json() == {"views": [view]}


@pytest.mark.parametrize(
    ("name", "q", "wanted"),
    [
        ("", "status:failed", "name"),
        (" \n ", "status:failed", "a name of 1 to 60 characters"),
        ("x" * 61, "status:failed", "name"),
        ("Mine", "", "q"),
        ("Mine", "status:odd", "expected status to be one of"),
        ("Mine", "age:yesterday", "such as >5m"),
        ("Mine", "x" * 501, "q"),
    ],
)
def test_what_means_nothing_is_not_saved(name: str, q: str, wanted: str) -> None:
    """It is said what was expected."""
    answer = save(client_of("ana"), name, q)
    assert answer.status_code == 400
    assert wanted in answer.json()["detail"]
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("view", ["0", "-1", "x", "9" * 30, "%00", "1.5"])
def test_there_is_no_such_view(view: str) -> None:
    """Whatever the address says."""
    assert client_of("ana").delete(f"{VIEWS}/{view}").status_code == 404


def test_there_is_an_end_of_them() -> None:
    """One that is there can still be changed."""
    ana = client_of("ana")
    person = User.objects.get(username="ana")
    SavedView.objects.bulk_create(
        SavedView(person=person, name=f"View {number}", q="status:failed")
        for number in range(saved_views.MOST)
    )
    refused = save(ana, "One more", "status:failed")
    assert refused.status_code == 409
    assert "delete one first" in refused.json()["detail"]
    assert save(ana, "View 7", "status:running").status_code == 200
    assert SavedView.objects.count() == saved_views.MOST
