"""A real TypeScript worker executes what our client enqueued, and ours reads what it wrote."""

from datetime import UTC, datetime
from typing import Any

import pytest

from client_core import DBOSClient, EnqueueOptions, RecordedError, WorkflowFailed, WorkflowHandle
from client_core.serialization import UNDEFINED, OpaqueObject
from tests.client_core.serialization.support import shape
from tests.contract.workers import PATIENCE, Worker

pytestmark = pytest.mark.xdist_group("contract")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FORMATS = ["js_superjson", "portable_json"]

#: `typed()` of values.mjs, in Python.
TYPED: dict[str, Any] = {
    "when": datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
    "big": 12345678901234567890,
    "tags": {"a", "b"},
    "lists": OpaqueObject("", "Set", items=([1], [2])),
    "prices": {1: "one", 2.5: EPOCH},
    "nothing": UNDEFINED,
    "numbers": [float("nan"), float("inf"), float("-inf"), -0.0],
    "pattern": OpaqueObject("", "RegExp", args=("a\\/b", "gi")),
    "home": OpaqueObject("", "URL", args=("http://localhost/x?y=1",)),
    "trouble": RecordedError("TypeError", "no stock", None, None),
    "raw": b"\x00\xff",
    "floats": OpaqueObject("", "Float64Array", items=(0.5, 2)),
    "pair": [{"n": 1}, {"n": 1}],
    "dotted.key": {"a.b": 1},
    "": [{"": {1}}],
}


@pytest.fixture
def ours(typescript_application: Worker) -> DBOSClient:
    """Our client."""
    return typescript_application.ours


def start(client: DBOSClient, workflow_name: str, *args: Any, **options: Any) -> WorkflowHandle:
    given = {
        "workflow_name": workflow_name,
        "queue_name": "work",
        "serialization": "js_superjson",
        **options,
    }
    return client.enqueue(EnqueueOptions(**given), *args)


@pytest.mark.parametrize("serialization", FORMATS)
def test_arguments_arrive_and_the_result_comes_back(ours: DBOSClient, serialization: str) -> None:
    args = ["ann", [1, 2.5, None, True], {"text": "grüß ✓"}]
    handle = start(ours, "echo", *args, serialization=serialization)
    assert handle.get_result(PATIENCE) == args
    run = handle.get_status()
    assert (run.status, run.serialization) == ("SUCCESS", serialization)
    assert (run.app_version, run.executor_id) == ("v1", "contract-ts-1")


def test_arguments_are_the_types_of_javascript(ours: DBOSClient) -> None:
    given = (EPOCH, 2**60, {"a"}, {1: "x"}, UNDEFINED, b"hi", float("nan"), -0.0)
    assert start(ours, "describe", *given).get_result(PATIENCE) == (
        "[ 1970-01-01T00:00:00.000Z, 1152921504606846976n, Set(1) { 'a' }, Map(1) { 1 => 'x' },"
        " undefined, <Buffer 68 69>, NaN, -0 ]"
    )
    assert shape(start(ours, "echo", *given).get_result(PATIENCE)) == shape(list(given))


@pytest.mark.parametrize("serialization", FORMATS)
def test_steps_and_events(ours: DBOSClient, serialization: str) -> None:
    handle = start(ours, "total", 1, 2, 3, serialization=serialization)
    assert handle.get_result(PATIENCE) == 6
    steps = ours.list_workflow_steps(handle.workflow_id)
    assert steps is not None
    assert [step.output for step in steps if step.function_name == "add"] == [1, 3, 6]
    assert ours.get_event(handle.workflow_id, "so far") == 6


@pytest.mark.parametrize("serialization", FORMATS)
def test_a_message_reaches_a_waiting_run(ours: DBOSClient, serialization: str) -> None:
    handle = start(ours, "approval", "plan", serialization=serialization)
    assert ours.get_event(handle.workflow_id, "question", PATIENCE) == "approve plan?"
    message = {"approved": True, "by": ["ann"]}
    ours.send(handle.workflow_id, message, "decision", "once", serialization=serialization)
    assert handle.get_result(PATIENCE) == message


@pytest.mark.parametrize("serialization", FORMATS)
def test_a_failure_is_read(ours: DBOSClient, serialization: str) -> None:
    with pytest.raises(WorkflowFailed) as caught:
        start(ours, "failing", "no stock", serialization=serialization).get_result(PATIENCE)
    error = caught.value.error
    assert isinstance(error, RecordedError)
    assert (error.name, error.message, error.code) == ("OutOfStock", "no stock", "E42")
    if serialization == "js_superjson":
        assert error.data["cause"]["message"] == "shelf"
        assert error.data["stack"].startswith("OutOfStock: no stock")


def test_every_type_comes_back_as_result_event_and_stream(ours: DBOSClient) -> None:
    handle = start(ours, "typed")
    result = handle.get_result(PATIENCE)
    assert shape(result) == shape(TYPED)
    assert result["pair"][0] is result["pair"][1]
    assert shape(ours.get_event(handle.workflow_id, "typed")) == shape(TYPED)
    assert shape(list(ours.read_stream(handle.workflow_id, "typed"))) == shape([TYPED])


def test_a_run_that_returns_nothing_gives_undefined(ours: DBOSClient) -> None:
    assert start(ours, "silent").get_result(PATIENCE) is UNDEFINED
