"""A person reads a run by keyboard alone, and always sees where the focus is."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Watched
from tests.browser.served import Served
from tests.browser.world import World

pytestmark = pytest.mark.xdist_group("served")

LIST = "/s/main/workflows/"
#: What has the focus: its place among all elements, whether it can be seen, and what it is.
FOCUSED = """() => {
  const element = document.activeElement, style = getComputedStyle(element);
  const ground = element.querySelector(".ground");
  const box = element.getBoundingClientRect();
  return {
    place: [...document.querySelectorAll("*")].indexOf(element),
    ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2
      || Boolean(ground) && getComputedStyle(ground).stroke !== "none",
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    what: element.outerHTML.slice(0, 120),
  };
}"""
REACHABLE = """() => [...document.querySelectorAll(
  "a[href], button:enabled, input:enabled:not([type=hidden]), select, textarea, summary,"
  + "[tabindex='0']"
)].filter((element) => element.checkVisibility()).length"""


@pytest.fixture
def world(system_sql: psycopg.Connection[Any]) -> World:
    world = World(system_sql)
    world.fill()
    return world


@pytest.fixture
def page(browser: Browser, served: Served, signed_in_as: dict[str, Any]) -> Iterator[Page]:
    window = browser.new_context(
        storage_state=signed_in_as["ann"],
        base_url=served.url,
        permissions=["clipboard-read", "clipboard-write"],
    )
    watched = Watched(window, served.url)
    yield window.new_page()
    window.close()
    assert watched.faults == []


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Press the key until this has the focus."""
    expect(wanted).to_be_visible()
    for _ in range(150):
        page.keyboard.press(key)
        if wanted.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"{key} does not reach {wanted}")


def test_a_run_is_found_read_and_cancelled(page: Page, world: World) -> None:
    page.goto(LIST)
    page.keyboard.press("/")
    page.keyboard.type("status:pending")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.keyboard.press("Escape")
    tab_to(page, page.locator("tbody .name a"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="ship_order")).to_be_visible()

    tab_to(page, page.get_by_role("button", name="Copy running"))
    page.keyboard.press("Enter")
    expect(page.locator(".what .copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "running"

    page.keyboard.press("j")
    expect(page.locator("#step-1 > summary")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#step-1")).to_have_attribute("open", "")
    tab_to(page, page.locator("#step-1").get_by_role("link", name="Open"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Output of step 1")).to_be_visible()
    tab_to(page, page.get_by_role("link", name="running", exact=True), "Shift+Tab")
    page.keyboard.press("Enter")

    cancel = page.get_by_role("link", name="Cancel", exact=True)
    dialog = page.get_by_role("dialog", name="Cancel this workflow?")
    tab_to(page, cancel)
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, dialog.get_by_role("button", name="Cancel the workflow"))
    page.keyboard.press("Enter")
    expect(page.locator(".what .status")).to_have_text("Cancelled")
    expect(dialog).to_be_hidden()
    expect(page.locator("main")).to_be_focused()


def test_rows_by_single_keys(page: Page, world: World) -> None:
    page.goto(LIST)
    names = page.locator("tbody .name a")
    for key, place in (("j", 0), ("j", 1), ("j", 2), ("k", 1), ("k", 0), ("k", 0)):
        page.keyboard.press(key)
        expect(names.nth(place)).to_be_focused()


def test_the_navigation_is_skipped(page: Page, world: World) -> None:
    page.goto(LIST)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    tab_to(page, page.get_by_role("link", name="Enqueue").last)


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("what", ["list", "run", "payload", "comparison", "errors"])
def test_the_focus_goes_once_through_all_and_is_seen(
    page: Page, world: World, what: str, width: int
) -> None:
    """In the order in which the page is read, and everything that can be used is reached."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(
        {
            "list": f"{LIST}?q=status:error",
            "run": world.run("order"),
            "payload": world.run("order", "payload/input/"),
            "comparison": f"{LIST}compare/?a=order&b=fork-1",
            "errors": "/s/main/errors/",
        }[what]
    )
    if what in ("list", "run"):  # They are there when what they load by themselves is.
        page.locator({"list": "tbody tr", "run": "#history-title"}[what]).first.wait_for()
    # Nothing refreshes meanwhile: a page asks for itself only while nobody selects text.
    page.evaluate("document.getSelection().selectAllChildren(document.querySelector('h1'))")
    seen: list[dict[str, Any]] = []
    for _ in range(page.evaluate(REACHABLE)):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
    places = [one["place"] for one in seen]
    assert places == sorted(set(places))
    assert [one["what"] for one in seen if not (one["ring"] and one["inside"])] == []


def test_help_is_under_a_key_and_single_keys_can_be_turned_off(page: Page, world: World) -> None:
    page.goto(world.run("order"))
    help_ = page.get_by_role("dialog", name="Keys")
    page.keyboard.press("?")
    expect(help_).to_be_visible()
    page.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    button = page.get_by_role("button", name="Keys")
    tab_to(page, button)
    page.keyboard.press("Enter")
    expect(help_).to_be_visible()
    tab_to(page, help_.get_by_label("Single keys work in this browser"))
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    page.reload()
    page.keyboard.press("?")
    page.keyboard.press("j")
    expect(page.locator("tbody :focus")).to_have_count(0)
    expect(help_).to_be_hidden()
