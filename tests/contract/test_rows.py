"""The same call through the official client and through ours leaves the same rows."""

from collections.abc import Callable
from typing import Any

import dbos
import psycopg
import pytest
from psycopg.rows import dict_row

from client_core import DBOSClient, EnqueueOptions
from tests.databases import RUN_TABLES

pytestmark = pytest.mark.xdist_group("contract")

#: Made anew at every call, by either client.
GENERATED = {
    "created_at",
    "updated_at",
    "completed_at",
    "created_at_epoch_ms",
    "creator_xid",
    "retention_timestamp",
    "delay_until_epoch_ms",
}
#: The official Python client writes JSON null where no attributes were given; readers see none.
UNSET_ATTRIBUTES = "attributes"

#: The IDs that the tests give; another one was made by a client.
GIVEN_IDS = {"run-1", "child-1", "grandchild-1"}

PORTABLE = dbos.WorkflowSerializationFormat.PORTABLE
Rows = dict[str, list[dict[str, Any]]]
Act = Callable[[], object]


@pytest.fixture
def compare(client: DBOSClient, system_url: str, sql: psycopg.Connection[Any]) -> Any:
    """Run both acts, each on empty tables, and compare what they leave."""

    def both(theirs: Callable[[dbos.DBOSClient], object], ours: Act, *, prepare: Act) -> None:
        official = dbos.DBOSClient(system_database_url=system_url)
        prepare()
        theirs(official)
        expected = rows(sql)
        official.destroy()
        for table in reversed(RUN_TABLES):
            sql.execute(f"DELETE FROM dbos.{table}".encode())
        prepare()
        ours()
        assert rows(sql) == expected

    return both


def rows(sql: psycopg.Connection[Any]) -> Rows:
    """Every row of every table, with the mere presence of what is generated."""

    def comparable(column: str, value: Any) -> Any:
        if column == UNSET_ATTRIBUTES:
            return value or None
        if column == "workflow_uuid" and value not in GIVEN_IDS:
            return "an ID that was made"
        return (value is not None) if column in GENERATED else value

    with sql.cursor(row_factory=dict_row) as cursor:
        return {
            table: sorted(
                (
                    {column: comparable(column, value) for column, value in row.items()}
                    for row in cursor.execute(f"SELECT * FROM dbos.{table}".encode())
                ),
                key=repr,
            )
            for table in RUN_TABLES
        }


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({}, {}),
        ({"priority": 5}, {"priority": 5}),
        ({"app_version": "v7"}, {"app_version": "v7"}),
        ({"workflow_timeout": 1.5}, {"workflow_timeout_ms": 1_500}),
        ({"deduplication_id": "d"}, {"deduplication_id": "d"}),
        ({"queue_partition_key": "p"}, {"queue_partition_key": "p"}),
        ({"delay_seconds": 60}, {"delay_seconds": 60}),
        ({"attributes": {"a": [1]}}, {"attributes": {"a": [1]}}),
        ({"application_name": "shop"}, {"application_name": "shop"}),
        (
            {"class_name": "Shop", "instance_name": "eu"},
            {"workflow_class_name": "Shop", "workflow_config_name": "eu"},
        ),
        ({"serialization_type": PORTABLE}, {"serialization": "portable_json"}),
    ],
)
def test_enqueue(compare: Any, client: DBOSClient, theirs: Any, ours: dict[str, Any]) -> None:
    names = {"workflow_name": "order", "queue_name": "orders", "workflow_id": "run-1"}
    args, kwargs = ("ann", [1, None]), {"gift": True}
    options = EnqueueOptions(**{**names, "serialization": "py_pickle", **ours})
    compare(
        lambda official: official.enqueue({**names, **theirs}, *args, **kwargs),
        lambda: client.enqueue(options, *args, **kwargs),
        prepare=lambda: None,
    )


@pytest.mark.parametrize(("topic", "key"), [(None, "k"), ("approval", "k")])
@pytest.mark.parametrize("portable", [True, False])
def test_send(
    compare: Any,
    client: DBOSClient,
    sql: psycopg.Connection[Any],
    topic: str | None,
    key: str,
    portable: bool,
) -> None:
    default = dbos.WorkflowSerializationFormat.DEFAULT
    compare(
        lambda official: official.send(
            "run-1", {"a": 1}, topic, key, serialization_type=PORTABLE if portable else default
        ),
        lambda: client.send(
            "run-1",
            {"a": 1},
            topic,
            key,
            serialization="portable_json" if portable else "py_pickle",
        ),
        prepare=lambda: existing(sql, "PENDING"),
    )


