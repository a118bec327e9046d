"""pytest plugin: a PostgreSQL server of its own for the whole run.

It is loaded with ``-p`` before Django reads its settings, which name the server's databases. The
worker processes of pytest-xdist inherit its address and so share it.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from demo.binaries import find_binaries
from demo.postgres import EmbeddedPostgres

_SETTINGS = {
    # Nothing here must survive a crash, so nothing waits for the disk.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
}
#: The first migration of old SDKs asks for this extension and the packaged server lacks it.
_UUID_OSSP = {
    "uuid-ossp.control": "default_version = '1.1'\nrelocatable = true\n",
    "uuid-ossp--1.1.sql": """
        CREATE FUNCTION uuid_generate_v4() RETURNS uuid
        LANGUAGE sql VOLATILE PARALLEL SAFE AS 'SELECT gen_random_uuid()'
    """,
}
_server: EmbeddedPostgres | None = None


def server_url(database: str) -> str:
    """The address of a database of the run's server."""
    return f"{os.environ['TEST_POSTGRES_URL']}/{database}"


def _start() -> EmbeddedPostgres:
    home = Path(tempfile.mkdtemp(prefix="dbos-console-tests-"))
    home.chmod(0o755)  # Root's server runs as another user, who must get there.
    server = EmbeddedPostgres(home, settings={**_SETTINGS, **_extensions(home)})
    server.start()
    os.environ["TEST_POSTGRES_URL"] = server.url("").rstrip("/")
    return server


def _extensions(home: Path) -> dict[str, str]:
    """The setting that adds our `uuid-ossp`; a server too old for it has its own, of contrib."""
    if find_binaries().major < 18:
        return {}
    folder = home / "extensions"
    (folder / "extension").mkdir(parents=True)
    for name, content in _UUID_OSSP.items():
        (folder / "extension" / name).write_text(content)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return {"extension_control_path": f"$system:{folder}"}


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Stop the server and delete its data."""
    if _server is not None:
        shutil.rmtree(_server.home / "extensions", ignore_errors=True)
        _server.remove()


if "TEST_POSTGRES_URL" not in os.environ:
    _server = _start()
