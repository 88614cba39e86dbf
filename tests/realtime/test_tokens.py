"""API tokens: whom they let in, what for, and until when."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from realtime import tokens
from realtime.models import Token
from realtime.records import create
from realtime.store import Store
from tests.realtime.test_store import state

pytestmark = pytest.mark.django_db

JOBS = "/headway/api/jobs"


@pytest.fixture
def ana(django_user_model: Any) -> Any:
    """Return a user."""
    return django_user_model.objects.create_user("ana", password="x")


@pytest.fixture
def job(ana: Any) -> str:
    """Return a job of hers."""
    one = str(uuid.uuid4())
    create(state(one, owner=str(ana.pk), queued_at="2026-11-22T10:00:00.000Z"))
    return one


def ask(said: str, path: str = "", method: str = "get", client: Client | None = None) -> Any:
    """Send a request with a token and no session, strict about CSRF."""
    client = client or Client(enforce_csrf_checks=True)
    headers = {"Authorization": f"Bearer {said}"}
    more = {} if method == "get" else {"content_type": "application/json"}
    return getattr(client, method)(f"{JOBS}{path}", headers=headers, **more)


def test_a_token_asks_in_its_users_name(ana: Any, job: str, store: Store) -> None:
    """It sees her jobs alone, steers them without a CSRF token, and the day is noted."""
    other = str(uuid.uuid4())
    create(state(other, queued_at="2026-11-22T10:00:00.000Z"))
    token, said = tokens.create(ana, "cron")
    assert said.startswith("headway_")
    assert [one["id"] for one in ask(said).json()["jobs"]] == [job]
    assert ask(said, f"/{job}").json()["id"] == job
    assert ask(said, f"/{other}").status_code == 404
    assert ask(said, f"/{job}/pause", "post").status_code == 202
    token.refresh_from_db()
    assert token.last_used_on == timezone.now().date()


def test_the_token_itself_is_kept_nowhere(ana: Any) -> None:
    """Who reads the database learns nothing to ask with."""
    token, said = tokens.create(ana, "cron")
    kept = json.dumps(Token.objects.filter(pk=token.pk).values()[0], default=str)
    assert said not in kept
    assert said.removeprefix(tokens.PREFIX) not in kept


def spoil(token: Token, how: str) -> None:
    """Make a token one that is not good any more."""
    if how == "expired":
        token.expires_at = timezone.now() - timedelta(seconds=1)
    elif how == "revoked":
        token.revoked_at = timezone.now()
    else:
        token.user.is_active = False
        token.user.save()
    token.save()


@pytest.mark.parametrize("how", ["expired", "revoked", "of one switched off"])
def test_a_token_that_is_not_good_lets_nobody_in(ana: Any, how: str, store: Store) -> None:
    """Nor does it borrow the session that the request brings beside it."""
    token, said = tokens.create(ana, "cron")
    spoil(token, how)
    signed_in = Client()
    signed_in.force_login(ana)
    for client in (Client(), signed_in):
        answer = ask(said, client=client)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
        assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("said", ["", "headway_", "x" * 5_000, "café", "a b", "\x00"])
def test_other_texts_are_no_tokens(said: str, store: Store) -> None:
    """However odd or long."""
    assert ask(said).status_code == 401


@pytest.mark.parametrize(
    ("scope", "asked", "status"),
    [
        ("read", ("", "get"), 200),
        ("act", ("", "get"), 403),
        ("read", ("/{job}/pause", "post"), 403),
        ("act", ("/{job}/pause", "post"), 202),
        ("report", ("/{job}/pause", "post"), 403),
    ],
)
@pytest.mark.usefixtures("store")
def test_a_token_is_for_its_scopes_alone(
    job: str, ana: Any, scope: str, asked: tuple[str, str], status: int
) -> None:
    """Who reads need not act, who acts need not read."""
    _, said = tokens.create(ana, "cron", [scope])
    answer = ask(said, asked[0].format(job=job), asked[1])
    assert answer.status_code == status
    assert status != 403 or "This token is not for this" in answer.json()["detail"]


def test_a_session_still_needs_its_csrf_token(ana: Any, job: str, store: Store) -> None:
    """Other schemes of authorization change nothing."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana)
    for headers in ({}, {"Authorization": "Basic YTpi"}):
        assert client.post(f"{JOBS}/{job}/pause", headers=headers).status_code == 403


def test_the_command_prints_a_token_once(ana: Any, store: Store) -> None:
    """On its own line, for scripts; with the scopes and days that were asked for."""
    out, hint = StringIO(), StringIO()
    options = ("--scope", "read", "--days", "3")
    call_command("token", "ana", "nightly", *options, stdout=out, stderr=hint)
    assert ask(out.getvalue().strip()).status_code == 200
    kept = Token.objects.get(name="nightly")
    assert (kept.user, kept.scopes) == (ana, ["read"])
    assert timedelta(days=2.9) < kept.expires_at - timezone.now() < timedelta(days=3.1)


@pytest.mark.parametrize("given", [("eve", "x"), ("ana", "x", "--days", "0")])
def test_the_command_says_what_it_expected(ana: Any, given: tuple[str, ...]) -> None:
    """A user that there is, and a number of days."""
    with pytest.raises(CommandError, match=r"expected .+ to be .+, got: "):
        call_command("token", *given)


def test_the_admin_shows_a_new_token_once(admin_client: Client, ana: Any, store: Store) -> None:
    """On the page after it was made; then it can be revoked, and not be edited."""
    form = {
        "user": ana.pk,
        "name": "nightly",
        "scopes": ["read"],
        "expires_at_0": "2999-01-01",
        "expires_at_1": "00:00",
    }
    page = admin_client.post("/admin/realtime/token/add/", form, follow=True).content.decode()
    said = page.partition("headway_")[2].partition("<")[0]
    assert ask(f"headway_{said}").status_code == 200
    kept = Token.objects.get(name="nightly")
    assert admin_client.get("/admin/realtime/token/").content.decode().count("headway_") == 0
    chosen = {"action": "revoke", "_selected_action": [kept.pk]}
    admin_client.post("/admin/realtime/token/", chosen)
    assert ask(f"headway_{said}").status_code == 401


def test_only_superusers_make_tokens_for_others(
    ana: Any, django_user_model: Any, client: Client
) -> None:
    """Else who may add tokens could ask in everybody's name, and see whose there are."""
    boss = django_user_model.objects.create_superuser("boss", password="x")
    tokens.create(boss, "of the boss")
    ana.is_staff = True
    ana.save()
    ana.user_permissions.set(Permission.objects.filter(content_type__model="token"))
    client.force_login(ana)
    form = {"name": "n", "scopes": ["read"], "expires_at_0": "2999-01-01", "expires_at_1": "0:0"}
    client.post("/admin/realtime/token/add/", {**form, "user": boss.pk})
    assert not Token.objects.filter(name="n").exists()
    client.post("/admin/realtime/token/add/", {**form, "user": ana.pk})
    assert Token.objects.get(name="n").user == ana
    assert "of the boss" not in client.get("/admin/realtime/token/").content.decode()
