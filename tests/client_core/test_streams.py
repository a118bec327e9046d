"""Reading streams, while they are written and afterwards."""

import threading
from typing import Any

import psycopg
import pytest

from client_core import DBOSClient, InvalidOption, NonExistentWorkflow, WaitTimeout
from client_core.streams import BATCH
from demo.waiting import wait_until
from tests.client_core.conftest import Insert, Submit
from tests.client_core.waiting import PATIENCE, all_wait

Sql = psycopg.Connection[Any]

CLOSED = '"__DBOS_STREAM_CLOSED__"'
PICKLED_CLOSED = "gASVGgAAAAAAAACMFl9fREJPU19TVFJFQU1fQ0xPU0VEX1+ULg=="


def write(
    sql: Sql,
    workflow_id: str,
    offset: int,
    value: str,
    serialization: str | None = "portable_json",
) -> None:
    sql.execute(
        "INSERT INTO dbos.streams VALUES (%s, 'log', %s, %s, 1, %s)",
        [workflow_id, value, offset, serialization],
    )


def test_values_up_to_the_close(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    workflow_id = insert(status="PENDING")
    for offset, value in enumerate(["1", "null", '{"a":2}', CLOSED]):
        write(sql, workflow_id, offset, value)
    assert list(client.read_stream(workflow_id, "log")) == [1, None, {"a": 2}]
    assert list(client.read_stream(workflow_id, "log", offset=2)) == [{"a": 2}]


@pytest.mark.parametrize(
    ("text", "serialization"),
    [
        (CLOSED, "portable_json"),
        (CLOSED, None),
        ("__DBOS_STREAM_CLOSED__", "portable_json"),
        (PICKLED_CLOSED, None),
        ('{"json":"__DBOS_STREAM_CLOSED__","__dbos_serializer":"superjson"}', None),
    ],
)
def test_every_sdk_closes_in_its_own_words(
    client: DBOSClient, insert: Insert, sql: Sql, text: str, serialization: str | None
) -> None:
    workflow_id = insert(status="PENDING")
    write(sql, workflow_id, 0, "1")
    write(sql, workflow_id, 1, text, serialization)
    assert list(client.read_stream(workflow_id, "log")) == [1]


def test_a_value_in_the_words_of_a_close_is_a_value(
    client: DBOSClient, insert: Insert, sql: Sql
) -> None:
    workflow_id = insert()
    write(sql, workflow_id, 0, PICKLED_CLOSED, "py_pickle")
    assert list(client.read_stream(workflow_id, "log")) == ["__DBOS_STREAM_CLOSED__"]


@pytest.mark.parametrize("status", ["SUCCESS", "ERROR", "CANCELLED"])
def test_a_run_that_is_over_ends_its_streams(
    client: DBOSClient, insert: Insert, sql: Sql, status: str
) -> None:
    workflow_id = insert(status=status)
    assert list(client.read_stream(workflow_id, "log")) == []
    write(sql, workflow_id, 0, "1")
    assert list(client.read_stream(workflow_id, "log")) == [1]
    assert list(client.read_stream(workflow_id, "log", timeout_seconds=0)) == [1]


def test_more_than_one_batch(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    workflow_id = insert()
    sql.execute(
        "INSERT INTO dbos.streams SELECT %s, 'log', n::text, n, 1, 'portable_json' "
        "FROM generate_series(0, %s) n",
        [workflow_id, 2 * BATCH],
    )
    assert list(client.read_stream(workflow_id, "log")) == list(range(2 * BATCH + 1))


def test_a_gap_is_waited_for(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    workflow_id = insert(status="PENDING")
    write(sql, workflow_id, 0, "0")
    write(sql, workflow_id, 2, "2")
    values = iter(client.read_stream(workflow_id, "log", timeout_seconds=0.05))
    assert next(values) == 0
    with pytest.raises(WaitTimeout):
        next(values)
    write(sql, workflow_id, 1, "1")
    write(sql, workflow_id, 3, CLOSED)
    assert list(client.read_stream(workflow_id, "log", offset=1)) == [1, 2]


def test_values_arrive_while_it_is_written(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    workflow_id = insert(status="PENDING")
    read: list[object] = []
    reader = threading.Thread(target=lambda: read.extend(client.read_stream(workflow_id, "log")))
    reader.start()
    for offset in range(3):
        write(sql, workflow_id, offset, str(offset))
    write(sql, workflow_id, 3, CLOSED)
    reader.join()
    assert read == [0, 1, 2]


def test_other_keys_and_runs_are_not_read(client: DBOSClient, insert: Insert, sql: Sql) -> None:
    workflow_id, other = insert(), insert()
    write(sql, other, 0, "1")
    assert list(client.read_stream(workflow_id, "log")) == []
    assert list(client.read_stream(other, "elsewhere")) == []


def test_an_unknown_run(client: DBOSClient) -> None:
    with pytest.raises(NonExistentWorkflow):
        next(iter(client.read_stream("none", "log")))


def test_a_run_that_is_deleted_while_its_stream_is_waited_for(
    client: DBOSClient, insert: Insert, sql: Sql, submit: Submit
) -> None:
    workflow_id = insert(status="PENDING")
    value = submit(next, client.read_stream(workflow_id, "log", timeout_seconds=PATIENCE))
    assert wait_until(lambda: all_wait(client._waiting, 1), PATIENCE)
    client.delete_workflow(workflow_id)
    assert isinstance(value.exception(PATIENCE), NonExistentWorkflow)


def test_the_end_of_the_run_ends_the_wait(
    client: DBOSClient, insert: Insert, sql: Sql, submit: Submit
) -> None:
    """What was written until then is still read."""
    workflow_id = insert(status="PENDING")
    values = submit(list, client.read_stream(workflow_id, "log", timeout_seconds=PATIENCE))
    assert wait_until(lambda: all_wait(client._waiting, 1), PATIENCE)
    with sql.transaction():
        write(sql, workflow_id, 0, "1")
        sql.execute("UPDATE dbos.workflow_status SET status = 'SUCCESS'")
    assert values.result(PATIENCE) == [1]


@pytest.mark.parametrize("offset", [-1, 2**31])
def test_an_offset_that_no_value_can_have(client: DBOSClient, offset: int) -> None:
    with pytest.raises(InvalidOption):
        next(client.read_stream("run", "log", offset=offset))
