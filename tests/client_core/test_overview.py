"""One run from afar."""

from typing import Any

import psycopg
import pytest

from client_core import DBOSClient, Overview, wake_ms
from client_core.overview import MOST_CHILDREN, PARTS, RELATIVES
from tests.client_core.conftest import Insert

Sql = psycopg.Connection[Any]
NOW_MS = 1_700_000_100_000


def step(sql: Sql, number: int, at: int | None = None, to: int | None = None, **given: Any) -> None:
    row = {"name": "work", "output": None, "error": None, "run": "run", **given}
    sql.execute(
        "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, output, "
        "error, started_at_epoch_ms, completed_at_epoch_ms, serialization) VALUES "
        "(%(run)s, %(id)s, %(name)s, %(output)s, %(error)s, %(at)s, %(to)s, 'portable_json')",
        {**row, "id": number, "at": at, "to": to},
    )


def overview(client: DBOSClient, workflow_id: str = "run") -> Overview:
    run = client.get_workflow(workflow_id)
    assert run
    return client.get_overview(run, now_ms=NOW_MS)


def test_where_the_time_went(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    insert(workflow_uuid="run", created_at=1_000, started_at_epoch_ms=2_000, completed_at=6_800)
    step(sql, 1, 2_000, 2_050)
    step(sql, 2, 2_050, 2_099, error="{}")
    step(sql, 3, 2_160, 6_800)
    found = overview(client)
    assert (found.start_ms, found.end_ms) == (2_000, 6_800)
    assert (found.count, found.failed, found.is_timed) == (3, 1, True)
    first, second = found.parts
    assert (first.part, first.count, first.failed, first.first_id, first.last_id) == (0, 2, 1, 1, 2)
    assert (second.part, second.count, second.first_id) == (1, 1, 3)
    assert [span.function_id for span in found.longest] == [3, 1, 2]


def test_a_run_of_nothing(client: DBOSClient, insert: Insert) -> None:
    insert(workflow_uuid="run", status="PENDING", created_at=NOW_MS + 5)
    found = overview(client)
    assert (found.count, found.parts, found.longest, found.children, found.forks) == (
        0,
        [],
        [],
        [],
        [],
    )
    assert found.end_ms > found.start_ms
    assert not found.has_exchange


def test_without_times_the_parts_are_of_equal_numbers(
    client: DBOSClient, insert: Insert, sql: Sql
) -> None:
    insert(workflow_uuid="run")
    for number in range(PARTS * 3):
        step(sql, number)
    found = overview(client)
    assert not found.is_timed
    assert [part.count for part in found.parts] == [3] * PARTS
    assert found.parts[-1].last_id == PARTS * 3 - 1


def test_what_a_fork_took_over_is_no_part_of_its_time(
    client: DBOSClient, insert: Insert, sql: Sql
) -> None:
    insert(workflow_uuid="run", forked_from="old", created_at=5_000, completed_at=6_000)
    step(sql, 1, 10, 20)
    step(sql, 2, 5_500, 5_600)
    found = overview(client)
    assert (found.start_ms, found.count) == (5_000, 2)
    assert sum(part.count for part in found.parts) == 1


def test_steps_before_the_last_start_are_part_of_a_resumed_run(
    client: DBOSClient, insert: Insert, sql: Sql
) -> None:
    insert(workflow_uuid="run", created_at=1, started_at_epoch_ms=9_000, completed_at=9_500)
    step(sql, 1, 100, 200)
    assert overview(client).start_ms == 100


@pytest.mark.parametrize(
    ("ids", "output", "sleeps", "waits"),
    [
        ([1], "1700000200.5", True, False),  # Python: its first step.
        ([2], "1700000200.5", False, True),  # Python: the time-out of the first one.
        ([0], "1700000200500", True, False),  # TypeScript: its first step.
        ([1], "1700000200500", False, True),  # TypeScript: the time-out of the first one.
        ([3, 4], "1700000200.5", True, False),
        ([3, 5], "1700000200.5", False, True),
        ([1], "1700000000.5", False, False),  # It is over.
        ([1], "gAVLAS4=", False, False),
    ],
)
def test_what_it_waits_for(
    client: DBOSClient,
    insert: Insert,
    sql: Sql,
    ids: list[int],
    output: str,
    sleeps: bool,
    waits: bool,
) -> None:
    insert(workflow_uuid="run", status="PENDING", created_at=1)
    for number in ids:
        step(sql, number, at=number * 100, name="DBOS.sleep", output=output)
    found = overview(client)
    assert found.sleeps_until_ms == (1_700_000_200_500 if sleeps else None)
    assert found.waits_until_ms == (1_700_000_200_500 if waits else None)
    assert found.waits_since_ms == (ids[-1] * 100 if sleeps or waits else None)


@pytest.mark.parametrize("output", [None, "", "nan", "inf", "-1", "x", "[1]"])
def test_no_time_to_wake(output: str | None) -> None:
    assert wake_ms(output) is None


def test_the_children_that_failed_come_first(client: DBOSClient, insert: Insert) -> None:
    insert(workflow_uuid="run")
    for number in range(MOST_CHILDREN + 5):
        insert(parent_workflow_id="run", created_at=number)
    found = overview(client)
    assert found.children_count == MOST_CHILDREN
    assert len(found.children) == RELATIVES


def test_children_and_forks(client: DBOSClient, insert: Insert) -> None:
    insert(workflow_uuid="run", status="PENDING")
    insert(workflow_uuid="good", parent_workflow_id="run", created_at=1)
    insert(workflow_uuid="runs", parent_workflow_id="run", created_at=2, status="PENDING")
    insert(workflow_uuid="bad", parent_workflow_id="run", created_at=3, status="ERROR")
    insert(workflow_uuid="again", forked_from="run", status="ENQUEUED")
    found = overview(client)
    assert [child.workflow_id for child in found.children] == ["bad", "runs", "good"]
    assert found.children_by_status == {"SUCCESS": 1, "PENDING": 1, "ERROR": 1}
    assert [(fork.workflow_id, fork.status) for fork in found.forks] == [("again", "ENQUEUED")]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO dbos.workflow_events VALUES ('run', 'k', '1', NULL)",
        "INSERT INTO dbos.notifications (destination_uuid, message) VALUES ('run', '1')",
        'INSERT INTO dbos.streams (workflow_uuid, key, value, "offset", function_id) '
        "VALUES ('run', 'k', '1', 0, 1)",
    ],
)
def test_whether_it_has_an_exchange(
    client: DBOSClient, insert: Insert, sql: Sql, statement: str
) -> None:
    insert(workflow_uuid="run")
    sql.execute(statement)
    assert overview(client).has_exchange
