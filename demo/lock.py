"""Keeps a second demo away from a home that is in use."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


class HomeInUseError(Exception):
    """Another demo runs on this home."""


@contextmanager
def locked(home: Path) -> Iterator[IO[str]]:
    """Holds the home's lock, which the kernel gives back whatever becomes of the process.

    Yields the lock's file. What is written there tells a second demo who has the lock.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            running = ", ".join(file.read().splitlines()) or "another process"
            raise HomeInUseError(
                f"The demo runs already on {home}: {running}. "
                "DEMO_HOME=/another/folder starts one beside it."
            ) from None
        file.truncate(0)
        print(f"process {os.getpid()}", file=file, flush=True)
        yield file
