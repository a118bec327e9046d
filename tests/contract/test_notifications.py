"""What real applications notify of ends a wait of ours, whose next look would be far away."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from client_core import DBOSClient, EnqueueOptions
from client_core.polling import Waiting
from tests.client_core.waiting import PATIENCE, never, until_heard
from tests.contract.applications import python_worker
from tests.contract.node import require_node, typescript_worker
from tests.databases import create_system_database

pytestmark = pytest.mark.xdist_group("contract")


@pytest.fixture(scope="module", params=["python", "typescript"])
def url(request: pytest.FixtureRequest, worker_id: str) -> Iterator[str]:
    """The address of a database on which an application of this language executes."""
    is_python = request.param == "python"
    if not is_python:
        require_node()
    url = create_system_database(f"notifying_{request.param}_{worker_id}")
    with python_worker(url) if is_python else typescript_worker(url):
        yield url


@pytest.fixture
def ours(url: str) -> Iterator[DBOSClient]:
    """Our client, which looks again only when it hears of something."""
    with DBOSClient.create(url) as client:
        client._waiting = Waiting(client._db, pace=never)
        yield client


def delayed(client: DBOSClient, workflow_name: str, *args: Any) -> str:
    """A run that waits until it is released."""
    options = EnqueueOptions(
        workflow_name=workflow_name,
        queue_name="work",
        serialization="js_superjson" if workflow_name == "typed" else "portable_json",
        delay_seconds=3_600,
    )
    return client.enqueue(options, *args).workflow_id


def test_an_event(ours: DBOSClient) -> None:
    workflow_id = delayed(ours, "approval", "plan")
    with ThreadPoolExecutor() as threads:
        event = threads.submit(ours.get_event, workflow_id, "question", PATIENCE)
        until_heard(ours)
        ours.set_workflow_delay(workflow_id, delay_seconds=0)
        assert event.result(PATIENCE) == "approve plan?"
        ours.send(workflow_id, "yes", "decision")


def test_a_stream(ours: DBOSClient, url: str) -> None:
    workflow_id = delayed(ours, "streaming" if "python" in url else "typed")
    with ThreadPoolExecutor() as threads:
        stream = ours.read_stream(workflow_id, "typed", timeout_seconds=PATIENCE)
        value = threads.submit(next, stream)
        until_heard(ours)
        ours.set_workflow_delay(workflow_id, delay_seconds=0)
        assert value.result(PATIENCE)
