"""pytest plugin: a PostgreSQL server of its own for the whole run.

It is loaded with ``-p`` before Django reads its settings, which name the server's databases. The
worker processes of pytest-xdist inherit its address and so share it.
"""

import os
import tempfile
from pathlib import Path

import pytest

from demo.postgres import EmbeddedPostgres

_SETTINGS = {
    # Nothing here must survive a crash, so nothing waits for the disk.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
}
_server: EmbeddedPostgres | None = None


def server_url(database: str) -> str:
    """The address of a database of the run's server."""
    return f"{os.environ['TEST_POSTGRES_URL']}/{database}"


def _start() -> EmbeddedPostgres:
    home = Path(tempfile.mkdtemp(prefix="dbos-console-tests-"))
    home.chmod(0o755)  # Root's server runs as another user, who must get there.
    server = EmbeddedPostgres(home, settings=_SETTINGS)
    server.start()
    os.environ["TEST_POSTGRES_URL"] = server.url("").rstrip("/")
    return server


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Stop the server and delete its data."""
    if _server is not None:
        _server.remove()


if "TEST_POSTGRES_URL" not in os.environ:
    _server = _start()
