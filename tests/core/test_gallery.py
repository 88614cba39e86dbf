"""The page of the gallery, without a browser: what it shows, and to whom."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from core.gallery.feeds import feeds
from core.gallery.specimens import crowd, notices, specimens
from realtime.events import NoticeKind, Status
from tests.processes import ROOT

FRAMES = json.loads((ROOT / "tests" / "contract" / "frames.json").read_text("utf-8"))
EXAMPLES = {
    one["frame"]["type"]: one["frame"]
    for one in FRAMES["server"]["valid"]
    if one["frame"].get("jobs", True) and one["frame"].get("notices", True)
}


def said() -> list[dict[str, Any]]:
    """Return every frame that the gallery's connections say."""
    told = [
        text for feed in feeds().values() for texts in feed["topics"].values() for text in texts
    ]
    return [json.loads(text) for text in told]


def test_who_is_signed_in_sees_it(page: Client) -> None:
    """Every specimen by its name, with elements that watch connections of the page's own."""
    shown = page.get("/gallery/").content.decode()
    assert all(one.name in shown for one in specimens())
    assert shown.count('src="/gallery/live/"') > 20
    assert page.get("/gallery/live/").status_code == HTTPStatus.NOT_FOUND


def test_strangers_have_to_sign_in(client: Client) -> None:
    """As everywhere."""
    assert client.get("/gallery/").headers["Location"].startswith("/sign-in/")


def test_staff_is_led_there(page: Client, ada: User) -> None:
    """Whoever only uses the service is not."""
    assert 'href="/gallery/"' not in page.get("/").content.decode()
    ada.is_staff = True
    ada.save()
    assert 'href="/gallery/"' in page.get("/").content.decode()


def test_no_state_is_missing() -> None:
    """Each status and each kind of notice there is has its specimen."""
    assert {one.state["status"] for one in specimens() if one.state} == set(Status)
    assert {one["kind"] for one in notices()} == set(NoticeKind)
    assert len({one.name for one in specimens()}) == len(specimens())
    assert len(crowd(120)) == 20


def test_its_connections_say_what_real_ones_say() -> None:
    """Frames, states and notices have exactly the fields of the contract's examples."""
    for frame in said():
        example = EXAMPLES[frame["type"]]
        assert frame.keys() == example.keys()
        for kind in {"jobs", "notices"} & frame.keys():
            assert all(one.keys() == example[kind][0].keys() for one in frame[kind])
