"""The dashboard of who sees one tenant's jobs: a real browser, server, worker and Redis."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from playwright.sync_api import Browser, expect

import realtime
from tests import tasks
from tests.browser.test_dashboard import DASHBOARD, at, row, rows
from tests.browser.test_inbox import ana, signed_in
from tests.browser.test_journey import browser, database_beside_playwright
from tests.browser.test_tray import gate
from tests.processes import Child, web_server, worker
from tests.services import RedisServer
from tests.tenants import join

__all__ = ["ana", "browser", "database_beside_playwright", "gate"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

A, B = "tenant:a", "tenant:b"
CONFINED = {"REACH": "tests.tenants.reach", "RIGHTS_INTERVAL": 0.5}


@pytest.fixture(scope="module")
def web(redis: RedisServer, django_db_setup: None) -> Iterator[Child]:
    """Run the service of a project with tenants."""
    with redis.client() as client:
        client.flushdb()
    more = json.dumps(CONFINED)
    with web_server("uvicorn", DEBUG="1", HEADWAY_MORE=more) as one, worker("threads"):
        yield one


@pytest.fixture
def operator(ana: User) -> User:
    """Return Ana, who sees and steers the jobs of one tenant."""
    rights = ("view_all_jobs", "control_all_jobs", "control_workers", "manage_alerts")
    ana.user_permissions.set(Permission.objects.filter(codename__in=rights))
    join(ana, A)
    return ana


def test_it_has_one_tenants_jobs_and_no_page_of_all(
    browser: Browser, web: Child, operator: User, gate: Path
) -> None:
    """Live; when the tenant changes, so does what is shown, on the page that is open."""
    ben = User.objects.create_user("ben")
    for number, (title, tag) in enumerate((("Hers", A), ("His", B))):
        told = f"{gate}-{number}"
        realtime.start(tasks.occupy, str(gate), told, owner=ben, title=title, tags=[tag])
    with signed_in(browser, web, operator) as one:
        page = at(one, "")
        expect(row(page, "Hers")).to_contain_text("40%")
        expect(rows(page)).to_have_count(1)
        pages = page.get_by_role("navigation", name="Dashboard").locator(".pages")
        expect(pages.get_by_role("link")).to_have_text(["Jobs", "Inbox", "Settings"])
        page.get_by_role("button", name="Mine").wait_for()
        join(operator, B)
        expect(row(page, "His")).to_contain_text("40%")
        expect(rows(page)).to_have_count(1)
        gate.touch()
        expect(row(page, "His")).to_contain_text("Succeeded")
        row(page, "His").get_by_role("link").click()
        expect(page.get_by_role("heading", name="Arguments")).to_be_visible()
        page.goto(f"{DASHBOARD}workers")
        expect(
            page.get_by_text("It is shown to those who may see everybody's jobs")
        ).to_be_visible()
