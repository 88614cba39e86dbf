"""Views of the list that people save, in the dashboard: a real browser, server and worker."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from realtime.models import SavedView
from tests.browser.double import AXE
from tests.browser.test_dashboard import at, context, fails, operator, rows
from tests.browser.test_inbox import LOOKS, ana, is_faultless, picture, signed_in, web
from tests.browser.test_journey import browser, database_beside_playwright
from tests.processes import Child

__all__ = ["ana", "browser", "context", "database_beside_playwright", "operator", "web"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

IMPORTS = "status:failed Import"


def view(page: Page, name: str) -> Locator:
    """Return the link of a view."""
    return page.get_by_role("list", name="Views").get_by_role("link", name=name)


def test_a_view_is_saved_used_and_deleted(context: BrowserContext, operator: User) -> None:
    """By keyboard; with its count, in another tab too; a deleted one can be brought back."""
    fails(operator, "Import prices", "Import stock", "Rebuild")
    page = at(context, "jobs")
    expect(page.get_by_role("button", name="Save as view")).to_have_count(0)
    page.goto(f"{page.url}?q={IMPORTS}")
    expect(rows(page)).to_have_count(2)
    page.get_by_role("button", name="Save as view").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Name of the view")).to_be_focused()
    page.keyboard.type("Broken imports")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Saved: Broken imports")).to_be_visible()
    expect(view(page, "Broken imports")).to_contain_text("2")
    expect(view(page, "Broken imports")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("button", name="Save as view")).to_have_count(0)
    picture(page, "views")

    other = at(context, "jobs")
    expect(view(other, "Failed, last hour")).to_contain_text("3")
    view(other, "Broken imports").click()
    expect(rows(other)).to_have_count(2)
    remove = other.get_by_role("button", name="Delete the view Broken imports")
    remove.focus()
    other.keyboard.press("Enter")
    expect(view(other, "Broken imports")).to_have_count(0)
    assert not SavedView.objects.exists()
    expect(other.get_by_role("button", name="Undo")).to_be_focused()
    picture(other, "view-deleted")
    other.keyboard.press("Enter")
    expect(view(other, "Broken imports")).to_be_visible()
    assert SavedView.objects.get().q == IMPORTS


def test_what_is_refused_is_said_in_the_form(context: BrowserContext, operator: User) -> None:
    """And nothing of what was written is gone."""
    SavedView.objects.bulk_create(
        SavedView(person=operator, name=f"View {number}", q="status:failed") for number in range(50)
    )
    page = at(context, "jobs?q=status:paused")
    page.get_by_role("button", name="Save as view").click()
    page.get_by_role("textbox", name="Name of the view").fill("One more")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("delete one first")
    expect(page.get_by_role("textbox", name="Name of the view")).to_have_value("One more")
    picture(page, "view-refused")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]['width']}")
def test_everybody_can_use_them(browser: Browser, web: Child, operator: User, look: Any) -> None:
    """In the navigation, on a phone above the list; no fault in either scheme."""
    scheme, size = look
    fails(operator, "Import prices", "Rebuild")
    SavedView.objects.create(person=operator, name="Broken imports", q=IMPORTS)
    SavedView.objects.create(person=operator, name="A view whose name is rather long", q="x")
    more: Any = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    with signed_in(browser, web, operator, **more) as one:
        page = at(one, "jobs?q=status:failed")
        page.add_script_tag(path=AXE)
        expect(rows(page)).to_have_count(2)
        if size["width"] < 720:
            choice = page.get_by_role("combobox", name="Views")
            expect(choice.get_by_role("option", name="Broken imports (1)")).to_be_attached()
            choice.select_option(label="Broken imports (1)")
        else:
            expect(view(page, "Broken imports")).to_contain_text("1")
            view(page, "Broken imports").click()
        expect(rows(page)).to_have_count(1)
        name = f"{scheme}-{size['width']}"
        is_faultless(page, page.get_by_role("main"), size, f"{name}-views")
        page.goto("/headway/dashboard/jobs?q=status:succeeded")
        page.add_script_tag(path=AXE)
        page.get_by_role("button", name="Save as view").click()
        is_faultless(page, page.get_by_role("dialog"), size, f"{name}-saving")
        page.keyboard.press("Escape")
        page.keyboard.press("Control+k")
        expect(page.get_by_role("combobox", name="What to do, or where to go")).to_be_focused()
        is_faultless(page, page.get_by_role("dialog"), size, f"{name}-palette")


AGAIN = """() => {
  const { shadowRoot } = document.querySelector("job-dashboard");
  shadowRoot.querySelector("#palette").close();
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true }));
}"""
"""Closes the palette, and opens it before it has heard of that."""


def test_a_few_letters_lead_anywhere(context: BrowserContext, operator: User) -> None:
    """By Control and K: to a page, a view, what keys do here, and else to a search."""
    [job] = fails(operator, "Import prices")
    SavedView.objects.create(person=operator, name="Broken imports", q=IMPORTS)
    page = at(context, "jobs")
    expect(view(page, "Broken imports")).to_be_visible()
    field = page.get_by_role("combobox", name="What to do, or where to go")

    def take(said: str) -> None:
        page.keyboard.press("Control+k")
        expect(field).to_be_focused()
        page.keyboard.type(said)
        expect(field).to_have_value(said)
        page.keyboard.press("Enter")
        expect(field).to_have_count(0)

    take("sched")
    page.wait_for_url("**/dashboard/schedule")
    take("broken im")
    page.wait_for_url("**/dashboard/jobs?q=status:failed+Import")
    expect(rows(page)).to_have_count(1)
    take(str(job.pk))
    page.wait_for_url(f"**/dashboard/jobs/{job.pk}")
    take("back to")
    page.wait_for_url("**/dashboard/jobs?q=status:failed+Import")
    take("no such thing")
    page.wait_for_url("**/dashboard/jobs?q=no+such+thing")
    take("dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    page.evaluate(AGAIN)
    expect(field).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", name="Jobs Go to")).to_have_attribute("aria-selected", "true")
    picture(page, "palette")
    page.keyboard.press("Escape")
    expect(field).to_have_count(0)
