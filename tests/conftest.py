"""Fixtures of all tests: a system database for each worker, emptied after every test."""

import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool
from pytest_django import DjangoDbBlocker

from client_core import DBOSClient
from tests.contract.node import TypeScriptProcess, typescript_process
from tests.databases import create_system_database, delete_rows
from tests.replica import Replica, replicated

pytest_plugins = ["tests.contract.report"]

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # Playwright keeps a loop running.

#: Of a value in the name of a test.
LONGEST_NAME = 200


@pytest.fixture(scope="session")
def system_url(worker_id: str) -> str:
    """The address of this worker's system database."""
    return create_system_database(f"system_{worker_id}")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The console's test database, which goes though a thread that ended still held it open."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session")
def typescript() -> Iterator[TypeScriptProcess]:
    """The process with the official TypeScript clients."""
    with typescript_process() as process:
        yield process


@pytest.fixture(scope="session")
def _session_client(system_url: str) -> Iterator[DBOSClient]:
    with DBOSClient.create(system_url, connect_timeout_seconds=5) as client:
        yield client


@pytest.fixture(scope="session")
def _session_pool(system_url: str) -> Iterator[ConnectionPool[psycopg.Connection[Any]]]:
    options = {"autocommit": True, "row_factory": dict_row}
    with ConnectionPool(
        system_url, kwargs=options, min_size=0, max_size=1, reset=_forget_settings
    ) as pool:
        yield pool


def _forget_settings(conn: psycopg.Connection[Any]) -> None:
    conn.execute("RESET ALL; DISCARD TEMP")


@pytest.fixture
def sql(
    _session_pool: ConnectionPool[psycopg.Connection[Any]],
) -> Iterator[psycopg.Connection[Any]]:
    """A connection to arrange rows with; afterwards the tables are emptied."""
    with _session_pool.connection() as conn:
        yield conn
        delete_rows(conn)


@pytest.fixture
def client(_session_client: DBOSClient, sql: psycopg.Connection[Any]) -> DBOSClient:
    """Our client on an empty system database."""
    return _session_client


@pytest.fixture(scope="session")
def replica() -> Iterator[Replica]:
    """A system database with a standby. Its rows stay: name them after the test."""
    with replicated() as made:
        yield made


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A short name for a long value: it is in the environment of each process that is started."""
    is_long = isinstance(val, str | bytes) and len(val) > LONGEST_NAME
    return f"{argname} of {len(val)}" if is_long else None  # type: ignore[arg-type]
