"""Searches as people make them: by keyboard alone, with what the box offers and without it."""

import re

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from client_core import DBOSClient, EnqueueOptions
from tests.browser.conftest import Demo
from tests.browser.person import SYSTEM
from tests.browser.test_pages import NOWHERE, waiting

pytestmark = pytest.mark.xdist_group("browser")

LIST = f"{SYSTEM}/workflows/"


def offers(page: Page) -> Locator:
    """What the search box offers."""
    return page.get_by_role("listbox", name="Ways to go on").get_by_role("option")


def focused(page: Page) -> str:
    text: str = page.evaluate("document.activeElement.textContent.trim()")
    return text


def test_a_search_by_keyboard_alone(context: BrowserContext, system: DBOSClient) -> None:
    """Press, type, take what is offered, open the first result, go back: the search is there."""
    workflow_id = waiting(system, "zebra search")
    page = context.new_page()
    page.goto(LIST)
    box = page.get_by_label("Search workflows")

    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type("sta")
    expect(offers(page)).to_have_text([re.compile("^status:"), re.compile("^started:")])
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "option-1")
    page.keyboard.press("Tab")
    expect(box).to_have_value("status:")
    page.keyboard.type("enq")
    expect(offers(page)).to_have_text(["status:enqueued"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box).to_have_value("status:enqueued ")
    page.keyboard.type("name:zeb")
    expect(offers(page)).to_have_text(['name:"zebra search"'])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    line = 'status:enqueued name:"zebra search"'
    expect(box).to_have_value(f"{line} ")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(box).to_have_value(line)

    page.keyboard.press("/")
    for _ in range(30):
        page.keyboard.press("Tab")
        if focused(page) == "zebra search":
            break
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(f"/run/{workflow_id}/$"))
    page.go_back()
    expect(box).to_have_value(line)
    expect(page.locator("tbody tr")).to_have_count(1)


def test_escape_closes_the_offers_and_leaves_what_is_typed(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(LIST)
    box = page.get_by_label("Search workflows")
    box.press("ArrowDown")
    expect(offers(page).first).to_have_text(re.compile("^status:"))
    page.keyboard.press("Escape")
    expect(page.locator("#options")).to_be_hidden()
    page.keyboard.type("sched")
    expect(offers(page)).to_have_count(1)
    page.keyboard.press("ArrowUp")
    expect(offers(page)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#options")).to_be_hidden()
    expect(box).to_have_value("sched")
    expect(box).to_have_attribute("aria-expanded", "false")


def test_offers_are_taken_by_hand_as_well(context: BrowserContext, system: DBOSClient) -> None:
    options = EnqueueOptions(
        workflow_name="offered", queue_name=NOWHERE, attributes={"crew": "night"}
    )
    system.enqueue(options)
    page = context.new_page()
    page.goto(LIST)
    box = page.get_by_label("Search workflows")
    box.press_sequentially("attr.cre")
    page.get_by_role("option", name="attr.crew=", exact=True).click()
    page.get_by_role("option", name="attr.crew=night", exact=True).click()
    expect(box).to_have_value("attr.crew=night ")
    expect(box).to_be_focused()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_half_a_term_is_not_searched_for(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(LIST)
    page.get_by_label("Search workflows").press_sequentially("status:")
    expect(offers(page)).to_have_count(10)
    page.keyboard.press("Escape")
    expect(page.get_by_text("a value is missing")).to_be_visible()


def test_a_search_is_made_by_enter_at_once(
    context: BrowserContext, system: DBOSClient, scripted: bool, demo: Demo
) -> None:
    """Nothing that is offered is taken unless somebody chose it; it works without a script too."""
    name = "entered" if scripted else "entered-without-script"
    waiting(system, name)
    page = context.new_page()
    page.goto(LIST)
    box = page.get_by_label("Search workflows")
    box.press_sequentially(f"name:{name}")
    box.press("Enter")
    page.wait_for_url(f"{demo.url}{LIST}?q=name%3A{name}")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_count_is_asked_for_once_a_search(context: BrowserContext, system: DBOSClient) -> None:
    options = EnqueueOptions(workflow_name="counted", queue_name=NOWHERE)
    system.enqueue_many([(options, [], {})] * 60)
    page = context.new_page()
    asked: list[str] = []
    page.on(
        "request", lambda one: asked.append(one.url) if "/workflows/count/" in one.url else None
    )
    page.goto(f"{LIST}?q=name:counted")
    expect(page.locator(".count")).to_have_text("50 of 60 runs")
    for number in range(1, 3):
        waiting(system, "counted")
        page.get_by_role("link", name=f"{number} newer").wait_for()
        expect(page.locator(".count")).to_have_text("50 of 60 runs")
    assert len(asked) == 1
    page.get_by_role("link", name="2 newer").click()
    expect(page.locator(".count")).to_have_text("50 of 62 runs")
    assert len(asked) == 2
