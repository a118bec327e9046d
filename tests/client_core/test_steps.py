"""The steps of one run, a page at a time."""

from typing import Any

import psycopg
import pytest

from client_core import DBOSClient, RawValue
from client_core.steps import MOST_SCANNED
from tests.client_core.conftest import Insert

Sql = psycopg.Connection[Any]

_STEP = (
    "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, output, error, "
    "child_workflow_id, started_at_epoch_ms, completed_at_epoch_ms, serialization) "
    "VALUES ('run', %(id)s, %(name)s, %(output)s, %(error)s, %(child)s, %(at)s, %(to)s, "
    "'portable_json')"
)


@pytest.fixture(autouse=True)
def run(insert: Insert) -> None:
    insert(workflow_uuid="run")


def step(sql: Sql, number: int, name: str = "work", **given: Any) -> None:
    row = {"output": None, "error": None, "child": None, "at": number * 10, "to": number * 10 + 4}
    sql.execute(_STEP, {**row, "id": number, "name": name, **given})


def ids(client: DBOSClient, **options: Any) -> list[tuple[int, int, int]]:
    rows = client.list_step_rows("run", **options).rows
    return [(row.first_id, row.last_id, row.count) for row in rows]


def test_one_step_with_what_it_gave(client: DBOSClient, sql: Sql) -> None:
    step(sql, 1, output='{"a":1}')
    page = client.list_step_rows("run")
    assert page.next_after is None
    [row] = page.rows
    assert (row.first_id, row.last_id, row.count, row.total_ms) == (1, 1, 1, 4)
    assert row.step.output == {"a": 1}
    assert (row.step.started_at_epoch_ms, row.step.completed_at_epoch_ms) == (10, 14)


def test_many_alike_in_a_row_are_one(client: DBOSClient, sql: Sql) -> None:
    for number in range(1, 6):
        step(sql, number, output='"secret"')
    step(sql, 6, "other")
    for number in range(7, 11):
        step(sql, number)
    four = [(7, 7, 1), (8, 8, 1), (9, 9, 1), (10, 10, 1)]
    assert ids(client) == [(1, 5, 5), (6, 6, 1), *four]
    folded = client.list_step_rows("run").rows[0]
    assert (folded.started_ms, folded.completed_ms, folded.total_ms) == (10, 54, 20)
    assert folded.step.output is None
    assert len(ids(client, fold=False)) == 10
    assert ids(client, fold=False, after=1, last=3) == [(2, 2, 1), (3, 3, 1)]


def test_a_failure_stands_out_of_those_alike(client: DBOSClient, sql: Sql) -> None:
    for number in range(1, 12):
        error = '{"name":"E","message":"m"}' if number == 6 else None
        step(sql, number, error=error)
    rows = client.list_step_rows("run").rows
    assert [(row.count, row.has_failed) for row in rows] == [(5, False), (1, True), (5, False)]
    assert ids(client, only_errors=True) == [(6, 6, 1)]


def test_pages_reach_every_step_once(client: DBOSClient, sql: Sql) -> None:
    for number in range(30):
        step(sql, number, name=f"step-{number % 2}")
    seen: list[int] = []
    after: int | None = -1
    while after is not None:
        page = client.list_step_rows("run", after=after, limit=7)
        seen += [row.first_id for row in page.rows]
        after = page.next_after
    assert seen == list(range(30))


def test_a_page_of_folds_ends_where_it_stopped_looking(client: DBOSClient, sql: Sql) -> None:
    sql.execute(
        "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name) "
        "SELECT 'run', n, 'work' FROM generate_series(1, %s) n",
        [MOST_SCANNED + 5],
    )
    page = client.list_step_rows("run")
    assert [row.count for row in page.rows] == [MOST_SCANNED]
    assert page.rows[0].total_ms is None
    assert page.next_after == MOST_SCANNED
    assert ids(client, after=MOST_SCANNED) == [(MOST_SCANNED + 1, MOST_SCANNED + 5, 5)]


def test_any_part_of_the_name_finds_a_step(client: DBOSClient, sql: Sql) -> None:
    step(sql, 1, "chargeCard")
    step(sql, 2, "ship%_")
    assert ids(client, name="CARD") == [(1, 1, 1)]
    assert ids(client, name="%_") == [(2, 2, 1)]
    assert ids(client, name="") == [(1, 1, 1), (2, 2, 1)]
    assert ids(client, name="none") == []


def test_a_child_has_its_own_state(client: DBOSClient, sql: Sql, insert: Insert) -> None:
    insert(workflow_uuid="kid", status="PENDING", started_at_epoch_ms=70, created_at=60)
    step(sql, 1, "reserve", child="kid")
    step(sql, 2, "reserve", child="gone")
    first, second = client.list_step_rows("run").rows
    assert (first.child_status, first.child_started_ms) == ("PENDING", 70)
    assert (second.child_status, second.step.child_workflow_id) == (None, "gone")


def test_a_large_payload_stays_in_the_database(client: DBOSClient, sql: Sql) -> None:
    step(sql, 1, output='"' + "x" * 100 + '"')
    [row] = client.list_step_rows("run", max_payload_bytes=10).rows
    assert isinstance(row.step.output, RawValue)
    assert "102 bytes" in row.step.output.reason


def test_of_an_unknown_run_there_are_none(client: DBOSClient) -> None:
    assert client.list_step_rows("nobody").rows == []