@pytest.mark.parametrize(
    "status", ["PENDING", "ENQUEUED", "DELAYED", "SUCCESS", "ERROR", "CANCELLED"]
)
@pytest.mark.parametrize("method", ["cancel_workflow", "resume_workflow"])
def test_cancel_and_resume(
    compare: Any, client: DBOSClient, sql: psycopg.Connection[Any], status: str, method: str
) -> None:
    compare(
        lambda official: getattr(official, method)("run-1"),
        lambda: getattr(client, method)("run-1"),
        prepare=lambda: existing(sql, status),
    )


def test_resume_on_a_queue(compare: Any, client: DBOSClient, sql: psycopg.Connection[Any]) -> None:
    compare(
        lambda official: official.resume_workflow("run-1", queue_name="orders"),
        lambda: client.resume_workflow("run-1", queue_name="orders"),
        prepare=lambda: existing(sql, "CANCELLED"),
    )


@pytest.mark.parametrize("start_step", [1, 2, 3])
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({}, {}),
        ({"queue_name": "orders"}, {"queue_name": "orders"}),
        ({"application_version": "v2"}, {"application_version": "v2"}),
        ({"timeout_seconds": 1.5}, {"workflow_timeout_ms": 1_500}),
    ],
)
def test_fork(
    compare: Any,
    client: DBOSClient,
    sql: psycopg.Connection[Any],
    start_step: int,
    theirs: Any,
    ours: Any,
) -> None:
    compare(
        lambda official: official.fork_workflow("run-1", start_step, **theirs),
        lambda: client.fork_workflow("run-1", start_step, **ours),
        prepare=lambda: recorded(sql),
    )


@pytest.mark.parametrize("method", ["cancel", "delete"])
@pytest.mark.parametrize("children", [True, False])
def test_children(
    compare: Any, client: DBOSClient, sql: psycopg.Connection[Any], method: str, children: bool
) -> None:
    option = {f"{method}_children": children}
    compare(
        lambda official: getattr(official, f"{method}_workflow")("run-1", **option),
        lambda: getattr(client, f"{method}_workflow")("run-1", **option),
        prepare=lambda: recorded(sql),
    )


@pytest.mark.parametrize("status", ["DELAYED", "ENQUEUED", "PENDING", "SUCCESS"])
@pytest.mark.parametrize("given", [{"delay_seconds": 60}, {"delay_until_epoch_ms": 7}])
def test_set_delay(
    compare: Any, client: DBOSClient, sql: psycopg.Connection[Any], status: str, given: Any
) -> None:
    compare(
        lambda official: official.set_workflow_delay("run-1", **given),
        lambda: client.set_workflow_delay("run-1", **given),
        prepare=lambda: existing(sql, status),
    )


def recorded(sql: psycopg.Connection[Any]) -> None:
    """A run that has recorded something everywhere, with a child and a grandchild."""
    existing(sql, "PENDING")
    for parent, child in (("run-1", "child-1"), ("child-1", "grandchild-1")):
        sql.execute(
            "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, parent_workflow_id) "
            "VALUES (%s, 'PENDING', 'step', %s)",
            [child, parent],
        )
    sql.execute("INSERT INTO dbos.workflow_input VALUES ('run-1', 'arguments')")
    for number in (1, 2, 3):
        values = {"number": number, "value": f"value {number}"}
        for statement in (
            "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, "
            "output, serialization, child_workflow_id, started_at_epoch_ms) "
            "VALUES ('run-1', %(number)s, 'step', %(value)s, 'py_pickle', 'child-1', 5)",
            "INSERT INTO dbos.workflow_events_history "
            "VALUES ('run-1', %(number)s, 'progress', %(value)s, 'py_pickle')",
            "INSERT INTO dbos.streams VALUES ('run-1', 'log', %(value)s, %(number)s, %(number)s)",
        ):
            sql.execute(statement.encode(), values)
    sql.execute("INSERT INTO dbos.workflow_events VALUES ('run-1', 'progress', 'value 3')")
    sql.execute(
        "INSERT INTO dbos.notifications (message_uuid, destination_uuid, message) "
        "VALUES ('message-1', 'run-1', '1')"
    )


def existing(sql: psycopg.Connection[Any], status: str) -> None:
    """A run on which everything is set that a change may clear."""
    sql.execute(
        "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, queue_name, "
        "deduplication_id, owner_xid, started_at_epoch_ms, workflow_deadline_epoch_ms, "
        "recovery_attempts, priority, completed_at) "
        "VALUES ('run-1', %s, 'order', 'q', 'd', 'x', 5, 9, 3, 2, NULL)",
        [status],
    )
