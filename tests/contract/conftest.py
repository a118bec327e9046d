"""A system database with a real worker on it, and the official client beside ours."""

import subprocess
import sys
from collections.abc import Iterator

import dbos
import pytest

from client_core import DBOSClient
from tests.databases import create_system_database

pytestmark = pytest.mark.xdist_group("contract")


@pytest.fixture(scope="session")
def worker_url(worker_id: str) -> Iterator[str]:
    """The address of a database on which a worker executes."""
    url = create_system_database(f"contract_{worker_id}")
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.contract.worker", url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout
    assert worker.stdin
    assert worker.stdout.readline() == "READY\n"
    yield url
    worker.stdin.close()
    worker.wait()
    worker.stdout.close()


@pytest.fixture(scope="session")
def ours(worker_url: str) -> Iterator[DBOSClient]:
    """Our client."""
    with DBOSClient.create(worker_url) as client:
        yield client


@pytest.fixture(scope="session")
def official(worker_url: str) -> Iterator[dbos.DBOSClient]:
    """The official client."""
    client = dbos.DBOSClient(system_database_url=worker_url)
    yield client
    client.destroy()
