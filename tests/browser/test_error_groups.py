"""A person goes from an error to its runs, and finds out what was different when it last worked."""

import re

import pytest
from playwright.sync_api import BrowserContext, expect

from client_core import DBOSClient, EnqueueOptions
from tests.browser.person import SYSTEM
from tests.browser.test_pages import CONTRAST

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="session")
def failed(system: DBOSClient) -> str:
    """A real run that failed, after one of the same workflow that did not; its ID."""
    options = EnqueueOptions(workflow_name="reserve_stock", queue_name="warehouse")
    system.enqueue(options, {"sku": "mug", "quantity": 1}).get_result(timeout_seconds=60)
    handle = system.enqueue(options, "a mug")
    system.wait_all([handle], timeout_seconds=60)
    return handle.workflow_id


def test_from_an_error_to_what_was_different(
    context: BrowserContext, failed: str, scripted: bool
) -> None:
    page = context.new_page()
    page.goto(f"{SYSTEM}/workflows/")
    page.get_by_role("link", name="Errors").click()
    page.get_by_label("Narrow the errors").fill("name:reserve_stock")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="TypeError: 'str' object is not a mapping").click()
    expect(page.get_by_role("heading", name="reserve_stock")).to_be_visible()

    row = page.locator("tbody tr").filter(has=page.get_by_title(failed))
    row.get_by_role("link", name="reserve_stock").click()
    page.get_by_role("link", name="the last success").click()
    expect(page.get_by_role("heading", name="Compare reserve_stock")).to_be_visible()
    expect(page.locator(".story")).to_contain_text(
        "They went different ways from the start, at step 1, find_shelf: B recorded no further step"
    )
    assert page.url.endswith(f"&b={failed}")
    page.get_by_role("link", name="step 1, find_shelf").click()
    expect(page.locator("tr.marked")).to_contain_text("only in A")


@pytest.mark.parametrize(
    "context",
    [
        {"color_scheme": "light", "viewport": {"width": 400, "height": 800}},
        {"color_scheme": "dark", "viewport": {"width": 400, "height": 800}},
    ],
    indirect=True,
)
def test_a_comparison_and_a_group_fit_and_can_be_read(context: BrowserContext, failed: str) -> None:
    page = context.new_page()
    page.goto(f"{SYSTEM}/workflows/compare/?b={failed}&with=last-success")
    page.get_by_text("of both in full").first.click()
    for _ in range(2):
        assert page.evaluate(CONTRAST) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.goto(f"{SYSTEM}/errors/?q=name:reserve_stock")
        page.get_by_role("link", name="TypeError").click()
        page.wait_for_url(re.compile("/errors/[0-9a-f]{16}/"))
