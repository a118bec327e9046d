"""Databases that are down, slow or foreign: always a page that says so, never a traceback."""

from http import HTTPStatus
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings

from console.models import AuditEntry
from tests.console.conftest import Insert
from tests.console.test_workflows import ENQUEUE, LIST, enqueue_fields, run_url, text
from tests.databases import create_database
from tests.proxy import Proxy


@pytest.mark.parametrize("path", [LIST, run_url("run-1"), run_url("run-1", "cancel/")])
def test_a_system_database_that_is_down_is_a_page_that_tries_again(
    operator: Client, proxy: Proxy, path: str
) -> None:
    proxy.refuse()
    response = operator.get(path)
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "The system database does not answer" in text(response)
    assert f'http-equiv="refresh" content="5;url={path}"' in response.content.decode()


def test_it_comes_back(operator: Client, proxy: Proxy, insert: Insert) -> None:
    insert(name="job")
    proxy.refuse()
    assert operator.get(LIST).status_code == HTTPStatus.SERVICE_UNAVAILABLE
    proxy.refuse(False)
    assert "job" in text(operator.get(LIST))


def test_what_was_typed_survives_an_outage(operator: Client, proxy: Proxy) -> None:
    proxy.refuse()
    fields = enqueue_fields(args='["typed with care"]')
    response = operator.post(ENQUEUE, fields)
    assert "The system database does not answer" in text(response)
    assert "typed with care" in text(response)
    assert not AuditEntry.objects.exists()  # The look before it failed already.


def test_a_cancel_whose_answer_was_lost_says_how_the_run_is_now(
    operator: Client, proxy: Proxy, insert: Insert
) -> None:
    insert(workflow_uuid="run-1", status="PENDING")
    operator.get(run_url("run-1"))
    proxy.cut_next("before the answer")
    page = text(operator.post(run_url("run-1", "cancel/"), follow=True))
    assert "The connection broke before the database answered." in page
    assert "It is now " in page
    assert AuditEntry.objects.get().outcome == "unknown"


def test_a_cancel_whose_answer_was_lost_for_good_does_not_say_that_nothing_was_written(
    operator: Client, proxy: Proxy, insert: Insert
) -> None:
    insert(workflow_uuid="run-1", status="PENDING")
    operator.get(run_url("run-1"))
    proxy.cut_next("before the answer")
    proxy.refuse()
    response = operator.post(run_url("run-1", "cancel/"))
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "It may have been done or not: look before you repeat it." in text(response)
    assert "Try again" not in text(response)
    assert AuditEntry.objects.get().outcome == "unknown"


def test_what_was_told_of_an_act_stays_while_its_run_cannot_be_shown(
    operator: Client, proxy: Proxy, insert: Insert
) -> None:
    insert(workflow_uuid="run-1", status="PENDING")
    told = operator.post(run_url("run-1", "cancel/"))
    proxy.cut_next("before the request")
    proxy.refuse()
    for look in (operator.get, operator.head, operator.get):
        response = look(told.headers["Location"])
        assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "Running code stops at its next step." in text(response)
    assert "Nothing was written" not in text(response)
    proxy.refuse(False)
    assert operator.head(run_url("run-1")).status_code == HTTPStatus.OK
    assert "Running code stops at its next step." in text(operator.get(run_url("run-1")))


def test_a_database_without_dbos_says_what_to_do(
    viewer: Client, settings: Settings, worker_id: str
) -> None:
    settings.DBOS_SYSTEM_DATABASE_URL = create_database(f"not_dbos_{worker_id}")
    response = viewer.get(LIST)
    assert response.status_code == HTTPStatus.NOT_IMPLEMENTED
    assert "Start a DBOS application on it once" in text(response)


def test_a_question_that_takes_too_long(
    viewer: Client, settings: Settings, insert: Insert, sql: Any
) -> None:
    settings.CONSOLE_STATEMENT_TIMEOUT_MS = 50
    settings.DBOS_SYSTEM_DATABASE_SCHEMA = "slow"
    sql.execute("CREATE SCHEMA slow")
    sql.execute(
        "CREATE VIEW slow.workflow_status AS "
        "SELECT * FROM dbos.workflow_status WHERE pg_sleep(30) IS NOT NULL"
    )
    insert(workflow_uuid="run-1")
    try:
        response = viewer.get(f"{LIST}run/run-1/")
    finally:
        sql.execute("DROP SCHEMA slow CASCADE")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "That took the database too long" in text(response)


@pytest.mark.parametrize("error", [OperationalError("password of host db-7"), ValueError("oops")])
def test_the_consoles_own_database_and_our_own_faults_are_pages_too(
    viewer: Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Django hands us what a middleware or the session raised; nothing of it is shown."""

    def broken(*args: object) -> None:
        raise error

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", broken)
    viewer.raise_request_exception = False
    response = viewer.get(LIST)
    assert response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
    assert b"Traceback" not in response.content
    assert b"db-7" not in response.content
    if isinstance(error, OperationalError):
        assert "The console's own database does not answer" in text(response)
        assert 'http-equiv="refresh"' in response.content.decode()
    else:
        assert "Something went wrong in the console" in text(response)


def test_pages_that_are_not_there(viewer: Client) -> None:
    response = viewer.get("/nowhere")
    assert response.status_code == HTTPStatus.NOT_FOUND
    assert "There is no such page" in text(response)


def test_what_a_role_does_not_allow_names_the_permission(viewer: Client) -> None:
    response = viewer.get(ENQUEUE)
    assert response.status_code == HTTPStatus.FORBIDDEN
    assert "workflow.enqueue" in text(response)
