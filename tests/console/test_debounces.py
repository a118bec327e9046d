"""The form that debounces a workflow."""

import html
import re
import uuid
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.test import Client

from client_core import DBOSClient
from console.models import AuditEntry
from tests.console.conftest import Insert

DEBOUNCE = "/s/main/workflows/debounce/"
Sql = psycopg.Connection[Any]


def fields(**given: str) -> dict[str, str]:
    return {
        "workflow_name": "order",
        "debounce_key": "ann",
        "debounce_period_ms": "60000",
        "args": '["ann"]',
        "dialect": "python",
        "form_id": str(uuid.uuid4()),
        **given,
    }


def errors(page: str, field: str) -> str:
    found = re.search(rf'id="id_{field}_errors">(.*?)</ul>', page, re.DOTALL)
    assert found, page
    return html.unescape(found[1])


def test_calls_with_one_key_make_one_run_with_the_arguments_of_the_last(
    operator: Client, client: DBOSClient
) -> None:
    page = operator.post(DEBOUNCE, fields(), follow=True).content.decode()
    assert "It waits for further calls with this key." in page
    page = operator.post(DEBOUNCE, fields(args='["bob"]'), follow=True).content.decode()
    assert "The run that waits is put off and has these arguments now." in page
    [run] = client.list_workflows(load_payloads=True)
    assert (run.status, run.name) == ("DELAYED", "order")
    assert (run.deduplication_id, run.queue_name) == ("order-ann", "_dbos_internal_queue")
    assert run.input.args == ("bob",)  # type: ignore[union-attr]
    first, second = AuditEntry.objects.order_by("pk")
    assert {first.action, second.action} == {"workflow.debounce"}
    assert (first.target, first.outcome) == ("ann", "done")
    assert "bob" not in str(second.parameters)


def test_a_form_that_is_sent_twice_puts_it_off_once(
    operator: Client, client: DBOSClient, sql: Sql
) -> None:
    operator.post(DEBOUNCE, fields())
    again = fields(args='["bob"]')
    operator.post(DEBOUNCE, again)
    # It starts, so that another call would begin a new run.
    sql.execute("UPDATE dbos.workflow_status SET status = 'SUCCESS', deduplication_id = NULL")
    page = operator.post(DEBOUNCE, again, follow=True).content.decode()
    assert "This was sent twice, and done once." in page
    assert len(client.list_workflows()) == 1


@pytest.mark.parametrize(
    ("field", "typed", "rule"),
    [
        ("debounce_key", "", "required"),
        ("debounce_period_ms", "0", "must be from 1 to"),
        ("debounce_period_ms", "soon", "whole number"),
        ("debounce_timeout_ms", "-1", "must be from 1 to"),
        ("args", "[", "This is no JSON"),
        ("app_version", "\0", "Null characters are not allowed"),
    ],
)
def test_wrong_input_is_told_by_its_field_and_kept(
    operator: Client, client: DBOSClient, field: str, typed: str, rule: str
) -> None:
    response = operator.post(DEBOUNCE, fields(**{"authenticated_user": "eve", field: typed}))
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    page = response.content.decode()
    assert rule in errors(page, field)
    assert 'value="eve"' in page
    assert client.list_workflows() == []


def test_a_key_that_another_run_holds(operator: Client, client: DBOSClient, insert: Insert) -> None:
    insert(
        name="order",
        queue_name="_dbos_internal_queue",
        deduplication_id="order-ann",
        status="ENQUEUED",
    )
    page = operator.post(DEBOUNCE, fields()).content.decode()
    assert "already holds the deduplication ID" in errors(page, "debounce_key")
    assert len(client.list_workflows()) == 1


def test_a_language_that_nothing_tells_is_asked_for(
    operator: Client, client: DBOSClient, insert: Insert
) -> None:
    page = operator.post(DEBOUNCE, fields(dialect="")).content.decode()
    assert errors(page, "dialect")
    assert client.list_workflows() == []
    insert(name="order", serialization="js_superjson")
    operator.post(DEBOUNCE, fields(dialect="", workflow_class_name="Shop"))
    assert client.list_workflows(status="DELAYED")[0].deduplication_id == "Shop.order-ann"


def test_what_is_doubted_is_asked_back(operator: Client, insert: Insert) -> None:
    insert(name="orders")
    response = operator.post(DEBOUNCE, fields())
    assert "Is it “orders”?" in errors(response.content.decode(), "workflow_name")
    assert "Debounce anyway" in response.content.decode()
    assert operator.post(DEBOUNCE, fields(anyway="yes")).status_code == HTTPStatus.FOUND
