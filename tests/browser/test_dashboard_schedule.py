"""The dashboard's page of what is started by itself: a real browser, server and database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.double import AXE
from tests.browser.test_dashboard import at, context, operator
from tests.browser.test_inbox import LOOKS, ana, is_faultless, picture, signed_in, web
from tests.browser.test_journey import browser, database_beside_playwright
from tests.processes import Child

__all__ = ["ana", "browser", "context", "database_beside_playwright", "operator", "web"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def planned(operator: User) -> Iterator[None]:
    """Plan one thing of each sort."""
    often = IntervalSchedule.objects.create(every=10, period=IntervalSchedule.MINUTES)
    nightly = CrontabSchedule.objects.create(minute="30", hour="3", timezone="Asia/Shanghai")
    ago = timezone.now() - timedelta(minutes=4)
    rows = [
        {"name": "Fetch the rates", "task": "shop.fetch_rates", "interval": often},
        {"name": "Tidy up", "task": "shop.tidy", "crontab": nightly},
        {"name": "Send reminders", "task": "shop.remind", "interval": often, "enabled": False},
        {"name": "Count the stock", "task": "shop.count", "interval": often},
    ]
    last = [ago, None, None, ago - timedelta(hours=1)]
    for row, ran in zip(rows, last, strict=True):
        PeriodicTask.objects.create(last_run_at=ran, **row)
    yield
    PeriodicTask.objects.all().delete()


def row(page: Page, name: str) -> Locator:
    """Return the row of an entry."""
    return page.get_by_role("row").filter(has_text=name)


def test_what_is_started_by_itself(context: BrowserContext, planned: None) -> None:
    """When it was, and when it is due; the jobs of its task are one press away."""
    page = at(context)
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url("**/dashboard/schedule")
    expect(row(page, "Fetch the rates")).to_contain_text("every 10 min")
    expect(row(page, "Fetch the rates")).to_contain_text("in 6 min.")
    expect(row(page, "Fetch the rates")).to_contain_text("4 min. ago")
    expect(row(page, "Tidy up")).to_contain_text("30 3 * * * Asia/Shanghai")
    expect(row(page, "Send reminders")).to_contain_text("Off")
    expect(row(page, "Count the stock")).to_contain_text("Overdue · 54 min. ago")
    page.get_by_role("link", name="shop.tidy").click()
    page.wait_for_url("**/dashboard/jobs?q=task:shop.tidy")
    page.go_back()
    expect(row(page, "Tidy up")).to_be_visible()
    page.route("**/api/schedule", lambda route: route.fulfill(status=503, json={"detail": "Away."}))
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("Away.")
    picture(page, "schedule-failure")
    page.unroute("**/api/schedule")
    page.get_by_role("button", name="Retry", exact=True).click()
    expect(row(page, "Tidy up")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_others_have_none_of_it(browser: Browser, web: Child, ana: User, planned: None) -> None:
    """It is not in their navigation, and its address shows them nothing."""
    User.objects.filter(pk=ana.pk).update(is_superuser=False)
    with signed_in(browser, web, ana) as one:
        page = at(one, "schedule")
        expect(page.get_by_role("heading", name="This page is for operators")).to_be_visible()
        expect(page.get_by_role("link", name="Schedule")).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]['width']}")
def test_everybody_can_use_it(
    browser: Browser, web: Child, operator: User, planned: None, look: Any
) -> None:
    """No fault in either scheme, on either device."""
    scheme, size = look
    more: Any = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    with signed_in(browser, web, operator, **more) as one:
        page = at(one, "schedule")
        page.add_script_tag(path=AXE)
        expect(page.get_by_text("Count the stock")).to_be_visible()
        is_faultless(page, page.get_by_role("main"), size, f"{scheme}-{size['width']}-schedule")
