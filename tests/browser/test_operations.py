"""Acting on many runs, as a person does it."""

import pytest
from playwright.sync_api import BrowserContext, expect

from client_core import DBOSClient
from tests.browser.person import SYSTEM, carried_out
from tests.browser.test_pages import waiting

pytestmark = pytest.mark.xdist_group("browser")


def test_all_that_match(context: BrowserContext, system: DBOSClient, scripted: bool) -> None:
    page, name = context.new_page(), f"matching-{scripted}"
    for _ in range(3):
        waiting(system, name)
    page.goto(f"{SYSTEM}/workflows/?q=name:{name}")
    page.get_by_role("button", name="Act on all that match").click()
    carried_out(page, "Cancel", 3, scripted=scripted)
    assert {run.status for run in system.list_workflows(name=name)} == {"CANCELLED"}
    with page.expect_download() as download:
        page.get_by_role("link", name="JSON lines").click()
    assert download.value.path().read_text().count('"outcome": "done"') == 3


def test_a_list_with_ticks_holds_still(context: BrowserContext, system: DBOSClient) -> None:
    page, other = context.new_page(), context.new_page()
    for one in (page, other):
        one.goto(f"{SYSTEM}/workflows/?q=name:still")
    waiting(system, "still")
    page.get_by_role("checkbox", name="Select all runs of this page").check()
    expect(page.get_by_role("button", name="Act on the selected 1")).to_be_visible()
    waiting(system, "still")
    expect(other.get_by_text("1 newer")).to_be_visible()
    expect(page.get_by_text("1 newer")).to_be_hidden()
    page.get_by_role("checkbox", name="Select still").uncheck()
    expect(page.get_by_role("button", name="Act on the selected")).to_be_disabled()
    expect(page.get_by_text("1 newer")).to_be_visible()
