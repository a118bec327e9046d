"""Cancelling, resuming and deleting, and changing how those that wait will run."""

import threading
from typing import Any

import psycopg
import pytest

from client_core import (
    DBOSClient,
    InvalidOption,
    NonExistentWorkflow,
    StatusString,
    Transition,
)
from tests.client_core.conftest import Insert, wait_for_lock
from tests.databases import RUN_TABLES

Sql = psycopg.Connection[Any]
OVER = [StatusString.SUCCESS, StatusString.ERROR]
NOT_OVER = [status for status in StatusString if status not in OVER]


def family(insert: Insert) -> None:
    """A parent, two children, a grandchild, and somebody else."""
    insert(workflow_uuid="parent", status="PENDING")
    insert(workflow_uuid="child-1", status="ENQUEUED", parent_workflow_id="parent")
    insert(workflow_uuid="child-2", status="SUCCESS", parent_workflow_id="parent")
    insert(workflow_uuid="grandchild", status="DELAYED", parent_workflow_id="child-2")
    insert(workflow_uuid="other", status="PENDING")


def statuses(client: DBOSClient) -> dict[str, str]:
    return {run.workflow_id: run.status for run in client.list_workflows()}


class TestCancel:
    @pytest.mark.parametrize("status", NOT_OVER)
    def test_what_is_not_over_leaves_its_queue(
        self, client: DBOSClient, insert: Insert, sql: Sql, status: str
    ) -> None:
        workflow_id = insert(
            status=status,
            queue_name="q",
            deduplication_id="d",
            owner_xid="x",
            started_at_epoch_ms=5,
            priority=3,
        )
        assert client.cancel_workflow(workflow_id) == Transition(workflow_id, status, changed=True)
        row: Any = sql.execute("SELECT * FROM dbos.workflow_status").fetchone()
        assert row["status"] == "CANCELLED"
        cleared = ["queue_name", "deduplication_id", "owner_xid", "started_at_epoch_ms"]
        assert [row[column] for column in cleared] == [None] * 4
        assert row["completed_at"] == row["updated_at"] >= row["created_at"]
        assert row["priority"] == 3

    @pytest.mark.parametrize("status", OVER)
    def test_what_is_over_stays(
        self, client: DBOSClient, insert: Insert, sql: Sql, status: str
    ) -> None:
        workflow_id = insert(status=status, updated_at=7)
        assert client.cancel_workflow(workflow_id) == Transition(workflow_id, status, changed=False)
        row: Any = sql.execute("SELECT * FROM dbos.workflow_status").fetchone()
        assert (row["status"], row["updated_at"]) == (status, 7)

    def test_an_unknown_id_is_told(self, client: DBOSClient) -> None:
        assert client.cancel_workflow("none") == Transition("none", None, changed=False)

    def test_several_are_answered_in_order(self, client: DBOSClient, insert: Insert) -> None:
        over, running = insert(), insert(status="PENDING")
        answers = client.cancel_workflows([running, "none", over])
        assert [answer.before for answer in answers] == ["PENDING", None, "SUCCESS"]
        assert [answer.changed for answer in answers] == [True, False, False]

    def test_a_change_made_meanwhile_is_waited_for(
        self, client: DBOSClient, insert: Insert, system_url: str
    ) -> None:
        """The run ends in a transaction that is still open when the cancel arrives."""
        workflow_id = insert(status="PENDING")
        answers: list[Transition] = []
        with psycopg.connect(system_url) as other:
            other.execute("UPDATE dbos.workflow_status SET status = 'SUCCESS'")
            thread = threading.Thread(
                target=lambda: answers.append(client.cancel_workflow(workflow_id))
            )
            thread.start()
            wait_for_lock(other)
            other.commit()
            thread.join()
        assert answers == [Transition(workflow_id, "SUCCESS", changed=False)]


