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
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
