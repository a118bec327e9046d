"""A person reads one run: of thousands of steps, of hundreds of children, and while it runs."""

import json
import re
import time
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Demo
from tests.browser.person import SYSTEM
from tests.browser.test_pages import CONTRAST

pytestmark = pytest.mark.xdist_group("browser")

Sql = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def sql(demo: Demo) -> Iterator[Sql]:
    """A connection to arrange runs with, of which no executor takes notice."""
    with psycopg.connect(demo.system_url, autocommit=True) as conn:
        yield conn


def made(sql: Sql, name: str, status: str = "SUCCESS", **columns: Any) -> str:
    """A run that began a minute ago; its ID."""
    now_ms = time.time_ns() // 1_000_000
    row = {
        "id": f"read-{uuid.uuid4()}",
        "status": status,
        "name": name,
        "at": now_ms - 60_000,
        "to": None if status == "PENDING" else now_ms,
        "parent": None,
        **columns,
    }
    sql.execute(
        "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, created_at, "
        "started_at_epoch_ms, completed_at, parent_workflow_id, executor_id) VALUES "
        "(%(id)s, %(status)s, %(name)s, %(at)s, %(at)s, %(to)s, %(parent)s, 'nobody')",
        row,
    )
    return str(row["id"])


def stepped(sql: Sql, run: str, count: int, name: str = "'step-' || n") -> None:
    """Steps over that minute; the 77th of each hundred failed."""
    sql.execute(
        "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, output, "
        "error, started_at_epoch_ms, completed_at_epoch_ms, serialization) "
        f"SELECT %(run)s, n, {name}, n::text, "
        'CASE WHEN mod(n, 100) = 77 THEN \'{"name":"Odd","message":"row"}\' END, '
        "created_at + n * 60000 / %(count)s, created_at + (n + 1) * 60000 / %(count)s, "
        "'portable_json' "
        "FROM generate_series(1, %(count)s) n, dbos.workflow_status WHERE workflow_uuid = %(run)s",
        {"run": run, "count": count},
    )


def write(sql: Sql, run: str, offset: int, value: str) -> None:
    sql.execute(
        'INSERT INTO dbos.streams (workflow_uuid, key, value, "offset", function_id, '
        "serialization) VALUES (%s, 'log', %s, %s, 1, 'portable_json')",
        [run, json.dumps(value), offset],
    )


def opened(context: BrowserContext, run: str, more: str = "") -> Page:
    page = context.new_page()
    page.goto(f"{SYSTEM}/workflows/run/{run}/{more}")
    return page


def test_five_thousand_steps(context: BrowserContext, sql: Sql, scripted: bool) -> None:
    run = made(sql, "ledger")
    stepped(sql, run, 5_000)
    page = opened(context, run)
    rows = page.locator("table.steps tbody tr")
    expect(page.get_by_text("5,000 · 50 failed")).to_be_visible()
    expect(rows).to_have_count(100)
    page.get_by_role("link", name="More steps").click()
    expect(page.get_by_text("step-200", exact=True)).to_be_visible()
    expect(rows).to_have_count(200 if scripted else 100)

    page.get_by_role("link", name="Only errors").click()
    expect(rows).to_have_count(50)
    page.get_by_role("link", name="Only errors").click()
    expect(rows).to_have_count(100)
    page.get_by_label("Search steps by name").fill("step-4999")
    page.get_by_label("Search steps by name").press("Enter")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("4999")
    page.go_back()
    expect(rows).not_to_have_count(1)


def test_a_part_of_the_run_by_keyboard(context: BrowserContext, sql: Sql) -> None:
    run = made(sql, "zoomed")
    stepped(sql, run, 320)
    page = opened(context, run)
    part = page.locator("#part-31")
    part.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="The whole run")).to_be_visible()
    expect(page.locator("#part-31")).to_have_attribute("aria-current", "true")
    expect(page.locator("#part-31")).to_be_focused()
    expect(page.locator("table.steps tbody tr").last).to_contain_text("step-320")
    page.get_by_role("link", name="The whole run").press("Enter")
    expect(page.locator("table.steps tbody tr").first).to_contain_text("step-1")


def test_a_run_that_is_over_is_not_sent_again(context: BrowserContext, sql: Sql) -> None:
    run = made(sql, "over")
    page = opened(context, run)
    with page.expect_response(lambda response: response.status == 204):
        page.evaluate("htmx.trigger('#run', 'refresh')")
    with page.expect_response(lambda response: response.status == 200):
        page.evaluate("htmx.trigger(document.body, 'workflow-changed')")


