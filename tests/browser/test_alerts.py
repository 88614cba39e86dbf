"""The dashboard's page of alerts, by hand: a real browser, server, Redis and webhook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from realtime.models import Alert, AlertDelivery, AlertRule, Notice
from tests.browser.double import AXE
from tests.browser.test_dashboard import at, operator
from tests.browser.test_inbox import LOOKS, ana, is_faultless, picture, signed_in
from tests.browser.test_journey import browser, database_beside_playwright
from tests.processes import Child, web_server
from tests.realtime.alerted import MINUTE, fails, judge, rule
from tests.realtime.hooks import SECRET, Hook, hook_server
from tests.services import RedisServer

__all__ = ["ana", "browser", "database_beside_playwright", "operator"]

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def web(redis: RedisServer, django_db_setup: None) -> Iterator[Child]:
    """Run a server, whose webhooks may lead to this machine."""
    more = {"HEADWAY_MORE": '{"ALERT_PRIVATE_ADDRESSES": true}'}
    with web_server("daphne", **more) as one:
        yield one


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Run a webhook's server."""
    with hook_server() as found:
        yield found


@pytest.fixture
def context(browser: Browser, web: Child, operator: User) -> Iterator[BrowserContext]:
    """Sign Ana in, in a browser in which nothing fails but what the service has refused."""
    problems: list[str] = []
    with signed_in(browser, web, operator) as one:
        one.on("weberror", lambda error: problems.append(str(error.error)))
        one.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        yield one
    assert [text for text in problems if "Failed to load resource" not in text] == []


def card(page: Page, name: str) -> Locator:
    """Return the card of a rule."""
    return page.locator(".rules > li").filter(has=page.get_by_role("heading", name=name))


def fill(page: Page, **said: str) -> None:
    """Fill fields of the form by their labels."""
    form = page.get_by_role("dialog")
    for label, value in said.items():
        control = form.get_by_label(label, exact=True)
        if control.evaluate("it => it.localName") == "select":
            control.select_option(label=value)
        else:
            control.fill(value)


def begun(hook: Hook) -> None:
    """Let there be rules in each state, and alerts of each kind."""
    rule(name="Nightly imports fail", inbox="operators", mails=["ops@example.org"])
    fails(4, "shop.import_prices")
    judge()
    off = rule("worker_gone", name="A worker is gone", pattern="*", minutes=1, enabled=False)
    rule("queue_old", name="Slow mail", pattern="mail", url=hook.url(), secret=SECRET)
    now = timezone.now()
    over = Alert.objects.create(
        rule=off,
        name=off.name,
        kind=off.kind,
        since=now - 90 * MINUTE,
        over_at=now - 80 * MINUTE,
        told_at=now - 90 * MINUTE,
        count=1,
        subjects=[
            {"name": "web-3@host", "n": None, "since": "2026-11-27T10:00:00.000Z", "job": None}
        ],
    )
    for event, outcome in (("firing", "sent"), ("over", "failed")):
        AlertDelivery.objects.create(
            alert=over,
            way="webhook",
            to="https://chat.example.org/hooks/operations",
            event=event,
            body="{}",
            outcome=outcome,
            tries=8,
            done_at=now - timedelta(minutes=85),
            reason="HTTP 200" if outcome == "sent" else "TimeoutError: no answer within 10 s",
        )


def test_a_rule_is_made_tried_changed_and_deleted(context: BrowserContext, hook: Hook) -> None:
    """What cannot be is said in the form; what became of a try below the rule."""
    page = at(context, "alerts")
    expect(page.get_by_text("No rules yet.")).to_be_visible()
    picture(page, "alerts-empty")
    page.get_by_role("button", name="New rule").click()
    form = page.get_by_role("dialog", name="New rule")
    expect(form.get_by_label("People", exact=True)).to_be_hidden()
    expect(form.get_by_label("Secret")).to_be_hidden()
    fill(page, Name="Imports", Task="shop.*", Webhook="ftp://x")
    form.get_by_role("button", name="Make one").click()
    secret = form.get_by_label("Secret").input_value()
    assert len(secret) == 48
    picture(page, "alerts-form")
    form.get_by_role("button", name="Keep the rule").click()
    expect(form.get_by_role("alert")).to_contain_text("begins with https:// or http://")
    fill(page, Webhook=hook.url())
    form.get_by_role("button", name="Keep the rule").click()
    expect(form).to_be_hidden()
    one = card(page, "Imports")
    expect(one).to_contain_text("When 3 jobs of shop.* have failed within 5 min")
    expect(one).to_contain_text("Quiet")
    assert AlertRule.objects.get().secret == secret
    hook.replies = [500]
    one.get_by_role("button", name="Try: Imports").click()
    expect(one.get_by_role("status")).to_contain_text("HTTP 500")
    expect(one.get_by_role("status")).to_contain_text("Inbox: All operators")
    assert [(got.said["test"], got.is_signed(secret)) for got in hook.got] == [(True, True)]
    picture(page, "alerts-tried")
    one.get_by_role("button", name="Change: Imports").click()
    form = page.get_by_role("dialog", name="Change “Imports”")
    expect(form.get_by_label("Name", exact=True)).to_have_value("Imports")
    expect(form.get_by_label("Secret")).to_have_value("")
    fill(page, Name="Prices")
    page.keyboard.press("Enter")
    expect(form).to_be_hidden()
    assert AlertRule.objects.get().secret == secret
    one = card(page, "Prices")
    one.get_by_role("button", name="Turn off: Prices").click()
    expect(one.get_by_role("button", name="Turn on: Prices")).to_be_visible()
    assert not AlertRule.objects.get().enabled
    one.get_by_role("button", name="Delete: Prices").click()
    assert AlertRule.objects.exists()
    one.get_by_role("button", name="Really delete: Prices").click()
    expect(page.get_by_text("No rules yet.")).to_be_visible()
    assert not AlertRule.objects.exists()


