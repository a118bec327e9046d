"""Operations on many runs through a connection that breaks: planned and carried out all the same.

Each request of a plan and of a runner's work is cut; then the server is there again and the runner
goes on. Each run is acted on once, and what is said of each is so.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, get_args

import psycopg
import pytest
from django.test import Client
from django.utils import timezone

from client_core import DBOSClient
from console import systems
from console.models import AuditEntry, Operation, OperationRun
from console.operations.runner import Runner
from tests.client_core.test_faults import FAMILY, PATIENCE_SECONDS, state
from tests.console.tampering import empty_the_log
from tests.console.test_operations import PLAN, url
from tests.console.test_workflows import text
from tests.databases import delete_rows
from tests.proxy import Cut, Proxy, Step

Sql = psycopg.Connection[Any]

#: What is planned, and what may become of a run that was acted on.
CASES = {
    "cancel": ({"action": "workflow.cancel"}, {"done", "stops", "again", "already"}),
    "cancel: children": (
        {"action": "workflow.cancel", "children": "on"},
        {"done", "stops", "again", "already"},
    ),
    "resume": ({"action": "workflow.resume", "running": "on"}, {"done", "again"}),
    "delete": ({"action": "workflow.delete"}, {"done", "again"}),
    "fork": ({"action": "workflow.fork"}, {"done"}),
}
ROWS = f"""{FAMILY};
INSERT INTO dbos.workflow_status (workflow_uuid, status, name, queue_name, priority)
VALUES ('cancelled', 'CANCELLED', 'job', NULL, 0), ('failed', 'ERROR', 'job', NULL, 0)"""


@dataclass
class Bulk:
    """An operation, planned and carried out through a proxy."""

    asked: dict[str, str]
    browser: Client
    sql: Sql
    direct: DBOSClient
    proxy: Proxy

    def connect(self, script: Sequence[Step]) -> None:
        """A connection for the console to which this will happen."""
        self.proxy.play()
        systems.all_systems()["main"].client.destroy()
        systems._client.cache_clear()
        client = systems.all_systems()["main"].client
        client._db._capabilities = self.direct.capabilities
        client._db._pool.resize(0, 1)
        client.get_queue("none")
        if "refuse" in script:
            client._db._pool.timeout = PATIENCE_SECONDS
        self.proxy.play(*script)

    def prepare(self) -> None:
        Operation.objects.all().delete()
        empty_the_log()
        delete_rows(self.sql)
        self.sql.execute(ROWS.encode())

    def plan(self, script: Sequence[Step] = ()) -> Operation:
        """What the first request of a plan finds, or leaves to the runner."""
        form = {"scope": "all", "q": "", **self.asked, "form_id": str(uuid.uuid4())}
        self.connect(script)
        response = self.browser.post(PLAN, form)
        assert response.status_code == HTTPStatus.FOUND
        return Operation.objects.get()

    def start(self, operation: Operation) -> None:
        """Which asks the system database nothing."""
        trips = self.proxy.round_trips
        response = self.browser.post(url(operation, "start/"), {"reason": "a bad release"})
        assert response.status_code == HTTPStatus.FOUND
        assert self.proxy.round_trips == trips

    def work(self, script: Sequence[Step] = ()) -> int:
        """Carry on until nothing is due; the requests."""
        self.connect(script)
        trips = self.proxy.round_trips
        runner = Runner()
        while runner.turn():
            pass
        return self.proxy.round_trips - trips

    def go_on(self) -> None:
        """The server is there again, and the next try is due."""
        Operation.objects.update(due_at=timezone.now())
        self.work()


@pytest.fixture
def bulk(
    request: pytest.FixtureRequest,
    proxy: Proxy,
    sql: Sql,
    client: DBOSClient,
    administrator: Client,
) -> Bulk:
    return Bulk(CASES[request.param][0], administrator, sql, client, proxy)


every_case = pytest.mark.parametrize("bulk", CASES, indirect=True)


@every_case
@pytest.mark.parametrize("cut", get_args(Cut))
@pytest.mark.parametrize("later", [(), ("refuse",)], ids=["back at once", "gone"])
def test_a_plan_that_is_cut_is_written_down_all_the_same(
    bulk: Bulk, cut: Cut, later: tuple[Step, ...]
) -> None:
    bulk.prepare()
    before = state(bulk.sql)
    operation = bulk.plan([cut, *later])
    bulk.go_on()
    operation.refresh_from_db()
    assert (operation.state, operation.total) == ("planned", 6)
    assert OperationRun.objects.count() == 6
    assert state(bulk.sql) == before
    assert not AuditEntry.objects.exists()


@every_case
@pytest.mark.parametrize("later", [(), ("refuse",)], ids=["back at once", "gone"])
def test_a_runner_that_is_cut_acts_once_and_says_so(
    bulk: Bulk, later: tuple[Step, ...], request: pytest.FixtureRequest
) -> None:
    bulk.prepare()
    before = state(bulk.sql)
    bulk.start(bulk.plan())
    requests = bulk.work()
    after = state(bulk.sql)
    expected = {run.workflow_id: run.outcome for run in OperationRun.objects.all()}
    acted = CASES[request.node.callspec.params["bulk"]][1]
    for number in range(requests - 1):
        for cut in get_args(Cut):
            bulk.prepare()
            operation = bulk.plan()
            bulk.start(operation)
            bulk.work([*[None] * number, cut, *later])
            operation.refresh_from_db()
            page = text(bulk.browser.get(url(operation)))
            if operation.state == "running":
                assert "It waits and tries again" in page
                # Where it says that nothing was begun, nothing was done.
                assert operation.begun_to or state(bulk.sql) == before
            bulk.go_on()
            operation.refresh_from_db()
            assert operation.state == "done"
            assert state(bulk.sql) == after
            assert AuditEntry.objects.get().outcome == "done"
            found = {run.workflow_id: run.outcome for run in OperationRun.objects.all()}
            assert found.keys() == expected.keys()
            for workflow_id, outcome in found.items():
                may = acted if expected[workflow_id] in acted else {expected[workflow_id]}
                assert outcome in may


@pytest.mark.parametrize("bulk", ["fork"], indirect=True)
def test_what_was_done_before_the_server_went_is_not_said_to_be_untouched(bulk: Bulk) -> None:
    """Forks are made one by one; it goes after the first, and then somebody stops the rest."""
    bulk.prepare()
    operation = bulk.plan()
    bulk.start(operation)
    # The look at the runs, and the first fork.
    bulk.work([None, None, "before the request", "refuse"])
    forks = "SELECT count(*) AS forks FROM dbos.workflow_status WHERE forked_from IS NOT NULL"
    [row] = bulk.sql.execute(forks).fetchall()
    assert row["forks"] == 1
    bulk.browser.post(url(operation, "steer/"), {"step": "stop"})
    bulk.go_on()
    operation.refresh_from_db()
    assert operation.state == "stopped"
    assert operation.outcomes["unknown"] == 3
    assert "unknown: stopped after an interruption" in text(bulk.browser.get(url(operation)))
