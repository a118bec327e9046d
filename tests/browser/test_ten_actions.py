"""The ten commonest actions in a real browser, with and without JavaScript, on real workers.

The page afterwards says what the official clients then read.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PATIENCE_MS
from tests.browser.person import (
    SYSTEM,
    carried_out,
    enqueue,
    from_menu,
    open_run,
    reach,
    shown_id,
    status,
)
from tests.browser.readings import shown
from tests.browser.shops import DAY_SECONDS, Shop

pytestmark = pytest.mark.xdist_group("browser")

ORDER = '["ann", ["mug"]]'


@dataclass(frozen=True)
class Visit:
    """A person at a page, with the shop whose runs are acted on."""

    page: Page
    shop: Shop
    scripted: bool

    def awaits_approval(self) -> None:
        """Wait until the page shows that the order waits for a person."""
        text = self.page.get_by_text("waiting for approval").first
        reach(self.page, text, scripted=self.scripted)

    def reaches(self, word: str) -> None:
        """Wait until the page shows the run in this status."""
        reach(self.page, status(self.page, word), scripted=self.scripted)

    def agrees(self, run: str, **expected: Any) -> None:
        """Hold that the page of a run says this, and all that each official client reads."""
        if shown_id(self.page) != run:
            open_run(self.page, run)
        if self.page.get_by_role("link", name="Show each").count():
            open_run(self.page, run, "?flat=1")
        deadline = time.monotonic() + PATIENCE_MS / 1_000
        while [seen := shown(self.page)] * len(read := self.shop.read(run)) != read:
            if time.monotonic() > deadline:
                break
            if not self.scripted:
                self.page.reload()
        for one in read:
            assert seen == one
        assert {name: seen[name] for name in expected} == expected


def enqueued(visit: Visit) -> None:
    shop, page = visit.shop, visit.page
    queue = shop.queue("orders")
    run = enqueue(page, "order", queue, ORDER)
    shop.runs.append(run)
    visit.awaits_approval()
    visit.agrees(
        run,
        name="order",
        status="PENDING",
        queue=queue,
        input=["ann", ["mug"]],
        executor=shop.executor,
        children={f"{run}-stock-1": "SUCCESS"},
    )


def started_again(visit: Visit) -> None:
    shop, page = visit.shop, visit.page
    original = shop.order(later=True)
    open_run(page, original)
    from_menu(page, "Start again like this run")
    expect(page.get_by_label("Positional arguments")).to_have_value(ORDER)
    page.get_by_role("button", name="Show as code").click()
    expect(page.get_by_role("heading", name="Python")).to_be_visible()
    page.get_by_role("button", name="Enqueue").click()
    expect(page.get_by_text(f"Enqueued on {shop.queue('orders')}.")).to_be_visible()
    run = shown_id(page)
    shop.runs.append(run)
    assert run != original
    visit.awaits_approval()
    visit.agrees(run, name="order", status="PENDING", input=["ann", ["mug"]])


def sent_a_message(visit: Visit) -> None:
    page, run = visit.page, visit.shop.order()
    open_run(page, run)
    page.get_by_role("link", name="Send", exact=True).click()
    expect(page.get_by_label("To the workflow with the ID")).to_have_value(run)
    page.get_by_label("Topic").fill("approval")
    page.get_by_role("textbox", name="Message").fill('{"approved": true, "by": "bob"}')
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("The message is sent.")).to_be_visible()
    visit.reaches("Success")
    visit.agrees(run, status="SUCCESS")
    assert shown(page)["output"]["approved_by"] == "bob"


def cancelled(visit: Visit) -> None:
    page, run = visit.page, visit.shop.order()
    open_run(page, run)
    page.get_by_role("link", name="Cancel", exact=True).click()
    expect(page.get_by_text("its code stops at its next step")).to_be_visible()
    page.get_by_role("button", name="Cancel the workflow").click()
    expect(page.get_by_text("Running code stops at its next step.")).to_be_visible()
    visit.reaches("Cancelled")
    visit.agrees(run, status="CANCELLED", children={f"{run}-stock-1": "SUCCESS"})


def cancelled_with_children(visit: Visit) -> None:
    page, shop = visit.page, visit.shop
    run = shop.start("annual_report", 8)
    quarters = [f"{run}-q{number}" for number in range(1, 5)]
    open_run(page, run)
    reach(page, page.get_by_text("4 children"), scripted=visit.scripted)
    page.get_by_role("link", name="Cancel", exact=True).click()
    page.get_by_label("and the 4 runs that it started").check()
    page.get_by_role("button", name="Cancel the workflow").click()
    expect(page.get_by_text("Of the 4 runs below it 4 were cancelled.")).to_be_visible()
    visit.reaches("Cancelled")
    visit.agrees(run, status="CANCELLED", children=dict.fromkeys(quarters, "CANCELLED"))
    visit.agrees(quarters[0], status="CANCELLED", parent=run)


def resumed(visit: Visit) -> None:
    page, shop = visit.page, visit.shop
    run, queue = shop.order(), shop.queue("orders")
    shop.cancel(run)
    open_run(page, run)
    page.get_by_role("link", name="Resume", exact=True).click()
    page.get_by_label("Queue").fill(queue)
    page.get_by_role("button", name="Resume the workflow").click()
    expect(page.get_by_text("Resumed: it goes on after its last recorded step.")).to_be_visible()
    visit.reaches("Running")
    visit.agrees(run, status="PENDING", queue=queue, executor=shop.executor)
    shop.ours.send(run, {"approved": True, "by": "bob"}, "approval")
    visit.reaches("Success")
    visit.agrees(run, status="SUCCESS", queue=queue)


def forked(visit: Visit) -> None:
    page, shop = visit.page, visit.shop
    original, queue = shop.order(), shop.queue("orders")
    open_run(page, original)
    steps = shown(page)["steps"]
    charge = next(step["id"] for step in steps if step["name"] == "charge_card")
    copied = [step for step in steps if step["id"] < charge]
    page.get_by_role("link", name=f"Fork from step {steps[1]['id']}", exact=True).click()
    expect(page.get_by_text("Copied 1 step, not run again")).to_be_visible()
    page.get_by_label("From the step").fill(str(charge))
    if not visit.scripted:
        page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text(f"Copied {len(copied)} steps, not run again")).to_be_visible()
    expect(page.get_by_text(f"from step {charge} on:")).to_be_visible()
    page.get_by_label("Queue").fill(queue)
    page.get_by_role("button", name="Fork the workflow").click()
    told = f"Forked: this is the new run, from step {charge} on."
    expect(page.get_by_text(told)).to_be_visible()
    fork = shown_id(page)
    shop.runs.append(fork)
    visit.awaits_approval()
    visit.agrees(fork, name="order", status="PENDING", queue=queue, forked_from=original)
    assert shown(page)["steps"][: len(copied)] == copied
    page.get_by_role("link", name="the original").click()
    expect(page.get_by_text("a fork of A")).to_be_visible()


def deleted(visit: Visit) -> None:
    page, shop = visit.page, visit.shop
    run = shop.order()
    open_run(page, run)
    from_menu(page, "Delete")
    expect(page.get_by_text("There is no way back.")).to_be_visible()
    page.get_by_role("button", name="Delete for good").click()
    refused = f"Type {run[-6:]} to delete a run that is not over."
    expect(page.get_by_text(refused)).to_be_visible()
    page.get_by_label("the end of its ID, to confirm").fill(run[-6:])
    page.get_by_label("that it started").check()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text(f"Deleted {run} and 1 run below it.")).to_be_visible()
    expect(page.get_by_role("heading", name="Workflows")).to_be_visible()
    for gone in (run, f"{run}-stock-1"):
        assert [one for one in shop.read(gone) if one is not None] == []
    page.goto(f"{SYSTEM}/workflows/?q={run}")
    expect(page.get_by_text("No workflow matches.")).to_be_visible()


def given_a_priority(visit: Visit) -> None:
    page, run = visit.page, visit.shop.order(later=True)
    open_run(page, run)
    from_menu(page, "Change the priority")
    page.get_by_role("spinbutton", name="Priority").fill("7")
    page.get_by_role("button", name="Change the priority").click()
    expect(page.get_by_text("Its priority is 7 now.")).to_be_visible()
    visit.agrees(run, status="DELAYED", priority=7, steps=[])


def put_off_and_let_go(visit: Visit) -> None:
    page, shop = visit.page, visit.shop
    run = shop.order(later=True)
    open_run(page, run)
    due = shown(page)["delayed_until"]
    for seconds in (2 * DAY_SECONDS, 0):
        from_menu(page, "Change the delay")
        page.get_by_label("Start in (seconds)").fill(str(seconds))
        page.get_by_role("button", name="Change the delay").click()
        expect(page.get_by_text("Its delay is changed.").last).to_be_visible()
        if seconds:
            visit.agrees(run, status="DELAYED")
            assert shown(page)["delayed_until"] > due
    visit.awaits_approval()
    visit.agrees(run, status="PENDING", executor=shop.executor)


def cancelled_in_bulk(visit: Visit) -> None:
    page, shop = visit.page, visit.shop
    runs = [shop.order() for _ in range(3)]
    page.goto(f"{SYSTEM}/workflows/?q=name:order%20queue:{shop.queue('orders')}")
    for run in runs[:2]:
        page.get_by_role("checkbox", name=f"Select order {run}", exact=True).check()
    page.get_by_role("button", name="Act on the selected").click()
    expect(page.get_by_role("heading", name="Act on 2 selected runs")).to_be_visible()
    carried_out(page, "Cancel", 2, scripted=visit.scripted)
    expect(page.get_by_text("a browser test")).to_be_visible()
    for run, expected in zip(runs, ("CANCELLED", "CANCELLED", "PENDING"), strict=True):
        visit.agrees(run, status=expected)


@pytest.mark.parametrize(
    "act",
    [
        enqueued,
        started_again,
        sent_a_message,
        cancelled,
        cancelled_with_children,
        resumed,
        forked,
        deleted,
        given_a_priority,
        put_off_and_let_go,
        cancelled_in_bulk,
    ],
    ids=lambda act: act.__name__,
)
def test_the_page_agrees_with_the_official_clients(
    context: BrowserContext, shop: Shop, scripted: bool, act: Callable[[Visit], None]
) -> None:
    act(Visit(context.new_page(), shop, scripted))
