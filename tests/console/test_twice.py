"""Every form that acts, sent twice: one after another, and at the same time. It acts once."""

import threading
import uuid
from collections.abc import Callable
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
from tests.console.tampering import empty_the_log
from tests.console.test_cuts import CASES, Case
from tests.console.test_operations import PLAN, many, url, work
from tests.console.test_workflows import text

__all__ = ["submit"]

Sql = psycopg.Connection[Any]
#: Any page that asks the system database nothing tells what a redirect had to say.
ANY_PAGE = "/preferences/"

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@pytest.fixture
def tab(transactional_db: None, sign_in: SignIn) -> Client:
    """A browser of somebody whose rows others see too."""
    return sign_in("administrator")


def form_of(case: Case, tab: Client, sql: Sql) -> dict[str, str]:
    sql.execute(case.rows.encode())
    form = form_on(tab.get(case.path))
    form |= {"until": "", "delay_seconds": ""} if "until" in form else {}
    return form | case.typed


def twin(tab: Client) -> Client:
    """A second tab of the same person."""
    other = Client()
    other.cookies.load(tab.cookies.output(header="", sep=";"))
    return other


def told(tab: Client, response: Any) -> str:
    assert response.status_code == HTTPStatus.FOUND, text(response)
    return text(tab.get(ANY_PAGE))


@every_case
def test_one_after_another(case: Case, tab: Client, sql: Sql) -> None:
    form = form_of(case, tab, sql)
    assert case.says in told(tab, tab.post(case.path, form))
    once = state(sql)
    again = tab.post(case.path, form)
    assert "This was sent twice, and done once." in told(tab, again)
    assert state(sql) == once
    assert AuditEntry.objects.get().outcome == "done"


@every_case
def test_at_the_same_time(case: Case, tab: Client, sql: Sql, submit: Submit) -> None:
    """Both wait at the same door before either has done anything."""
    form = form_of(case, tab, sql)
    tabs = [tab, twin(tab)]
    with psycopg.connect(sql.info.dsn, password=sql.info.password) as other:
        other.execute("LOCK TABLE dbos.workflow_status, dbos.notifications")
        posts = [submit(post, one, case.path, form) for one in tabs]
        wait_for_lock(other)
    pages = [told(one, post.result()) for one, post in zip(tabs, posts, strict=True)]
    assert sorted((case.says in page, "sent twice, and done once" in page) for page in pages) == [
        (False, True),
        (True, False),
    ]
    assert AuditEntry.objects.get().outcome == "done"
    happened = state(sql)
    sql.execute("DELETE FROM dbos.notifications")
    empty_the_log()
    for table in ("workflow_status", "workflow_input", "operation_outputs"):
        sql.execute(f"DELETE FROM dbos.{table}".encode())
    told(tab, tab.post(case.path, form_of(case, tab, sql)))
    assert state(sql) == happened


def post(tab: Client, path: str, form: dict[str, Any]) -> Any:
    """In a thread, whose connection to the console's own database ends with it."""
    try:
        return tab.post(path, form)
    finally:
        connection.close()


#: Where each answer led to, and what it said.
Both = Callable[[str, dict[str, Any]], list[tuple[str, str]]]


@pytest.fixture(params=["one after another", "at the same time"])
def both(request: pytest.FixtureRequest, tab: Client, submit: Submit) -> Both:
    """Sends a form twice."""

    def one_after_another(path: str, form: dict[str, Any]) -> list[tuple[str, str]]:
        return [answered(tab, tab.post(path, form)) for _ in range(2)]

    def at_the_same_time(path: str, form: dict[str, Any]) -> list[tuple[str, str]]:
        gate = threading.Barrier(2)

        def through_the_gate(one: Client) -> Any:
            gate.wait()
            return post(one, path, form)

        tabs = [tab, twin(tab)]
        posts = [submit(through_the_gate, one) for one in tabs]
        return [answered(one, done.result()) for one, done in zip(tabs, posts, strict=True)]

    return one_after_another if request.param == "one after another" else at_the_same_time


def answered(tab: Client, response: Any) -> tuple[str, str]:
    page = told(tab, response)
    return str(response.headers["Location"]), page


@pytest.fixture
def operation(tab: Client, sql: Sql) -> Operation:
    many(sql, 3)
    form = {"scope": "all", "action": "workflow.cancel", "form_id": str(uuid.uuid4())}
    tab.post(PLAN, form)
    return Operation.objects.get()


def test_a_plan(tab: Client, sql: Sql, both: Both) -> None:
    many(sql, 3)
    form = {"scope": "all", "q": "created:<90d", "action": "workflow.cancel"}
    answers = both(PLAN, {**form, "form_id": str(uuid.uuid4())})
    assert {place for place, _ in answers} == {url(Operation.objects.get())}
    work()
    assert OperationRun.objects.count() == Operation.objects.get().total


def test_a_plan_that_was_changed_is_another(tab: Client, sql: Sql) -> None:
    """Back to the form, and another action chosen."""
    many(sql, 3)
    form = {"scope": "all", "q": "name:job", "form_id": str(uuid.uuid4())}
    for action in ("workflow.cancel", "workflow.resume", "workflow.resume"):
        page = tab.post(PLAN, {**form, "action": action}, follow=True)
    assert "Resume" in text(page)
    actions = Operation.objects.values_list("action", flat=True)
    assert sorted(actions) == ["workflow.cancel", "workflow.resume"]


def test_a_start(tab: Client, operation: Operation, sql: Sql, both: Both) -> None:
    answers = both(url(operation, "start/"), {"reason": "a bad release"})
    assert {place for place, _ in answers} == {url(operation)}
    for sentence in ("It runs.", "It was started or given up already"):
        assert sum(sentence in page for _, page in answers) == 1
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
    tab: Client, operation: Operation, both: Both, step: str, before: str, after: str
) -> None:
    Operation.objects.update(state=before)
    answers = both(url(operation, "steer/"), {"step": step})
    assert {place for place, _ in answers} == {url(operation)}
    operation.refresh_from_db()
    assert operation.state == after
    assert sum(f"It is {after} by now" in page for _, page in answers) == 1
    told = [entry.detail for entry in AuditEntry.objects.filter(action="workflow.bulk")]
    assert sorted(told) == ["", "nothing was changed"]
