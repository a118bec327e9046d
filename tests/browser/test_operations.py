"""Acting on many runs, as a person does it."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from client_core import DBOSClient
from tests.browser.test_main_job import SYSTEM, reach
from tests.browser.test_pages import waiting

pytestmark = pytest.mark.xdist_group("browser")


def carried_out(page: Page, action: str, count: int, *, scripted: bool) -> None:
    """From the list's button to the end of the operation."""
    page.get_by_role("radio", name=re.compile(f"^{action}")).check()
    page.get_by_label("Reason").fill("a browser test")
    page.get_by_role("button", name="See the plan").click()
    page.get_by_role("button", name=f"{action} {count} runs").click()
    reach(page, page.locator(".state-done"), scripted=scripted)


def test_what_is_ticked_and_nothing_else(
    context: BrowserContext, system: DBOSClient, scripted: bool
) -> None:
    page, name = context.new_page(), f"ticked-{scripted}"
    ids = [waiting(system, name) for _ in range(3)]
    page.goto(f"{SYSTEM}/workflows/?q=name:{name}")
    for workflow_id in ids[:2]:
        page.get_by_role("checkbox", name=workflow_id).check()
    page.get_by_role("button", name="Act on the selected").click()
    expect(page.get_by_role("heading", name="Act on 2 selected runs")).to_be_visible()
    carried_out(page, "Cancel", 2, scripted=scripted)
    expect(page.get_by_text("a browser test")).to_be_visible()
    runs = system.list_workflows(name=name)
    cancelled = {run.workflow_id for run in runs if run.status == "CANCELLED"}
    assert cancelled == set(ids[:2])


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
