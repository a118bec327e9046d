"""The console on a system database of its own, where nothing runs and every row is arranged."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser

from tests.databases import create_database, create_system_database

ROOT = Path(__file__).resolve().parent.parent.parent
MANAGE = [sys.executable, str(ROOT / "manage.py")]
PASSWORD = "only for these tests"
#: Who signs in, by role; somebody new has none.
PEOPLE = {"ann": "administrator", "vic": "viewer", "mia": "viewer", "new": "none"}


#: The same database twice: as it is, and as one that may only be read.
SYSTEMS = """
[systems.main]
environment = "staging"
colour = "blue"
database_url_env = "DBOS_SYSTEM_DATABASE_URL"

[systems.production]
environment = "production"
database_url_env = "DBOS_SYSTEM_DATABASE_URL"
read_only = true
"""


@dataclass(frozen=True, slots=True)
class Served:
    """A running console."""

    url: str
    system_url: str
    pid: int
    #: What another process needs to be a replica of it.
    environment: dict[str, str]


@pytest.fixture(scope="session")
def served(worker_id: str) -> Iterator[Served]:
    """The console as `manage.py serve` serves it."""
    with serving(f"served_{worker_id}") as console:
        yield console


@contextmanager
def serving(name: str, **settings: str) -> Iterator[Served]:
    """A console, its two databases and the accounts of its people."""
    system_url = create_system_database(f"{name}_system")
    foreign = ("DJANGO", "CONSOLE", "DBOS", "PORT")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(foreign)},
        "CONSOLE_SECRET_KEY": "only-for-tests",
        "CONSOLE_DATABASE_URL": create_database(name),
        "CONSOLE_PASSWORD": PASSWORD,
        "DBOS_SYSTEM_DATABASE_URL": system_url,
        "CONSOLE_SYSTEMS": SYSTEMS,
        **settings,
    }
    for command in (["migrate"], *(["grant", *who] for who in PEOPLE.items())):
        subprocess.run([*MANAGE, *command], env=environment, check=True, capture_output=True)
    with process(environment) as (port, pid):
        # By name: a passkey belongs to one.
        yield Served(f"http://localhost:{port}", system_url, pid, environment)


@contextmanager
def process(environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """A process that serves the console: its port and its ID."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        fd = listener.fileno()
        server = subprocess.Popen(
            [*MANAGE, "serve", "--fd", str(fd)], env=environment, pass_fds=[fd]
        )
        port = listener.getsockname()[1]
    try:
        yield port, server.pid
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="session")
def signed_in_as(browser: Browser, served: Served) -> dict[str, Any]:
    """The cookies of each person, and of nobody."""
    states: dict[str, Any] = {"": None}
    for name in PEOPLE:
        page = browser.new_page(base_url=served.url)
        page.goto("/login/")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/login/" not in url)
        states[name] = page.context.storage_state()
        page.close()
    return states


@pytest.fixture(scope="module")
def system_sql(served: Served) -> Iterator[psycopg.Connection[Any]]:
    """A connection to arrange the rows of its system database with."""
    with psycopg.connect(served.system_url, autocommit=True) as conn:
        yield conn
