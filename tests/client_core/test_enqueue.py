"""Enqueue: the rows it writes, and what it does about IDs that are taken."""

import codecs
import json
import threading
import uuid
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from client_core import (
    ConflictingWorkflow,
    DBOSClient,
    Dialect,
    EnqueueOptions,
    QueueDeduplicated,
    SerializationError,
    WorkflowIDInUse,
    WorkflowInputs,
)
from tests.proxy import Proxy

Sql = psycopg.Connection[Any]


def row(sql: Sql, workflow_id: str) -> dict[str, Any]:
    found: Any = sql.execute(
        "SELECT * FROM dbos.workflow_status WHERE workflow_uuid = %s", [workflow_id]
    ).fetchone()
    assert found
    return found  # type: ignore[no-any-return]


def inputs(sql: Sql, workflow_id: str) -> Any:
    found: Any = sql.execute(
        "SELECT inputs FROM dbos.workflow_input WHERE workflow_uuid = %s", [workflow_id]
    ).fetchone()
    return found["inputs"]


def options(**given: Any) -> EnqueueOptions:
    return EnqueueOptions(**{"workflow_name": "order", "queue_name": "orders", **given})


def test_the_least_that_can_be_said(client: DBOSClient, sql: Sql) -> None:
    handle = client.enqueue(options(), "ann", 3, gift=True)
    assert handle.is_new
    assert uuid.UUID(handle.workflow_id)
    written = row(sql, handle.workflow_id)
    assert written["status"] == "ENQUEUED"
    assert (written["name"], written["queue_name"]) == ("order", "orders")
    assert (written["class_name"], written["config_name"]) == (None, None)
    assert (written["priority"], written["recovery_attempts"]) == (0, 0)
    assert written["serialization"] == "portable_json"
    assert written["inputs"] is None
    assert inputs(sql, handle.workflow_id) == (
        '{"namedArgs":{"gift":true},"positionalArgs":["ann",3]}'
    )


def test_every_option_finds_its_column(client: DBOSClient, sql: Sql) -> None:
    given = options(
        workflow_id="order-1",
        workflow_class_name="Shop",
        workflow_config_name="eu",
        app_version="v7",
        workflow_timeout_ms=90_000,
        deduplication_id="ann",
        priority=5,
        attributes={"customer": 42},
        authenticated_user="ann",
        authenticated_roles=["clerk"],
        application_name="shop",
        serialization="py_pickle",
    )
    assert client.enqueue(given, 1).workflow_id == "order-1"
    written = row(sql, "order-1")
    expected = {
        "workflow_uuid": "order-1",
        "class_name": "Shop",
        "config_name": "eu",
        "application_version": "v7",
        "workflow_timeout_ms": 90_000,
        "workflow_deadline_epoch_ms": None,
        "deduplication_id": "ann",
        "priority": 5,
        "attributes": {"customer": 42},
        "authenticated_user": "ann",
        "authenticated_roles": '["clerk"]',
        "assumed_role": None,
        "application_name": "shop",
        "serialization": "py_pickle",
    }
    assert {key: written[key] for key in expected} == expected


def test_a_partition_key_is_kept(client: DBOSClient, sql: Sql) -> None:
    handle = client.enqueue(options(queue_partition_key="tenant-1"))
    assert row(sql, handle.workflow_id)["queue_partition_key"] == "tenant-1"


def test_a_delay_counts_from_the_databases_clock(client: DBOSClient, sql: Sql) -> None:
    handle = client.enqueue(options(delay_seconds=3600))
    written = row(sql, handle.workflow_id)
    assert written["status"] == "DELAYED"
    assert written["delay_until_epoch_ms"] == pytest.approx(
        written["created_at"] + 3_600_000, abs=2
    )


def test_the_clients_application_owns_what_it_creates(system_url: str, sql: Sql) -> None:
    with DBOSClient.create(system_url, application_name="shop") as client:
        handle = client.enqueue(options())
        other = client.enqueue(options(application_name="other"))
    assert row(sql, handle.workflow_id)["application_name"] == "shop"
    assert row(sql, other.workflow_id)["application_name"] == "other"


def test_the_same_id_again_changes_nothing(client: DBOSClient, sql: Sql) -> None:
    client.enqueue(options(workflow_id="order-1", priority=5), "ann")
    before = row(sql, "order-1")
    again = client.enqueue(options(workflow_id="order-1", priority=9), "bob")
    assert not again.is_new
    assert row(sql, "order-1") == before
    assert "ann" in inputs(sql, "order-1")


@pytest.mark.parametrize(
    ("field", "value"),
    [("workflow_name", "refund"), ("workflow_class_name", "B"), ("workflow_config_name", "us")],
)
def test_an_id_of_another_workflow_is_a_conflict(
    client: DBOSClient, sql: Sql, field: str, value: str
) -> None:
    given = {"workflow_id": "order-1", "workflow_class_name": "A", "workflow_config_name": "eu"}
    client.enqueue(options(**given), "ann")
    with pytest.raises(ConflictingWorkflow) as caught:
        client.enqueue(options(**{**given, field: value}), "bob")
    assert (caught.value.workflow_id, caught.value.field) == ("order-1", field)
    assert caught.value.given == value
    assert "ann" in inputs(sql, "order-1")