class TestResume:
    @pytest.mark.parametrize("status", NOT_OVER)
    def test_what_is_not_over_is_enqueued_anew(
        self, client: DBOSClient, insert: Insert, sql: Sql, status: str
    ) -> None:
        workflow_id = insert(
            status=status,
            deduplication_id="d",
            queue_name="q",
            recovery_attempts=4,
            workflow_deadline_epoch_ms=5,
            started_at_epoch_ms=5,
            completed_at=6,
            owner_xid="x",
        )
        assert client.resume_workflow(workflow_id).changed
        row: Any = sql.execute("SELECT * FROM dbos.workflow_status").fetchone()
        assert row["status"] == "ENQUEUED"
        assert row["queue_name"] == "_dbos_internal_queue"
        assert row["recovery_attempts"] == 0
        cleared = [
            "deduplication_id",
            "workflow_deadline_epoch_ms",
            "started_at_epoch_ms",
            "completed_at",
            "owner_xid",
        ]
        assert [row[column] for column in cleared] == [None] * 5

    def test_on_a_queue_of_choice(self, client: DBOSClient, insert: Insert) -> None:
        workflow_id = insert(status="CANCELLED")
        client.resume_workflow(workflow_id, queue_name="orders")
        run = client.get_workflow(workflow_id)
        assert run
        assert run.queue_name == "orders"

    @pytest.mark.parametrize("status", OVER)
    def test_what_is_over_stays(self, client: DBOSClient, insert: Insert, status: str) -> None:
        workflow_id = insert(status=status)
        assert client.resume_workflow(workflow_id) == Transition(workflow_id, status, changed=False)

    def test_an_unknown_id_is_an_error(self, client: DBOSClient) -> None:
        with pytest.raises(NonExistentWorkflow) as caught:
            client.resume_workflow("none")
        assert caught.value.workflow_id == "none"


class TestCancelChildren:
    def test_every_level_is_cancelled_and_nobody_else(
        self, client: DBOSClient, insert: Insert
    ) -> None:
        family(insert)
        answer = client.cancel_workflow("parent", cancel_children=True)
        assert answer == Transition("parent", "PENDING", changed=True)
        assert statuses(client) == {
            "parent": "CANCELLED",
            "child-1": "CANCELLED",
            "child-2": "SUCCESS",
            "grandchild": "CANCELLED",
            "other": "PENDING",
        }

    def test_children_are_left_alone_unless_asked_for(
        self, client: DBOSClient, insert: Insert
    ) -> None:
        family(insert)
        assert len(client.cancel_workflows(["parent"])) == 1
        assert statuses(client)["child-1"] == "ENQUEUED"

    def test_the_answers_of_children_follow(self, client: DBOSClient, insert: Insert) -> None:
        family(insert)
        answers = client.cancel_workflows(["parent", "other"], cancel_children=True)
        assert [answer.workflow_id for answer in answers[:2]] == ["parent", "other"]
        assert {answer.workflow_id for answer in answers[2:]} == {
            "child-1",
            "child-2",
            "grandchild",
        }

    def test_a_ring_of_parents_ends(self, client: DBOSClient, insert: Insert) -> None:
        insert(workflow_uuid="a", status="PENDING", parent_workflow_id="b")
        insert(workflow_uuid="b", status="PENDING", parent_workflow_id="a")
        assert len(client.cancel_workflows(["a"], cancel_children=True)) == 2


def test_resume_is_all_or_nothing(client: DBOSClient, insert: Insert) -> None:
    insert(workflow_uuid="run-1", status="CANCELLED")
    with pytest.raises(NonExistentWorkflow):
        client.resume_workflows(["run-1", "none"])
    assert statuses(client) == {"run-1": "CANCELLED"}
    assert len(client.resume_workflows(["run-1", "run-1"])) == 2


