"""What is on queues, and how much of their limits is used."""

import re
import time
from typing import Any

import psycopg
import pytest

from client_core import (
    DBOSClient,
    RateLimit,
    held_debounces,
    queue_activity,
    queue_details,
    queue_history,
)
from tests.client_core.conftest import Insert

Sql = psycopg.Connection[Any]
HOUR_MS = 3_600_000


def on(insert: Insert, status: str, name: str = "orders", **columns: Any) -> str:
    return insert(**{"status": status, "queue_name": name, "created_at": 1_000, **columns})


def test_queues_are_found_by_their_active_runs(client: DBOSClient, insert: Insert) -> None:
    client.register_queue("idle")
    for status, name in (("ENQUEUED", "a"), ("PENDING", "b"), ("DELAYED", "c"), ("SUCCESS", "d")):
        for _ in range(3):
            on(insert, status, name)
    insert(status="PENDING")
    assert client.list_active_queue_names() == ["a", "b", "c"]


def test_what_is_on_a_queue(client: DBOSClient, insert: Insert) -> None:
    for status, count in (("ENQUEUED", 3), ("PENDING", 2), ("DELAYED", 1), ("SUCCESS", 4)):
        for _ in range(count):
            on(insert, status)
    on(insert, "ENQUEUED", priority=7, created_at=500)
    on(insert, "ENQUEUED", priority=9, created_at=700)
    on(insert, "ENQUEUED", "other", created_at=1)
    found = client.list_queue_activity(["orders", "nothing"])
    one = found["orders"]
    assert (one.waiting, one.running, one.delayed, one.oldest_ms) == (5, 2, 1, 500)
    assert (one.started, one.delayed_is_cut) == (None, False)
    none = found["nothing"]
    assert (none.waiting, none.running, none.delayed, none.oldest_ms) == (0, 0, 0, None)


def test_counting_stops(client: DBOSClient, sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_activity, "MOST_COUNTED", 5)
    monkeypatch.setattr(queue_activity, "MOST_DELAYED", 4)
    for status in ("ENQUEUED", "PENDING", "DELAYED"):
        sql.execute(
            "INSERT INTO dbos.workflow_status (workflow_uuid, status, queue_name) "
            "SELECT %(status)s || n, %(status)s, 'orders' FROM generate_series(1, 9) n",
            {"status": status},
        )
    one = client.list_queue_activity(["orders"])["orders"]
    assert (one.waiting, one.running, one.delayed, one.delayed_is_cut) == (5, 5, 4, True)


def test_what_is_used_of_a_rate(client: DBOSClient, insert: Insert) -> None:
    now_ms = time.time_ns() // 1_000_000
    client.register_queue("orders", limiter=RateLimit(3, 3_600))
    started: dict[str, Any] = {"rate_limited": True, "started_at_epoch_ms": now_ms - 1_000}
    on(insert, "SUCCESS", **started)
    on(insert, "ENQUEUED", **started)
    on(insert, "SUCCESS", **{**started, "started_at_epoch_ms": now_ms - 2 * HOUR_MS})
    assert client.list_queue_activity(["orders"])["orders"].started == 1
    assert client.get_queue_details("orders").rate_until_ms is None
    for number in range(5):
        on(insert, "SUCCESS", rate_limited=True, started_at_epoch_ms=now_ms - 10_000 * number)
    assert client.list_queue_activity(["orders"])["orders"].started == 3
    # The third but last of these makes room when it is an hour old.
    assert client.get_queue_details("orders").rate_until_ms == now_ms - 10_000 + HOUR_MS


def test_what_runs_and_what_is_next(client: DBOSClient, insert: Insert) -> None:
    late = on(insert, "PENDING", started_at_epoch_ms=3_000, executor_id="a")
    long = on(insert, "PENDING", started_at_epoch_ms=2_000, executor_id="a")
    also = on(insert, "PENDING", started_at_epoch_ms=4_000, executor_id="b")
    third = on(insert, "ENQUEUED", priority=1)
    second = on(insert, "ENQUEUED", created_at=2_000)
    first = on(insert, "ENQUEUED")
    on(insert, "ENQUEUED", "other")
    found = client.get_queue_details("orders")
    assert [run.workflow_id for run in found.running] == [long, late, also]
    assert [run.workflow_id for run in found.next] == [first, second, third]
    assert found.executors == [("a", 2), ("b", 1)]
    assert (found.keyless, found.is_cut, found.partitions) == (3, False, [])


