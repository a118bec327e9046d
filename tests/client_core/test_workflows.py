"""Reading workflows, and the database beneath."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from psycopg_pool import ConnectionPool

from client_core import (
    DatabaseRefused,
    DBOSClient,
    EnqueueOptions,
    InvalidOption,
    QueryTimeout,
    RawValue,
    UnsupportedBySchema,
    WorkflowFilter,
    WorkflowInputs,
    WorkflowStatus,
)
from client_core.database import Database
from client_core.filters import conditions
from client_core.workflows import _COUNT
from tests.client_core.conftest import Insert
from tests.databases import create_database
from tests.proxy import Proxy

Sql = psycopg.Connection[Any]


def ids(runs: list[WorkflowStatus]) -> list[str]:
    return [run.workflow_id for run in runs]


def rows_read(plan: dict[str, Any]) -> float:
    """Of the table, those that were left out too."""
    inner = sum(rows_read(one) for one in plan.get("Plans", ()))
    if "Relation Name" not in plan:
        return inner
    return float(plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0))


def step(sql: Sql, workflow_id: str, number: int, **columns: Any) -> None:
    row = {
        "workflow_uuid": workflow_id,
        "function_id": number,
        "function_name": f"step {number}",
        "output": None,
        "serialization": "portable_json",
        **columns,
    }
    names = ", ".join(row)
    values = ", ".join(f"%({name})s" for name in row)
    sql.execute(f"INSERT INTO dbos.operation_outputs ({names}) VALUES ({values})".encode(), row)


class TestGet:
    def test_a_run_with_its_payloads(self, client: DBOSClient, insert: Insert, sql: Sql) -> None:
        workflow_id = insert(
            name="order", created_at=1_000, completed_at=2_000, serialization="portable_json"
        )
        inputs = '{"positionalArgs":["ann"],"namedArgs":{"gift":true}}'
        sql.execute("INSERT INTO dbos.workflow_input VALUES (%s, %s)", [workflow_id, inputs])
        sql.execute("INSERT INTO dbos.workflow_output VALUES (%s, %s)", [workflow_id, '{"a":1}'])
        run = client.get_workflow(workflow_id)
        assert run
        assert (run.workflow_id, run.name, run.status) == (workflow_id, "order", "SUCCESS")
        assert (run.created_at, run.completed_at) == (1_000, 2_000)
        assert run.input == WorkflowInputs(("ann",), {"gift": True})
        assert run.output == {"a": 1}
        assert run.error is None

    def test_payloads_from_before_they_had_tables(self, client: DBOSClient, insert: Insert) -> None:
        workflow_id = insert(
            status="ERROR",
            inputs='{"positionalArgs":[1]}',
            error='{"name":"Oops","message":"no"}',
            serialization="portable_json",
        )
        run = client.get_workflow(workflow_id)
        assert run
        assert run.input == WorkflowInputs((1,), {})
        assert run.error is not None
        assert not isinstance(run.error, RawValue)
        assert (run.error.name, run.error.message) == ("Oops", "no")

    @pytest.mark.parametrize("workflow_id", ["none", "", "%", "' OR 1=1 --"])
    def test_an_unknown_id_is_none(self, client: DBOSClient, workflow_id: str) -> None:
        assert client.get_workflow(workflow_id) is None

    @pytest.mark.parametrize("workflow_id", ["a\0b", "\ud800"])
    def test_an_id_that_no_database_can_hold(self, client: DBOSClient, workflow_id: str) -> None:
        with pytest.raises(InvalidOption):
            client.get_workflow(workflow_id)

    def test_a_payload_above_the_limit_stays_where_it_is(
        self, client: DBOSClient, insert: Insert
    ) -> None:
        output = json.dumps("x" * 1_000)
        workflow_id = insert(
            inputs='{"positionalArgs":[1]}', output=output, serialization="portable_json"
        )
        run = client.get_workflow(workflow_id, max_payload_bytes=100)
        assert run
        assert run.input == WorkflowInputs((1,), {})
        assert run.output == RawValue("", "portable_json", "Not fetched: it has 1,002 bytes.")

    def test_an_unknown_status_is_shown_as_it_is(self, client: DBOSClient, insert: Insert) -> None:
        run = client.get_workflow(insert(status="HIBERNATING"))
        assert run
        assert (run.status, run.is_active) == ("HIBERNATING", False)


class TestList:
    def test_the_oldest_first_like_the_official_clients(
        self, client: DBOSClient, insert: Insert
    ) -> None:
        late, early = insert(created_at=2), insert(created_at=1)
        assert ids(client.list_workflows()) == [early, late]
        assert ids(client.list_workflows(sort_desc=True)) == [late, early]

    def test_payloads_are_left_out_unless_asked_for(
        self, client: DBOSClient, insert: Insert
    ) -> None:
        insert(output='"big"', serialization="portable_json")
        assert client.list_workflows()[0].output is None
        assert client.list_workflows(load_payloads=True)[0].output == "big"

    def test_pages_are_stable_under_equal_times_and_new_arrivals(
        self, client: DBOSClient, insert: Insert
    ) -> None:
        everything = {insert(workflow_uuid=f"run-{n:03}", created_at=n // 10) for n in range(100)}
        seen: list[str] = []
        page = client.list_workflows(limit=7, sort_desc=True)
        while page:
            seen += ids(page)
            insert(workflow_uuid=f"new-{len(seen)}", created_at=10_000)
            page = client.list_workflows(limit=7, sort_desc=True, after=page[-1].cursor)
        assert len(seen) == len(set(seen)) == 100
        assert set(seen) == everything
        assert seen == sorted(seen, reverse=True)

    @pytest.mark.parametrize("cursor", ["", ".", "12", "x.y", "1_0.a", "9" * 19 + ".a", "-1.a"])
    def test_a_cursor_of_another_make(self, client: DBOSClient, cursor: str) -> None:
        with pytest.raises(InvalidOption) as caught:
            client.list_workflows(after=cursor)
        assert list(caught.value.problems) == ["after"]

    @pytest.mark.parametrize(
        ("column", "value", "filters"),
        [
            ("status", "ERROR", {"status": "ERROR"}),
            ("status", "ERROR", {"status": ["ERROR", "CANCELLED"]}),
            ("name", "order", {"name": "order"}),
            ("queue_name", "orders", {"queue_name": "orders"}),
            ("executor_id", "e1", {"executor_id": "e1"}),
            ("application_version", "v1", {"app_version": "v1"}),
            ("deduplication_id", "ann", {"deduplication_id": ["ann", "bob"]}),
            ("authenticated_user", "ann", {"user": "ann"}),
            ("schedule_name", "nightly", {"schedule_name": "nightly"}),
            ("parent_workflow_id", "p", {"parent_workflow_id": "p"}),
            ("parent_workflow_id", "p", {"has_parent": True}),
            ("forked_from", "f", {"forked_from": ["f", "g"]}),
            ("forked_from", "f", {"is_fork": True}),
            ("was_forked_from", True, {"was_forked_from": True}),
            ("attributes", '{"a": {"b": 1}, "c": 2}', {"attributes": {"a": {"b": 1}}}),
            ("workflow_uuid", "a_b%c\\d-1", {"workflow_id_prefix": "a_b%c\\d"}),
            ("workflow_uuid", "one", {"workflow_ids": ["one", "two"]}),
        ],
    )
    def test_each_filter_finds_its_rows_and_no_other(
        self, client: DBOSClient, insert: Insert, column: str, value: object, filters: Any
    ) -> None:
        insert(workflow_uuid="aXbYc-other")
        wanted = insert(**{column: value})
        assert ids(client.list_workflows(**filters)) == [wanted]

    @pytest.mark.parametrize(
        ("column", "after", "before"),
        [
            ("created_at", "start_time", "end_time"),
            ("completed_at", "completed_after", "completed_before"),
            ("started_at_epoch_ms", "dequeued_after", "dequeued_before"),
        ],
    )
    def test_times_bound_on_both_sides(
        self, client: DBOSClient, insert: Insert, column: str, after: str, before: str
    ) -> None:
        moment = datetime(2026, 11, 22, 12, tzinfo=UTC)
        ms = int(moment.timestamp() * 1000)
        first, second = (insert(**{"created_at": ms, column: ms + more}) for more in (0, 1_000))
        later: Any = {after: moment + timedelta(seconds=0.5)}
        earlier: Any = {before: moment}
        assert ids(client.list_workflows(**later)) == [second]
        assert ids(client.list_workflows(**earlier)) == [first]

    def test_a_time_without_zone_is_refused(self, client: DBOSClient) -> None:
        with pytest.raises(InvalidOption) as caught:
            client.list_workflows(start_time=datetime(2026, 1, 1))
        assert list(caught.value.problems) == ["start_time"]

    def test_counts_end_at_the_ceiling(self, client: DBOSClient, insert: Insert) -> None:
        for number in range(5):
            insert(name="few" if number < 2 else "many")
        assert client.count_workflows() == 5
        assert client.count_workflows(name="few") == 2
        assert client.count_workflows(name="many", ceiling=2) == 2
        assert client.count_workflows(name="none") == 0

    def test_a_count_or_list_may_be_given_up_sooner_than_other_reads(
        self, client: DBOSClient, system_url: str
    ) -> None:
        assert client.capabilities.has_tables  # It is looked at once, and not in a hurry.
        with psycopg.connect(system_url) as other:
            other.execute("LOCK TABLE dbos.workflow_status")
            with pytest.raises(QueryTimeout, match=r"0\.05 s"):
                client.count_workflows(timeout_ms=50)
            with pytest.raises(QueryTimeout, match=r"0\.05 s"):
                client.list_workflows(timeout_ms=50)
        assert client.count_workflows(timeout_ms=None) == 0

    def test_a_count_reads_no_more_than_its_ceiling(self, sql: Sql) -> None:
        sql.execute(
            # So wide that nobody reads the whole table for a few of its rows.
            "INSERT INTO dbos.workflow_status (workflow_uuid, status, created_at, name) SELECT n, "
            "CASE WHEN n > 19890 THEN 'ERROR' ELSE 'SUCCESS' END, n, repeat('x', 900) "
            "FROM generate_series(1, 20000) n"
        )
        sql.execute("ANALYZE dbos.workflow_status")
        for filters, most in (
            ({}, 100),
            ({"status": "ERROR"}, 100),
            ({"status": "SUCCESS"}, 210),  # The failures too, should they stand first.
        ):
            found = conditions(cast(WorkflowFilter, filters))
            text = "EXPLAIN (ANALYZE, FORMAT JSON) " + _COUNT.replace("<where>", found.where())
            statement = SQL(text).format(schema=Identifier("dbos"))
            [row] = sql.execute(statement, {**found.params, "ceiling": 100}).fetchall()
            assert rows_read(row["QUERY PLAN"][0]["Plan"]) <= most

    def test_old_failures_are_looked_for_among_failures_alone(
        self, client: DBOSClient, sql: Sql, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The name is frequent, so a walk by time seems short; but none of late failed."""
        sql.execute(
            "INSERT INTO dbos.workflow_status (workflow_uuid, status, created_at, name, output) "
            "SELECT n, CASE WHEN mod(n, 30) = 0 THEN 'ERROR' ELSE 'SUCCESS' END, n, "
            "CASE WHEN n > 2000 AND mod(n, 30) = 0 OR mod(n, 2) = 1 THEN 'b' ELSE 'a' END, "
            "repeat('x', 900) FROM generate_series(1, 20000) n"
        )
        sql.execute("ANALYZE dbos.workflow_status")
        read: list[float] = []
        read_tuples = Database.read_tuples

        def looked_at(database: Database, statement: Any, params: Any, **options: Any) -> Any:
            [row] = database.read("EXPLAIN (ANALYZE, FORMAT JSON) " + statement, params)
            read.append(rows_read(row["QUERY PLAN"][0]["Plan"]))
            return read_tuples(database, statement, params, **options)

        monkeypatch.setattr(Database, "read_tuples", looked_at)
        found = client.list_workflows(status="ERROR", name="a", limit=51, sort_desc=True)
        assert len(found) == 51
        assert read == [666]

    def test_a_negative_limit_is_refused(self, client: DBOSClient) -> None:
        with pytest.raises(InvalidOption):
            client.list_workflows(limit=-1)

    def test_an_unknown_filter_is_a_programming_error(self, client: DBOSClient) -> None:
        with pytest.raises(TypeError, match="colour"):
            client.list_workflows(colour="red")  # type: ignore[call-arg]

    def test_an_application_sees_its_own_and_the_unclaimed(
        self, system_url: str, insert: Insert
    ) -> None:
        own, unclaimed = insert(application_name="shop"), insert()
        other = insert(application_name="other")
        with DBOSClient.create(system_url, application_name="shop") as client:
            assert set(ids(client.list_workflows())) == {own, unclaimed}
            assert ids(client.list_workflows(workflow_ids=other)) == [other]
            assert client.get_workflow(other)

    def test_queued_are_those_on_a_queue_and_not_over(
        self, client: DBOSClient, insert: Insert
    ) -> None:
        active = {"DELAYED", "ENQUEUED", "PENDING"}
        wanted = {insert(status=status, queue_name="q") for status in active}
        insert(status="SUCCESS", queue_name="q")
        insert(status="PENDING")
        assert set(ids(client.list_queued_workflows())) == wanted
        assert len(client.list_queued_workflows(status="SUCCESS")) == 1


