"""The waterfall on a job's page in the dashboard: a real browser, server, worker and Redis."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from celery import group
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Locator, Page, expect

from realtime.models import Job
from tests import tasks
from tests.browser.double import AXE
from tests.browser.test_dashboard import at, ended, operator
from tests.browser.test_inbox import LOOKS, ana, is_faultless, signed_in, web
from tests.browser.test_journey import browser, database_beside_playwright
from tests.browser.test_tray import gate
from tests.processes import Child
from tests.services import wait_until

__all__ = ["ana", "browser", "database_beside_playwright", "gate", "operator", "web"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def rows(page: Page) -> Locator:
    """Return the rows of the waterfall."""
    return page.get_by_role("region", name="Waterfall").get_by_role("listitem")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]['width']}")
def test_who_waited_and_who_ran(
    browser: Browser, web: Child, operator: User, gate: Path, look: Any
) -> None:
    """A row for each job of the tree, with its times; it goes on while one runs."""
    done = [tasks.count.si(3), tasks.count.si(5), tasks.fail.si("The disk is full")]
    sent: Any = group(*done, tasks.count.si(50, str(gate), 20)).apply_async()
    root = str(sent.id)
    *over, last = (str(one.id) for one in sent.results)
    for one in over:
        ended(Job.objects.get(pk=one))
    wait_until(lambda: Job.objects.get(pk=last).status == "running", "the last one to run")
    scheme, size = look
    more: Any = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    with signed_in(browser, web, operator, **more) as signed:
        page = at(signed, f"jobs/{root}")
        page.add_script_tag(path=AXE)
        expect(rows(page)).to_have_count(5)
        failed = rows(page).filter(has_text="Fail")
        expect(failed).to_contain_text("Waited")
        expect(failed).to_contain_text("Ran")
        running = page.get_by_role("region", name="Waterfall").locator("li.running").last
        wide = running.locator(".runs")
        before = wide.get_attribute("d")
        expect(wide).not_to_have_attribute("d", before or "")
        page.get_by_role("heading", name="Waterfall").scroll_into_view_if_needed()
        name = f"{scheme}-{size['width']}-waterfall"
        is_faultless(page, page.get_by_role("main"), size, name)
        gate.touch()
        expect(rows(page).and_(page.locator(".running"))).to_have_count(0)
        rows(page).filter(has_text="Fail").get_by_role("link").click()
        expect(page.get_by_role("region", name="Traceback")).to_contain_text("The disk is full")
        expect(page.get_by_role("heading", name="Waterfall")).to_have_count(0)
