"""The database goes away while somebody waits: who waits carries on, who begins is told."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from client_core import DatabaseUnavailable, DBOSClient, WaitTimeout
from client_core.polling import Waiting
from demo import postgres
from demo.postgres import EmbeddedPostgres
from demo.waiting import wait_until
from tests.client_core.conftest import Insert, Submit
from tests.client_core.waiting import PATIENCE, all_wait
from tests.databases import _MIGRATE
from tests.demo.conftest import QUICK, reachable_folder
from tests.proxy import Cut, Proxy

CUTS: tuple[Cut, ...] = ("before the request", "before the answer")

_RUNS = "INSERT INTO dbos.workflow_status (workflow_uuid, status) VALUES (%s, 'PENDING')"
_FINISH = """
WITH event AS (INSERT INTO dbos.workflow_events VALUES ('run', 'set', '2', 'portable_json')),
     stream AS (INSERT INTO dbos.streams VALUES ('run', 'log', '3', 0, 1, 'portable_json')),
     output AS (INSERT INTO dbos.workflow_output (workflow_uuid, output) VALUES ('run', '1'))
UPDATE dbos.workflow_status SET status = 'SUCCESS', serialization = 'portable_json'"""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddedPostgres]:
    """A server of its own with a system database; it keeps its port when it is started again."""
    with reachable_folder() as folder:
        server = EmbeddedPostgres(folder, settings=QUICK)
        try:
            server.start()
            monkeypatch.setattr(postgres, "_free_port", lambda port=server._port: port)
            subprocess.run([sys.executable, "-c", _MIGRATE, server.url("system")], check=True)
            yield server
        finally:
            server.remove()


def cut(proxy: Proxy, when: Cut) -> None:
    """Cut a connection, and return when looking has gone on."""
    proxy.cut_next(when)
    before = proxy.round_trips
    assert wait_until(lambda: proxy.round_trips > before + 3, PATIENCE)


def until_noticed(waiting: Waiting) -> None:
    """Return when a look has failed."""
    assert wait_until(lambda: waiting._failures > 0, PATIENCE)


def test_waits_of_all_kinds_outlast_a_restart(server: EmbeddedPostgres, submit: Submit) -> None:
    with psycopg.connect(server.url("system"), autocommit=True) as conn:
        for workflow_id in ("run", "other"):
            conn.execute(_RUNS, [workflow_id])
    with DBOSClient.create(server.url("system"), connect_timeout_seconds=1) as client:
        run, other = client.retrieve_workflow("run"), client.retrieve_workflow("other")
        waits = [
            submit(run.get_result),
            submit(run.get_result, PATIENCE),
            submit(client.get_event, "run", "set", PATIENCE),
            submit(lambda: list(client.read_stream("run", "log"))),
            submit(client.wait_first, [other, run]),
            submit(client.wait_all, [run, other], timeout_seconds=PATIENCE),
        ]
        impatient = submit(other.get_result, 2)
        assert wait_until(lambda: all_wait(client._waiting, len(waits) + 1), PATIENCE)
        server.stop()
        until_noticed(client._waiting)
        with pytest.raises(WaitTimeout):
            impatient.result(PATIENCE)
        with pytest.raises(DatabaseUnavailable):
            other.get_result()
        with pytest.raises(DatabaseUnavailable):
            client.get_event("run", "set")
        assert not any(wait.done() for wait in waits)
        server.start()
        with psycopg.connect(server.url("system"), autocommit=True) as conn:
            conn.execute(_FINISH)
        found = [wait.result(PATIENCE) for wait in waits]
        assert found[:4] == [1, 1, 2, [3]]
        assert found[4] in (run, other)
        assert found[5] == [run, other]


def test_every_wait_may_lose_its_connection(
    system_url: str, insert: Insert, sql: psycopg.Connection[Any], submit: Submit
) -> None:
    """Cut again and again while all kinds wait, before requests and before answers."""
    workflow_id = insert(workflow_uuid="run", status="PENDING")
    with Proxy(system_url) as proxy, DBOSClient.create(proxy.url) as client:
        waits = [
            submit(client.retrieve_workflow(workflow_id).get_result),
            submit(client.get_event, workflow_id, "set", PATIENCE),
            submit(lambda: list(client.read_stream(workflow_id, "log"))),
        ]
        assert wait_until(lambda: all_wait(client._waiting, len(waits)), PATIENCE)
        for when in CUTS * 2:
            cut(proxy, when)
        sql.execute(_FINISH)
        assert [wait.result(PATIENCE) for wait in waits] == [1, 2, [3]]


def test_what_cannot_be_reached_to_begin_with_is_told_at_once() -> None:
    with DBOSClient.create("postgresql://127.0.0.1:1/x", connect_timeout_seconds=0.2) as client:
        handle = client.retrieve_workflow("run")
        for call in (
            handle.get_result,
            lambda: client.wait_first([handle]),
            lambda: client.wait_all([handle]),
            lambda: client.get_event("run", "set"),
            lambda: next(client.read_stream("run", "log")),
        ):
            with pytest.raises(DatabaseUnavailable):
                call()


def test_a_pool_that_is_closed_does_not_come_back(
    system_url: str, insert: Insert, submit: Submit
) -> None:
    with ConnectionPool(system_url, min_size=1, open=True) as pool:
        client = DBOSClient.create(system_database_pool=pool)
        wait = submit(client.retrieve_workflow(insert(status="PENDING")).get_result)
        assert wait_until(lambda: all_wait(client._waiting, 1), PATIENCE)
    assert isinstance(wait.exception(PATIENCE), DatabaseUnavailable)
