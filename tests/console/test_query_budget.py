"""What a page costs the system database: at most four statements, however much it shows."""

from typing import Any

import psycopg
import pytest
from django.test import Client

from client_core.database import Database
from tests.console.conftest import Insert

#: Of any page that shows workflows.
MOST_STATEMENTS = 4

_REST = (
    "INSERT INTO dbos.workflow_input (workflow_uuid, inputs) VALUES ('run', %s)",
    "INSERT INTO dbos.operation_outputs (workflow_uuid, function_id, function_name, output) "
    "SELECT 'run', n, 'step', %s FROM generate_series(1, 200) n",
    "INSERT INTO dbos.workflow_events (workflow_uuid, key, value) VALUES ('run', 'state', %s)",
    "INSERT INTO dbos.notifications (destination_uuid, message) VALUES ('run', %s)",
    'INSERT INTO dbos.streams (workflow_uuid, key, value, "offset", function_id) '
    "VALUES ('run', 'log', %s, 0, 1)",
)
_RUN = "/s/main/workflows/run/run/"
PAGES = (
    "/s/main/workflows/",
    "/s/main/workflows/?q=run",
    "/s/main/workflows/?q=r",
    "/s/main/workflows/?q=status:error+name:job+created:<2h",
    "/s/main/workflows/?top=1.run",
    _RUN,
    f"{_RUN}?step=job&errors=1",
    f"{_RUN}payload/input/",
    f"{_RUN}payload/input/text/",
    f"{_RUN}payload/input/download/",
    f"{_RUN}event/",
    f"{_RUN}event/?key=state",
    f"{_RUN}stream/?key=log",
    f"{_RUN}cancel/",
    f"{_RUN}resume/",
    "/s/main/workflows/run/waiting/",
    "/s/main/workflows/run/failed/",
    "/s/main/workflows/compare/?a=run&b=failed",
    "/s/main/schedules/",
    "/s/main/schedules/rehearsal/",
    "/s/main/schedules/schedule/nightly/",
    "/s/main/queues/",
    "/s/main/debounces/",
    "/s/main/queues/queue/orders/",
    "/s/main/queues/register/",
    "/s/main/queues/effect/?name=orders&current=1&polling_interval_seconds=1",
    "/s/main/queues/queue/orders/edit/",
    "/s/main/queues/queue/orders/delete/",
    "/s/main/workflows/enqueue/",
    "/s/main/workflows/debounce/",
    "/s/main/errors/",
    "/s/main/errors/0123456789abcdef/",
)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was sent to the system database."""
    sent: list[Any] = []
    attempt = Database._attempt

    def noted(database: Database, run: Any, **options: Any) -> Any:
        sent.append(run)
        return attempt(database, run, **options)

    monkeypatch.setattr(Database, "_attempt", noted)
    return sent


@pytest.fixture
def _filled(insert: Insert, sql: psycopg.Connection[Any]) -> None:
    insert(workflow_uuid="run", status="PENDING", parent_workflow_id="failed")
    insert(workflow_uuid="waiting", status="ENQUEUED", queue_name="orders")
    insert(workflow_uuid="failed", status="ERROR", error='{"name":"E","message":"m"}')
    for number in range(20):
        insert(workflow_uuid=f"child-{number}", parent_workflow_id="run", forked_from="run")
    sql.execute("INSERT INTO dbos.queues (name, concurrency) VALUES ('orders', 3)")
    for statement in _REST:
        sql.execute(statement, ['{"positionalArgs":[1],"namedArgs":{}}'])


@pytest.mark.usefixtures("_filled")
@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_little(path: str, administrator: Client, sent: list[Any]) -> None:
    administrator.get(path)  # What the schema offers is found once a process.
    sent.clear()
    administrator.get(path)
    assert 0 < len(sent) <= MOST_STATEMENTS
