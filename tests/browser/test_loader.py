"""Elements beside the bar: their scripts come when they are needed, and share what is loaded."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.double import Double, wait_until
from tests.browser.test_element import bar, browser, double, page, wait_for
from tests.realtime.test_tags import render

__all__ = ["browser", "double", "page"]

pytestmark = pytest.mark.browser

BELL = "document.querySelector('job-inbox').shadowRoot?.querySelector('.bell')"
LOADED = "performance.getEntriesByType('resource').map(one => one.name.split('/').at(-1))"


def test_an_element_by_hand_needs_no_script_of_its_own(double: Double, page: Page) -> None:
    """`{% headway_scripts %}` alone brings its file, which takes Lit and client from the bar's."""
    page.goto(double.page(bar() + "<job-inbox></job-inbox>"))
    wait_for(page, BELL)
    assert page.evaluate("litHtmlVersions.length") == 1
    wait_until(lambda: any("notices" in frame["topics"] for frame in double.frames("watch")))
    assert len(double.sockets) == 1


def test_a_file_comes_with_the_first_element_that_needs_it(double: Double, page: Page) -> None:
    """Not before, and for one that is inserted later too; the next one costs nothing."""
    page.goto(double.page(bar()))
    page.locator("job-progress[connection=live]").wait_for()
    assert "inbox.js" not in page.evaluate(LOADED)
    page.evaluate("document.querySelector('main').append(document.createElement('job-inbox'))")
    wait_for(page, BELL)
    page.evaluate("document.body.append(document.createElement('job-toasts'))")
    wait_for(page, "customElements.get('job-toasts') !== undefined")
    assert page.evaluate(LOADED).count("inbox.js") == 1


def test_the_file_passes_a_policy_of_nonces(double: Double, page: Page) -> None:
    """As the tag renders it: what it fetches goes by the nonce of the page."""
    scripts = render('{% headway_scripts nonce="abc" %}').replace("/static/realtime/", "/static/")
    policy = "script-src 'nonce-abc'; style-src 'nonce-abc'"
    double.pages["/nonce"] = (
        f'<!doctype html><title>Test</title><meta http-equiv=Content-Security-Policy content="'
        f'{policy}">{scripts}<job-inbox></job-inbox>'
    )
    page.goto(double.address + "/nonce")
    wait_for(page, BELL)
    wait_until(lambda: double.frames("watch"))


def test_without_the_tag_an_element_says_what_is_missing(double: Double, page: Page) -> None:
    """To the developer; the page goes on."""
    double.pages["/bare"] = (
        "<!doctype html><title>Test</title>"
        '<script type=module src="/static/inbox.js"></script><job-inbox></job-inbox>'
    )
    errors: list[str] = []
    bare = page.context.new_page()
    bare.on("pageerror", lambda error: errors.append(str(error)))
    bare.goto(double.address + "/bare")
    wait_until(lambda: errors)
    assert "expected {% headway_scripts %} on the page" in errors[0]
