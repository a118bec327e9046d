"""The official clients and ours on one empty system database."""

from collections.abc import Iterator
from typing import Any

import dbos
import psycopg
import pytest

from client_core import DBOSClient
from tests.contract.applications import python_worker
from tests.contract.node import TypeScriptClient, TypeScriptProcess, typescript_worker
from tests.contract.workers import Worker
from tests.databases import create_system_database


@pytest.fixture
def ours(system_url: str, sql: psycopg.Connection[Any]) -> Iterator[DBOSClient]:
    """Our client."""
    with DBOSClient.create(system_url) as client:
        yield client


@pytest.fixture(scope="session")
def ours_python(system_url: str) -> Iterator[DBOSClient]:
    """Our client for applications of Python."""
    with DBOSClient.create(system_url, dialect="python") as client:
        yield client


@pytest.fixture(scope="session")
def ours_typescript(system_url: str) -> Iterator[DBOSClient]:
    """Our client for applications of TypeScript."""
    with DBOSClient.create(system_url, dialect="typescript") as client:
        yield client


@pytest.fixture(scope="session")
def official_python(system_url: str) -> Iterator[dbos.DBOSClient]:
    """The official client of Python."""
    client = dbos.DBOSClient(system_database_url=system_url)
    yield client
    client.destroy()


@pytest.fixture(scope="session")
def official_typescript(system_url: str, typescript: TypeScriptProcess) -> TypeScriptClient:
    """The official client of TypeScript."""
    return typescript.client(system_url)


@pytest.fixture(scope="session")
def python_application(worker_id: str) -> Iterator[Worker]:
    """A Python application that executes."""
    url = create_system_database(f"contract_{worker_id}")
    with python_worker(url), DBOSClient.create(url, dialect="python") as client:
        official = dbos.DBOSClient(system_database_url=url)
        yield Worker("python", url, client, official)
        official.destroy()


@pytest.fixture(scope="session")
def typescript_application(worker_id: str, typescript: TypeScriptProcess) -> Iterator[Worker]:
    """A TypeScript application that executes."""
    url = create_system_database(f"contract_ts_{worker_id}")
    with typescript_worker(url), DBOSClient.create(url, dialect="typescript") as client:
        yield Worker("typescript", url, client, typescript.client(url))


@pytest.fixture
def official(sql: psycopg.Connection[Any], official_python: dbos.DBOSClient) -> dbos.DBOSClient:
    """The official client of Python on empty tables."""
    return official_python
