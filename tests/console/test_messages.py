"""The page that sends messages."""

import html
import re
import uuid
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.test import Client

from console.models import AuditEntry
from tests.console.conftest import Insert

SEND = "/s/main/messages/send/"
Sql = psycopg.Connection[Any]


def fields(**given: str) -> dict[str, str]:
    return {
        "destination_id": "run-1",
        "message": '{"approved": true}',
        "topic": "approval",
        "idempotency_key": str(uuid.uuid4()),
        **given,
    }


def test_a_message_is_sent_once(operator: Client, insert: Insert, sql: Sql) -> None:
    insert(workflow_uuid="run-1", status="PENDING")
    message = fields()
    page = operator.post(SEND, message, follow=True).content.decode()
    assert "The message is sent, unless one with this key was sent before." in page
    operator.post(SEND, message)
    [row] = sql.execute("SELECT * FROM dbos.notifications").fetchall()
    assert (row["destination_uuid"], row["topic"]) == ("run-1", "approval")
    assert row["message"] == '{"approved":true}'
    entry = AuditEntry.objects.all()[0]
    assert (entry.action, entry.target, entry.outcome) == ("workflow.send", "run-1", "done")
    assert "approved" not in str(entry.parameters)


def test_without_a_topic(operator: Client, insert: Insert, sql: Sql) -> None:
    insert(workflow_uuid="run-1", status="PENDING")
    operator.post(SEND, fields(topic=""))
    [row] = sql.execute("SELECT topic FROM dbos.notifications").fetchall()
    assert row["topic"] == "__null__topic__"


@pytest.mark.parametrize(
    ("field", "typed", "rule"),
    [
        ("destination_id", "", "This field is required."),
        ("destination_id", "none", "There is no workflow with the ID"),
        ("message", "", "This field is required."),
        ("message", "yes", "This is no JSON"),
        ("message", "[1", "This is no JSON"),
        ("message", "Infinity", "Infinity is no JSON number"),
    ],
)
def test_what_is_wrong_is_told_by_the_field_and_nothing_typed_is_lost(
    operator: Client, insert: Insert, sql: Sql, field: str, typed: str, rule: str
) -> None:
    insert(workflow_uuid="run-1", status="PENDING")
    response = operator.post(SEND, fields(**{"topic": "kept-topic", field: typed}))
    assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    body = response.content.decode()
    errors = re.search(rf'id="id_{field}_errors">(.*?)</ul>', body, re.DOTALL)
    assert errors
    assert rule in html.unescape(errors[1])
    assert "kept-topic" in body
    assert typed in html.unescape(body)
    assert sql.execute("SELECT 1 FROM dbos.notifications").fetchone() is None


def test_a_link_names_the_destination(operator: Client) -> None:
    body = operator.get(SEND, {"destination_id": "a/b"}).content.decode()
    assert 'value="a/b"' in body
