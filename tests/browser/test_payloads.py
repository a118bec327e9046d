"""What a person does with a payload: open, search, go on, copy, reveal."""

import json

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from client_core import DBOSClient, EnqueueOptions
from tests.browser.person import SYSTEM
from tests.browser.test_pages import CONTRAST, NOWHERE

pytestmark = pytest.mark.xdist_group("browser")

ORDER = {"customer": "Ann", "password": "hunter2", "lines": [{"sku": "mug"}, {"sku": "shirt"}]}


def given(system: DBOSClient, *args: object) -> str:
    """The address of a run that was given this."""
    options = EnqueueOptions(workflow_name="payload", queue_name=NOWHERE)
    return f"{SYSTEM}/workflows/run/{system.enqueue(options, *args).workflow_id}/"


def opened(context: BrowserContext, system: DBOSClient, *args: object) -> Page:
    """The page of the input of such a run."""
    page = context.new_page()
    page.goto(given(system, *args))
    page.get_by_role("link", name="Open", exact=True).first.click()
    expect(page.get_by_role("heading", name="Input", exact=True)).to_be_visible()
    page.wait_for_url("**/payload/input/")
    return page


def test_a_part_is_opened_and_closed(
    context: BrowserContext, system: DBOSClient, scripted: bool
) -> None:
    page = opened(context, system, ORDER)
    sku = page.get_by_text('"mug"')
    expect(page.get_by_text('"customer":')).to_be_visible()
    expect(sku).to_be_hidden()
    page.locator("details details details summary").first.click()
    expect(sku).to_be_visible()
    page.locator("summary", has_text='"lines"').click()
    expect(sku).to_be_hidden()


def test_a_part_is_opened_by_keyboard_alone(context: BrowserContext, system: DBOSClient) -> None:
    page = opened(context, system, {"lines": {"a": {"b": "deep"}}})
    page.locator("summary", has_text='"a"').focus()
    expect(page.get_by_text('"deep"')).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_text('"deep"')).to_be_visible()


def test_what_is_searched_is_found_within_what_is_closed(
    context: BrowserContext, system: DBOSClient
) -> None:
    page = opened(context, system, ORDER)
    page.get_by_label("Search within what is shown").fill("SHIRT")
    expect(page.get_by_text("1 found")).to_be_visible()
    expect(page.get_by_text('"shirt"')).to_be_visible()
    expect(page.get_by_text('"mug"')).to_be_hidden()
    expect(page.get_by_text('"customer":')).to_be_hidden()
    page.get_by_label("Search within what is shown").fill("")
    expect(page.get_by_text('"customer":')).to_be_visible()


def test_a_long_list_goes_on(context: BrowserContext, system: DBOSClient, scripted: bool) -> None:
    page = opened(context, system, [f"item {number}" for number in range(250)])
    page.locator("summary", has_text="250").click()
    page.get_by_role("link", name="150 more").click()
    expect(page.get_by_text('"item 199"')).to_be_visible()
    expect(page.get_by_text('"item 0"')).to_have_count(1 if scripted else 0)
    page.get_by_role("link", name="50 more").click()
    expect(page.get_by_text('"item 249"')).to_be_visible()


def test_a_secret_is_revealed_once(
    context: BrowserContext, system: DBOSClient, scripted: bool
) -> None:
    page = context.new_page()
    address = given(system, ORDER)
    page.goto(address)
    expect(page.get_by_text("hunter2")).to_have_count(0)
    page.get_by_role("link", name="Reveal").click()
    page.get_by_role("button", name="Reveal", exact=True).click()
    expect(page.get_by_text('"hunter2"')).to_be_visible()
    page.goto(f"{address}payload/input/")
    expect(page.get_by_text("••••")).to_be_visible()
    expect(page.get_by_text("hunter2")).to_have_count(0)
    page.goto("/audit/")
    expect(page.locator("tbody tr").first).to_contain_text("payload.reveal")


def test_a_payload_is_copied_with_its_secrets_hidden(
    context: BrowserContext, system: DBOSClient
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = opened(context, system, ORDER)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator(".copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert json.loads(copied.replace("••••", '"hidden"')) == [{**ORDER, "password": "hidden"}]


def test_a_file_is_what_is_stored(context: BrowserContext, system: DBOSClient) -> None:
    page = opened(context, system, {"customer": "Ann"})
    with page.expect_download() as started:
        page.get_by_role("link", name="Download").click()
    stored = started.value.path().read_text()
    assert json.loads(stored)["positionalArgs"] == [{"customer": "Ann"}]


@pytest.mark.parametrize(
    "context",
    [
        {"viewport": {"width": 400, "height": 800}, "color_scheme": "light"},
        {"viewport": {"width": 400, "height": 800}, "color_scheme": "dark"},
    ],
    indirect=True,
)
def test_its_pages_fit_and_can_be_read(context: BrowserContext, system: DBOSClient) -> None:
    page = opened(context, system, {**ORDER, "long": "x" * 500, "n": 1, "b": True, "empty": []})
    for address in (page.url, f"{page.url}?view=text", f"{page.url}reveal/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.evaluate(CONTRAST) == []
