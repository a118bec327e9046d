"""Forks: what is copied, and what is not."""

from typing import Any

import psycopg
import pytest

from client_core import ConflictingWorkflow, DBOSClient, InvalidOption, NonExistentWorkflow
from tests.client_core.conftest import Insert

Sql = psycopg.Connection[Any]


def steps(sql: Sql, workflow_id: str) -> list[int]:
    rows = sql.execute(
        "SELECT function_id FROM dbos.operation_outputs WHERE workflow_uuid = %s ORDER BY 1",
        [workflow_id],
    ).fetchall()
    return [row["function_id"] for row in rows]


@pytest.fixture
def original(insert: Insert, sql: Sql) -> str:
    """A run with three steps, each of which published an event and wrote to a stream."""
    insert(workflow_uuid="run-1", serialization="portable_json", queue_name="q", priority=4)
    sql.execute("INSERT INTO dbos.workflow_input VALUES ('run-1', '{\"positionalArgs\":[1]}')")
    for number in (1, 2, 3):
        value = [str(number)]
        sql.execute(
            "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, output) "
            f"VALUES ('run-1', {number}, %s)".encode(),
            value,
        )
        sql.execute(
            "INSERT INTO dbos.workflow_events_history "
            f"VALUES ('run-1', {number}, 'progress', %s, 'portable_json')".encode(),
            value,
        )
        sql.execute(
            "INSERT INTO dbos.streams "
            f"VALUES ('run-1', 'log', %s, {number - 1}, {number})".encode(),
            value,
        )
    sql.execute("INSERT INTO dbos.workflow_events VALUES ('run-1', 'progress', '3')")
    return "run-1"


def test_earlier_steps_are_copied_and_later_ones_run_again(
    client: DBOSClient, original: str, sql: Sql
) -> None:
    fork = client.fork_workflow(original, 3)
    assert steps(sql, fork) == [1, 2]
    assert client.get_event(fork, "progress") == 2
    [values] = sql.execute(
        "SELECT count(*) AS n FROM dbos.streams WHERE workflow_uuid = %s", [fork]
    ).fetchall()
    assert values["n"] == 2
    run = client.get_workflow(fork)
    assert run
    assert (run.status, run.queue_name, run.priority) == ("ENQUEUED", "_dbos_internal_queue", 0)
    assert run.forked_from == original
    assert run.input == client.get_workflow(original).input  # type: ignore[union-attr]
    assert client.get_workflow(original).was_forked_from  # type: ignore[union-attr]


@pytest.mark.parametrize("start_step", [0, 1])
def test_from_the_first_step_nothing_is_copied(
    client: DBOSClient, original: str, sql: Sql, start_step: int
) -> None:
    fork = client.fork_workflow(original, start_step)
    assert steps(sql, fork) == []
    assert client.get_all_events(fork) == {}


def test_steps_that_count_from_zero(client: DBOSClient, original: str, sql: Sql) -> None:
    sql.execute("UPDATE dbos.operation_outputs SET function_id = function_id - 1")
    assert steps(sql, client.fork_workflow(original, 1)) == [0]
    assert steps(sql, client.fork_workflow(original, 0)) == []


def test_every_option(client: DBOSClient, original: str) -> None:
    fork = client.fork_workflow(
        original,
        2,
        new_workflow_id="fork-1",
        application_version="v2",
        queue_name="orders",
        queue_partition_key="tenant",
        workflow_timeout_ms=5_000,
    )
    run = client.get_workflow(fork)
    assert run
    assert (run.workflow_id, run.app_version, run.queue_name) == ("fork-1", "v2", "orders")
    assert (run.queue_partition_key, run.workflow_timeout_ms) == ("tenant", 5_000)


def test_children_are_replaced(client: DBOSClient, original: str, sql: Sql) -> None:
    sql.execute("UPDATE dbos.operation_outputs SET child_workflow_id = 'child-' || function_id")
    fork = client.fork_workflow(original, 4, replacement_children={"child-2": "other", "x": "y"})
    copied = client.list_workflow_steps(fork)
    assert copied
    assert [step.child_workflow_id for step in copied] == ["child-1", "other", "child-3"]


def test_the_same_fork_again_changes_nothing(client: DBOSClient, original: str, sql: Sql) -> None:
    client.fork_workflow(original, 3, new_workflow_id="fork-1")
    assert client.fork_workflow(original, 2, new_workflow_id="fork-1") == "fork-1"
    assert steps(sql, "fork-1") == [1, 2]


def test_an_id_of_another_workflow(client: DBOSClient, original: str, insert: Insert) -> None:
    insert(workflow_uuid="taken")
    with pytest.raises(ConflictingWorkflow):
        client.fork_workflow(original, 2, new_workflow_id="taken")


def test_an_unknown_original(client: DBOSClient) -> None:
    with pytest.raises(NonExistentWorkflow):
        client.fork_workflow("none", 1)
    assert client.list_workflows() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("start_step", -1),
        ("start_step", 2**31),
        ("new_workflow_id", " "),
        ("application_version", ""),
        ("queue_name", ""),
        ("queue_partition_key", ""),
        ("workflow_timeout_ms", 0),
        ("replacement_children", ["child-1"]),
        ("replacement_children", {"child-1": ""}),
    ],
)
def test_what_makes_no_sense(client: DBOSClient, original: str, field: str, value: Any) -> None:
    with pytest.raises(InvalidOption) as caught:
        client.fork_workflow(**{"workflow_id": original, "start_step": 1, field: value})
    assert list(caught.value.problems) == [field]


def test_the_last_failed_steps(client: DBOSClient, original: str, insert: Insert, sql: Sql) -> None:
    insert(workflow_uuid="fine")
    sql.execute(
        "UPDATE dbos.operation_outputs SET error = 'x' WHERE workflow_uuid = 'run-1' "
        "AND function_id < 3"
    )
    assert client.last_failed_steps([original, "fine", "nothing"]) == {original: 2}
    assert client.last_failed_steps([]) == {}
