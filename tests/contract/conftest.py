"""The official client and ours on one empty system database."""

from collections.abc import Iterator
from typing import Any

import dbos
import psycopg
import pytest

from client_core import DBOSClient


@pytest.fixture
def ours(system_url: str, sql: psycopg.Connection[Any]) -> Iterator[DBOSClient]:
    """Our client."""
    with DBOSClient.create(system_url) as client:
        yield client


@pytest.fixture
def official(system_url: str, sql: psycopg.Connection[Any]) -> Iterator[dbos.DBOSClient]:
    """The official client."""
    client = dbos.DBOSClient(system_database_url=system_url)
    yield client
    client.destroy()
