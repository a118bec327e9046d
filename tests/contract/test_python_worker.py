"""A real Python worker executes what our client enqueued, and ours reads what it wrote."""

import uuid
from typing import Any

import dbos
import pytest

from client_core import (
    AwaitedWorkflowCancelled,
    DBOSClient,
    EnqueueOptions,
    RecordedError,
    WorkflowFailed,
    WorkflowHandle,
    WorkflowInputs,
)
from tests.client_core.serialization.support import shape
from tests.contract.values import TYPED
from tests.contract.workers import PATIENCE, Worker

pytestmark = pytest.mark.xdist_group("contract")


@pytest.fixture
def ours(python_application: Worker) -> DBOSClient:
    """Our client."""
    return python_application.ours


@pytest.fixture
def official(python_application: Worker) -> dbos.DBOSClient:
    """The official client."""
    client: dbos.DBOSClient = python_application.official
    return client


def start(client: DBOSClient, workflow_name: str, *args: Any, **options: Any) -> WorkflowHandle:
    given = {"workflow_name": workflow_name, "queue_name": "work", **options}
    return client.enqueue(EnqueueOptions(**given), *args)


@pytest.mark.parametrize("serialization", ["portable_json", "py_pickle"])
def test_arguments_arrive_and_the_result_comes_back(ours: DBOSClient, serialization: str) -> None:
    options = EnqueueOptions(workflow_name="echo", queue_name="work", serialization=serialization)
    handle = ours.enqueue(options, "ann", [1, 2.5, None, True], greeting={"text": "grüß ✓"})
    assert handle.get_result(PATIENCE) == {
        "args": ["ann", [1, 2.5, None, True]],
        "kwargs": {"greeting": {"text": "grüß ✓"}},
    }
    run = handle.get_status()
    assert run.status == "SUCCESS"
    assert (run.app_version, run.executor_id) == ("v1", "contract-1")
    assert run.dequeued_at is not None
    assert run.completed_at is not None


def test_steps_and_events(ours: DBOSClient) -> None:
    handle = start(ours, "total", 1, 2, 3)
    assert handle.get_result(PATIENCE) == 6
    steps = ours.list_workflow_steps(handle.workflow_id)
    assert steps is not None
    assert [step.output for step in steps if step.function_name == "add"] == [1, 3, 6]
    assert ours.get_event(handle.workflow_id, "so far") == 6
    assert ours.get_all_events(handle.workflow_id) == {"so far": 6}


def test_a_message_reaches_a_waiting_run(ours: DBOSClient) -> None:
    handle = start(ours, "approval", "plan")
    assert ours.get_event(handle.workflow_id, "question", PATIENCE) == "approve plan?"
    ours.send(handle.workflow_id, {"approved": True}, "decision", "once")
    ours.send(handle.workflow_id, {"approved": False}, "decision", "once")
    assert handle.get_result(PATIENCE) == {"approved": True}


def test_a_failure_is_read_without_unpickling(ours: DBOSClient) -> None:
    for serialization in ("portable_json", "py_pickle"):
        with pytest.raises(WorkflowFailed) as caught:
            start(ours, "failing", "no stock", serialization=serialization).get_result(PATIENCE)
        assert isinstance(caught.value.error, RecordedError)
        assert (caught.value.error.name, caught.value.error.message) == ("ValueError", "no stock")


def test_cancel_and_resume(ours: DBOSClient) -> None:
    handle = start(ours, "naps", 40)
    _until_running(ours, handle)
    assert ours.cancel_workflow(handle.workflow_id).before == "PENDING"
    with pytest.raises(AwaitedWorkflowCancelled):
        handle.get_result(PATIENCE)
    assert ours.resume_workflow(handle.workflow_id).changed
    assert handle.get_result(PATIENCE) == "rested"


def test_a_cancelled_run_that_waited_is_resumed_on_its_queue(ours: DBOSClient) -> None:
    handle = start(ours, "total", 5, delay_seconds=3600)
    assert ours.cancel_workflow(handle.workflow_id).before == "DELAYED"
    ours.resume_workflow(handle.workflow_id, queue_name="work")
    assert handle.get_result(PATIENCE) == 5


def test_partition_priority_attributes_and_timeout_are_taken(
    ours: DBOSClient, official: dbos.DBOSClient
) -> None:
    handle = start(
        ours,
        "total",
        1,
        queue_name="tenants",
        queue_partition_key="tenant-1",
        priority=3,
        attributes={"customer": 42},
        workflow_timeout_ms=60_000,
        app_version="v1",
    )
    assert handle.get_result(PATIENCE) == 1
    [seen] = official.list_workflows(workflow_ids=[handle.workflow_id])
    assert (seen.queue_partition_key, seen.priority) == ("tenant-1", 3)
    assert seen.attributes == {"customer": 42}
    assert seen.workflow_timeout_ms == 60_000
    assert seen.workflow_deadline_epoch_ms is not None


def test_ours_reads_what_the_official_client_pickled(
    ours: DBOSClient, official: dbos.DBOSClient
) -> None:
    workflow_id = str(uuid.uuid4())
    options: dbos.EnqueueOptions = {
        "workflow_name": "typed",
        "queue_name": "work",
        "workflow_id": workflow_id,
    }
    official.enqueue(options)
    result = ours.retrieve_workflow(workflow_id).get_result(PATIENCE)
    assert shape(result) == shape(TYPED)
    assert shape(ours.get_event(workflow_id, "typed")) == shape(TYPED)
    assert shape(list(ours.read_stream(workflow_id, "typed"))) == shape([TYPED])
    run = ours.get_workflow(workflow_id)
    assert run
    assert run.serialization == "py_pickle"
    assert run.input == WorkflowInputs((), {})


def test_the_official_client_reads_what_ours_started(
    ours: DBOSClient, official: dbos.DBOSClient
) -> None:
    handle = start(ours, "total", 4, 5)
    theirs: Any = official.retrieve_workflow(handle.workflow_id)
    assert theirs.get_result(polling_interval_sec=0.05) == 9


def _until_running(client: DBOSClient, handle: WorkflowHandle) -> None:
    while handle.get_status().status != "PENDING":
        assert handle.get_status().is_active
