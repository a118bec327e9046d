"""What the page of a run asks is answered from indexes, however much else the database holds."""

import re
from typing import Any, LiteralString

import psycopg
import pytest

from client_core import DBOSClient, exchange, families, overview, steps
from tests.client_core.conftest import Insert

Sql = psycopg.Connection[Any]

_PARAMS: dict[str, Any] = {
    "workflow_id": "run-7",
    "workflow_ids": ["run-7"],
    "key": "log",
    "before": 2**31 - 1,
    "after": -1,
    "last": 2**31 - 1,
    "name": None,
    "only_errors": False,
    "scanned": 2_000,
    "most_alike": 4,
    "limit": 101,
    "max_bytes": 4_096,
    "since_ms": 0,
    "start_ms": 1,
    "end_ms": 2,
    "most_steps": overview.MOST_STEPS,
    "most_children": overview.MOST_CHILDREN,
    "parts": overview.PARTS,
    "longest": overview.LONGEST,
    "relatives": overview.RELATIVES,
    "most_events": 50,
    "most_messages": 20,
    "most_streams": 20,
    "most_counted": 1_000,
    "last_values": 3,
}

_ROWS: tuple[LiteralString, ...] = (
    "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, parent_workflow_id, "
    "forked_from) SELECT 'run-' || n, 'SUCCESS', 'job', 'run-' || n / 10, 'run-' || n / 7 "
    "FROM generate_series(1, 5000) n",
    "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, output) "
    "SELECT 'run-' || n / 10, mod(n, 10), 'step', n FROM generate_series(1, 20000) n",
    "INSERT INTO dbos.workflow_events SELECT 'run-' || n, 'key', '1', NULL "
    "FROM generate_series(1, 5000) n",
    "INSERT INTO dbos.workflow_events_history (workflow_uuid, function_id, key, value) "
    "SELECT 'run-' || n, 1, 'key', '1' FROM generate_series(1, 5000) n",
    "INSERT INTO dbos.notifications (destination_uuid, message) "
    "SELECT 'run-' || n, '1' FROM generate_series(1, 5000) n",
    'INSERT INTO dbos.streams (workflow_uuid, key, value, "offset", function_id) '
    "SELECT 'run-' || n / 10, 'log', '1', mod(n, 10), 1 FROM generate_series(10, 20000) n",
    "ANALYZE",
)


@pytest.fixture
def filled(sql: Sql) -> Sql:
    for statement in _ROWS:
        sql.execute(statement)
    return sql


def test_no_table_is_read_whole(client: DBOSClient, filled: Sql, insert: Insert) -> None:
    for statement in (
        steps._ROWS,
        overview._OVERVIEW,
        exchange._EXCHANGE,
        exchange._HISTORY,
        exchange._VALUES,
        families._BELOW,
    ):
        text = client._db._text(statement)
        plan = "\n".join(
            row["QUERY PLAN"] for row in filled.execute(b"EXPLAIN " + text, _PARAMS).fetchall()
        )
        assert "Index" in plan
        assert re.findall(r"Seq Scan on \w+", plan) == []
