"""The main job, in a real browser on the real demo: start, message, stop and resume a workflow."""

import time

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from client_core import DBOSClient
from tests.browser.conftest import Demo, sign_in

pytestmark = pytest.mark.xdist_group("browser")

SYSTEM = "/s/demo"


def reach(page: Page, found: Locator, *, scripted: bool) -> None:
    """Wait until the page shows this: it refreshes by itself, or is loaded again."""
    if not scripted:
        deadline = time.monotonic() + 60
        while not found.is_visible() and time.monotonic() < deadline:
            page.reload()
    found.wait_for()


def status(page: Page, word: str) -> Locator:
    """The status of the run that the page shows, when it is this."""
    return page.locator(".what .status", has_text=word)


def enqueue(page: Page, name: str, queue: str, arguments: str) -> str:
    """Start a workflow from the form; returns its ID."""
    page.goto(f"{SYSTEM}/workflows/")
    page.get_by_role("link", name="Enqueue").first.click()
    page.get_by_label("Workflow name").fill(name)
    page.get_by_label("Queue").fill(queue)
    page.get_by_label("Positional arguments").fill(arguments)
    page.get_by_role("button", name="Enqueue").click()
    expect(page.get_by_text(f"Enqueued on {queue}.")).to_be_visible()
    return page.url.rstrip("/").rpartition("/")[2]


def test_sign_in_and_out(browser: Browser, demo: Demo) -> None:
    page = browser.new_page()
    sign_in(page, demo)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{demo.url}{SYSTEM}/workflows/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.close()


def test_an_order_is_started_approved_and_shipped(
    context: BrowserContext, system: DBOSClient, scripted: bool
) -> None:
    page = context.new_page()
    workflow_id = enqueue(page, "order", "orders", '["ann", [{"sku": "mug", "quantity": 2}]]')
    reach(page, page.get_by_text("waiting for approval").first, scripted=scripted)

    page.get_by_role("link", name="Send", exact=True).click()
    expect(page.get_by_label("To the workflow with the ID")).to_have_value(workflow_id)
    page.get_by_label("Topic").fill("approval")
    page.get_by_role("textbox", name="Message").fill('{"approved": true, "by": "ann"}')
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("The message is sent.")).to_be_visible()

    reach(page, page.get_by_text('"approved_by": "ann"'), scripted=scripted)
    expect(status(page, "Success")).to_be_visible()
    run = system.get_workflow(workflow_id)
    assert run
    assert run.status == "SUCCESS"
    assert run.output["status"] == "shipped"


def test_a_report_is_cancelled_and_resumed(
    context: BrowserContext, system: DBOSClient, scripted: bool
) -> None:
    page = context.new_page()
    workflow_id = enqueue(page, "long_report", "reports", "[8]")
    reach(page, status(page, "Running"), scripted=scripted)

    page.get_by_role("link", name="Cancel", exact=True).click()
    expect(page.get_by_text("its code stops at its next step")).to_be_visible()
    page.get_by_role("button", name="Cancel the workflow").click()
    expect(page.get_by_text("Running code stops at its next step.")).to_be_visible()
    reach(page, status(page, "Cancelled"), scripted=scripted)

    page.get_by_role("link", name="Resume", exact=True).click()
    page.get_by_label("Queue").fill("reports")
    page.get_by_role("button", name="Resume the workflow").click()
    expect(page.get_by_text("Resumed: it goes on after its last recorded step.")).to_be_visible()
    reach(page, status(page, "Running"), scripted=scripted)
    assert system.cancel_workflow(workflow_id).before == "PENDING"


def test_what_is_wrong_is_told_and_nothing_typed_is_lost(
    context: BrowserContext, scripted: bool
) -> None:
    page = context.new_page()
    page.goto(f"{SYSTEM}/workflows/enqueue/")
    page.get_by_label("Workflow name").fill("order")
    page.get_by_label("Queue").fill("orders")
    page.get_by_label("Positional arguments").fill('["ann"')
    page.get_by_text("Further options").click()
    page.get_by_label("Priority").fill("0")
    page.get_by_label("Partition key").fill("kept")
    page.get_by_role("button", name="Enqueue").click()
    expect(page.get_by_text("This is no JSON")).to_be_visible()
    expect(page.get_by_label("Positional arguments")).to_have_value('["ann"')
    page.get_by_label("Positional arguments").fill('["ann"]')
    page.get_by_role("button", name="Enqueue").click()
    expect(page.get_by_text("must be a whole number from 1 to 2,147,483,647")).to_be_visible()
    expect(page.get_by_label("Partition key")).to_have_value("kept")


def test_a_message_to_nobody(context: BrowserContext, scripted: bool) -> None:
    page = context.new_page()
    page.goto(f"{SYSTEM}/messages/send/")
    page.get_by_label("To the workflow with the ID").fill("nobody")
    page.get_by_role("textbox", name="Message").fill('"hello"')
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("There is no workflow with the ID")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message")).to_have_value('"hello"')
