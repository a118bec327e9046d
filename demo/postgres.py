"""A PostgreSQL server of our own: started, stopped and kept in one folder, nothing installed.

The server listens on 127.0.0.1, on a free port, and lets nobody in without the password that was
made for it. It ends with the process that started it, even when that process is killed.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import psycopg
from psycopg import sql

from demo.binaries import PostgresError
from demo.files import kept_secret, open_log, tail
from demo.leash import leashed
from demo.place import Place, as_user, settle
from demo.waiting import wait_until

# From "end the sessions and stop" to "stop at once, and recover at the next start".
FAST, IMMEDIATE = signal.SIGINT, signal.SIGQUIT
START_ATTEMPTS = 5
RETRY_SECONDS = 0.2
START_SECONDS = 60
STOP_SECONDS = 10
SOCKET_PATH_LIMIT = 100


class EmbeddedPostgres:
    """One server, whose data survive in `home` from one start to the next.

    One process at a time may use a home. The server ends with the thread that called `start`.
    """

    def __init__(
        self, home: Path, *, settings: Mapping[str, str] = {}, log: Path | None = None
    ) -> None:
        self.home = home.resolve()
        self.log = log or self.home / "server.log"
        self._settings = settings
        self._place: Place | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._password = ""
        self._port = 0

    @property
    def data(self) -> Path:
        """Where the data lie: in the home, unless root's home is out of reach for the server."""
        return (self._place or settle(self.home)).data

    @property
    def running(self) -> bool:
        """Whether the server that was started is still there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Makes the data if there are none, and returns when the server answers."""
        place = self._place = settle(self.home)
        try:
            _end_leftover(place.data)
            if not (self.home / "password").exists():
                # A new home. Data found for it were those of a home that somebody deleted.
                shutil.rmtree(place.data, ignore_errors=True)
            self._password = kept_secret(self.home / "password")
            if not place.data.exists():
                self._initialise(place)
            self._launch(place)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the sessions and the server; the data stay."""
        if self._process:
            for signum in (FAST, IMMEDIATE, signal.SIGKILL):
                self._process.send_signal(signum)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(STOP_SECONDS)
                    break
        self._process = None

    def remove(self) -> None:
        """Stops the server and deletes all that it has made, wherever that lies."""
        self.stop()
        place = self._place or settle(self.home)
        shutil.rmtree(place.data, ignore_errors=True)
        for file in (self.home / "password", self.log):
            file.unlink(missing_ok=True)
        for folder in (place.folder, self.home):
            with contextlib.suppress(OSError):  # Somebody keeps something else in it.
                folder.rmdir()

    def url(self, database: str = "postgres") -> str:
        """The address of a database, in the form that Python's and JavaScript's drivers take."""
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self._port}/{database}"

    def create_database(self, name: str) -> None:
        """Makes an empty database of this name, unless there is one."""
        exists = "SELECT true FROM pg_database WHERE datname = %s"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            if not connection.execute(exists, [name]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def failure(self, what: str) -> PostgresError:
        """The error that says what happened and how the server's log ends."""
        return PostgresError(f"{what} The end of {self.log}:\n{tail(self.log)}")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def _initialise(self, place: Place) -> None:
        """Makes the data beside their final name, so that half-made ones are never used."""
        unfinished = place.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        options = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
        if place.binaries.major >= 17:
            # Sorts by code point as "C" does, and knows the upper and lower case of all letters.
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self._settings.get("fsync") == "off":
            options += ["--no-sync"]
        with (
            tempfile.NamedTemporaryFile("w", dir=place.folder) as password,
            open_log(self.log) as log,
        ):
            password.write(self._password)
            password.flush()
            place.hand_over(unfinished, Path(password.name))
            options += [f"--pwfile={password.name}", f"--pgdata={unfinished}"]
            initdb = subprocess.run(
                [str(place.binaries.folder / "initdb"), *options],
                cwd=place.folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **as_user(place.user),
            )
        if initdb.returncode:
            raise self.failure("PostgreSQL could not make its data.")
        unfinished.rename(place.data)

    def _launch(self, place: Place) -> None:
        """Starts the server, once more where another program has just taken its port.

        After a crash, the old server's last sessions may hold on for a moment as well.
        """
        for _ in range(START_ATTEMPTS):
            self._port = _free_port()
            command = _command(place, {**self._settings, "port": str(self._port)})
            with open_log(self.log) as log:
                self._process = subprocess.Popen(
                    leashed(command, death_signal=FAST, user=place.user),
                    cwd=place.folder,
                    env=_environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # Of its own session: Ctrl-C in the terminal is ours to handle.
                    start_new_session=True,
                )
            if self._answers(self._process):
                return
            time.sleep(RETRY_SECONDS)
        raise self.failure("PostgreSQL did not start.")

    def _answers(self, server: subprocess.Popen[bytes]) -> bool:
        """Waits for the first connection; False when the server has ended instead."""
        deadline = time.monotonic() + START_SECONDS
        while server.poll() is None:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise self.failure("PostgreSQL does not answer.") from error
                time.sleep(0.02)
            else:
                return True
        return False


def _command(place: Place, settings: Mapping[str, str]) -> list[str]:
    """The server's command line."""
    socket_folder = f'"{place.data}"'  # In quotes, because the setting is a list.
    if len(f"{place.data}/.s.PGSQL.65535") > SOCKET_PATH_LIMIT:
        socket_folder = ""
    own = {"listen_addresses": "127.0.0.1", "unix_socket_directories": socket_folder}
    options = [f"--{name}={value}" for name, value in {**own, **settings}.items()]
    return [str(place.binaries.folder / "postgres"), "-D", str(place.data), *options]


def _environment() -> dict[str, str]:
    """Ours, with the one locale that is the same on every machine."""
    return {**os.environ, "LC_ALL": "C"}


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _end_leftover(data: Path) -> None:
    """Ends a server that an earlier process left running, or waits for its end."""
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    content = lock.read_text().split()
    pid = int(content[0]) if content else 0
    for signum in (FAST, IMMEDIATE):
        if _serves(pid, data):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signum)
            wait_until(lambda: not _serves(pid, data), STOP_SECONDS)
    if _serves(pid, data):
        raise PostgresError(f"The PostgreSQL server of {data}, process {pid}, does not stop.")
    # PostgreSQL refuses an empty file, and takes whoever has this number now for the old server.
    lock.unlink(missing_ok=True)


def _serves(pid: int, data: Path) -> bool:
    """Whether this process is the server of these data; a number may have found a new owner."""
    if sys.platform == "linux":
        try:
            # Empty for a process that has ended and whose parent has not noticed yet.
            command_line = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
    else:
        ps = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
        command_line = subprocess.run(ps, capture_output=True).stdout
    return bytes(data) in command_line
