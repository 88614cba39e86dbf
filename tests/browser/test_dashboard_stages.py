"""How long a job's stages take, on its page in the dashboard: a real browser, server and worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Locator, Page, expect

import realtime
from realtime.models import Job
from tests import tasks
from tests.browser.double import AXE
from tests.browser.test_dashboard import DASHBOARD, at, ended, operator
from tests.browser.test_dashboard_shop import earlier
from tests.browser.test_inbox import LOOKS, ana, is_faultless, signed_in, web
from tests.browser.test_journey import browser, database_beside_playwright
from tests.browser.test_tray import gate
from tests.processes import Child

__all__ = ["ana", "browser", "database_beside_playwright", "gate", "operator", "web"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def stage(name: str, seconds: float, *parts: Any) -> dict[str, Any]:
    """Return a stage as a job has left it."""
    left = {"name": name, "fraction": 1.0, "weight": 1, "status": "succeeded", "seconds": seconds}
    return {**left, "stages": list(parts)} if parts else left


USUALLY = (
    stage("Read", 0.11),
    stage("Resize", 0.24, stage("Small ones", 0.02), stage("Large ones", 0.22)),
    stage("Pack", 0.05),
)


def rows(page: Page) -> Locator:
    """Return the rows of the stages."""
    return page.get_by_role("region", name="Stages").get_by_role("listitem")


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]['width']}")
def test_a_job_is_slower_at_one_stage(
    browser: Browser, web: Child, operator: User, gate: Path, look: Any
) -> None:
    """It says at which while it runs, and afterwards; each stage has its time and the usual one."""
    earlier("tests.tasks.staged", 0.4, USUALLY)
    job = realtime.start(tasks.staged, str(gate), owner=operator, title="Holiday pictures")
    scheme, size = look
    more: Any = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    with signed_in(browser, web, operator, **more) as one:
        page = at(one, f"jobs/{job.pk}")
        page.add_script_tag(path=AXE)
        sentence = "times slower than usual, at Large ones (the whole usually takes 400 ms)"
        expect(page.get_by_text(sentence)).to_be_visible()
        expect(rows(page)).to_have_count(4)
        large = rows(page).filter(has_text="Large ones")
        expect(large).to_contain_text("Running for")
        expect(large).to_contain_text("usually 220 ms")
        expect(large.get_by_text("slower than usual")).to_have_count(1)
        expect(rows(page).first).to_contain_text("Took")
        expect(rows(page).first).to_contain_text("usually 110 ms")
        name = f"{scheme}-{size['width']}-stages"
        page.get_by_role("heading", name="Stages").scroll_into_view_if_needed()
        is_faultless(page, page.get_by_role("main"), size, name)
        gate.touch()
        expect(large).to_contain_text("Took")
        expect(rows(page)).to_have_count(5)
        expect(rows(page).last).to_contain_text("usually 50 ms")
        ended(Job.objects.get(pk=job.pk))
        page.reload()
        expect(page.get_by_text(sentence)).to_be_visible()
        expect(rows(page).and_(page.locator(".slow"))).to_have_count(2)
        page.add_script_tag(path=AXE)
        is_faultless(page, page.get_by_role("main"), size, f"{name}-over")


def test_a_stage_that_failed_has_its_time(
    browser: Browser, web: Child, operator: User, gate: Path
) -> None:
    """And says that it has failed; of what never was one, there is nothing."""
    job = realtime.start(tasks.staged, fails="for good", owner=operator)
    ended(Job.objects.get(pk=job.pk))
    other = realtime.start(tasks.nothing, owner=operator)
    ended(Job.objects.get(pk=other.pk))
    with signed_in(browser, web, operator) as one:
        page = at(one, f"jobs/{job.pk}")
        expect(rows(page).filter(has_text="Large ones")).to_contain_text("Failed · Took")
        expect(rows(page)).to_have_count(4)
        page.goto(f"{DASHBOARD}jobs/{other.pk}")
        expect(page.get_by_role("heading", name="Log")).to_be_visible()
        expect(page.get_by_role("heading", name="Stages")).to_have_count(0)


def test_it_is_said_in_chinese(browser: Browser, web: Child, operator: User, gate: Path) -> None:
    """With the stage as its task has called it."""
    earlier("tests.tasks.staged", 0.4, USUALLY)
    job = realtime.start(tasks.staged, str(gate), owner=operator)
    with signed_in(browser, web, operator, locale="zh-CN") as one:
        page = at(one, f"jobs/{job.pk}")
        expect(page.get_by_text("慢在“Large ones”")).to_be_visible()
        region = page.get_by_role("region", name="阶段")
        expect(region.get_by_role("listitem").last).to_contain_text("比平常慢")
        gate.touch()
