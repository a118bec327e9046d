"""A console in front of the system database, and a signed-in person who opens its pages."""

import http.client
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from benchmarks.data import Server

ROOT = Path(__file__).resolve().parent.parent
PERSON = "bench"
START_SECONDS = 60.0


def console_database(system_url: str) -> str:
    """The name of the console's own database beside a system database."""
    return f"{conninfo_to_dict(system_url)['dbname']}_console"


class Visitor:
    """One connection to a server, kept open; answers that are no success are errors."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self._cookies: SimpleCookie = SimpleCookie()

    def get(self, path: str) -> str:
        """The page at a path."""
        return self._answer("GET", path)

    def post(self, path: str, form: Mapping[str, str]) -> str:
        """Send a form of the console; the page that it leads to."""
        return self.get(self._sent(path, form) or path)

    def sign_in(self, password: str) -> None:
        """Fill in the console's form."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get("/login/"))
        assert token
        form = {"csrfmiddlewaretoken": token[1], "login": PERSON, "password": password}
        self._answer("POST", "/login/", urlencode(form))

    def milliseconds(self, path: str, form: Mapping[str, str] | None = None) -> float:
        """How long a page takes, or the answer to a form, to its last byte."""
        start = time.perf_counter()
        if form:
            self._sent(path, form)
        else:
            self.get(path)
        return (time.perf_counter() - start) * 1000

    def close(self) -> None:
        """Leave."""
        self._connection.close()

    def _sent(self, path: str, form: Mapping[str, str]) -> str:
        token = self._cookies["console_csrf"].value
        return self._answer("POST", path, urlencode({**form, "csrfmiddlewaretoken": token}))

    def _answer(self, method: str, path: str, body: str | None = None) -> str:
        headers = {"Cookie": "; ".join(f"{c.key}={c.value}" for c in self._cookies.values())}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):  # It had been idle for long.
            self._connection.close()
            self._connection.request(method, path, body, headers)
            response = self._connection.getresponse()
        for cookie in response.headers.get_all("Set-Cookie", []):
            self._cookies.load(cookie)
        text = response.read().decode()
        if response.status == http.client.FOUND and method == "POST":
            return response.headers["Location"]
        if response.status >= http.client.BAD_REQUEST:
            raise AssertionError(f"{method} {path}: {response.status}\n{text[:2000]}")
        return text


@contextmanager
def console_visitor(server: Server, system_url: str) -> Iterator[Visitor]:
    """A person who is signed in to a console of its own on this system database."""
    password = secrets.token_urlsafe()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        environment = {
            **os.environ,
            "CONSOLE_DATABASE_URL": _empty_database(server, console_database(system_url)),
            "CONSOLE_SECRET_KEY": secrets.token_urlsafe(48),
            "CONSOLE_PASSWORD": password,
            "DBOS_SYSTEM_DATABASE_URL": system_url,
            "DJANGO_SETTINGS_MODULE": "console.settings",
        }
        manage = [sys.executable, "manage.py"]
        for command in (["migrate", "--verbosity=0"], ["grant", PERSON, "administrator"]):
            subprocess.run(
                [*manage, *command], cwd=ROOT, env=environment, check=True, capture_output=True
            )
        command = [*manage, "serve", f"--fd={listener.fileno()}"]
        with served(command, port, environment, inherit=listener.fileno()) as visitor:
            visitor.sign_in(password)
            yield visitor


@contextmanager
def served(
    command: list[str], port: int, environment: dict[str, str], *, inherit: int | None = None
) -> Iterator[Visitor]:
    """A visitor of a server that is started for them."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            pass_fds=() if inherit is None else (inherit,),
        )
        try:
            _await_answer(process, port)
            with closing(Visitor(port)) as visitor:
                yield visitor
        finally:
            process.terminate()
            process.wait()


def _await_answer(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with closing(Visitor(port)) as visitor:
            try:
                visitor.get("/healthz")
                return
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)
    raise AssertionError(f"No server answers on port {port}")


def _empty_database(server: Server, database: str) -> str:
    with psycopg.connect(server("postgres"), autocommit=True) as admin:
        name = Identifier(database)
        admin.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        admin.execute(SQL("CREATE DATABASE {}").format(name))
    return server(database)