def test_repetitions_open(context: BrowserContext, sql: Sql, scripted: bool) -> None:
    run = made(sql, "repeats")
    stepped(sql, run, 60, "'poll'")
    page = opened(context, run)
    rows = page.locator("table.steps tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("× 60")
    page.get_by_role("link", name="Show each").click()
    expect(rows).to_have_count(60)
    assert "flat=1" in page.url


def test_five_hundred_children(context: BrowserContext, sql: Sql, scripted: bool) -> None:
    run = made(sql, "fan_out", "PENDING")
    sql.execute(
        "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, parent_workflow_id) "
        "SELECT %(run)s || '-' || n, CASE n WHEN 321 THEN 'ERROR' ELSE 'SUCCESS' END, 'resize', "
        "%(run)s FROM generate_series(1, 500) n",
        {"run": run},
    )
    page = opened(context, run)
    family = page.get_by_role("region", name="Family 500 children")
    expect(family.get_by_text("Child", exact=True)).to_have_count(10)
    expect(family.get_by_role("link", name=f"{run}-321")).to_be_visible()
    page.get_by_role("link", name="All 500 children").click()
    expect(page.locator("tbody tr")).to_have_count(50)


def test_a_stream_is_followed_live(context: BrowserContext, sql: Sql) -> None:
    run = made(sql, "writes", "PENDING")
    write(sql, run, 0, "first")
    page = opened(context, run)
    streams = page.get_by_role("region", name="Streams")
    expect(streams).to_contain_text("first")
    write(sql, run, 1, "second")
    expect(streams).to_contain_text("second")
    streams.get_by_role("link", name="log").click()
    expect(page.get_by_text("Followed live")).to_be_visible()
    for offset in range(2, 60):
        write(sql, run, offset, f"value {offset}")
    expect(page.get_by_role("code").filter(has_text="value 59")).to_be_visible()
    assert page.locator("tbody tr").count() <= 50
    write(sql, run, 60, "__DBOS_STREAM_CLOSED__")
    expect(page.get_by_text("The end of the stream")).to_be_visible()
    expect(page.get_by_text("Closed", exact=True)).to_be_visible()


def test_steps_appear_and_what_is_typed_or_opened_stays(context: BrowserContext, sql: Sql) -> None:
    run = made(sql, "grows", "PENDING")
    stepped(sql, run, 6)
    page = opened(context, run)
    step = page.locator("#step-3")
    step.locator("summary").click()
    sql.execute(
        "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name) "
        "VALUES (%s, 7, 'late')",
        [run],
    )
    expect(page.get_by_text("late", exact=True)).to_be_visible()
    expect(step).to_have_attribute("open", "")
    search = page.get_by_label("Search steps by name")
    search.press_sequentially("lat")
    page.evaluate("document.getElementById('run').dataset.stale = 'yes'")
    other = opened(context, run)
    sql.execute(
        "UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE workflow_uuid = %s", [run]
    )
    expect(other.locator(".what .status")).to_have_text("Success")
    expect(search).to_have_value("lat")
    expect(page.locator("#run[data-stale]")).to_have_count(1)
    search.press("Enter")
    expect(page.locator("#run[data-stale]")).to_have_count(0)
    expect(page.locator("table.steps tbody tr")).to_have_count(1)


def test_the_focus_stays_while_the_page_refreshes(context: BrowserContext, sql: Sql) -> None:
    run = made(sql, "focused", "PENDING")
    stepped(sql, run, 12)
    page = opened(context, run)
    for reached in (page.get_by_role("link", name="Cancel"), page.locator("#step-3 summary")):
        reached.focus()
        page.evaluate("document.getElementById('run').dataset.stale = 'yes'")
        page.evaluate("htmx.trigger('#run', 'refresh')")
        expect(page.locator("#run[data-stale]")).to_have_count(0)
        expect(reached).to_be_focused()


@pytest.mark.parametrize(
    "context",
    [
        {"viewport": {"width": 400, "height": 800}, "color_scheme": "light"},
        {"viewport": {"width": 400, "height": 800}, "color_scheme": "dark"},
        {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    ],
    indirect=True,
)
def test_it_fits_and_can_be_read(context: BrowserContext, sql: Sql) -> None:
    run = made(sql, "a_long_name_" * 8, "PENDING")
    stepped(sql, run, 400)
    made(sql, "child", parent=run)
    write(sql, run, 0, "word " * 40)
    for page in (
        opened(context, run),
        opened(context, run, "?errors=1"),
        opened(context, run, "stream/?key=log"),
    ):
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert page.evaluate(CONTRAST) == []
    assert re.search("stream", page.url)
