"""The page on which somebody says how they are told of their jobs."""

import re

from django.contrib.auth.models import User
from django.test import Client

from realtime import ways

ADDRESS = "/notices/preferences/"


def ticked(html: str) -> list[str]:
    """Return what is ticked, as field and way."""
    ticks = re.findall(r'<input type="checkbox" name="(\w+)" value="(\w+)"[^>]*checked', html)
    return [f"{kind} {way}" for kind, way in ticks]


def test_a_choice_is_kept_without_a_script(page: Client, ada: User) -> None:
    """The page shows what is so, keeps what is sent, and says that it did."""
    usual = [
        f"{kind} {way}" for kind in ("finished", "failed", "asks") for way in ("toast", "inbox")
    ]
    assert ticked(page.get(ADDRESS).content.decode()) == usual
    answer = page.post(ADDRESS, {"failed": ["mail", "inbox"], "asks": ["toast"]}, follow=True)
    html = answer.content.decode()
    assert ticked(html) == ["failed inbox", "failed mail", "asks toast"]
    assert "It is kept." in html
    assert ways.of(str(ada.pk)) == {
        "finished": [],
        "failed": ["inbox", "mail"],
        "asks": ["toast"],
    }


def test_a_way_that_is_none_is_refused(page: Client, ada: User) -> None:
    """With a sentence at its place, and nothing is kept."""
    html = page.post(ADDRESS, {"failed": ["pigeon"]}).content.decode()
    assert "pigeon is not one of the available choices" in html
    assert ways.of(str(ada.pk))["failed"] == ["toast", "inbox"]


def test_it_speaks_chinese(page: Client) -> None:
    """As all pages do."""
    html = page.get(ADDRESS, headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "通知方式" in html


def test_the_inbox_leads_there(page: Client) -> None:
    """From the panel of the bell, and from the page for who has no script."""
    html = page.get("/notices/").content.decode()
    assert f'settings="{ADDRESS}"' in html
    assert f'<a href="{ADDRESS}">How you are told</a>' in html