class TestSteps:
    def test_in_order_with_their_outcome(
        self, client: DBOSClient, insert: Insert, sql: Sql
    ) -> None:
        workflow_id = insert()
        step(sql, workflow_id, 2, error='{"name":"E","message":"m"}', child_workflow_id="c")
        step(sql, workflow_id, 0, output="[1]", started_at_epoch_ms=5, completed_at_epoch_ms=9)
        first, second = client.list_workflow_steps(workflow_id) or []
        assert (first.function_id, first.function_name, first.output) == (0, "step 0", [1])
        assert (first.started_at_epoch_ms, first.completed_at_epoch_ms) == (5, 9)
        assert (second.function_id, second.output, second.child_workflow_id) == (2, None, "c")
        assert second.error
        assert second.error.name == "E"  # type: ignore[union-attr]

    def test_pages_and_large_outputs(self, client: DBOSClient, insert: Insert, sql: Sql) -> None:
        workflow_id = insert()
        for number in range(1, 6):
            step(sql, workflow_id, number, output=json.dumps("x" * number * 10))
        page = client.list_workflow_steps(workflow_id, limit=2, after=2, max_payload_bytes=32)
        assert page is not None
        assert [found.function_id for found in page] == [3, 4]
        assert page[0].output == "x" * 30
        assert isinstance(page[1].output, RawValue)

    def test_no_steps_is_not_no_workflow(self, client: DBOSClient, insert: Insert) -> None:
        assert client.list_workflow_steps(insert()) == []
        assert client.list_workflow_steps("none") is None


