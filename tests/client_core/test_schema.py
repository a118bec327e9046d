"""What an older schema offers, and how statements are fitted to it.

The old schemas here are the newest without some columns; those that real old SDKs made are in
tests/contract/test_generations.py.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from client_core import (
    Capabilities,
    DBOSClient,
    EnqueueOptions,
    OutcomeUnknown,
    SendMessage,
    UnsupportedBySchema,
    database,
)
from client_core.schema import capabilities, fitted
from client_core.schema_history import INTRODUCED, NEWEST_MIGRATION
from tests.databases import create_system_database
from tests.proxy import Proxy

ORDER = EnqueueOptions(workflow_name="order", queue_name="orders", workflow_id="run-1")
NOTHING_MISSING = Capabilities(frozenset(), NEWEST_MIGRATION)


def lacking(*names: str) -> Capabilities:
    return Capabilities(frozenset(names), 100)


class TestFitted:
    STATEMENT = """
INSERT INTO "dbos".workflow_status (
    attributes,  -- since workflow_status.attributes
    -- before workflow_input: inputs,
    name
)
-- since workflow_input:
), arguments AS (SELECT 1
-- end
)"""

    def test_the_newest_schema_gets_all_but_the_marks(self) -> None:
        assert fitted(self.STATEMENT, '"dbos"', NOTHING_MISSING) == (
            '\nINSERT INTO "dbos".workflow_status (\n    attributes,\n    name\n)\n'
            "), arguments AS (SELECT 1\n)"
        )

    def test_an_older_one_loses_lines_and_blocks_and_gets_its_own(self) -> None:
        offered = lacking("workflow_input", "workflow_status.attributes")
        assert fitted(self.STATEMENT, '"dbos"', offered) == (
            '\nINSERT INTO "dbos".workflow_status (\ninputs,\n    name\n)\n)'
        )

    @pytest.mark.parametrize(
        ("statement", "expected"),
        [
            ("FROM s.queues q WHERE", "FROM (SELECT t.*, t.xmin, {} FROM s.queues t) q WHERE"),
            ("JOIN s.queues USING", "JOIN (SELECT t.*, t.xmin, {} FROM s.queues t) queues USING"),
            ("FROM s.queues\nORDER", "FROM (SELECT t.*, t.xmin, {} FROM s.queues t) queues\nORDER"),
            ("DELETE FROM s.queues WHERE", "DELETE FROM s.queues WHERE"),
            ("UPDATE s.queues SET", "UPDATE s.queues SET"),
            ("FROM s.queues_of_mine", "FROM s.queues_of_mine"),
            ("FROM other.queues", "FROM other.queues"),
        ],
    )
    def test_what_is_read_gets_the_missing_columns(self, statement: str, expected: str) -> None:
        columns = "NULL::text AS application_name"
        offered = lacking("queues.application_name")
        assert fitted(statement, "s", offered) == expected.format(columns)

    def test_a_missing_table_stays_missing_but_for_the_payloads(self) -> None:
        offered = lacking("workflow_output", "queues")
        assert fitted("FROM s.queues", "s", offered) == "FROM s.queues"
        read = fitted("FROM s.workflow_output o", "s", offered)
        assert read.endswith("NULL::text AS workflow_uuid WHERE FALSE) o")


class TestCapabilities:
    def test_of_what_was_found(self) -> None:
        found = capabilities([("workflow_status", "name"), ("queues", "name")], 40)
        assert found.has_tables
        assert not found.lacks("queues")
        assert found.lacks("queues.application_name")
        assert found.lacks("workflow_schedules")
        assert found.lacks("workflow_schedules.context")
        assert not found.is_newer_than_tested

    def test_newer_than_tested(self) -> None:
        assert Capabilities(frozenset(), NEWEST_MIGRATION + 1).is_newer_than_tested
        assert not NOTHING_MISSING.is_newer_than_tested

    def test_what_is_given_must_have_a_column(self) -> None:
        offered = lacking("workflow_status.attributes")
        offered.assert_supported("workflow_status", attributes=None, name="x")
        with pytest.raises(UnsupportedBySchema) as caught:
            offered.assert_supported("workflow_status", attributes={})
        assert caught.value.missing == "workflow_status.attributes"
        assert INTRODUCED["workflow_status.attributes"].python in str(caught.value)
        assert INTRODUCED["workflow_status.attributes"].typescript in str(caught.value)

    def test_of_the_newest_schema(self, client: DBOSClient) -> None:
        assert client.capabilities == NOTHING_MISSING


@pytest.fixture
def old(worker_id: str) -> Iterator[tuple[str, psycopg.Connection[Any]]]:
    """A system database without attributes and payload tables, and a connection to it."""
    url = create_system_database(f"old_{worker_id}")
    with psycopg.connect(url, autocommit=True) as sql:
        drop(sql, "workflow_status", "attributes")
        sql.execute("DROP TABLE dbos.workflow_input, dbos.workflow_output")
        yield url, sql


def drop(sql: psycopg.Connection[Any], table: str, column: str) -> None:
    statement = SQL("ALTER TABLE dbos.{} DROP COLUMN {}")
    sql.execute(statement.format(Identifier(table), Identifier(column)))


class TestAnOldDatabase:
    def test_it_is_read_and_written(self, old: tuple[str, Any]) -> None:
        with DBOSClient.create(old[0]) as client:
            client.enqueue(ORDER, 7)
            run = client.get_workflow("run-1")
            assert run is not None
            assert run.input.args == (7,)  # type: ignore[union-attr]
            assert run.attributes is None
            assert client.capabilities.lacks("workflow_input")

    def test_what_it_cannot_keep_is_refused_and_not_written(self, old: tuple[str, Any]) -> None:
        tagged = EnqueueOptions(workflow_name="order", queue_name="orders", attributes={"a": 1})
        with DBOSClient.create(old[0]) as client:
            for write in (
                lambda: client.enqueue(tagged),
                lambda: client.enqueue_many([(ORDER, (), {}), (tagged, (), {})]),
                lambda: client.list_workflows(attributes={"a": 1}),
            ):
                with pytest.raises(UnsupportedBySchema) as caught:
                    write()
                assert caught.value.missing == "workflow_status.attributes"
            assert client.list_workflows() == []

    def test_a_column_that_a_statement_needs_is_named(self, old: tuple[str, Any]) -> None:
        url, sql = old
        drop(sql, "workflow_status", "is_debounced")
        with DBOSClient.create(url, dialect="python") as client:
            with pytest.raises(UnsupportedBySchema) as caught:
                client.debounce_workflow(ORDER, "key", 1_000)
            assert caught.value.missing == "workflow_status.is_debounced"

    def test_a_table_that_is_missing_is_named(self, old: tuple[str, Any]) -> None:
        url, sql = old
        sql.execute("DROP TABLE dbos.workflow_schedules")
        with DBOSClient.create(url) as client, pytest.raises(UnsupportedBySchema) as caught:
            client.list_schedules()
        assert caught.value.missing == "workflow_schedules"

    def test_its_migration_is_noticed(
        self, old: tuple[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url, sql = old
        with DBOSClient.create(url) as client:
            assert client.capabilities.lacks("workflow_status.attributes")
            sql.execute("ALTER TABLE dbos.workflow_status ADD COLUMN attributes jsonb")
            assert client.capabilities.lacks("workflow_status.attributes")
            monkeypatch.setattr(database, "CAPABILITIES_SECONDS", 0)
            assert not client.capabilities.lacks("workflow_status.attributes")

    def test_without_the_privilege_to_read_the_migrations(self, old: tuple[str, Any]) -> None:
        url, sql = old
        sql.execute("DROP ROLE IF EXISTS without_migrations")
        sql.execute("CREATE ROLE without_migrations")
        sql.execute("GRANT USAGE ON SCHEMA dbos TO without_migrations")
        sql.execute("GRANT SELECT ON dbos.workflow_status TO without_migrations")
        with DBOSClient.create(f"{url}?options=-c%20role%3Dwithout_migrations") as client:
            assert client.list_workflows() == []
            assert client.capabilities.migration is None
        sql.execute("DROP OWNED BY without_migrations")
        sql.execute("DROP ROLE without_migrations")

    def test_a_message_is_not_sent_again_where_a_received_one_is_deleted(
        self, old: tuple[str, Any]
    ) -> None:
        url, sql = old
        drop(sql, "notifications", "consumed")
        # With one connection, for opening a second one would be cut in place of the statement.
        with Proxy(url) as proxy, DBOSClient.create(proxy.url, pool_size=1) as client:
            client.enqueue(ORDER)
            proxy.cut_next("before the answer")
            with pytest.raises(OutcomeUnknown):
                client.send("run-1", "one")
            client.list_workflows()  # On a connection that is there again.
            proxy.cut_next("before the answer")
            with pytest.raises(OutcomeUnknown):
                client.send_many([SendMessage("run-1", "two")])
        found = sql.execute("SELECT message FROM dbos.notifications").fetchall()
        assert len(found) == len(set(found))


def test_a_database_gets_its_tables_later(worker_id: str, sql: psycopg.Connection[Any]) -> None:
    url = create_system_database(f"later_{worker_id}")
    with psycopg.connect(url, autocommit=True) as conn, DBOSClient.create(url) as client:
        conn.execute("ALTER SCHEMA dbos RENAME TO elsewhere")
        with pytest.raises(UnsupportedBySchema, match="no DBOS tables"):
            client.list_workflows()
        conn.execute("ALTER SCHEMA elsewhere RENAME TO dbos")
        assert client.list_workflows() == []
