"""Queues in a real browser, with and without JavaScript, obeyed by real workers."""

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.person import SYSTEM
from tests.browser.shops import Shop
from tests.contract.workers import until

pytestmark = pytest.mark.xdist_group("browser")


#: The names of the shops.
APPLICATIONS = {"python": "demo-shop", "typescript": "shop-ts"}


def order_on(shop: Shop, queue: str) -> str:
    """An order on this queue, which runs until somebody approves it."""
    if shop.typescript is None:
        named = {"workflow_name": "order", "queue_name": queue}
        run = shop.python.enqueue(named, "ann", ["mug"]).get_workflow_id()  # type: ignore[arg-type]
    else:
        options = {"workflowName": "order", "queueName": queue}
        run = shop.typescript.enqueue(options, "ann", ["mug"])
    shop.runs.append(run)
    return str(run)


def taken(shop: Shop, queue: str, *, limit: int) -> int:
    """How many of the queue's runs run, which are never more than its limit."""
    count = shop.ours.list_queue_activity([queue])[queue].running
    assert count <= limit
    return count


def edit(page: Page, concurrency: str, effect: str, *, scripted: bool) -> None:
    """Change the limit on the page of the queue, having read what that does."""
    page.get_by_role("link", name="Edit the limits").click()
    page.get_by_label("Global concurrency", exact=True).fill(concurrency)
    if not scripted:
        page.get_by_role("button", name="Preview").click()
    expect(page.locator("#effect").get_by_text(effect)).to_be_visible()
    page.get_by_role("button", name="Change the limits").click()
    expect(page.get_by_text("Changed.")).to_be_visible()


def test_workers_obey_what_is_registered_edited_and_deleted_here(
    context: BrowserContext, shop: Shop, scripted: bool
) -> None:
    page, queue = context.new_page(), f"express {shop.language} {scripted}"
    page.goto(f"{SYSTEM}/queues/")
    page.get_by_role("link", name="New queue").click()
    page.get_by_label("Name").fill(queue)
    # The shop in the other language would take its runs too.
    page.get_by_label("Application").fill(APPLICATIONS[shop.language])
    page.get_by_label("Global concurrency", exact=True).fill("1")
    page.get_by_label("Worker concurrency", exact=True).fill("2")
    page.get_by_role("button", name="Register the queue").click()
    expect(page.get_by_text("must not be above global_concurrency").first).to_be_visible()
    page.get_by_label("Worker concurrency", exact=True).fill("")
    page.get_by_role("button", name="Register the queue").click()
    expect(page.get_by_text("It is registered.")).to_be_visible()

    runs = [order_on(shop, queue) for _ in range(3)]
    until(lambda: taken(shop, queue, limit=1))
    page.reload()
    expect(page.get_by_text("1 of 1 run (full)")).to_be_visible()
    shop.cancel(runs[0])
    until(lambda: shop.ours.retrieve_workflow(runs[1]).get_status().status == "PENDING")
    assert taken(shop, queue, limit=1) == 1

    page.reload()
    edit(page, "2", "All 1 that wait have room at once.", scripted=scripted)
    until(lambda: taken(shop, queue, limit=2) == 2)
    edit(page, "0", "The queue rests", scripted=scripted)
    left = order_on(shop, queue)
    page.reload()
    page.get_by_role("heading", name="Next to run").wait_for()
    expect(page.locator(f"a[href$='/run/{left}/']")).to_be_visible()

    page.get_by_role("link", name="Delete", exact=True).click()
    expect(page.get_by_text("1 run waits on it, and nobody takes it")).to_be_visible()
    page.get_by_role("button", name="Delete the queue").click()
    expect(page.get_by_text("Type the name of the queue to delete it.")).to_be_visible()
    page.get_by_label("to confirm").fill(queue)
    page.get_by_role("button", name="Delete the queue").click()
    expect(page.get_by_text("is deleted; its runs stay.")).to_be_visible()
    row = page.get_by_role("row", name=queue)
    expect(row.get_by_text("not registered here")).to_be_visible()
    assert shop.ours.retrieve_workflow(left).get_status().status == "ENQUEUED"
