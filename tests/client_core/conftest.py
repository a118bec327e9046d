"""Rows to test with."""

import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier, Placeholder

#: Long enough for the slowest machine.
PATIENCE_SECONDS = 60

Insert = Callable[..., str]
Submit = Callable[..., Future[Any]]


@pytest.fixture
def insert(sql: psycopg.Connection[Any]) -> Insert:
    """Insert a run with these columns; returns its ID."""

    return partial(insert_run, sql)


def insert_run(conn: psycopg.Connection[Any], **columns: Any) -> str:
    """Insert a run with these columns; returns its ID."""
    row = {"workflow_uuid": str(uuid.uuid4()), "status": "SUCCESS", "name": "job", **columns}
    statement = SQL("INSERT INTO dbos.workflow_status ({}) VALUES ({})").format(
        SQL(", ").join(map(Identifier, row)), SQL(", ").join(map(Placeholder, row))
    )
    conn.execute(statement, row)
    return str(row["workflow_uuid"])


@pytest.fixture
def submit() -> Iterator[Submit]:
    """Runs a call in another thread."""
    with ThreadPoolExecutor(max_workers=20) as threads:
        yield threads.submit


def wait_for_lock(conn: psycopg.Connection[Any]) -> None:
    """Return when somebody waits for what this connection holds."""
    # Not pg_stat_activity, which shows a transaction always the sessions of its first look.
    blocked = "SELECT 1 FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not conn.execute(blocked).fetchone():
        assert time.monotonic() < give_up, "nobody waits"
