"""Every form that acts, sent twice: one after another, and at the same time. It acts once."""

import threading
import uuid
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client

from console.models import AuditEntry, Operation, OperationRun
from tests.client_core.conftest import Submit, submit, wait_for_lock
from tests.client_core.test_faults import state
from tests.console.browsing import form_on
from tests.console.conftest import SignIn
from tests.console.test_cuts import CASES, Case
from tests.console.test_operations import PLAN, many, url, work
from tests.console.test_workflows import text

__all__ = ["submit"]

Sql = psycopg.Connection[Any]
#: Any page that asks the system database nothing tells what a redirect had to say.
ANY_PAGE = "/preferences/"

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.fixture
def browser(transactional_db: None, sign_in: SignIn) -> Client:
    """Of somebody whose rows others see too."""
    return sign_in("administrator")


def form_of(case: Case, browser: Client, sql: Sql) -> dict[str, str]:
    sql.execute(case.rows.encode())
    form = form_on(browser.get(case.path))
    form |= {"until": "", "delay_seconds": ""} if "until" in form else {}
    return form | case.typed


def twin(browser: Client) -> Client:
    """A second tab of the same person."""
    other = Client()
    other.cookies.load(browser.cookies.output(header="", sep=";"))
    return other


def told(browser: Client, response: Any) -> str:
    assert response.status_code == HTTPStatus.FOUND, text(response)
    return text(browser.get(ANY_PAGE))


@every_case
def test_one_after_another(case: Case, browser: Client, sql: Sql) -> None:
    form = form_of(case, browser, sql)
    assert case.says in told(browser, browser.post(case.path, form))
    once = state(sql)
    again = browser.post(case.path, form)
    assert "This was sent twice, and done once." in told(browser, again)
    assert state(sql) == once
    assert AuditEntry.objects.get().outcome == "done"


@every_case
def test_at_the_same_time(case: Case, browser: Client, sql: Sql, submit: Submit) -> None:
    """Both wait at the same door before either has done anything."""
    form = form_of(case, browser, sql)
    browsers = [browser, twin(browser)]
    with psycopg.connect(sql.info.dsn, password=sql.info.password) as other:
        other.execute("LOCK TABLE dbos.workflow_status, dbos.notifications")
        posts = [submit(post, one, case.path, form) for one in browsers]
        wait_for_lock(other)
    pages = [told(one, post.result()) for one, post in zip(browsers, posts, strict=True)]
    assert sorted((case.says in page, "sent twice, and done once" in page) for page in pages) == [
        (False, True),
        (True, False),
    ]
    assert AuditEntry.objects.get().outcome == "done"
    happened = state(sql)
    sql.execute("DELETE FROM dbos.notifications")
    AuditEntry.objects.all().delete()
    for table in ("workflow_status", "workflow_input", "operation_outputs"):
        sql.execute(f"DELETE FROM dbos.{table}".encode())
    told(browser, browser.post(case.path, form_of(case, browser, sql)))
    assert state(sql) == happened


def post(browser: Client, path: str, form: dict[str, Any]) -> Any:
    """In a thread, whose connection to the console's own database ends with it."""
    try:
        return browser.post(path, form)
    finally:
        connection.close()


Both = Callable[[str, dict[str, Any]], list[Any]]


@pytest.fixture(params=["one after another", "at the same time"])
def both(request: pytest.FixtureRequest, browser: Client, submit: Submit) -> Iterator[Both]:
    """Sends a form twice; the answers."""

    def one_after_another(path: str, form: dict[str, Any]) -> list[Any]:
        return [browser.post(path, form) for _ in range(2)]

    def at_the_same_time(path: str, form: dict[str, Any]) -> list[Any]:
        gate = threading.Barrier(2)

        def through_the_gate(one: Client) -> Any:
            gate.wait()
            return post(one, path, form)

        return [
            done.result()
            for done in [submit(through_the_gate, one) for one in (browser, twin(browser))]
        ]

    yield one_after_another if request.param == "one after another" else at_the_same_time


@pytest.fixture
def operation(browser: Client, sql: Sql) -> Operation:
    many(sql, 3)
    form = {"scope": "all", "action": "workflow.cancel", "form_id": str(uuid.uuid4())}
    browser.post(PLAN, form)
    return Operation.objects.get()


def test_a_plan(browser: Client, sql: Sql, both: Both) -> None:
    many(sql, 3)
    form = {"scope": "all", "q": "created:<90d", "action": "workflow.cancel"}
    answers = both(PLAN, {**form, "form_id": str(uuid.uuid4())})
    assert {answer.status_code for answer in answers} == {HTTPStatus.FOUND}
    assert {answer.headers["Location"] for answer in answers} == {url(Operation.objects.get())}
    work()
    assert OperationRun.objects.count() == Operation.objects.get().total


def test_a_plan_that_was_changed_is_another(browser: Client, sql: Sql) -> None:
    """Back to the form, and another action chosen."""
    many(sql, 3)
    form = {"scope": "all", "q": "name:job", "form_id": str(uuid.uuid4())}
    for action in ("workflow.cancel", "workflow.resume", "workflow.resume"):
        page = browser.post(PLAN, {**form, "action": action}, follow=True)
    assert "Resume" in text(page)
    actions = Operation.objects.values_list("action", flat=True)
    assert sorted(actions) == ["workflow.cancel", "workflow.resume"]


def test_a_start(browser: Client, operation: Operation, sql: Sql, both: Both) -> None:
    answers = both(url(operation, "start/"), {"reason": "a bad release"})
    assert {answer.headers["Location"] for answer in answers} == {url(operation)}
    page = text(browser.get(ANY_PAGE))
    assert "was started or given up already" in page or "It runs." in page
    work()
    operation.refresh_from_db()
    assert operation.outcomes == {"done": 3}
    assert AuditEntry.objects.filter(action="workflow.cancel").count() == 1


@pytest.mark.parametrize(
    ("step", "before", "after"),
    [
        ("pause", "running", "paused"),
        ("go-on", "paused", "running"),
        ("stop", "planned", "stopped"),
    ],
)
def test_a_step(
    browser: Client, operation: Operation, both: Both, step: str, before: str, after: str
) -> None:
    Operation.objects.update(state=before)
    answers = both(url(operation, "steer/"), {"step": step})
    assert {answer.headers["Location"] for answer in answers} == {url(operation)}
    operation.refresh_from_db()
    assert operation.state == after
    told = [entry.detail for entry in AuditEntry.objects.filter(action="workflow.bulk")]
    assert sorted(told) == ["", "nothing was changed"]
