"""What an old SDK left reads the same after today's SDK has migrated its database."""

from contextlib import AbstractContextManager
from typing import Any

import pytest

from client_core import DBOSClient
from tests.client_core.serialization.support import shape
from tests.contract.applications import python_worker
from tests.contract.generations import GENERATIONS, Generation, create_generation_database, each
from tests.contract.node import typescript_worker


def todays_worker(generation: Generation, url: str) -> AbstractContextManager[object]:
    """An application in the same language, which migrates the database when it starts."""
    return {"python": python_worker, "typescript": typescript_worker}[generation.language](url)


@pytest.mark.parametrize("generation", each(*GENERATIONS))
def test_an_upgrade_changes_nothing_that_is_read(generation: Generation, worker_id: str) -> None:
    url = create_generation_database(generation, f"{generation}_upgraded_{worker_id}")
    with DBOSClient.create(url) as client:
        assert client.capabilities.missing
        before = all_that_is_read(client)
    with todays_worker(generation, url), DBOSClient.create(url) as client:
        assert not client.capabilities.missing
        assert all_that_is_read(client) == before


def all_that_is_read(client: DBOSClient) -> dict[str, Any]:
    """Each run with its steps, events and stream."""
    return {
        run.workflow_id: (
            shape_of(client.get_workflow(run.workflow_id)),
            [shape_of(step) for step in client.list_workflow_steps(run.workflow_id) or []],
            shape(client.get_all_events(run.workflow_id)),
            shape([] if run.is_active else list(client.read_stream(run.workflow_id, "log"))),
        )
        for run in client.list_workflows()
    }


def shape_of(record: Any) -> Any:
    """The fields of a record, in types and values."""
    names = getattr(record, "_fields", None) or record.__dataclass_fields__
    return shape({name: getattr(record, name) for name in names})
