"""Acting on one run in a real browser, on real workers: fork it from a step, and delete it."""

import re
from collections.abc import Iterator

import pytest
from dbos import DBOSClient as OfficialClient
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Demo
from tests.browser.test_main_job import SYSTEM, enqueue, reach

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def official(demo: Demo) -> Iterator[OfficialClient]:
    """The official client on the same database, to read what the console wrote."""
    client = OfficialClient(system_database_url=demo.system_url)
    yield client
    client.destroy()


def test_a_run_is_forked_from_a_step_compared_and_deleted(
    context: BrowserContext, official: OfficialClient, scripted: bool
) -> None:
    page = context.new_page()
    original = enqueue(page, "order", "orders", '["ann", ["mug"]]')
    reach(page, page.get_by_text("waiting for approval").first, scripted=scripted)

    page.get_by_role("link", name="Fork from step 6").click()
    expect(page.get_by_text("Copied 5 steps, not run again")).to_be_visible()
    page.get_by_label("From the step").fill("4")
    if not scripted:
        page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Copied 3 steps, not run again")).to_be_visible()
    expect(page.get_by_text("from step 4 on:")).to_be_visible()
    page.get_by_label("Queue").fill("orders")
    page.get_by_role("button", name="Fork the workflow").click()
    expect(page.get_by_text("Forked: this is the new run, from step 4 on.")).to_be_visible()
    forked = page.url.rstrip("/").rpartition("/")[2]
    reach(page, page.get_by_text("waiting for approval").first, scripted=scripted)

    [run] = official.list_workflows(workflow_ids=[forked])
    assert (run.forked_from, run.name, run.queue_name) == (original, "order", "orders")
    steps, of_original = (official.list_workflow_steps(one) for one in (forked, original))
    assert steps
    assert of_original
    assert [one["output"] for one in steps[:3]] == [one["output"] for one in of_original[:3]]

    page.get_by_role("link", name="the original").click()
    expect(page.get_by_text("a fork of A")).to_be_visible()

    page.goto(f"{SYSTEM}/workflows/run/{forked}/")
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Delete").click()
    expect(page.get_by_text("There is no way back.")).to_be_visible()
    page.get_by_role("button", name="Delete for good").click()
    expect(
        page.get_by_text(f"Type {forked[-6:]} to delete a run that is not over.")
    ).to_be_visible()
    page.get_by_label("the end of its ID, to confirm").fill(forked[-6:])
    page.get_by_label(re.compile("that it started")).check()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text(f"Deleted {forked} and 1 run below it.")).to_be_visible()
    expect(page.get_by_role("heading", name="Workflows")).to_be_visible()
    assert official.list_workflows(workflow_ids=[forked]) == []
    [left] = official.list_workflows(workflow_ids=[original])
    assert left.status == "PENDING"


def test_a_waiting_run_is_put_off_and_let_go(
    context: BrowserContext, official: OfficialClient, scripted: bool
) -> None:
    page = context.new_page()
    page.goto(f"{SYSTEM}/workflows/enqueue/")
    page.get_by_label("Workflow name").fill("long_report")
    page.get_by_label("Queue").fill("reports")
    page.get_by_label("Positional arguments").fill("[1]")
    page.get_by_text("Further options").click()
    page.get_by_label("Delay (seconds)").fill("86400")
    page.get_by_role("button", name="Enqueue").click()
    expect(page.get_by_text("Enqueued on reports.")).to_be_visible()
    workflow_id = page.url.rstrip("/").rpartition("/")[2]
    [before] = official.list_workflows(workflow_ids=[workflow_id])
    assert before.status == "DELAYED"

    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Change the priority").click()
    page.get_by_role("spinbutton", name="Priority").fill("7")
    page.get_by_role("button", name="Change the priority").click()
    expect(page.get_by_text("Its priority is 7 now.")).to_be_visible()

    page.goto(page.url)
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Change the delay").click()
    page.get_by_label("Start in (seconds)").fill("0")
    page.get_by_role("button", name="Change the delay").click()
    expect(page.get_by_text("Its delay is changed.")).to_be_visible()
    # Other reports may go before it.
    due = page.locator(".what .status", has_text=re.compile("Enqueued|Running"))
    reach(page, due, scripted=scripted)
    [run] = official.list_workflows(workflow_ids=[workflow_id])
    assert run.priority == 7
    assert run.status in ("ENQUEUED", "PENDING")

    page.goto(page.url)
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Start again like this run").click()
    expect(page.get_by_label("Positional arguments")).to_have_value("[1]")
    expect(page.get_by_role("spinbutton", name="Priority")).to_have_value("7")
    page.get_by_role("button", name="Show as code").click()
    expect(page.get_by_role("heading", name="Python")).to_be_visible()
    page.get_by_role("button", name="Enqueue").click()
    expect(page.get_by_text("Enqueued on reports.")).to_be_visible()
    again = page.url.rstrip("/").rpartition("/")[2]
    official.cancel_workflow(workflow_id)
    official.cancel_workflow(again)


def test_code_is_copied_with_a_click(context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    workflow_id = enqueue(page, "long_report", "reports", "[1]")
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Copy as code").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog.get_by_text("cancel_workflow").first).to_be_visible()
    dialog.get_by_role("button", name="Copy Python").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert f"client.cancel_workflow('{workflow_id}')" in copied
    dialog.get_by_label("The runs that it started too").check()
    dialog.get_by_role("button", name="Write it anew").click()
    expect(dialog.get_by_text("cancel_children=True").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_what_is_typed_in_a_form_is_shown_as_code(context: BrowserContext, scripted: bool) -> None:
    page = context.new_page()
    workflow_id = enqueue(page, "long_report", "reports", "[1]")
    page.get_by_role("link", name="Resume").click()
    page.get_by_label("Queue").fill("it's")
    page.get_by_role("button", name="Show as code").click()
    text = f"""client.resume_workflow('{workflow_id}', queue_name="it's")"""
    expect(page.get_by_text(text).first).to_be_visible()
    expect(page.get_by_label("Queue")).to_have_value("it's")
    page.get_by_role("link", name="Send", exact=True).last.click()
    page.get_by_role("textbox", name="Message").fill('"hello"')
    page.get_by_role("button", name="Write it anew").click()
    expect(page.get_by_text("'hello'").first).to_be_visible()
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_role("heading", name="Copy as code")).to_be_hidden()
