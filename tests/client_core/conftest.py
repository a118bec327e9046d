"""Rows to test with."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier, Placeholder

Insert = Callable[..., str]
Submit = Callable[..., Future[Any]]


@pytest.fixture
def insert(sql: psycopg.Connection[Any]) -> Insert:
    """Insert a run with these columns; returns its ID."""

    def insert_run(**columns: Any) -> str:
        row = {"workflow_uuid": str(uuid.uuid4()), "status": "SUCCESS", "name": "job", **columns}
        statement = SQL("INSERT INTO dbos.workflow_status ({}) VALUES ({})").format(
            SQL(", ").join(map(Identifier, row)), SQL(", ").join(map(Placeholder, row))
        )
        sql.execute(statement, row)
        return str(row["workflow_uuid"])

    return insert_run


@pytest.fixture
def submit() -> Iterator[Submit]:
    """Runs a call in another thread."""
    with ThreadPoolExecutor(max_workers=20) as threads:
        yield threads.submit
