"""What changed since the last look: all that a page shows, and nothing while nothing is written."""

import re
import time
from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest

from client_core import (
    Changes,
    DBOSClient,
    InvalidOption,
    Subject,
    SubjectKind,
    changes,
    run_subject,
)
from demo.waiting import wait_until
from tests.client_core.conftest import Insert
from tests.client_core.waiting import PATIENCE
from tests.databases import create_system_database

Sql = psycopg.Connection[Any]
RUN = run_subject("run")
RUNS, FAILURES = Subject(SubjectKind.RUNS), Subject(SubjectKind.FAILURES)
ALL = {RUN, RUNS, FAILURES}
#: More than are looked at.
MANY = 101


@pytest.fixture
def looking(client: DBOSClient, insert: Insert) -> Changes:
    """Who has looked once at a run that goes on."""
    insert(workflow_uuid="run", status="PENDING", created_at=1_000)
    found = client.changes()
    assert found.look(ALL) == frozenset()
    return found


#: What happens to a run, and what is said of its page then.
OF_A_RUN: dict[str, LiteralString] = {
    "status": "UPDATE dbos.workflow_status SET status = 'ENQUEUED' WHERE workflow_uuid = 'run'",
    "delay": "UPDATE dbos.workflow_status SET delay_until_epoch_ms = 5 WHERE workflow_uuid = 'run'",
    "step": "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name) "
    "VALUES ('run', 7, 'work')",
    "event": "INSERT INTO dbos.workflow_events VALUES ('run', 'key', '1', NULL)",
    "message": "INSERT INTO dbos.notifications (destination_uuid, message) VALUES ('run', '1')",
    "stream": "INSERT INTO dbos.streams VALUES ('run', 'log', '1', 0, 1, NULL)",
    "child": "INSERT INTO dbos.workflow_status (workflow_uuid, status, parent_workflow_id) "
    "VALUES ('child', 'PENDING', 'run')",
    "fork": "INSERT INTO dbos.workflow_status (workflow_uuid, status, forked_from) "
    "VALUES ('fork', 'PENDING', 'run')",
    "end": "DELETE FROM dbos.workflow_status WHERE workflow_uuid = 'run'",
}


@pytest.mark.parametrize("what", OF_A_RUN)
def test_what_happens_to_a_run_is_noticed_once(looking: Changes, sql: Sql, what: str) -> None:
    sql.execute(OF_A_RUN[what])
    assert RUN in looking.look(ALL)
    assert looking.look(ALL) == frozenset()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "INSERT INTO dbos.workflow_events VALUES ('run', 'key', '1', NULL)",
            "UPDATE dbos.workflow_events SET value = '2'",
        ),
        (
            "INSERT INTO dbos.notifications (destination_uuid, message) VALUES ('run', '1')",
            "UPDATE dbos.notifications SET consumed = TRUE",
        ),
        (
            "INSERT INTO dbos.workflow_status (workflow_uuid, status, parent_workflow_id) "
            "VALUES ('child', 'PENDING', 'run')",
            "UPDATE dbos.workflow_status SET status = 'SUCCESS' WHERE workflow_uuid = 'child'",
        ),
        (
            "INSERT INTO dbos.streams VALUES ('run', 'b', '1', 0, 1, NULL)",
            "INSERT INTO dbos.streams VALUES ('run', 'a', '1', 0, 1, NULL)",
        ),
        (
            "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name) "
            "VALUES ('run', 7, 'work')",
            "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name) "
            "VALUES ('run', 6, 'a step beside it, that took longer')",
        ),
    ],
)
def test_what_changes_later_is_noticed_too(
    looking: Changes, sql: Sql, before: LiteralString, after: LiteralString
) -> None:
    sql.execute(before)
    assert RUN in looking.look(ALL)
    sql.execute(after)
    assert RUN in looking.look(ALL)


def test_what_happens_to_another_run_says_nothing(
    looking: Changes, insert: Insert, sql: Sql
) -> None:
    insert(workflow_uuid="other", status="PENDING")
    sql.execute("INSERT INTO dbos.streams VALUES ('other', 'log', '1', 0, 1, NULL)")
    assert looking.look(ALL) == {RUNS}


@pytest.mark.parametrize("change", ["started_at_epoch_ms = 9000", "completed_at = 9000"])
def test_the_move_of_a_run_too_old_to_be_among_the_newest_is_noticed(
    looking: Changes, insert: Insert, sql: Sql, change: LiteralString
) -> None:
    for number in range(MANY):
        insert(created_at=2_000 + number)
    looking.look(ALL)
    sql.execute("UPDATE dbos.workflow_status SET updated_at = 1 WHERE workflow_uuid = 'run'")
    assert looking.look({RUNS}) == frozenset()
    sql.execute("UPDATE dbos.workflow_status SET " + change + " WHERE workflow_uuid = 'run'")
    assert looking.look({RUNS}) == {RUNS}


def test_a_failure_is_noticed_and_a_success_beside_it_is_none(
    looking: Changes, insert: Insert
) -> None:
    insert(status="SUCCESS", completed_at=5_000)
    assert FAILURES not in looking.look(ALL)
    insert(status="ERROR", completed_at=6_000)
    assert FAILURES in looking.look(ALL)