def test_partitions_are_told_the_busiest_first(client: DBOSClient, insert: Insert) -> None:
    on(insert, "ENQUEUED")
    for key, status in (("eu", "ENQUEUED"), ("us", "PENDING"), ("us", "ENQUEUED")):
        on(insert, status, queue_partition_key=key)
    found = client.get_queue_details("orders")
    told = [(one.partition_key, one.waiting, one.running) for one in found.partitions]
    assert told == [("us", 1, 1), ("eu", 1, 0)]
    assert found.keyless == 1


def test_when_runs_started_and_how_long_they_waited(client: DBOSClient, insert: Insert) -> None:
    version = {"application_name": "shop", "application_version": "v1", "executor_id": "a"}
    for created, started in ((1_000, 1_500), (1_000, 3_000), (1_900, 2_000), (9_000, 10_000)):
        on(insert, "SUCCESS", created_at=created, started_at_epoch_ms=started, **version)
    on(insert, "SUCCESS", started_at_epoch_ms=9_500, delay_until_epoch_ms=9_000, **version)
    on(insert, "SUCCESS", "other", started_at_epoch_ms=1_500)
    found = client.get_queue_history("orders", 0, 10_000, slots=5)
    told = [(one.slot, one.started, one.median_ms, one.worst_ms) for one in found.slots]
    assert told == [(0, 1, 500, 500), (1, 2, 100, 2_000), (4, 1, 500, 500)]
    assert (found.started, found.median_ms, found.worst_ms) == (4, 500, 2_000)
    assert found.looked_back_to_ms is None
    [taker] = found.takers
    assert (taker.application_name, taker.application_version) == ("shop", "v1")
    assert (taker.started, taker.executors, taker.last_ms) == (4, 1, 9_500)
    cut = client.get_queue_history("orders", 0, 10_000, slots=5, newest=2)
    assert (cut.started, cut.looked_back_to_ms) == (2, 3_000)


def test_nothing_started(client: DBOSClient) -> None:
    found = client.get_queue_history("orders", 0, 10_000, slots=5)
    assert (found.slots, found.takers, found.started, found.worst_ms) == ([], [], 0, None)


def test_no_table_is_read_whole(client: DBOSClient, sql: Sql) -> None:
    for statement in (
        "INSERT INTO dbos.workflow_status (workflow_uuid, status, queue_name, created_at, "
        "started_at_epoch_ms, rate_limited, delay_until_epoch_ms) SELECT 'run-' || n, "
        "(ARRAY['ENQUEUED', 'PENDING', 'DELAYED', 'SUCCESS', 'SUCCESS', 'ERROR'])[1 + mod(n, 6)], "
        "'queue-' || mod(n, 50), n, n, mod(n, 2) = 0, n FROM generate_series(1, 20000) n",
        "ANALYZE dbos.workflow_status",
    ):
        sql.execute(statement)
    params = {
        "names": ["queue-1", "queue-2"],
        "name": "queue-1",
        "since_ms": 19_000,
        "until_ms": 20_000,
        "slots": 10,
        "newest": 100,
        "takers": 20,
        "runs_named": 20,
        "partitions_named": 50,
        "executors_named": 20,
        "queue_name": None,
        "limit": 10,
        "most_counted": 10,
        "most_delayed": 10,
        "most_names": 10,
        "most_priorities": 32,
        "most_starts": 100,
    }
    for text in (
        queue_activity._NAMES,
        queue_activity._ACTIVITY,
        queue_details._DETAILS,
        queue_history._HISTORY,
        held_debounces._HELD,
    ):
        explained = b"EXPLAIN " + client._db._text(text)
        plan = "\n".join(row["QUERY PLAN"] for row in sql.execute(explained, params).fetchall())
        assert "Index" in plan
        assert not re.search(r"Seq Scan on workflow_status", plan), plan
