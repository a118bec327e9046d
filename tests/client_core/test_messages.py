"""Messages and events."""

import threading
from typing import Any

import psycopg
import pytest

from client_core import DBOSClient, InvalidOption, NonExistentWorkflow, RawValue
from tests.client_core.conftest import Insert

Sql = psycopg.Connection[Any]


def messages(sql: Sql) -> list[dict[str, Any]]:
    return sql.execute("SELECT * FROM dbos.notifications").fetchall()


def publish(sql: Sql, workflow_id: str, key: str, value: str) -> None:
    sql.execute(
        "INSERT INTO dbos.workflow_events VALUES (%s, %s, %s, 'portable_json')",
        [workflow_id, key, value],
    )


def test_a_message_without_a_topic(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    workflow_id = insert(status="PENDING")
    client.send(workflow_id, {"approved": True})
    [row] = messages(sql)
    assert row["destination_uuid"] == workflow_id
    assert row["topic"] == "__null__topic__"
    assert (row["message"], row["serialization"]) == ('{"approved":true}', "portable_json")
    assert row["consumed"] is False


def test_topic_and_key(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    workflow_id = insert(status="PENDING")
    client.send(workflow_id, 1, "approval", "k")
    client.send(workflow_id, 2, "approval", "k")
    [row] = messages(sql)
    assert (row["topic"], row["message"]) == ("approval", "1")
    assert row["message_uuid"] == f"k::{workflow_id}"


def test_a_key_counts_for_each_destination(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    client.send(insert(), 1, idempotency_key="k")
    client.send(insert(), 1, idempotency_key="k")
    assert len(messages(sql)) == 2


def test_without_a_key_every_message_counts(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    workflow_id = insert()
    client.send(workflow_id, 1)
    client.send(workflow_id, 1)
    assert len(messages(sql)) == 2


def test_an_unknown_destination(client: DBOSClient, sql: Sql) -> None:
    with pytest.raises(NonExistentWorkflow) as caught:
        client.send("none", 1)
    assert caught.value.workflow_id == "none"
    assert messages(sql) == []


def test_a_blank_key_is_refused(client: DBOSClient, insert: Insert) -> None:
    with pytest.raises(InvalidOption) as caught:
        client.send(insert(), 1, idempotency_key=" ")
    assert list(caught.value.problems) == ["idempotency_key"]


def test_an_event_that_is_there(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    workflow_id = insert()
    publish(sql, workflow_id, "progress", '{"done":3}')
    assert client.get_event(workflow_id, "progress") == {"done": 3}


def test_an_event_is_waited_for(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    workflow_id = insert()
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(client.get_event(workflow_id, "late")))
    thread.start()
    publish(sql, workflow_id, "late", "7")
    thread.join()
    assert found == [7]


def test_an_event_that_does_not_come_is_none(client: DBOSClient, insert: Insert) -> None:
    assert client.get_event(insert(), "never", timeout_seconds=0.05) is None
    assert client.get_event("none", "never", timeout_seconds=0) is None


def test_all_events_of_a_run(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    workflow_id = insert()
    publish(sql, workflow_id, "b", "2")
    publish(sql, workflow_id, "a", "not json")
    publish(sql, insert(), "other", "3")
    events = client.get_all_events(workflow_id)
    assert list(events) == ["a", "b"]
    assert isinstance(events["a"], RawValue)
    assert events["b"] == 2
    assert list(client.get_all_events(workflow_id, limit=1)) == ["a"]
