"""A real standby of a server of its own, which can be told to stay behind."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from demo.place import as_user, settle
from demo.postgres import EmbeddedPostgres
from demo.waiting import wait_until
from tests.databases import migrate

#: Only a defect is noticed by it.
PATIENCE_SECONDS = 60

_SETTINGS = {"fsync": "off", "max_connections": "50"}


class Replica:
    """A system database on a primary, and the same on its standby."""

    def __init__(self, primary: EmbeddedPostgres, server: EmbeddedPostgres) -> None:
        self._primary = primary
        self._server = server
        self.primary_url = primary.url("system")
        self.url = server.url("system")

    @contextmanager
    def behind(self) -> Iterator[None]:
        """Within the block it shows nothing new."""
        with psycopg.connect(self._server.url(), autocommit=True) as conn:
            conn.execute("SELECT pg_wal_replay_pause()")
            _wait_until(conn, "SELECT pg_get_wal_replay_pause_state() = 'paused'")
            try:
                yield
            finally:
                conn.execute("SELECT pg_wal_replay_resume()")

    def catch_up(self, *, replayed: bool = True) -> None:
        """Wait until it has received, and shows, what the primary has written so far."""
        with psycopg.connect(self._primary.url(), autocommit=True) as primary:
            primary.execute("SELECT pg_logical_emit_message(true, 'tests', 'so far')")
            row = primary.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
        assert row
        function = "replay" if replayed else "receive"
        with psycopg.connect(self._server.url(), autocommit=True) as conn:
            _wait_until(conn, f"SELECT pg_last_wal_{function}_lsn() >= '{row[0]}'::pg_lsn")


def _wait_until(conn: psycopg.Connection[tuple[bool]], question: str) -> None:
    def answered() -> bool:
        return conn.execute(question.encode()).fetchone() == (True,)

    assert wait_until(answered, PATIENCE_SECONDS), question


@contextmanager
def replicated() -> Iterator[Replica]:
    """A primary with a system database, and its standby, made for the block.

    The primary is not the server of all tests: a copy of a server fails where other tests make
    and drop databases meanwhile.
    """
    primary = EmbeddedPostgres(_home(), settings=_SETTINGS)
    server = EmbeddedPostgres(_home(), settings=_SETTINGS)
    try:
        primary.start()
        migrate(primary.url("system"))
        _copy(primary, server)
        server.start()
        yield Replica(primary, server)
    finally:
        server.remove()
        primary.remove()


def _home() -> Path:
    home = Path(tempfile.mkdtemp(prefix="dbos-console-replica-"))
    home.chmod(0o755)  # Root's server runs as another user, who must get there.
    if os.geteuid() == 0:
        shutil.chown(home, "nobody")
    return home


def _copy(primary: EmbeddedPostgres, server: EmbeddedPostgres) -> None:
    # It has the accounts of the primary, and so its password.
    shutil.copy(primary.home / "password", server.home)
    place = settle(server.home)
    command = [str(place.binaries.folder / "pg_basebackup"), "-D", str(place.data), "-R"]
    copied = subprocess.run(
        [*command, "-X", "stream", "-c", "fast", "--no-sync", "-d", primary.url()],
        cwd=place.folder,
        stderr=subprocess.PIPE,
        text=True,
        **as_user(place.user),
    )
    assert copied.returncode == 0, copied.stderr
