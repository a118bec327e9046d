"""Operations by real processes and threads: killed in the middle, and two at once."""

import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client

from console.models import Operation
from console.operations.runner import Runner
from tests.client_core.conftest import PATIENCE_SECONDS, Submit, submit, wait_for_lock
from tests.console.test_operations import OPERATIONS, many, outcomes, planned, start, statuses
from tests.console.test_serve import ROOT, SERVE, environment, port
from tests.databases import create_database

__all__ = ["port", "submit"]

PASSWORD = "a-long-enough-word"
Sql = psycopg.Connection[Any]


@contextmanager
def served(settings: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    server = subprocess.Popen(
        SERVE, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert server.stdout
    try:
        assert server.stdout.readline().startswith("Serving on http://127.0.0.1:")
        yield server
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


class Person:
    """Somebody with a browser that knows forms and nothing else."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}"
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        self.post("/login/", login="ann", password=PASSWORD)

    def get(self, path: str) -> str:
        with self._browser.open(self._base + path) as response:
            return str(response.read().decode())

    def post(self, path: str, form_at: str = "", **fields: str) -> str:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(form_at or path))
        assert token
        body = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token[1]}).encode()
        with self._browser.open(self._base + path, body) as response:
            assert response.status == HTTPStatus.OK
            return str(response.read().decode())


def until(holds: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < give_up


def test_a_server_killed_in_the_middle_goes_on_where_it_was(
    sql: Sql, system_url: str, worker_id: str, port: int
) -> None:
    """It dies while the database holds up one of its chunks, whose end nobody knows."""
    many(sql, 12_000)
    url = create_database(f"operations_{worker_id}")
    settings = environment(
        CONSOLE_DATABASE_URL=url,
        DBOS_SYSTEM_DATABASE_URL=system_url,
        PORT=str(port),
        CONSOLE_PASSWORD=PASSWORD,
        CONSOLE_STATEMENT_TIMEOUT_MS="60000",
    )
    manage = [sys.executable, "manage.py"]
    for command in (["migrate", "--verbosity=0"], ["grant", "ann", "operator"]):
        subprocess.run([*manage, *command], cwd=ROOT, env=settings, check=True, capture_output=True)
    page = f"{OPERATIONS}{(operation_id := uuid.uuid4())}/"
    with psycopg.connect(url, autocommit=True) as console:

        def state() -> tuple[Any, ...] | None:
            query = "SELECT state, done_to, begun_to FROM console_operation"
            return console.execute(query).fetchone()

        with served(settings) as server, psycopg.connect(system_url) as other:
            ann = Person(port)
            plan = {"scope": "all", "q": "name:job", "action": "workflow.cancel"}
            ann.post(f"{OPERATIONS}plan/", **plan, form_id=str(operation_id))
            until(lambda: state() == ("planned", 0, 0))
            other.execute(
                "SELECT FROM dbos.workflow_status WHERE workflow_uuid = %s FOR UPDATE",
                ["job-enqueued-4000"],
            )
            ann.post(f"{page}start/", page, number="12000", reason="a test")
            wait_for_lock(other)
            server.kill()
            server.wait()
        name, done, begun = state() or ("", 0, 0)
        # The newest come first, so the run that is held is the 8,001st.
        assert name == "running"
        assert 0 < done <= 8_000 < begun
        console.execute("UPDATE console_operation SET leased_until = now()")
        with served(settings):
            until(lambda: (state() or ("",))[0] == "done")
            ann = Person(port)
            assert "12,000" in ann.get(page)
            rows = [
                json.loads(line) for line in ann.get(f"{page}export/?format=jsonl").splitlines()
            ]
    assert statuses(sql) == {"CANCELLED": 12_000}
    assert {row["workflow_id"] for row in rows} == {f"job-enqueued-{n}" for n in range(1, 12_001)}
    told = [row["outcome"] for row in rows]
    assert set(told) <= {"done", "again"}
    # All of the chunk that was held up, or nothing of it, was done before.
    assert told.count("again") in (0, begun - done)
    assert set(told[:done] + told[begun:]) == {"done"}


@pytest.mark.django_db(transaction=True)
def test_two_at_once_lose_nothing(operator: Client, sql: Sql, submit: Submit) -> None:
    """Two runners, two operations, the same runs: each run is cancelled by exactly one of them."""
    many(sql, 12_000)
    both = [planned(operator), planned(operator)]
    for operation in both:
        start(operator, operation)

    def work() -> None:
        runner = Runner()
        try:
            while Operation.objects.filter(state="running").exists():
                runner.turn()
        finally:
            connection.close()

    for future in [submit(work), submit(work)]:
        future.result()
    assert statuses(sql) == {"CANCELLED": 12_000}
    found = [outcomes(operation) for operation in both]
    assert sum(one.get("done", 0) for one in found) == 12_000
    assert sum(one.get("already", 0) for one in found) == 12_000
    assert all(sum(one.values()) == 12_000 for one in found)
