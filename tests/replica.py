"""A real standby of the run's PostgreSQL server, which can be told to stay behind."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from demo.place import as_user, settle
from demo.postgres import EmbeddedPostgres
from tests.postgres import server_url

#: Only a defect is noticed by it.
PATIENCE_SECONDS = 60


class Replica:
    """The standby's databases, by the names that they have on the primary."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server

    def url(self, database: str) -> str:
        """Where a database of the primary is read."""
        return self._server.url(database)

    @contextmanager
    def behind(self) -> Iterator[None]:
        """Within the block it shows nothing new."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as conn:
            conn.execute("SELECT pg_wal_replay_pause()")
            _wait_until(conn, "SELECT pg_get_wal_replay_pause_state() = 'paused'")
            try:
                yield
            finally:
                conn.execute("SELECT pg_wal_replay_resume()")

    def catch_up(self, *, replayed: bool = True) -> None:
        """Wait until it has received, and shows, what the primary has written so far."""
        with psycopg.connect(server_url("postgres"), autocommit=True) as primary:
            # The server of the tests does not wait for its log to be written; now it does.
            primary.execute("SET synchronous_commit = on")
            primary.execute("SELECT pg_logical_emit_message(true, 'tests', 'so far')")
            row = primary.execute("SELECT pg_current_wal_flush_lsn()::text").fetchone()
        assert row
        function = "replay" if replayed else "receive"
        with psycopg.connect(self.url("postgres"), autocommit=True) as conn:
            _wait_until(conn, f"SELECT pg_last_wal_{function}_lsn() >= '{row[0]}'::pg_lsn")


def _wait_until(conn: psycopg.Connection[tuple[bool]], question: str) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not (row := conn.execute(question.encode()).fetchone()) or not row[0]:
        assert time.monotonic() < give_up, question
        time.sleep(0.01)


@contextmanager
def standby() -> Iterator[Replica]:
    """A standby of the server of this run, made for the block."""
    home = Path(tempfile.mkdtemp(prefix="dbos-console-standby-"))
    home.chmod(0o755)  # Root's server runs as another user, who must get there.
    primary = urlsplit(server_url("postgres"))
    # It has the accounts of the primary, and so its password.
    (home / "password").write_text(primary.password or "")
    if os.geteuid() == 0:
        shutil.chown(home, "nobody")
    place = settle(home)
    command = [str(place.binaries.folder / "pg_basebackup"), "-D", str(place.data), "-R"]
    subprocess.run(
        [*command, "-X", "stream", "-c", "fast", "--no-sync", "-d", server_url("postgres")],
        check=True,
        cwd=place.folder,
        capture_output=True,
        **as_user(place.user),
    )
    server = EmbeddedPostgres(home, settings={"fsync": "off", "max_connections": "300"})
    try:
        server.start()
        yield Replica(server)
    finally:
        server.remove()
        shutil.rmtree(home, ignore_errors=True)
