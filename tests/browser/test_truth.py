"""What a person sees when the database goes away under a form, or the button is hit twice."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect
from psycopg.sql import SQL, Identifier

from tests.browser.served import Served
from tests.databases import delete_rows
from tests.postgres import server_url

pytestmark = pytest.mark.xdist_group("served")

S = "/s/main"
Ask = Callable[[str], list[Any]]
Away = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def page(
    browser: Browser, served: Served, signed_in_as: dict[str, Any], scripted: bool
) -> Iterator[Page]:
    """A tab of an administrator."""
    page = browser.new_page(
        storage_state=signed_in_as["ann"], base_url=served.url, java_script_enabled=scripted
    )
    yield page
    page.close()


@pytest.fixture
def database_away(served: Served) -> Away:
    """For a while nobody reaches the system database."""
    name = served.system_url.rpartition("/")[2]
    allow = SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")

    @contextmanager
    def away() -> Iterator[None]:
        with psycopg.connect(server_url("postgres"), autocommit=True) as conn:
            conn.execute(allow.format(Identifier(name), SQL("false")))
            gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            conn.execute(gone, [name])
            try:
                yield
            finally:
                conn.execute(allow.format(Identifier(name), SQL("true")))

    return away


@pytest.fixture
def sql(served: Served) -> Iterator[Ask]:
    """Asks the system database, empty before and after, on a connection that ends at once."""

    def ask(query: str) -> list[Any]:
        with psycopg.connect(served.system_url) as conn:
            cursor = conn.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def empty() -> None:
        with psycopg.connect(served.system_url) as conn:
            delete_rows(conn)

    empty()
    yield ask
    empty()


def test_what_is_typed_outlives_the_database(page: Page, sql: Ask, database_away: Away) -> None:
    sql(
        "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, queue_name, priority) "
        "VALUES ('waits', 'ENQUEUED', 'job', 'nowhere', 3)"
    )
    page.goto(f"{S}/workflows/run/waits/priority/")
    page.get_by_label("Priority").fill("7")
    with database_away():
        page.get_by_role("button", name="Change the priority").click()
        expect(page.get_by_role("heading", name="Nothing was done")).to_be_visible()
        expect(page.get_by_text("nothing was written. What you typed is kept.")).to_be_visible()
        expect(page.get_by_label("Priority")).to_have_value("7")
    page.get_by_label("Priority").fill("8")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Its priority is 8 now.")).to_be_visible()
    assert sql("SELECT priority FROM dbos.workflow_status") == [(8,)]


def test_two_clicks_enqueue_one_run(page: Page, sql: Ask) -> None:
    page.goto(f"{S}/workflows/enqueue/")
    page.get_by_label("Workflow name").fill("order")
    page.get_by_label("Queue").fill("nowhere")
    page.get_by_role("button", name="Enqueue", exact=True).dblclick()
    expect(
        page.get_by_text("Enqueued on nowhere.").or_(page.get_by_text("done once"))
    ).to_be_visible()
    assert sql("SELECT queue_name FROM dbos.workflow_status") == [("nowhere",)]


@pytest.mark.parametrize("scripted", [True])
def test_a_form_that_is_not_accepted_stays_with_all_that_was_typed(page: Page) -> None:
    page.goto(f"{S}/workflows/enqueue/")
    page.get_by_label("Workflow name").fill("order")
    # Recent runs of the name are asked for, which would bring the cookie back.
    with page.expect_response(lambda answer: "workflow_name=order" in answer.url):
        page.get_by_label("Queue").fill("nowhere")
    page.context.clear_cookies(name="console_csrf")
    page.get_by_role("button", name="Enqueue", exact=True).click()
    expect(page.get_by_text("The form was not accepted.")).to_be_visible()
    expect(page.get_by_label("Queue")).to_have_value("nowhere")
