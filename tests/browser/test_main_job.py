"""What a person meets beside the ten actions: signing in, and being told what is wrong."""

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.conftest import Demo, sign_in
from tests.browser.person import SYSTEM

pytestmark = pytest.mark.xdist_group("browser")


def test_sign_in_and_out(browser: Browser, demo: Demo) -> None:
    page = browser.new_page()
    sign_in(page, demo)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{demo.url}{SYSTEM}/workflows/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.close()


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
