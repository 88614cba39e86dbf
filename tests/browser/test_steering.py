"""The buttons and the question of `<job-progress>`, in a real browser, under a strict policy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.double import AXE, Double, Frame, wait_until
from tests.browser.test_element import (
    JOB,
    RUNNING,
    STATES,
    bar,
    browser,
    double,
    fresh,
    page,
    shown,
    text_of,
)

__all__ = ["browser", "double", "page"]

pytestmark = pytest.mark.browser

WAITING = STATES["waiting"]
OPEN = {**WAITING["question"], "choices": None}


def answers(page: Page, action: str, status: int = 202, *, detail: str = "") -> list[Any]:
    """Let requests for an action be answered like this; return them as they come."""
    requests: list[Any] = []

    def answer(route: Any) -> None:
        requests.append(route.request)
        body: Frame = {**RUNNING, "note": "…"} if status < 400 else {"detail": detail}
        route.fulfill(status=status, json=body)

    page.route(f"**/headway/api/jobs/*/{action}", answer)
    return requests


def came(page: Page, requests: list[Any]) -> None:
    """Wait for a request; Playwright hears of one only while it is asked something."""
    wait_until(lambda: page.title() is not None and requests)


def asked(double: Double, page: Page, question: Frame) -> None:
    """Open a page with a bar whose job asks something."""
    double.states[WAITING["id"]] = fresh({**WAITING, "question": question})
    page.goto(double.page(bar(WAITING["id"], "actions")))
    shown(page, "job-progress[status=waiting]")


def test_a_job_is_paused_and_resumed_with_the_keyboard(double: Double, page: Page) -> None:
    """The button says what is on its way, and keeps the focus."""
    paused, resumed = answers(page, "pause"), answers(page, "resume")
    page.goto(double.page(bar(attributes="actions")))
    pause = page.get_by_role("button", name="Pause Holiday pictures")
    pause.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Pausing…")).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("Enter")
    came(page, paused)
    double.change(fresh(RUNNING, seq=80, status="paused", actions=["cancel", "resume"]))
    resume = page.get_by_role("button", name="Resume Holiday pictures")
    expect(resume).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Resuming…")).to_be_visible()
    double.change(fresh(RUNNING, seq=81))
    pause.wait_for()
    assert (len(paused), len(resumed)) == (1, 1)


def test_a_pause_that_is_refused_is_taken_back(
    double: Double, browser: Browser, page: Page
) -> None:
    """The reason is told, and the button is as it was."""
    context = browser.new_context()
    page = context.new_page()  # the refused request itself is an error on the console
    answers(page, "pause", 409, detail="expected the job to be running, got: waiting.")
    page.goto(double.page(bar(attributes="actions")))
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("alert")).to_have_text(
        "Could not pause: expected the job to be running, got: waiting."
    )
    expect(page.get_by_role("button", name="Pause Holiday pictures")).to_be_visible()
    context.close()


def test_a_question_has_its_choices(double: Double, page: Page) -> None:
    """A press sends the choice with the question's id, once; then the question is gone."""
    requests = answers(page, "answer")
    asked(double, page, WAITING["question"])
    choices = page.get_by_role("group", name="Replace the 12 prices that exist?")
    assert choices.get_by_role("button").all_inner_texts() == ["Replace", "Keep"]
    choices.get_by_role("button", name="Keep").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    came(page, requests)
    said = {"answer": "Keep", "question": WAITING["question"]["id"]}
    assert json.loads(requests[0].post_data) == said
    double.change(fresh({**RUNNING, "id": WAITING["id"]}, seq=90))
    choices.wait_for(state="detached")
    assert len(requests) == 1
    assert page.evaluate("document.activeElement.localName") == "job-progress"


def test_two_presses_before_the_bar_is_painted_anew_are_one(double: Double, page: Page) -> None:
    """A double click asks once, whatever the browser has shown in between."""
    requests = answers(page, "answer")
    asked(double, page, WAITING["question"])
    keep = page.get_by_role("button", name="Keep")
    keep.evaluate("one => { one.click(); one.click(); }")
    came(page, requests)
    double.change(fresh({**RUNNING, "id": WAITING["id"]}, seq=90))
    keep.wait_for(state="detached")
    assert len(requests) == 1


def test_a_question_without_choices_has_a_field(double: Double, page: Page) -> None:
    """Enter sends what is written; nothing is not sent; what is written stays while states come."""
    requests = answers(page, "answer")
    asked(double, page, OPEN)
    field = page.get_by_role("textbox", name="Replace the 12 prices that exist?")
    field.press("Enter")
    field.fill("Only the old ones")
    double.change(fresh({**WAITING, "question": OPEN}, seq=95, message="still"))
    page.locator("job-progress .message", has_text="still").wait_for()
    assert field.input_value() == "Only the old ones"
    field.press("Enter")
    came(page, requests)
    assert json.loads(requests[0].post_data)["answer"] == "Only the old ones"
    assert len(requests) == 1


def test_many_choices_are_a_list(double: Double, page: Page) -> None:
    """Twenty buttons would be a wall."""
    requests = answers(page, "answer")
    choices = [f"Column {number}" for number in range(20)]
    asked(double, page, {**WAITING["question"], "choices": choices})
    page.get_by_role("combobox").select_option("Column 7")
    page.get_by_role("button", name="Answer").click()
    came(page, requests)
    assert json.loads(requests[0].post_data)["answer"] == "Column 7"


def test_who_was_faster_is_told(double: Double, browser: Browser, page: Page) -> None:
    """The second of two people learns what was answered, and by whom."""
    context = browser.new_context()
    page = context.new_page()
    answers(page, "answer", 409, detail="It was answered already, by ben: Keep")
    asked(double, page, WAITING["question"])
    page.get_by_role("button", name="Replace").click()
    expect(page.get_by_role("alert")).to_have_text(
        "Could not answer: It was answered already, by ben: Keep"
    )
    context.close()


def test_who_may_not_steer_is_asked_nothing(double: Double, page: Page) -> None:
    """Neither without `actions` on the element, nor where the state does not offer it."""
    guest = {**WAITING, "id": JOB, "actions": [], "seq": 99}
    double.states[JOB] = fresh(guest)
    page.goto(double.page(bar(attributes="actions") + bar(WAITING["id"])))
    shown(page, f"job-progress[job='{JOB}'][status=waiting]")
    assert page.get_by_role("button").count() == 0
    assert page.locator("form").count() == 0
    assert text_of(page, ".word") == "Needs an answer"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_what_steers_is_accessible(
    double: Double, browser: Browser, page: Page, scheme: Any, width: int
) -> None:
    """No finding of axe, no part beyond the page's edge, nothing smaller than 24 pixels."""
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 700}, bypass_csp=True
    )
    page = context.new_page()
    double.states["open"] = fresh({**WAITING, "id": "open", "question": OPEN})
    jobs = [JOB, STATES["paused"]["id"], WAITING["id"], "open", STATES["cancelling"]["id"]]
    bars = [bar(job, "actions") for job in jobs] + [bar(WAITING["id"], "actions compact")]
    page.goto(double.page("".join(bars)))
    shown(page, "job-progress[job=open][status=waiting]")
    page.add_script_tag(url="/static/axe.js")
    found = page.evaluate("axe.run().then(result => result.violations.map(one => one.id))")
    assert found == []
    assert AXE.is_file()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        assert box
        assert min(box["height"], box["width"]) >= 24
    context.close()
