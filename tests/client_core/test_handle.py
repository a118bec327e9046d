"""Waiting for a workflow and hearing how it ended."""

import threading
from typing import Any

import psycopg
import pytest

from client_core import (
    AwaitedWorkflowCancelled,
    AwaitedWorkflowMaxRecoveryAttemptsExceeded,
    DBOSClient,
    NonExistentWorkflow,
    WaitTimeout,
    WorkflowFailed,
    WorkflowHandle,
    WorkflowStatus,
)
from tests.client_core.conftest import Insert


def test_the_output_of_a_success(client: DBOSClient, insert: Insert) -> None:
    workflow_id = insert(output='{"n":1}', serialization="portable_json")
    assert client.retrieve_workflow(workflow_id).get_result() == {"n": 1}


def test_the_error_of_a_failure(client: DBOSClient, insert: Insert) -> None:
    error = '{"name":"Declined","message":"no money","code":7}'
    workflow_id = insert(status="ERROR", error=error, serialization="portable_json")
    with pytest.raises(WorkflowFailed, match="no money") as caught:
        client.retrieve_workflow(workflow_id).get_result()
    assert (caught.value.error.name, caught.value.error.code) == ("Declined", 7)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("CANCELLED", AwaitedWorkflowCancelled),
        ("MAX_RECOVERY_ATTEMPTS_EXCEEDED", AwaitedWorkflowMaxRecoveryAttemptsExceeded),
    ],
)
def test_other_ends_have_errors_of_their_own(
    client: DBOSClient, insert: Insert, status: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        client.retrieve_workflow(insert(status=status)).get_result()


def test_the_end_is_waited_for(
    client: DBOSClient, insert: Insert, sql: psycopg.Connection[Any]
) -> None:
    workflow_id = insert(status="PENDING", serialization="portable_json")
    results: list[object] = []
    handle = client.retrieve_workflow(workflow_id)
    thread = threading.Thread(target=lambda: results.append(handle.get_result()))
    thread.start()
    sql.execute("UPDATE dbos.workflow_status SET status = 'SUCCESS', output = '5'")
    thread.join()
    assert results == [5]


@pytest.mark.parametrize("status", ["PENDING", "ENQUEUED", "DELAYED"])
def test_waiting_has_an_end(client: DBOSClient, insert: Insert, status: str) -> None:
    handle = client.retrieve_workflow(insert(status=status))
    with pytest.raises(WaitTimeout) as caught:
        handle.get_result(timeout_seconds=0.05)
    assert caught.value.timeout_seconds == 0.05
    assert isinstance(caught.value, TimeoutError)


def test_a_run_that_is_resumed_at_once_is_waited_for(
    client: DBOSClient, insert: Insert, sql: psycopg.Connection[Any]
) -> None:
    """It is over when it is looked for, and no longer when its result is read."""
    workflow_id = insert(status="CANCELLED", serialization="portable_json")
    seen: list[str] = []

    class Resumed(WorkflowHandle):
        def get_status(self) -> WorkflowStatus:
            change = "'PENDING'" if not seen else "'SUCCESS', output = '5'"
            sql.execute(f"UPDATE dbos.workflow_status SET status = {change}")
            status = super().get_status()
            seen.append(status.status)
            if status.is_active:
                sql.execute("UPDATE dbos.workflow_status SET status = 'ERROR'")
            return status

    assert Resumed(workflow_id, client).get_result() == 5
    assert seen == ["PENDING", "SUCCESS"]


def test_a_workflow_that_does_not_exist_yet_is_waited_for(client: DBOSClient) -> None:
    with pytest.raises(WaitTimeout):
        client.retrieve_workflow("not yet").get_result(timeout_seconds=0)


def test_the_status_of_a_workflow_that_is_not_there(client: DBOSClient) -> None:
    with pytest.raises(NonExistentWorkflow):
        client.retrieve_workflow("none").get_status()
