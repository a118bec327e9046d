"""System databases as old SDKs make them: by their own migrations, with runs of their own workers.

An SDK is installed at its first use, into an environment of its own in the user's cache. What its
application leaves in a database is a template, which each test clones.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import IO, Any, Literal

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from tests.contract import node
from tests.contract.applications import application
from tests.contract.installed import install_python, installed
from tests.databases import create_database
from tests.postgres import server_url

HERE = Path(__file__).parent / "old_sdks"
#: Any number: the workers of a run agree on it, so that one of them makes a template.
_LOCK = 6_022


@dataclass(frozen=True)
class Generation:
    """An SDK whose database is served."""

    language: Literal["python", "typescript"]
    version: str

    def __str__(self) -> str:
        return f"{self.language}-{self.version}"

    @property
    def release(self) -> tuple[int, ...]:
        """The version, in an order."""
        return tuple(map(int, self.version.split(".")))


#: Those of one age in one line. In February 2026 schedules had just come, as the documentation of
#: that time describes them.
OLDEST = Generation("python", "1.14.0"), Generation("typescript", "3.5.8")
FEBRUARY = Generation("python", "2.13.0"), Generation("typescript", "4.9.11")
LAST_UNSPLIT = Generation("python", "2.31.1"), Generation("typescript", "4.27.6")
WRITABLE = (*FEBRUARY, *LAST_UNSPLIT)
GENERATIONS = (*OLDEST, *WRITABLE)


def create_generation_database(generation: Generation, name: str) -> str:
    """A database with what the application of an old SDK left in it; its URL."""
    command = _command(generation)
    with psycopg.connect(server_url("postgres"), autocommit=True) as conn:
        conn.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        template = _ensure_template(conn, generation, command)
        conn.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
        clone = SQL("CREATE DATABASE {} TEMPLATE {}")
        conn.execute(clone.format(Identifier(name), Identifier(template)))
    return server_url(name)


class OldWorker:
    """A running application of an old SDK, and the official client beside it."""

    def __init__(self, requests: IO[str], answers: IO[str]) -> None:
        self._requests, self._answers = requests, answers

    def reads(self, workflow_id: str) -> dict[str, Any]:
        """What the official client of that SDK says of a run."""
        print(workflow_id, file=self._requests, flush=True)
        seen: dict[str, Any] = json.loads(self._answers.readline())
        return seen


@contextmanager
def old_worker(generation: Generation, url: str) -> Iterator[OldWorker]:
    """An application that executes on the database `url`, on the queue `work`."""
    with application([*_command(generation), url, "serve"]) as (requests, answers):
        yield OldWorker(requests, answers)


def _ensure_template(
    conn: psycopg.Connection[Any], generation: Generation, command: list[str]
) -> str:
    template = f"generation_{generation}"
    found = conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone()
    if not found:
        unfinished = f"{template}_unfinished"
        url = create_database(unfinished)
        done = subprocess.run([*command, url, "seed"], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        rename = SQL("ALTER DATABASE {} RENAME TO {}")
        conn.execute(rename.format(Identifier(unfinished), Identifier(template)))
    return template


def interpreter(generation: Generation) -> str:
    """The path of a Python that has the SDK."""
    locks = [HERE / f"{generation}.txt"]
    folder = installed(str(generation), locks, partial(install_python, sys.executable), sys.version)
    return str(folder / "bin" / "python")


@cache
def _command(generation: Generation) -> list[str]:
    """What runs the application; its arguments are a URL and a mode."""
    if generation.language == "python":
        return [interpreter(generation), "-W", "ignore", str(HERE / "worker.py")]
    javascript = node.require_node()
    locks = [HERE / str(generation) / name for name in node.LOCKED]
    folder = installed(str(generation), locks, partial(node.install, javascript))
    return [javascript, str(HERE / "worker.mjs"), str(folder)]


def each(*generations: Generation) -> list[Any]:
    """Parameters for tests; all of one generation run in one process."""
    group = pytest.mark.xdist_group
    return [pytest.param(one, id=str(one), marks=group(str(one))) for one in generations]
