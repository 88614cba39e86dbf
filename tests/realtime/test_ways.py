"""By which ways people are told: chosen by each, obeyed by what comes afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from realtime import notice_list, replies, ways
from realtime.checks import check_settings
from realtime.events import Status
from realtime.models import Notice, NoticeWays
from tests.realtime.test_inbox_api import client_of, get, held, mark, unheard  # noqa: F401
from tests.realtime.test_notices import quiet, state, tell  # noqa: F401  a fixture

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/headway/api/notices/preferences"
USUAL = {kind: ["toast", "inbox"] for kind in ("finished", "failed", "asks")}


def put(user: Any, said: Any) -> Any:
    """Choose over HTTP, and return the answer."""
    return client_of(user).put(ADDRESS, json.dumps(said), "application/json")


def ways_of_notices(user: Any) -> list[tuple[str, list[str]]]:
    """Return kind and ways of the notices that a person's sockets are sent."""
    return [(one["kind"], one["ways"]) for one in notice_list.page(str(user.pk), 50)]


def test_the_settings_say_until_somebody_chooses(ana: Any, ben: Any, settings: Any) -> None:
    """Of each kind by itself; who has chosen is told as they want."""
    settings.HEADWAY = {**settings.HEADWAY, "NOTICE_WAYS": {"failed": ["mail", "toast"]}}
    assert ways.of(str(ana.pk)) == USUAL | {"failed": ["toast", "mail"]}
    ways.choose(str(ana.pk), {"finished": [], "failed": {"browser", "inbox"}})
    ways.choose(str(ana.pk), {"finished": ["inbox"]})
    assert ways.of(str(ana.pk)) == USUAL | {"finished": ["inbox"], "failed": ["inbox", "browser"]}
    assert ways.of(str(ben.pk))["failed"] == ["toast", "mail"]


def test_a_choice_over_http_is_kept_for_oneself(ana: Any, ben: Any) -> None:
    """And read back; what was chosen goes with the person."""
    wanted = USUAL | {"failed": ["inbox", "mail"], "asks": []}
    answer = put(ana, wanted)
    assert (answer.status_code, held(answer.json(), replies.WAYS)) == (200, wanted)
    assert client_of(ana).get(ADDRESS).json() == wanted
    assert client_of(ben).get(ADDRESS).json() == USUAL
    ana.delete()
    assert not NoticeWays.objects.exists()


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"failed": []}, "expected finished to be a list of 0 to 4, got: nothing"),
        (USUAL | {"lost": []}, "expected each key of the body to be one of finished, failed, asks"),
        (USUAL | {"asks": ["post"]}, "expected asks[0] to be one of toast, inbox, mail, browser"),
        (USUAL | {"asks": "mail"}, "expected asks to be a list of 0 to 4"),
    ],
)
def test_a_choice_that_is_none_is_refused(ana: Any, said: Any, sentence: str) -> None:
    """As everywhere: a problem document, and nothing is changed."""
    answer = put(ana, said)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert sentence in answer.json()["detail"]
    assert not NoticeWays.objects.exists()


def test_who_may_choose(ana: Any) -> None:
    """Who is signed in, with the CSRF token."""
    assert Client().get(ADDRESS).status_code == 401
    careless = client_of(ana, enforce_csrf_checks=True)
    assert careless.put(ADDRESS, json.dumps(USUAL), "application/json").status_code == 403
    assert client_of(ana).post(ADDRESS).status_code == 405


def test_a_notice_goes_the_ways_of_its_time(ana: Any) -> None:
    """What was told before stays as it was; of what nobody wants there is no notice."""
    tell(state(ana, Status.FAILED))
    ways.choose(str(ana.pk), {"failed": ["mail"], "finished": []})
    tell(state(ana, Status.FAILED), state(ana, Status.SUCCEEDED))
    assert ways_of_notices(ana) == [("failed", ["mail"]), ("failed", ["toast", "inbox"])]
    assert Notice.objects.count() == 2


def test_what_is_not_for_the_inbox_is_not_in_it(ana: Any) -> None:
    """Not listed and not counted; its toast can be closed all the same."""
    ways.choose(str(ana.pk), {"failed": ["toast"]})
    tell(state(ana, Status.FAILED), state(ana, Status.SUCCEEDED))
    found = get(ana)
    assert ([one["kind"] for one in found["notices"]], found["unread"]) == (["finished"], 1)
    frame = json.loads(notice_list.frames([str(ana.pk)])[str(ana.pk)])
    assert [one["kind"] for one in frame["notices"]] == ["finished", "failed"]
    assert frame["unread"] == 1
    toast = frame["notices"][1]["id"]
    assert mark(ana, ids=[toast]) == {"ids": [toast], "unread": 1}


def test_a_question_that_nobody_wants_to_be_told_of_can_be_asked(ana: Any) -> None:
    """Its job goes on as if there had been a notice."""
    ways.choose(str(ana.pk), {"asks": []})
    asking = state(ana, Status.WAITING)
    tell(asking, asking.changed(status=Status.RUNNING, question=None))
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"failed": ["post"]}, "to be ways (toast, inbox, mail, browser) by kind"),
        ({"lost": ["mail"]}, "by kind (finished, failed, asks), got: {'lost': ['mail']}"),
        ({"failed": "mail"}, "to be a dictionary of lists of texts"),
        (["mail"], "to be a dictionary of lists of texts"),
    ],
)
def test_wrong_ways_are_told_at_the_start(given: Any, wanted: str, settings: Any) -> None:
    """With what was expected."""
    settings.HEADWAY = {"NOTICE_WAYS": given}
    assert wanted in str(check_settings()[0])
