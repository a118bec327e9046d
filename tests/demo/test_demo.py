"""The whole demo, as `make demo` starts it: PostgreSQL, the shop and the console."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo.processes import ROOT
from demo.waiting import wait_until

#: The demo takes the next free port from here.
SOMEWHERE = 18_000
READY = re.compile(r"Ready: http://127\.0\.0\.1:(\d+)/ user=(\S+) password=(\S+)\n")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for programs in /proc")


class RunningDemo:
    """A supervisor that has been started, and what it says."""

    def __init__(self, home: Path, port: int | str) -> None:
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-m", "demo"],
            cwd=ROOT,
            env={**os.environ, "DEMO_HOME": str(home), "PORT": str(port)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []

    def read_until(self, pattern: re.Pattern[str] | str) -> re.Match[str]:
        """The first line that matches; what the demo says before it ends if none does."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if match := re.fullmatch(pattern, line):
                return match
        raise AssertionError("".join(self.lines))

    def end(self, signum: signal.Signals | None = None) -> tuple[int, str]:
        """The exit code and the last words, after a signal if one is given."""
        if signum:
            self.process.send_signal(signum)
        output, _ = self.process.communicate(timeout=60)
        return self.process.returncode, output

    def programs(self) -> dict[int, str]:
        """What runs of all that the demo has started, known by the environment it was given."""
        mark = f"DEMO_HOME={self.home}\0".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:  # It has ended, or belongs to somebody else.
                continue
        return found

    def leaves_nothing(self) -> bool:
        """Whether all its programs end within a moment, without anybody's help."""
        return wait_until(lambda: not self.programs(), 30)

    def kill(self, part: str) -> None:
        """Kills the program whose command line contains this."""
        (pid,) = [pid for pid, command in self.programs().items() if part in command]
        os.kill(pid, signal.SIGKILL)


def health(port: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=10)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()


Start = Callable[[int], RunningDemo]


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Starts demos on one home, which are gone after the test."""
    started: list[RunningDemo] = []

    def start(port: int) -> RunningDemo:
        started.append(RunningDemo(home, port))
        return started[-1]

    yield start
    for demo in started:
        demo.process.kill()
        demo.process.communicate()
        assert demo.leaves_nothing()


def test_demo_survives_a_kill_and_ends_with_ctrl_c(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        demo = start(taken)
        port, user, password = demo.read_until(READY).groups()
    assert int(port) != taken
    assert user == "admin"
    assert health(port) == 200

    code, output = start(SOMEWHERE).end()
    assert code == 1
    assert f"process {demo.process.pid}, http://127.0.0.1:{port}/" in output

    demo.end(signal.SIGKILL)
    assert demo.leaves_nothing()

    demo = start(SOMEWHERE)
    assert demo.read_until(READY).groups()[1:] == (user, password)
    assert demo.lines[0] == "Starting PostgreSQL …\n"
    code, output = demo.end(signal.SIGINT)
    assert code == 0
    assert output.startswith("Stopped. The data are kept")
    assert demo.programs() == {}


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_start_that_is_interrupted_leaves_nothing(start: Start, signum: signal.Signals) -> None:
    demo = start(SOMEWHERE)
    demo.read_until("Starting the shop.*\n")
    code, output = demo.end(signum)
    assert code == 0
    assert output.startswith("Stopped.")
    assert demo.programs() == {}


def test_dead_shop_is_started_again_and_a_dead_console_ends_the_demo(start: Start) -> None:
    demo = start(SOMEWHERE)
    demo.read_until(READY)
    demo.kill("demo.worker")
    demo.read_until("The shop has stopped and is started again.*\n")
    assert wait_until(lambda: "demo.worker" in str(demo.programs()), 30)
    demo.kill("manage.py serve")
    code, output = demo.end()
    assert code == 1
    assert output.startswith("The program 'console' has stopped. The end of")
    assert demo.programs() == {}


@pytest.mark.parametrize("port", ["eighty", "0", "65536", "-1"])
def test_port_that_is_none_is_refused(home: Path, port: str) -> None:
    code, output = RunningDemo(home, port).end()
    assert code == 1
    assert output == f"PORT is '{port}', and should be a number from 1 to 65535.\n"
