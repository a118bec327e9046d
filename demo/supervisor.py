"""Starts the parts of the demo in order, watches them, and stops them in the reverse order."""

import http.client
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, Self

from demo.files import kept_secret
from demo.ports import listen
from demo.postgres import EmbeddedPostgres
from demo.processes import Program, stop_all
from demo.waiting import wait_until

START_SECONDS = 90
WATCH_SECONDS = 0.2
WORKER_RESTARTS = 5
ADMINISTRATOR = "admin"
MANAGE = (sys.executable, "manage.py")
WORKER = (sys.executable, "-m", "demo.worker")


class Demo:
    """PostgreSQL, the shop and the console; what they keep lies in one home folder.

    It reports with `say`, and calls `go_on` wherever it waits, which raises when it is to stop.
    """

    def __init__(
        self,
        home: Path,
        wanted_port: int,
        *,
        say: Callable[[str], None],
        go_on: Callable[[], None],
    ) -> None:
        self._home = home
        self._logs = home / "logs"
        self._port = wanted_port
        self._say = say
        self._go_on = go_on
        self._postgres = EmbeddedPostgres(home / "postgres", log=self._logs / "postgres.log")
        self._programs: dict[str, Program] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        stop_all(self._programs.values())
        self._postgres.stop()

    @property
    def address(self) -> str:
        """Where the console is."""
        return f"http://127.0.0.1:{self._port}/"

    @property
    def sign_in(self) -> str:
        """The administrator's name, and the password that was made at the first start."""
        return f"user={ADMINISTRATOR} password={self._password}"

    def start(self) -> None:
        """Returns when the shop takes work and the console answers."""
        self._start_postgres()
        self._go_on()
        self._say("Starting the shop, and preparing the console …")
        # The shop makes the tables of DBOS while the console makes its own.
        self._run("worker", WORKER)
        migrate = self._run("migrate", (*MANAGE, "migrate", "--noinput"))
        self._wait_for(migrate, lambda: migrate.exit_code == 0)
        listener = listen(self._port)
        self._port = listener.getsockname()[1]
        with listener:
            serve = (*MANAGE, "serve", "--fd", str(listener.fileno()))
            console = self._run("console", serve, inherit=[listener.fileno()])
        self._create_administrator()
        worker = self._programs["worker"]
        self._wait_for(worker, lambda: worker.said("READY"))
        self._wait_for(console, self._console_answers)

    def watch(self) -> NoReturn:
        """Looks after the parts until one ends that should not; the shop may, some times."""
        restarts = 0
        while self._postgres.running:
            self._go_on()
            time.sleep(WATCH_SECONDS)
            console, worker = self._programs["console"], self._programs["worker"]
            if console.exit_code is not None:
                raise console.failure("has stopped")
            if worker.exit_code is not None:
                if restarts == WORKER_RESTARTS:
                    raise worker.failure("has stopped too often")
                restarts += 1
                self._say("The shop has stopped and is started again; DBOS continues its work.")
                self._run("worker", WORKER)
        raise self._postgres.failure("PostgreSQL has stopped.")

    def _start_postgres(self) -> None:
        first = not (self._home / "postgres" / "password").exists()
        self._say("Making a PostgreSQL database …" if first else "Starting PostgreSQL …")
        self._postgres.start()
        if not self._postgres.data.is_relative_to(self._home):
            self._say(
                f"Its data lie in {self._postgres.data}, because PostgreSQL does not run as root "
                f"and no other user gets into {self._home}."
            )
        self._postgres.create_database("console")
        self._postgres.create_database("dbos_system")

    def _create_administrator(self) -> None:
        """Makes the first user; one that exists keeps the password that it has today."""
        program = self._run(
            "createsuperuser",
            (*MANAGE, "createsuperuser", "--noinput"),
            DJANGO_SUPERUSER_USERNAME=ADMINISTRATOR,
            DJANGO_SUPERUSER_EMAIL=f"{ADMINISTRATOR}@demo.example",
            DJANGO_SUPERUSER_PASSWORD=self._password,
        )
        self._wait_for(program, lambda: program.exit_code == 0 or program.said("already taken"))

    def _run(
        self,
        name: str,
        command: tuple[str, ...],
        *,
        inherit: Sequence[int] = (),
        **environment: str,
    ) -> Program:
        settings = {**self._environment(), **environment}
        program = Program(name, command, settings, self._logs, inherit=inherit)
        self._programs[name] = program
        return program

    def _wait_for(self, program: Program, ready: Callable[[], bool]) -> None:
        """Waits until a program has come so far, and no longer than it lives."""

        def settled() -> bool:
            self._go_on()
            return ready() or program.exit_code is not None

        if not wait_until(settled, START_SECONDS, pause=0.05):
            raise program.failure(f"is not ready after {START_SECONDS} seconds")
        if not ready():
            raise program.failure("has stopped")

    def _console_answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _environment(self) -> dict[str, str]:
        """Ours, and what the shop and the console have to know."""
        own = {
            "CONSOLE_DATABASE_URL": self._postgres.url("console"),
            "CONSOLE_SECRET_KEY": kept_secret(self._home / "secret-key", size=32),
            "CONSOLE_SYSTEM_NAME": "demo",
            "DBOS_SYSTEM_DATABASE_URL": self._postgres.url("dbos_system"),
            "DJANGO_SETTINGS_MODULE": "console.settings",
            "PORT": str(self._port),
        }
        # The console prefers NAME_FILE to NAME; a setting of another console must not win here.
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name.removesuffix("_FILE") not in own
        }
        return {**inherited, **own}

    @property
    def _password(self) -> str:
        return kept_secret(self._home / "admin-password")
