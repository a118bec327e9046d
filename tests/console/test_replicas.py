"""Two replicas behind one address, of which one is stopped under load."""

import http.client
import itertools
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest

from client_core import DBOSClient
from tests.balancer import Balancer
from tests.console.test_serve import ROOT, SERVE, environment
from tests.databases import create_database

WRITERS = 3
ENQUEUE = "/s/main/workflows/enqueue/"
STREAM = "/s/main/live/?runs"
PASSWORD = "a long one for ann"


@pytest.fixture
def settings_of_both(system_url: str, worker_id: str) -> dict[str, str]:
    """What the replicas share: one database, one key."""
    return environment(
        CONSOLE_DATABASE_URL=create_database(f"replicas_{worker_id}"),
        DBOS_SYSTEM_DATABASE_URL=system_url,
        CONSOLE_PASSWORD=PASSWORD,
        CONSOLE_DRAIN_SECONDS="1",
    )


@contextmanager
def replica(settings: dict[str, str]) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A console on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        descriptor = listener.fileno()
        process = subprocess.Popen(
            [*SERVE, f"--fd={descriptor}"], cwd=ROOT, env=settings, pass_fds=[descriptor]
        )
    try:
        yield port, process
    finally:
        process.kill()
        process.wait()


class Browser:
    """A connection that is kept open, as a browser's; nothing is sent twice."""

    def __init__(self, port: int, cookies: SimpleCookie | None = None) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies = cookies if cookies is not None else SimpleCookie()

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """The status and the body, or where a redirect leads."""
        headers = {"Cookie": "; ".join(f"{one.key}={one.value}" for one in self.cookies.values())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, urlencode(form or {}), headers)
        response = self.connection.getresponse()
        for cookie in response.headers.get_all("Set-Cookie", []):
            self.cookies.load(cookie)
        body = response.read().decode()
        return response.status, response.headers.get("Location", body)

    def form(self, path: str) -> dict[str, str]:
        """The hidden fields of a form."""
        status, page = self.ask("GET", path)
        assert status == http.HTTPStatus.OK
        hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
        return {"q": "", **dict(hidden)}

    def sign_in(self) -> None:
        """As ann."""
        form = {**self.form("/login/"), "login": "ann", "password": PASSWORD}
        assert self.ask("POST", "/login/", form)[0] == http.HTTPStatus.FOUND


class Load:
    """People who start workflows, one after the other, and one who has a page open."""

    def __init__(self, port: int, cookies: SimpleCookie) -> None:
        self.port = port
        self._cookie = cookies.output(attrs=[], header="", sep=";")
        self.done: list[str] = []
        self.failed: list[str] = []
        self.greetings = 0
        self._changed = threading.Condition()
        self._ends = threading.Event()
        self._stream: socket.socket | None = None
        self._threads = [
            *(threading.Thread(target=self._write, args=[n]) for n in range(WRITERS)),
            threading.Thread(target=self._watch),
        ]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._ends.set()
            if self._stream:
                self._stream.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def wait_for(self, writes: int, greetings: int) -> None:
        """Until so much has come of it."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: self.failed or (len(self.done) >= writes and self.greetings >= greetings),
                timeout=120,
            ), f"{len(self.done)} writes, {self.greetings} greetings"

    def _write(self, number: int) -> None:
        browser = Browser(self.port, SimpleCookie(self._cookie))
        for turn in itertools.count():
            if self._ends.is_set():
                break
            workflow_id = f"run-{number}-{turn}"
            try:
                form = browser.form(ENQUEUE)
                wish = {"workflow_name": "job", "queue_name": "orders", "workflow_id": workflow_id}
                status, said = browser.ask("POST", ENQUEUE, {**form, **wish, "anyway": "1"})
            except (OSError, http.client.HTTPException, AssertionError) as error:
                status, said = 0, repr(error)
            with self._changed:
                (self.done if status == http.HTTPStatus.FOUND else self.failed).append(
                    workflow_id if status == http.HTTPStatus.FOUND else f"{status} {said}"
                )
                self._changed.notify_all()
        browser.connection.close()

    def _watch(self) -> None:
        """Each time a stream ends, open it anew, as browsers do."""
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            with suppress(OSError, http.client.HTTPException), closing(connection):
                connection.connect()
                with self._changed:
                    if self._ends.is_set():
                        return
                    self._stream = connection.sock
                connection.request("GET", STREAM, headers={"Cookie": self._cookie})
                with closing(connection.getresponse()) as response:
                    self._listen(response)

    def _listen(self, response: http.client.HTTPResponse) -> None:
        while line := response.readline():
            if line.startswith(b"retry"):
                with self._changed:
                    self.greetings += 1
                    self._changed.notify_all()


def test_no_write_fails_while_a_replica_stops_and_streams_come_back(
    settings_of_both: dict[str, str], client: DBOSClient
) -> None:
    client.register_queue("orders")
    with ExitStack() as stack:
        # They start at the same time, and both would make the tables.
        ports, processes = zip(
            *(stack.enter_context(replica(settings_of_both)) for _ in range(2)), strict=True
        )
        balancer = stack.enter_context(Balancer(list(ports)))
        balancer.wait_until_ready(list(ports))
        grant = [sys.executable, "manage.py", "grant", "ann", "operator"]
        subprocess.run(grant, cwd=ROOT, env=settings_of_both, check=True, capture_output=True)
        ann = Browser(balancer.port)
        ann.sign_in()
        ann.connection.close()
        with Load(balancer.port, ann.cookies) as load:
            load.wait_for(writes=20, greetings=1)
            processes[0].send_signal(signal.SIGTERM)
            balancer.wait_until_ready([ports[1]])
            assert processes[0].wait(timeout=60) == 0
            load.wait_for(writes=len(load.done) + 20, greetings=1)
            third, _ = stack.enter_context(replica(settings_of_both))
            balancer.add(third)
            balancer.wait_until_ready([ports[1], third])
            processes[1].send_signal(signal.SIGTERM)
            balancer.wait_until_ready([third])
            assert processes[1].wait(timeout=60) == 0
            # One of the two had the stream, so that it was opened anew.
            load.wait_for(writes=len(load.done) + 20, greetings=2)
        assert load.failed == []
    runs = client.list_workflows()
    assert sorted(run.workflow_id for run in runs) == sorted(load.done)
