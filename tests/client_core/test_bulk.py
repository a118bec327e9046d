"""Many at once: all of them or none, and none twice."""

from typing import Any

import psycopg
import pytest

from client_core import (
    ConflictingWorkflow,
    DBOSClient,
    EnqueueOptions,
    InvalidOption,
    NonExistentWorkflow,
    QueueDeduplicated,
    SendMessage,
    SerializationError,
    WorkflowIDInUse,
)
from client_core.bulk import BATCH, Enqueued
from tests.client_core.conftest import Insert

Sql = psycopg.Connection[Any]


def options(**given: Any) -> EnqueueOptions:
    return EnqueueOptions(**{"workflow_name": "order", "queue_name": "orders", **given})


def count(sql: Sql, table: str) -> int:
    [row] = sql.execute(f"SELECT count(*) AS n FROM dbos.{table}".encode()).fetchall()
    return int(row["n"])


class TestEnqueueMany:
    def test_more_than_a_batch_in_the_order_given(self, client: DBOSClient, sql: Sql) -> None:
        many = BATCH + 7
        runs: list[Enqueued] = [(options(workflow_id=f"run-{n}"), [n], {}) for n in range(many)]
        handles = client.enqueue_many(runs)
        assert [handle.workflow_id for handle in handles] == [f"run-{n}" for n in range(many)]
        assert all(handle.is_new for handle in handles)
        assert count(sql, "workflow_status") == count(sql, "workflow_input") == many
        last = client.get_workflow(f"run-{many - 1}")
        assert last
        assert last.input.args == (many - 1,)  # type: ignore[union-attr]

    def test_a_run_is_written_as_it_is_alone(self, client: DBOSClient, sql: Sql) -> None:
        given: list[dict[str, Any]] = [
            {},
            {"priority": 5, "app_version": "v1", "workflow_timeout_ms": 9},
            {"deduplication_id": "d", "attributes": {"a": [1]}, "delay_seconds": 60},
            {"workflow_class_name": "C", "workflow_config_name": "c", "queue_partition_key": "p"},
            {"serialization": "py_pickle", "application_name": "shop"},
            {"authenticated_user": "ann", "authenticated_roles": ["clerk"]},
        ]
        generated = "created_at, updated_at, creator_xid, workflow_uuid, delay_until_epoch_ms"
        dump = (
            f"SELECT to_jsonb(s) - string_to_array('{generated}', ', ') AS row, i.inputs, "
            "delay_until_epoch_ms - created_at AS delay FROM dbos.workflow_status s "
            "JOIN dbos.workflow_input i USING (workflow_uuid) ORDER BY 1"
        ).encode()
        for one in given:
            client.enqueue(options(**one), "ann", gift=True)
        alone = sql.execute(dump).fetchall()
        sql.execute("DELETE FROM dbos.workflow_status")
        sql.execute("DELETE FROM dbos.workflow_input")
        client.enqueue_many([(options(**one), ["ann"], {"gift": True}) for one in given])
        assert sql.execute(dump).fetchall() == alone

    def test_ids_that_are_there_stay_as_they_are(self, client: DBOSClient) -> None:
        client.enqueue(options(workflow_id="run-1"), "first")
        again: list[Enqueued] = [
            (options(workflow_id=f"run-{n}"), ["again"], {}) for n in (1, 2, 2)
        ]
        handles = client.enqueue_many(again)
        assert [handle.workflow_id for handle in handles] == ["run-1", "run-2", "run-2"]
        assert [handle.is_new for handle in handles[:2]] == [False, True]
        run = client.get_workflow("run-1")
        assert run
        assert run.input.args == ("first",)  # type: ignore[union-attr]

    def test_an_id_in_use_can_be_refused(self, client: DBOSClient) -> None:
        first = options(workflow_id="run-1")
        once = options(workflow_id="run-1", workflow_id_reuse_policy="reject")
        with pytest.raises(WorkflowIDInUse):
            client.enqueue_many([(once, [], {}), (once, [], {})])
        assert client.list_workflows() == []
        client.enqueue(first)
        with pytest.raises(WorkflowIDInUse):
            client.enqueue_many([(options(), [], {}), (once, [], {})])
        assert len(client.list_workflows()) == 1

    def test_a_conflict_starts_none(self, client: DBOSClient, insert: Insert) -> None:
        insert(workflow_uuid="taken", name="refund")
        runs: list[Enqueued] = [
            (options(workflow_id=workflow_id), [], {}) for workflow_id in ("new", "taken")
        ]
        with pytest.raises(ConflictingWorkflow) as caught:
            client.enqueue_many(runs)
        assert caught.value.workflow_id == "taken"
        assert client.get_workflow("new") is None

    def test_a_held_deduplication_id_starts_none(self, client: DBOSClient) -> None:
        runs: list[Enqueued] = [(options(deduplication_id=key), [], {}) for key in ("a", "b", "b")]
        with pytest.raises(QueueDeduplicated) as caught:
            client.enqueue_many(runs)
        assert (caught.value.queue_name, caught.value.deduplication_id) == ("orders", "b")
        assert client.list_workflows() == []

    def test_what_cannot_be_written_starts_none(self, client: DBOSClient) -> None:
        with pytest.raises(SerializationError):
            client.enqueue_many([(options(), [1], {}), (options(), [object()], {})])
        policy = options(deduplication_id="a", duplication_policy="return-existing")
        with pytest.raises(InvalidOption):
            client.enqueue_many([(options(), [], {}), (policy, [], {})])
        assert client.list_workflows() == []

    def test_nothing_is_no_work(self, client: DBOSClient) -> None:
        assert client.enqueue_many([]) == []


class TestSendMany:
    def test_each_reaches_its_destination(
        self, client: DBOSClient, insert: Insert, sql: Sql
    ) -> None:
        first, second = insert(), insert()
        client.send_many(
            [
                SendMessage(first, {"a": 1}, "topic", "key"),
                SendMessage(second, 2),
                SendMessage(first, "again", "topic", "key"),
            ]
        )
        rows = sql.execute("SELECT * FROM dbos.notifications ORDER BY message").fetchall()
        found = {(row["destination_uuid"], row["topic"], row["message"]) for row in rows}
        assert found == {(first, "topic", '{"a":1}'), (second, "__null__topic__", "2")}

    def test_an_unknown_destination_sends_none(
        self, client: DBOSClient, insert: Insert, sql: Sql
    ) -> None:
        known = insert()
        with pytest.raises(NonExistentWorkflow) as caught:
            client.send_many([SendMessage(known, 1), SendMessage("none", 2)])
        assert caught.value.workflow_id == "none"
        assert count(sql, "notifications") == 0

    def test_nothing_is_no_work(self, client: DBOSClient) -> None:
        client.send_many([])


def test_a_transaction_that_fails_leaves_nothing(client: DBOSClient, sql: Sql) -> None:
    def work(execute: Any) -> None:
        execute("INSERT INTO dbos.workflow_status (workflow_uuid) VALUES (%(id)s)", {"id": "a"})
        raise ValueError("changed my mind")

    with pytest.raises(ValueError, match="changed my mind"):
        client._db.transaction(work)
    assert count(sql, "workflow_status") == 0
