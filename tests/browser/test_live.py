"""An open page shows what changed as it changes, without asking by the clock."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import Demo
from tests.browser.person import SYSTEM
from tests.browser.test_run_page import made, stepped

pytestmark = pytest.mark.xdist_group("browser")

Sql = psycopg.Connection[Any]

#: Asking by the clock is put off for longer than any test waits: what shows was told.
_NEVER_BY_THE_CLOCK = """
new MutationObserver(() => {
  for (const element of document.querySelectorAll("[data-refresh]")) {
    element.dataset.refresh = 3600;
  }
}).observe(document, { childList: true, subtree: true });
document.addEventListener("live-ready", () => { document.documentElement.dataset.is = "ready"; });
document.addEventListener("live-lost", () => { document.documentElement.dataset.is = "lost"; });
"""
_SHOW = """(shown) => {
  Object.defineProperty(document, "hidden", { get: () => !shown, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def sql(demo: Demo) -> Iterator[Sql]:
    """A connection to arrange runs with, of which no executor takes notice."""
    with psycopg.connect(demo.system_url, autocommit=True) as conn:
        yield conn


@pytest.fixture
def run(sql: Sql) -> str:
    """A run that goes on."""
    workflow_id = f"live-{uuid.uuid4()}"
    sql.execute(
        "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, executor_id, "
        "started_at_epoch_ms) VALUES (%s, 'PENDING', 'watched', 'nobody', "
        "extract(epoch FROM now()) * 1000)",
        [workflow_id],
    )
    return workflow_id


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A page that never asks by the clock."""
    context.add_init_script(_NEVER_BY_THE_CLOCK)
    return context.new_page()


def follow(page: Page, path: str) -> None:
    """Open a page, and wait until it is told of changes."""
    page.goto(f"{SYSTEM}/{path}")
    is_told(page)


def is_told(page: Page, word: str = "ready") -> None:
    expect(page.locator("html")).to_have_attribute("data-is", word)


def fail(sql: Sql, run: str) -> None:
    sql.execute(
        "UPDATE dbos.workflow_status SET status = 'ERROR', completed_at = "
        "extract(epoch FROM now()) * 1000, updated_at = extract(epoch FROM now()) * 1000 "
        "WHERE workflow_uuid = %s",
        [run],
    )


def test_a_run_is_followed_to_its_end(page: Page, sql: Sql, run: str) -> None:
    follow(page, f"workflows/run/{run}/")
    sql.execute(
        "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name) "
        "VALUES (%s, 1, 'weigh_parcel')",
        [run],
    )
    expect(page.get_by_role("cell", name="weigh_parcel")).to_be_visible()
    sql.execute("INSERT INTO dbos.workflow_events VALUES (%s, 'progress', '\"half\"', NULL)", [run])
    expect(page.get_by_role("heading", name="Events")).to_be_visible()
    fail(sql, run)
    expect(page.locator(".head .status")).to_have_text("Error")


def test_the_list_shows_a_run_that_fails(page: Page, sql: Sql, run: str) -> None:
    follow(page, f"workflows/?q={run}%20name:watched")
    row = page.get_by_role("row").filter(has_text="watched")
    expect(row).to_contain_text("Running")
    fail(sql, run)
    expect(row).to_contain_text("Error")


def test_the_errors_show_one_more(page: Page, sql: Sql, run: str) -> None:
    follow(page, "errors/?q=name:watched")
    before = page.locator("#found").inner_text()
    fail(sql, run)
    expect(page.locator("#found")).not_to_have_text(before, timeout=15_000)


@pytest.mark.parametrize("notified", [True, False])
def test_a_stream_is_followed(page: Page, sql: Sql, run: str, notified: bool) -> None:
    """Also one that its application does not notify of."""
    follow(page, f"workflows/run/{run}/stream/?key=log")
    for offset, word in enumerate(("first", "second")):
        sql.execute(
            "INSERT INTO dbos.streams VALUES (%s, 'log', %s, %s, 1, 'portable_json')",
            [run, f'"{word}"', offset],
        )
        if notified:
            sql.execute("SELECT pg_notify('dbos_streams_channel', %s)", [f"{run}::log"])
        expect(page.get_by_role("row").filter(has_text=word)).to_be_visible()


def test_a_hidden_tab_asks_for_nothing_and_catches_up(page: Page, sql: Sql, run: str) -> None:
    follow(page, f"workflows/run/{run}/")
    with page.expect_event("requestfailed", lambda request: "/live/" in request.url):
        page.evaluate(_SHOW, False)
    is_told(page, "lost")
    with page.expect_request(re.compile("/live/")):
        page.evaluate(_SHOW, True)
    is_told(page)
    fail(sql, run)
    expect(page.locator(".head .status")).to_have_text("Error")


def test_a_browser_without_streams_asks_by_the_clock(
    context: BrowserContext, sql: Sql, run: str
) -> None:
    context.add_init_script("delete window.EventSource;")
    page = context.new_page()
    page.goto(f"{SYSTEM}/workflows/run/{run}/")
    fail(sql, run)
    expect(page.locator(".head .status")).to_have_text("Error")


def test_a_page_that_is_refused_a_stream_asks_by_the_clock(
    context: BrowserContext, sql: Sql, run: str
) -> None:
    context.route("**/live/**", lambda route: route.fulfill(status=204))
    page = context.new_page()
    page.goto(f"{SYSTEM}/workflows/run/{run}/")
    fail(sql, run)
    expect(page.locator(".head .status")).to_have_text("Error")


def test_a_click_takes_the_place_of_a_refresh(page: Page, sql: Sql) -> None:
    """The browser's console stays clean, as the context's fixture holds."""
    run = made(sql, "long")
    stepped(sql, run, 300)
    page.goto(f"{SYSTEM}/workflows/run/{run}/")
    held: list[Route] = []
    address = re.compile(re.escape(run) + "/$")
    page.route(address, lambda route: held.append(route))
    with page.expect_request(address):
        page.evaluate("htmx.trigger('#run', 'refresh')")
    with page.expect_event("requestfailed", lambda request: bool(address.search(request.url))):
        page.get_by_role("link", name="More steps").click()
    expect(page).to_have_url(re.compile("shown="))
