"""What a person does on the pages again and again."""

import re
import time

from playwright.sync_api import Locator, Page, expect

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
    return shown_id(page)


def shown_id(page: Page) -> str:
    """The ID of the run whose page this is."""
    return page.url.rstrip("/").rpartition("/")[2]


def open_run(page: Page, workflow_id: str, more: str = "") -> None:
    """Go to the page of a run."""
    page.goto(f"{SYSTEM}/workflows/run/{workflow_id}/{more}")


def from_menu(page: Page, word: str) -> None:
    """Click what the menu of a run has."""
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name=word, exact=True).click()


def carried_out(page: Page, action: str, count: int, *, scripted: bool) -> None:
    """From the list's button to the end of the operation."""
    page.get_by_role("radio", name=re.compile(f"^{action}")).check()
    page.get_by_label("Reason").fill("a browser test")
    page.get_by_role("button", name="See the plan").click()
    page.get_by_role("button", name=f"{action} {count} runs").click()
    reach(page, page.locator(".state-done"), scripted=scripted)