def test_an_id_in_use_can_be_refused(client: DBOSClient) -> None:
    once = options(workflow_id="order-1", workflow_id_reuse_policy="reject")
    assert client.enqueue(once).is_new
    with pytest.raises(WorkflowIDInUse) as caught:
        client.enqueue(once)
    assert (caught.value.workflow_id, caught.value.workflow_name) == ("order-1", "order")
    other = EnqueueOptions(
        workflow_name="ship",
        queue_name="orders",
        workflow_id="order-1",
        workflow_id_reuse_policy="reject",
    )
    with pytest.raises(WorkflowIDInUse):  # And not the conflict that it is too.
        client.enqueue(other)


def test_an_id_is_not_in_use_by_the_run_itself(system_url: str, sql: Sql) -> None:
    """The answer is lost, so the statement is sent again and finds its own row."""
    with Proxy(system_url) as proxy, DBOSClient.create(proxy.url, pool_size=1) as client:
        client.enqueue(options())
        proxy.cut_next("before the answer")
        once = options(workflow_id="order-1", workflow_id_reuse_policy="reject")
        assert client.enqueue(once, "ann").is_new


@pytest.mark.parametrize(
    ("dialect", "serialization", "expected"),
    [
        (None, None, None),
        ("python", None, None),
        ("typescript", None, ""),
        (None, "js_superjson", ""),
        ("python", "js_superjson", None),
    ],
)
def test_who_is_not_known_is_spelled_as_the_language_does(
    system_url: str,
    sql: Sql,
    dialect: Dialect | None,
    serialization: str | None,
    expected: str | None,
) -> None:
    with (
        DBOSClient.create(system_url, dialect=dialect) as told,
        DBOSClient.create(system_url, dialect="java") as told_otherwise,
    ):
        handles = [told.enqueue(options(serialization=serialization))]
        if dialect:
            said = options(serialization=serialization, dialect=dialect)
            handles.append(told_otherwise.enqueue(said))
    for handle in handles:
        written = row(sql, handle.workflow_id)
        assert written["authenticated_user"] == written["assumed_role"] == expected
        assert written["authenticated_roles"] == (None if expected is None else "[]")


def test_a_held_deduplication_id_is_refused(client: DBOSClient, sql: Sql) -> None:
    client.enqueue(options(deduplication_id="ann"))
    with pytest.raises(QueueDeduplicated) as caught:
        client.enqueue(options(deduplication_id="ann"))
    assert (caught.value.queue_name, caught.value.deduplication_id) == ("orders", "ann")
    counted: Any = sql.execute("SELECT count(*) AS n FROM dbos.workflow_input").fetchone()
    assert counted["n"] == 1
    client.enqueue(options(deduplication_id="ann", queue_name="other"))


def test_the_run_that_holds_the_deduplication_id_can_be_had(client: DBOSClient) -> None:
    first = client.enqueue(options(deduplication_id="ann"))
    second = client.enqueue(options(deduplication_id="ann", duplication_policy="return-existing"))
    assert (second.workflow_id, second.is_new) == (first.workflow_id, False)


def test_the_same_id_and_deduplication_id_again_is_no_conflict(client: DBOSClient) -> None:
    given = options(workflow_id="order-1", deduplication_id="ann")
    assert client.enqueue(given).is_new
    assert not client.enqueue(given).is_new


def test_arguments_that_the_format_cannot_carry(client: DBOSClient, sql: Sql) -> None:
    with pytest.raises(SerializationError):
        client.enqueue(options(), object())
    assert sql.execute("SELECT 1 FROM dbos.workflow_status").fetchone() is None


def test_an_enqueue_is_one_round_trip(system_url: str, sql: Sql) -> None:
    with Proxy(system_url) as proxy, DBOSClient.create(proxy.url, pool_size=1) as client:
        client.enqueue(options())
        before = proxy.round_trips
        for _ in range(10):
            client.enqueue(options(deduplication_id=None, priority=3), {"a": ["b"] * 1_000})
        assert proxy.round_trips - before == 10


def test_many_at_once_with_one_id_start_one(client: DBOSClient) -> None:
    handles = []
    barrier = threading.Barrier(8)

    def start() -> None:
        barrier.wait()
        handles.append(client.enqueue(options(workflow_id="order-1", deduplication_id="d")))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(handle.is_new for handle in handles) == [False] * 7 + [True]


def test_a_schema_of_another_name(system_url: str, sql: Sql) -> None:
    """Only the schema's own tables are touched: the search path plays no part."""
    sql.execute('ALTER SCHEMA dbos RENAME TO "shop\'s dbos"')
    try:
        url = make_conninfo(system_url, options="-csearch_path=pg_catalog")
        with DBOSClient.create(url, system_database_schema_name="shop's dbos") as client:
            handle = client.enqueue(options())
            assert handle.get_status().status == "ENQUEUED"
    finally:
        sql.execute('ALTER SCHEMA "shop\'s dbos" RENAME TO dbos')


class Rot13:
    """A serializer that an application brought along."""

    def name(self) -> str:
        return "rot13"

    def serialize(self, value: Any) -> str:
        return codecs.encode(json.dumps(value), "rot13")

    def deserialize(self, text: str) -> Any:
        return json.loads(codecs.decode(text, "rot13"))


def test_a_serializer_of_your_own_writes_and_reads(system_url: str, sql: Sql) -> None:
    with DBOSClient.create(system_url, serializer=Rot13()) as client:
        handle = client.enqueue(options(), "ann", gift=True)
        run = handle.get_status()
        portable = client.enqueue(options(serialization="portable_json"), "bob").get_status()
    assert run.serialization == "rot13"
    assert "naa" in inputs(sql, handle.workflow_id)
    assert run.input == WorkflowInputs(("ann",), {"gift": True})
    assert portable.input == WorkflowInputs(("bob",), {})
