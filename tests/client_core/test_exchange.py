"""Events with their history, messages to a run, and its streams."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from client_core import DBOSClient, RawValue
from client_core.exchange import MOST_COUNTED, MOST_MESSAGES, MOST_STREAMS
from tests.client_core.conftest import Insert
from tests.databases import create_system_database

Sql = psycopg.Connection[Any]
CLOSED = '"__DBOS_STREAM_CLOSED__"'


@pytest.fixture(autouse=True)
def run(insert: Insert) -> None:
    insert(workflow_uuid="run")


def event(sql: Sql, number: int, key: str, value: str) -> None:
    sql.execute(
        "INSERT INTO dbos.workflow_events VALUES ('run', %(k)s, %(v)s, 'portable_json') "
        "ON CONFLICT (workflow_uuid, key) DO UPDATE SET value = EXCLUDED.value",
        {"k": key, "v": value},
    )
    sql.execute(
        "INSERT INTO dbos.workflow_events_history "
        "(workflow_uuid, function_id, key, value, serialization) "
        "VALUES ('run', %(id)s, %(k)s, %(v)s, 'portable_json')",
        {"id": number, "k": key, "v": value},
    )


def write(sql: Sql, offset: int, value: str, key: str = "log", name: str | None = None) -> None:
    sql.execute(
        'INSERT INTO dbos.streams (workflow_uuid, key, value, "offset", function_id, '
        "serialization) VALUES ('run', %s, %s, %s, 1, %s)",
        [key, value, offset, name or "portable_json"],
    )


def test_nothing(client: DBOSClient) -> None:
    found = client.get_exchange("run")
    assert (found.events, found.messages, found.streams) == ([], [], [])
    assert (found.sent, found.waiting) == (0, 0)
    assert client.get_exchange("nobody") == found


def test_events_with_their_latest_value(client: DBOSClient, sql: Sql) -> None:
    event(sql, 1, "progress", "1")
    event(sql, 2, "url", '"x"')
    event(sql, 3, "progress", "2")
    found = client.get_exchange("run").events
    assert [(one.key, one.value, one.times) for one in found] == [
        ("progress", 2, 2),
        ("url", "x", 1),
    ]


def test_the_history_of_an_event_in_pages(client: DBOSClient, sql: Sql) -> None:
    for number in range(1, 8):
        event(sql, number, "progress", str(number * 10))
    event(sql, 9, "other", "0")
    first = client.list_event_history("run", "progress", limit=4)
    assert [(entry.place, entry.value) for entry in first] == [(7, 70), (6, 60), (5, 50), (4, 40)]
    rest = client.list_event_history("run", "progress", before=4, limit=4)
    assert [entry.place for entry in rest] == [3, 2, 1]


def test_messages_and_whether_they_were_taken(client: DBOSClient, sql: Sql) -> None:
    client.send("run", {"a": 1}, "approval", serialization="portable_json")
    client.send("run", "second", serialization="portable_json")
    sql.execute(
        "UPDATE dbos.notifications SET consumed = TRUE, consumed_by_function_id = 4, "
        "created_at_epoch_ms = 5 WHERE topic = 'approval'"
    )
    found = client.get_exchange("run")
    assert (found.sent, found.waiting) == (2, 1)
    second, first = found.messages
    assert (first.topic, first.value, first.consumed, first.consumed_by_function_id) == (
        "approval",
        {"a": 1},
        True,
        4,
    )
    assert (second.topic, second.value, second.consumed) == (None, "second", False)


def test_many_messages_are_counted_to_a_ceiling(client: DBOSClient, sql: Sql) -> None:
    sql.execute(
        "INSERT INTO dbos.notifications (destination_uuid, topic, message) "
        "SELECT 'run', 't', n::text FROM generate_series(1, %s) n",
        [MOST_COUNTED + 5],
    )
    found = client.get_exchange("run")
    assert (found.sent, found.waiting) == (MOST_COUNTED, MOST_COUNTED)
    assert len(found.messages) == MOST_MESSAGES


def test_streams_with_their_last_values(client: DBOSClient, sql: Sql) -> None:
    for offset in range(6):
        write(sql, offset, str(offset))
    write(sql, 0, '"only"', key="a")
    write(sql, 1, CLOSED, key="a")
    closed, log = client.get_exchange("run").streams
    assert (closed.key, closed.count, closed.is_closed) == ("a", 1, True)
    assert [entry.value for entry in closed.last] == ["only"]
    assert (log.key, log.count, log.is_closed) == ("log", 6, False)
    assert [(entry.place, entry.value) for entry in log.last] == [(3, 3), (4, 4), (5, 5)]


def test_the_mark_of_an_end_in_a_named_format_is_a_value(client: DBOSClient, sql: Sql) -> None:
    write(sql, 0, '{"json":"__DBOS_STREAM_CLOSED__"}', name="js_superjson")
    [log] = client.get_exchange("run").streams
    assert (log.is_closed, log.count) == (False, 1)


def test_streams_are_told_up_to_a_number(client: DBOSClient, sql: Sql) -> None:
    for number in range(MOST_STREAMS + 5):
        write(sql, 0, "1", key=f"key-{number:03}")
    streams = client.get_exchange("run").streams
    assert [stream.key for stream in streams] == [f"key-{n:03}" for n in range(MOST_STREAMS)]


def test_the_values_of_a_stream_in_pages(client: DBOSClient, sql: Sql) -> None:
    for offset in range(7):
        write(sql, offset, str(offset))
    first = client.list_stream_values("run", "log", limit=3)
    assert [(entry.place, entry.value) for entry in first] == [(6, 6), (5, 5), (4, 4)]
    rest = client.list_stream_values("run", "log", before=4, limit=9)
    assert [entry.place for entry in rest] == [3, 2, 1, 0]
    assert client.list_stream_values("run", "none") == []


def test_a_large_value_stays_in_the_database(client: DBOSClient, sql: Sql) -> None:
    write(sql, 0, '"' + "x" * 5_000 + '"')
    event(sql, 1, "big", '"' + "x" * 5_000 + '"')
    found = client.get_exchange("run")
    for value in (found.streams[0].last[0].value, found.events[0].value):
        assert isinstance(value, RawValue)
        assert "5,002 bytes" in value.reason


@pytest.fixture
def older(worker_id: str) -> Iterator[tuple[DBOSClient, Sql]]:
    """A database that keeps no history of events and does not mark messages as taken."""
    url = create_system_database(f"older_exchange_{worker_id}")
    with psycopg.connect(url, autocommit=True) as conn, DBOSClient.create(url) as client:
        conn.execute("DROP TABLE dbos.workflow_events_history")
        conn.execute("ALTER TABLE dbos.notifications DROP COLUMN consumed CASCADE")
        conn.execute("ALTER TABLE dbos.notifications DROP COLUMN consumed_by_function_id")
        conn.execute("ALTER TABLE dbos.operation_outputs DROP COLUMN started_at_epoch_ms CASCADE")
        conn.execute("ALTER TABLE dbos.workflow_status DROP COLUMN parent_workflow_id CASCADE")
        conn.execute("INSERT INTO dbos.workflow_status (workflow_uuid, status) VALUES ('run', 'X')")
        yield client, conn


def test_an_older_database_tells_what_it_has(older: tuple[DBOSClient, Sql]) -> None:
    client, sql = older
    sql.execute("INSERT INTO dbos.workflow_events VALUES ('run', 'k', '1', 'portable_json')")
    sql.execute("INSERT INTO dbos.notifications (destination_uuid, message) VALUES ('run', '1')")
    sql.execute(
        "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name) "
        "VALUES ('run', 1, 'work')"
    )
    found = client.get_exchange("run")
    assert [(one.key, one.times) for one in found.events] == [("k", 0)]
    assert (found.sent, found.waiting) == (1, 1)
    run = client.get_workflow("run")
    assert run
    seen = client.get_overview(run, now_ms=run.created_at + 1)
    assert (seen.count, seen.is_timed, seen.children) == (1, False, [])
    assert [row.started_ms for row in client.list_step_rows("run").rows] == [None]