def test_what_fires_is_seen_and_leads_to_its_job(context: BrowserContext, hook: Hook) -> None:
    """By itself, while the page is open; the notice leads to the page, from anywhere."""
    rule(name="Imports")
    page = at(context, "jobs")
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/dashboard/alerts")
    expect(card(page, "Imports")).to_contain_text("Quiet")
    [failed, *_] = fails(3)
    judge()
    expect(card(page, "Imports")).to_contain_text("Firing, began", timeout=30_000)
    fired = page.get_by_role("region", name="What has fired")
    expect(fired).to_contain_text("Firing")
    notice = Notice.objects.get()
    page.goto(f"/headway/dashboard/jobs/{failed.pk}")
    page.get_by_role("button", name="Notices, 1 unread").click()
    link = page.get_by_role("dialog").get_by_role("link", name=notice.title)
    expect(link).to_be_visible()
    picture(page, "alerts-inbox")
    link.click()
    page.wait_for_url("**/dashboard/alerts")
    expect(card(page, "Imports")).to_be_visible()
    page.get_by_role("region", name="What has fired").get_by_role("link", name="shop.pack").click()
    page.wait_for_url("**/dashboard/jobs/*")


def test_it_is_made_by_keyboard_alone(context: BrowserContext, operator: User) -> None:
    """From the button to the list; Escape leaves the form as if nothing were."""
    page = at(context, "alerts")
    page.get_by_role("button", name="New rule").focus()
    page.keyboard.press("Enter")
    form = page.get_by_role("dialog", name="New rule")
    expect(form.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(form).to_be_hidden()
    expect(page.get_by_role("button", name="New rule")).to_be_focused()
    page.keyboard.press("Enter")
    expect(form.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("Workers")
    page.keyboard.press("Tab")
    page.keyboard.type("A worker")
    expect(form.get_by_label("Worker", exact=True)).to_be_visible()
    expect(form.get_by_label("Failures")).to_be_hidden()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(form).to_be_hidden()
    expect(card(page, "Workers")).to_contain_text("When any worker has been gone for 5 min")


def test_who_may_not_manage_alerts_has_no_such_page(
    browser: Browser, web: Child, ana: User
) -> None:
    """Neither in the navigation nor at its address."""
    with signed_in(browser, web, ana) as one:
        page = at(one, "alerts")
        expect(page.get_by_role("link", name="To the jobs")).to_be_visible()
        assert page.get_by_role("navigation").get_by_role("link", name="Alerts").count() == 0


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]['width']}")
def test_everybody_can_use_it(
    browser: Browser, web: Child, operator: User, hook: Hook, look: Any
) -> None:
    """The page and its form: no fault in either scheme, on either device, in either language."""
    scheme, size = look
    begun(hook)
    more: Any = {"color_scheme": scheme, "viewport": size, "bypass_csp": True}
    with signed_in(browser, web, operator, **more) as one:
        page = at(one, "alerts")
        page.add_script_tag(path=AXE)
        name = f"alerts-{scheme}-{size['width']}"
        expect(card(page, "Nightly imports fail")).to_contain_text("Firing, began")
        page.get_by_text("2 messages").first.click()
        is_faultless(page, page.get_by_role("main"), size, name)
        page.locator("#scroller").evaluate("it => it.scrollTo(0, it.scrollHeight)")
        picture(page, f"{name}-end")
        page.get_by_role("button", name="Change: Slow mail").click()
        is_faultless(page, page.get_by_role("dialog"), size, f"{name}-form")
        page.keyboard.press("Escape")
        one.set_extra_http_headers({"Accept-Language": "zh-hans"})
        page = at(one, "alerts")
        expect(page.get_by_role("heading", name="触发记录")).to_be_visible()
        picture(page, f"{name}-zh")