def test_a_failure_that_others_push_out_of_sight_is_no_news(
    looking: Changes, insert: Insert
) -> None:
    insert(status="ERROR", completed_at=6_000, created_at=1_000)
    assert FAILURES in looking.look(ALL)
    for number in range(MANY):
        insert(status="SUCCESS", completed_at=7_000 + number, created_at=2_000 + number)
    assert FAILURES not in looking.look(ALL)


def test_what_is_newly_watched_is_only_taken_note_of(
    client: DBOSClient, insert: Insert, sql: Sql
) -> None:
    insert(workflow_uuid="run", status="PENDING")
    looking = client.changes()
    looking.look({RUNS})
    assert looking.look(ALL) == frozenset()
    sql.execute(OF_A_RUN["status"])
    assert looking.look({RUNS}) == {RUNS}
    assert looking.look(ALL) == frozenset(), "what was left out is forgotten"


def test_nothing_is_read_while_nobody_writes(looking: Changes, sql: Sql) -> None:
    """The statement says so itself: what it would find is not even asked for."""
    params = {"run_ids": ["run"]}
    text = looking._db._text("\nUNION ALL".join(changes._PARTS.values()))
    with sql.transaction():
        # One snapshot for all statements: other tests write on the same server.
        sql.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        seen = sql.execute("SELECT txid_current_snapshot()::text AS snapshot").fetchone()
        assert seen
        assert sql.execute(text, {**params, **seen}).fetchall() == []
        assert len(sql.execute(text, {**params, "snapshot": ""}).fetchall()) == len(ALL)


def test_now_and_then_everything_is_looked_at(looking: Changes) -> None:
    """A standby may show a change under the same snapshot."""
    looking._marks[RUN] = "what it was"
    looking._looks = changes.WHOLE_LOOK_EVERY
    assert looking.look(ALL) == {RUN}


def test_an_impossible_id_is_refused() -> None:
    with pytest.raises(InvalidOption):
        run_subject("a\0b")


def test_a_notification_is_overheard(system_url: str, sql: Sql) -> None:
    heard: list[str | None] = []

    def hears() -> bool:
        sql.execute("SELECT pg_notify('dbos_streams_channel', 'run::log')")
        return "run::log" in heard

    # A client of its own, which listens to nothing yet.
    with DBOSClient.create(system_url) as client, client.changes().overheard(heard.append):
        assert wait_until(hears, PATIENCE)
    assert heard[0] is None, "what came before went unheard"


@pytest.fixture
def older(worker_id: str) -> Iterator[tuple[Changes, Sql]]:
    """A database of the oldest SDKs, as far as what is looked at goes."""
    url = create_system_database(f"older_changes_{worker_id}")
    with psycopg.connect(url, autocommit=True) as conn, DBOSClient.create(url) as client:
        for column in ("completed_at", "attributes", "parent_workflow_id", "forked_from"):
            conn.execute(f"ALTER TABLE dbos.workflow_status DROP COLUMN {column} CASCADE")
        conn.execute("INSERT INTO dbos.workflow_status (workflow_uuid, status) VALUES ('run', 'X')")
        yield client.changes(), conn


def test_an_older_database_tells_what_it_has(older: tuple[Changes, Sql]) -> None:
    looking, sql = older
    assert looking.look(ALL) == frozenset()
    sql.execute(
        "UPDATE dbos.workflow_status SET status = 'ERROR', updated_at = %s", [time.time_ns()]
    )
    assert looking.look(ALL) == ALL


_ROWS: tuple[LiteralString, ...] = (
    "INSERT INTO dbos.workflow_status (workflow_uuid, status, parent_workflow_id, forked_from, "
    "created_at, started_at_epoch_ms, completed_at) SELECT 'run-' || n, 'SUCCESS', "
    "'run-' || n / 10, 'run-' || n / 7, n, n, n FROM generate_series(1, 5000) n",
    "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name) "
    "SELECT 'run-' || n / 10, mod(n, 10), 'step' FROM generate_series(1, 20000) n",
    "INSERT INTO dbos.workflow_events SELECT 'run-' || n, 'key', '1', NULL "
    "FROM generate_series(1, 5000) n",
    "INSERT INTO dbos.notifications (destination_uuid, message) "
    "SELECT 'run-' || n, '1' FROM generate_series(1, 5000) n",
    'INSERT INTO dbos.streams (workflow_uuid, key, value, "offset", function_id) '
    "SELECT 'run-' || n / 10, 'log', '1', mod(n, 10), 1 FROM generate_series(10, 20000) n",
    "ANALYZE",
)


def test_no_table_is_read_whole(client: DBOSClient, sql: Sql) -> None:
    for statement in _ROWS:
        sql.execute(statement)
    params = {"run_ids": ["run-7", "run-8"], "snapshot": ""}
    for part in changes._PARTS.values():
        text = client._db._text(part)
        plan = "\n".join(
            row["QUERY PLAN"] for row in sql.execute(b"EXPLAIN " + text, params).fetchall()
        )
        assert "Index" in plan
        assert re.findall(r"Seq Scan on \w+", plan) == []
