"""An action as code, in a real browser."""

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.person import enqueue, from_menu

pytestmark = pytest.mark.xdist_group("browser")


def test_code_is_copied_with_a_click(context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    workflow_id = enqueue(page, "long_report", "reports", "[1]")
    from_menu(page, "Copy as code")
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