class TestDatabase:
    def test_reads_are_read_only_in_postgresql_too(
        self, client: DBOSClient, insert: Insert
    ) -> None:
        insert()
        with pytest.raises(DatabaseRefused, match="read-only"):
            client._db.read("UPDATE {schema}.workflow_status SET status = 'ERROR' RETURNING 1 AS n")

    def test_a_long_read_is_stopped(self, system_url: str) -> None:
        with (
            DBOSClient.create(system_url, statement_timeout_ms=50) as client,
            pytest.raises(QueryTimeout) as caught,
        ):
            client._db.read("SELECT pg_sleep(30)")
        assert caught.value.timeout_ms == 50

    def test_a_read_is_one_round_trip(self, system_url: str, insert: Insert) -> None:
        workflow_id = insert()
        with Proxy(system_url) as proxy, DBOSClient.create(proxy.url, pool_size=1) as client:
            client.get_workflow(workflow_id)
            before = proxy.round_trips
            for _ in range(5):
                client.get_workflow(workflow_id)
                client.list_workflows(limit=10)
            assert proxy.round_trips - before == 10

    def test_a_read_survives_a_cut_and_a_restarted_server(
        self, system_url: str, insert: Insert, sql: Sql
    ) -> None:
        workflow_id = insert()
        with Proxy(system_url) as proxy, DBOSClient.create(proxy.url, pool_size=1) as client:
            client.get_workflow(workflow_id)
            proxy.cut_next("before the answer")
            assert client.get_workflow(workflow_id)
            _end_sessions(sql)
            assert client.get_workflow(workflow_id)

    def test_an_idle_connection_that_was_closed_is_noticed_before_a_write(
        self, system_url: str, insert: Insert, sql: Sql
    ) -> None:
        """So that a restart of PostgreSQL makes no outcome unknown."""
        workflow_id = insert(status="PENDING")
        with DBOSClient.create(system_url) as client:
            client.get_workflow(workflow_id)
            _end_sessions(sql)
            assert client.cancel_workflow(workflow_id).changed

    def test_a_pool_of_your_own_is_used_as_it_is_and_left_open(
        self, system_url: str, insert: Insert
    ) -> None:
        workflow_id = insert(status="PENDING")
        with ConnectionPool(system_url, min_size=1, max_size=1, open=True) as pool:
            with DBOSClient.create(system_database_pool=pool) as client:
                assert client.get_workflow(workflow_id)
                assert client.cancel_workflow(workflow_id).changed
                assert client.enqueue(EnqueueOptions(workflow_name="a", queue_name="b")).is_new
            with pool.connection() as conn:
                assert not conn.autocommit
                row: Any = conn.execute("SELECT count(*) FROM dbos.workflow_status").fetchone()
                assert row[0] == 2

    def test_a_database_without_dbos_says_so(self, worker_id: str) -> None:
        url = create_database(f"empty_{worker_id}")
        with DBOSClient.create(url) as client, pytest.raises(UnsupportedBySchema) as caught:
            client.list_workflows()
        assert "no DBOS tables" in str(caught.value)
        assert "workflow_status" in caught.value.missing

    def test_a_schema_that_is_too_old_says_so(self, worker_id: str) -> None:
        url = create_database(f"old_{worker_id}")
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("CREATE SCHEMA dbos")
            conn.execute("CREATE TABLE dbos.dbos_migrations (version bigint)")
            conn.execute("CREATE TABLE dbos.workflow_status (workflow_uuid text)")
        with DBOSClient.create(url) as client, pytest.raises(UnsupportedBySchema) as caught:
            client.get_workflow("x")
        assert "older DBOS SDK" in str(caught.value)

    def test_either_a_url_or_a_pool(self) -> None:
        with pytest.raises(InvalidOption):
            DBOSClient.create()


def _end_sessions(sql: Sql) -> None:
    """What a restart does to idle sessions; returns when they are gone."""
    sql.execute(
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'dbos-console'"
    )
