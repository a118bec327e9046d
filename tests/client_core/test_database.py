"""How statements are sent: what PostgreSQL may keep of them, and where it must not."""

import re
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from client_core import DBOSClient, EnqueueOptions, OutcomeUnknown, WorkflowStatus
from client_core.database import Database
from tests.client_core.conftest import Insert
from tests.databases import create_system_database
from tests.proxy import Proxy

Sql = psycopg.Connection[Any]


class Pooler(Proxy):
    """Shows itself as a pooler does: with a key of its own in place of the server's process ID."""

    def answer(self, data: bytes) -> bytes:
        return re.sub(rb"K\0\0\0\x0c.{4}", b"K\0\0\0\x0c\0\0\0\1", data, count=1, flags=re.DOTALL)


def prepared(client: DBOSClient) -> list[str]:
    """The statements that the server keeps for the client's connection."""
    rows = client._db.read("SELECT statement FROM pg_prepared_statements")
    return [row["statement"] for row in rows]


def use(client: DBOSClient, workflow_id: str) -> None:
    client.get_workflow(workflow_id)
    client.list_workflow_steps(workflow_id)
    client.list_workflows(limit=10)
    client.list_workflows(status="SUCCESS", limit=10)
    client.enqueue(EnqueueOptions(workflow_name="a", queue_name="b"))


def test_plans_are_kept_unless_they_depend_on_the_values(system_url: str, insert: Insert) -> None:
    with DBOSClient.create(system_url, pool_size=1) as client:
        use(client, insert())
        kept = prepared(client)
    assert any("operation_outputs" in statement for statement in kept)
    assert any("INSERT INTO" in statement for statement in kept)
    assert any("LIMIT 10" in statement for statement in kept)
    assert not any('"status" = ANY' in statement for statement in kept)


def test_behind_a_pooler_nothing_is_kept(system_url: str, insert: Insert) -> None:
    """The next statement may come to another server process, which knows none of them."""
    with Pooler(system_url) as pooler, DBOSClient.create(pooler.url, pool_size=1) as client:
        use(client, insert())
        assert prepared(client) == []


def test_a_pool_of_your_own_decides_itself(system_url: str, insert: Insert) -> None:
    settings = {"prepare_threshold": None}
    with (
        ConnectionPool(system_url, min_size=1, max_size=1, open=True, kwargs=settings) as pool,
        DBOSClient.create(system_database_pool=pool) as client,
    ):
        use(client, insert())
        assert prepared(client) == []


def test_a_migration_may_change_types_below_kept_plans(worker_id: str) -> None:
    url = create_system_database(f"altered_{worker_id}")
    with (
        DBOSClient.create(url, pool_size=1) as client,
        psycopg.connect(url, autocommit=True) as sql,
    ):
        handle = client.enqueue(EnqueueOptions(workflow_name="a", queue_name="b", priority=7))
        assert handle.get_status().priority == 7
        sql.execute("ALTER TABLE dbos.workflow_status ALTER COLUMN priority TYPE bigint")
        assert handle.get_status().priority == 7


def test_nothing_of_a_read_stays_with_the_connection(system_url: str, insert: Insert) -> None:
    with (
        ConnectionPool(system_url, min_size=1, max_size=1, open=True) as pool,
        DBOSClient.create(system_database_pool=pool, statement_timeout_ms=777) as client,
    ):
        inside = client._db.read("SELECT current_setting('statement_timeout') AS timeout")
        use(client, insert())
        with pool.connection() as conn:
            row: Any = conn.execute(
                "SELECT current_setting('statement_timeout'), "
                "current_setting('transaction_read_only')"
            ).fetchone()
    assert inside == [{"timeout": "777ms"}]
    assert row == ("0", "off")


def test_every_column_becomes_the_field_of_its_name(client: DBOSClient, insert: Insert) -> None:
    """The records are made by position, so an order that slips must not go unnoticed."""
    renamed = {
        "workflow_id": "workflow_uuid",
        "app_version": "application_version",
        "app_id": "application_id",
        "dequeued_at": "started_at_epoch_ms",
    }
    numbers = {"created_at", "updated_at", "dequeued_at", "completed_at", "priority"}
    payloads = {"input", "output", "error"}
    expected: dict[str, Any] = {}
    for number, field in enumerate(WorkflowStatus._fields):
        is_number = field in numbers or field.endswith("_ms") or field == "recovery_attempts"
        expected[field] = number if is_number else f"the {field}"
    expected |= {"was_forked_from": True, "attributes": {"a": 1}, **dict.fromkeys(payloads)}
    columns = {renamed.get(field, field): value for field, value in expected.items()}
    insert(
        **{key: value for key, value in columns.items() if key not in payloads}
        | {"attributes": '{"a": 1}'}
    )
    for load_payloads in (False, True):
        [run] = client.list_workflows(load_payloads=load_payloads)
        assert run._asdict() == expected
    assert client.get_workflow("the workflow_id") == run


def test_an_id_in_use_by_whom_is_unknown_after_an_outage(
    system_url: str, insert: Insert, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row may be one that this call wrote before its connection broke."""
    workflow_id = insert(name="a")
    with (
        Proxy(system_url) as proxy,
        DBOSClient.create(proxy.url, connect_timeout_seconds=0.2) as client,
    ):
        insert_row = Database.insert

        def insert_then_cut(*args: Any) -> bool:
            inserted = insert_row(*args)
            proxy.cut_next("before the request")
            proxy.refuse()
            return inserted

        monkeypatch.setattr(Database, "insert", insert_then_cut)
        with pytest.raises(OutcomeUnknown):
            client.enqueue(
                EnqueueOptions(workflow_name="a", queue_name="b", workflow_id=workflow_id)
            )
