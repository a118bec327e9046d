"""Fixtures of the demo's tests: homes that a server can live in, and servers that end."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.postgres import EmbeddedPostgres

# Nothing here must survive a crash of the machine, so nothing waits for the disk.
QUICK = {"fsync": "off"}

NewServer = Callable[[Path], EmbeddedPostgres]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="a question that only root has")


@contextmanager
def reachable_folder() -> Iterator[Path]:
    """An empty folder for every user, because root's server runs as another one.

    pytest's own folders are private.
    """
    folder = Path(tempfile.mkdtemp(prefix="dbos-console-demo-test-")).resolve()
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty home."""
    with reachable_folder() as folder:
        yield folder


@pytest.fixture
def new_server() -> Iterator[NewServer]:
    """Makes servers, not yet started, that are gone after the test."""
    servers: list[EmbeddedPostgres] = []

    def make(home: Path) -> EmbeddedPostgres:
        servers.append(EmbeddedPostgres(home, settings=QUICK))
        return servers[-1]

    yield make
    for server in servers:
        server.remove()


@pytest.fixture(scope="session")
def _session_server() -> Iterator[EmbeddedPostgres]:
    with reachable_folder() as folder, EmbeddedPostgres(folder, settings=QUICK) as server:
        yield server


@pytest.fixture
def server(_session_server: EmbeddedPostgres) -> EmbeddedPostgres:
    """A running server; a test may stop or kill it, and the next one finds it running again."""
    if not _session_server.running:
        _session_server.start()
    return _session_server