class TestDelete:
    def test_nothing_is_left_of_a_run(self, client: DBOSClient, insert: Insert, sql: Sql) -> None:
        for workflow_id in ("gone", "kept"):
            insert(workflow_uuid=workflow_id)
            sql.execute("INSERT INTO dbos.workflow_input VALUES (%s, '1')", [workflow_id])
            sql.execute("INSERT INTO dbos.workflow_output VALUES (%s, '1')", [workflow_id])
            sql.execute(
                "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id) VALUES (%s, 1)",
                [workflow_id],
            )
            sql.execute(
                "INSERT INTO dbos.notifications (destination_uuid, message) VALUES (%s, '1')",
                [workflow_id],
            )
            sql.execute("INSERT INTO dbos.workflow_events VALUES (%s, 'k', '1')", [workflow_id])
            sql.execute(
                "INSERT INTO dbos.workflow_events_history VALUES (%s, 1, 'k', '1')", [workflow_id]
            )
            sql.execute("INSERT INTO dbos.streams VALUES (%s, 'k', '1', 0)", [workflow_id])
        assert client.delete_workflow("gone") == ["gone"]
        for table in RUN_TABLES:
            [row] = sql.execute(f"SELECT count(*) AS n FROM dbos.{table}".encode()).fetchall()
            assert row["n"] == 1, table

    def test_children_go_too_when_asked_for(self, client: DBOSClient, insert: Insert) -> None:
        family(insert)
        assert set(client.delete_workflow("parent", delete_children=True)) == {
            "parent",
            "child-1",
            "child-2",
            "grandchild",
        }
        assert set(statuses(client)) == {"other"}

    def test_children_stay_otherwise(self, client: DBOSClient, insert: Insert) -> None:
        family(insert)
        assert client.delete_workflows(["parent", "none"]) == ["parent"]
        assert set(statuses(client)) == {"child-1", "child-2", "grandchild", "other"}


class TestDelay:
    def test_a_delayed_run_is_moved(self, client: DBOSClient, insert: Insert, sql: Sql) -> None:
        insert(workflow_uuid="run-1", status="DELAYED", delay_until_epoch_ms=1)
        moved = client.set_workflow_delay("run-1", delay_seconds=60)
        assert moved == Transition("run-1", "DELAYED", changed=True)
        [row] = sql.execute("SELECT * FROM dbos.workflow_status").fetchall()
        assert row["delay_until_epoch_ms"] == row["updated_at"] + 60_000
        client.set_workflow_delay("run-1", delay_until_epoch_ms=7)
        assert client.list_workflows()[0].delay_until_epoch_ms == 7

    @pytest.mark.parametrize("status", ["ENQUEUED", "PENDING", "SUCCESS", "CANCELLED"])
    def test_others_stay(self, client: DBOSClient, insert: Insert, status: str) -> None:
        insert(workflow_uuid="run-1", status=status)
        answer = client.set_workflow_delay("run-1", delay_seconds=60)
        assert answer == Transition("run-1", status, changed=False)
        assert client.list_workflows()[0].delay_until_epoch_ms is None

    @pytest.mark.parametrize(
        "given",
        [
            {},
            {"delay_seconds": 1, "delay_until_epoch_ms": 1},
            {"delay_seconds": -1},
            {"delay_until_epoch_ms": -1},
            {"delay_until_epoch_ms": 2**63},
        ],
    )
    def test_what_makes_no_sense(self, client: DBOSClient, given: Any) -> None:
        with pytest.raises(InvalidOption):
            client.set_workflow_delay("run-1", **given)


class TestPriority:
    @pytest.mark.parametrize("status", ["ENQUEUED", "DELAYED"])
    def test_one_that_waits_is_changed(
        self, client: DBOSClient, insert: Insert, status: str
    ) -> None:
        insert(workflow_uuid="run-1", status=status)
        assert client.set_workflow_priority("run-1", 7).changed
        assert client.list_workflows()[0].priority == 7

    @pytest.mark.parametrize("status", ["PENDING", "SUCCESS"])
    def test_others_stay(self, client: DBOSClient, insert: Insert, status: str) -> None:
        insert(workflow_uuid="run-1", status=status)
        assert not client.set_workflow_priority("run-1", 7).changed
        assert client.list_workflows()[0].priority == 0
        assert client.set_workflow_priority("none", 7).before is None

    @pytest.mark.parametrize("priority", [0, -1, 2**31, True])
    def test_what_makes_no_sense(self, client: DBOSClient, priority: int) -> None:
        with pytest.raises(InvalidOption):
            client.set_workflow_priority("run-1", priority)
