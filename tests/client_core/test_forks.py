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


class TestPreview:
    def test_what_is_copied_and_what_runs_again(
        self, client: DBOSClient, insert: Insert, sql: Sql
    ) -> None:
        insert(workflow_uuid="r")
        named = [("a", None), ("a", "child-1"), ("b", "child-1"), ("c", "child-2"), ("a", None)]
        for number, (name, child) in enumerate(named, start=1):
            sql.execute(
                "INSERT INTO dbos.operation_outputs "
                "(workflow_uuid, function_id, function_name, child_workflow_id, error) "
                "VALUES ('r', %s, %s, %s, %s)",
                [number, name, child, "failed" if number == 4 else None],
            )
        preview = client.get_fork_preview("r", 3)
        copied = [(one.name, one.count, one.first_id, one.last_id) for one in preview.copied.names]
        assert copied == [("a", 2, 1, 2)]
        rerun = [(one.name, one.count, one.failed) for one in preview.rerun.names]
        assert rerun == [("b", 1, 0), ("c", 1, 1), ("a", 1, 0)]
        # The first child was started by a copied step, and is only waited for again.
        assert (preview.copied.count, preview.copied.children) == (2, 1)
        assert (preview.rerun.count, preview.rerun.children) == (3, 1)
        fork = client.fork_workflow("r", 3)
        assert steps(sql, fork) == [1, 2]
        assert client.suggest_fork_start("r") == 4

    def test_the_names_nearest_to_the_start_are_told(
        self, client: DBOSClient, insert: Insert, sql: Sql
    ) -> None:
        insert(workflow_uuid="r")
        sql.execute(
            "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name) "
            "SELECT 'r', n, 'step-' || n FROM generate_series(0, 99) n"
        )
        preview = client.get_fork_preview("r", 50)
        assert [one.first_id for one in preview.copied.names] == [*range(30, 50)]
        assert [one.first_id for one in preview.rerun.names] == [*range(50, 70)]
        assert preview.copied.names_count == preview.rerun.names_count == 50
        assert client.suggest_fork_start("r") == 0

    @pytest.mark.parametrize("start_step", [0, 1, 2**31 - 1])
    def test_a_run_without_steps(self, client: DBOSClient, start_step: int) -> None:
        preview = client.get_fork_preview("none", start_step)
        assert (preview.copied.count, preview.rerun.count) == (0, 0)
        assert client.suggest_fork_start("none") == 1
