"""Real DBOS applications, each a process of its own."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import IO


@contextmanager
def application(command: Sequence[str]) -> Iterator[tuple[IO[str], IO[str]]]:
    """A process that says READY when it executes, and ends when its input closes.

    Gives its input and output.
    """
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        # Some SDKs have something to say before.
        assert "READY\n" in process.stdout
        yield process.stdin, process.stdout
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


def python_worker(url: str) -> AbstractContextManager[object]:
    """A Python application of today's SDK that executes on the database `url`."""
    return application([sys.executable, "-m", "tests.contract.worker", url])
