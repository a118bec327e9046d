"""Applications in both languages execute what ours scheduled, debounced, registered and sent."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from client_core import DBOSClient, DebouncerClient, WorkflowInputs, WorkflowStatus
from tests.client_core.serialization.support import shape
from tests.contract.matrix.model import LANGUAGES
from tests.contract.node import TypeScriptClient
from tests.contract.rows import OWN
from tests.contract.values import (
    PLAIN,
    PLAIN_TYPESCRIPT,
    PORTABLE,
    SHOWN_PORTABLE,
    SHOWN_TYPESCRIPT,
)
from tests.contract.workers import PATIENCE, Worker, until

pytestmark = pytest.mark.xdist_group("contract")

SECOND = timedelta(seconds=1)
HOUR_MS = 3_600_000
CONTEXT = {"days": [30, None, 1.5], "where": {"city": "Köln"}}
#: So short that the run starts at the worker's next look.
SOON_MS = 1


@pytest.fixture(params=LANGUAGES)
def worker(request: pytest.FixtureRequest) -> Worker:
    application: Worker = request.getfixturevalue(f"{request.param}_application")
    return application


def schedule(worker: Worker, expression: str, **given: Any) -> str:
    """A new schedule of ours; its name."""
    name = f"of-{uuid.uuid4()}"
    definition: Any = {"context": CONTEXT, "queue_name": "work", **given}
    worker.ours.create_schedule(
        schedule_name=name, workflow_name="scheduled", schedule=expression, **definition
    )
    return name


def finished(worker: Worker, name: str) -> list[WorkflowStatus]:
    """The runs of a schedule that ended well, with their results."""
    return worker.ours.list_workflows(schedule_name=name, status="SUCCESS", load_payloads=True)


def test_a_schedule_fires_by_itself_and_a_backfill_doubles_nothing(worker: Worker) -> None:
    """In a zone of its own, which Python spells in the ID of each run."""
    start = datetime.now(UTC).replace(microsecond=0)
    name = schedule(worker, "* * * * * *", cron_timezone="Europe/Berlin")
    # The next seconds run before the scheduler comes to them, which then has to know them.
    ahead = worker.ours.backfill_schedule(name, start, start + 3 * SECOND)
    live = until(
        lambda: [run for run in finished(worker, name) if run.output["at"] > start + 3 * SECOND]
    )
    worker.ours.pause_schedule(name)
    end = max(run.output["at"] for run in live) + SECOND
    again = worker.backfill(name, start, end)
    mine = worker.ours.backfill_schedule(name, start, end)
    assert [handle.workflow_id for handle in mine] == again
    assert not any(handle.is_new for handle in mine)
    assert {run.workflow_id for run in live} | {handle.workflow_id for handle in ahead} <= {*again}
    until(lambda: {run.workflow_id for run in finished(worker, name)} >= {*again})
    runs = [run for run in finished(worker, name) if run.output["at"] < end]
    expected = [start + number * SECOND for number in range(1, len(again) + 1)]
    assert sorted(run.output["at"] for run in runs) == expected
    assert all(run.output["context"] == CONTEXT for run in runs)


def test_a_trigger_runs_at_once(worker: Worker) -> None:
    name = schedule(worker, "0 0 1 1 *")
    handle = worker.ours.trigger_schedule(name)
    result = handle.get_result(PATIENCE)
    assert result["context"] == CONTEXT
    assert handle.workflow_id.startswith(f"sched-{name}-trigger-{result['at'].date()}T")
    assert handle.get_status().schedule_name == name


def test_a_backfill_of_the_past_is_executed(worker: Worker) -> None:
    name = schedule(worker, "30 2 * * *", cron_timezone="Europe/Berlin")
    start, end = datetime(2026, 10, 23, tzinfo=UTC), datetime(2026, 10, 28, tzinfo=UTC)
    theirs = worker.backfill(name, start, end - timedelta(days=2))
    mine = worker.ours.backfill_schedule(name, start, end)
    assert [handle.workflow_id for handle in mine if not handle.is_new] == theirs
    # In UTC, because of the hour that comes twice.
    times = [handle.get_result(PATIENCE)["at"].astimezone(UTC) for handle in mine]
    assert times == sorted({*times})
    assert worker.backfill(name, start, end) == [handle.workflow_id for handle in mine]


def debounce(worker: Worker, key: str, period_ms: int, *args: Any) -> str:
    debouncer = DebouncerClient(
        worker.ours, workflow_name="echo", start_workflow_params={"queue_name": "work"}
    )
    return debouncer.debounce(key, period_ms, *args).workflow_id


@pytest.mark.parametrize("first", [debounce, Worker.debounce])
@pytest.mark.parametrize("last", [debounce, Worker.debounce])
def test_a_debounce_runs_once_with_the_last_arguments(
    worker: Worker, first: Any, last: Any
) -> None:
    """Whoever calls first, and whoever calls last."""
    key = str(uuid.uuid4())
    workflow_id = first(worker, key, HOUR_MS, "first")
    assert last(worker, key, SOON_MS, "last", {"n": [1, None]}) == workflow_id
    assert worker.echoed(workflow_id) == ["last", {"n": [1, None]}]
    # It is over, so the key is free.
    other = first(worker, key, SOON_MS, "another")
    assert other != workflow_id
    assert worker.echoed(other) == ["another"]


def test_a_queue_of_ours_is_used_with_its_limits(worker: Worker) -> None:
    name = f"of-{uuid.uuid4()}"
    worker.ours.register_queue(name, global_concurrency=1, polling_interval_seconds=0.05)
    first = worker.start("approval", "plan", queue_name=name)
    assert worker.ours.get_event(first.workflow_id, "question", PATIENCE) == "approve plan?"
    second = worker.start("echo", "ann", queue_name=name)
    worker.ours.send(first.workflow_id, "yes", "decision")
    assert first.get_result(PATIENCE) == "yes"
    assert worker.echoed(second.workflow_id) == ["ann"]
    before, after = first.get_status(), second.get_status()
    assert before.completed_at is not None
    assert after.dequeued_at is not None
    assert after.dequeued_at >= before.completed_at
    worker.ours.update_queue(name, global_concurrency=None)
    both = [worker.start("approval", number, queue_name=name) for number in (1, 2)]
    for handle in both:  # Both wait for their message, so both run at once.
        assert worker.ours.get_event(handle.workflow_id, "question", PATIENCE)
    for handle in both:
        worker.ours.send(handle.workflow_id, "go", "decision")
    assert [handle.get_result(PATIENCE) for handle in both] == ["go", "go"]
    worker.ours.delete_queue(name)


def test_user_and_roles_reach_the_run(worker: Worker) -> None:
    handle = worker.start("who", authenticated_user="ann", authenticated_roles=["clerk", "größer"])
    assert handle.get_result(PATIENCE) == ["ann", ["clerk", "größer"]]


def test_a_fork_of_ours_goes_on_after_the_copied_steps(worker: Worker) -> None:
    handle = worker.start("total", 1, 2, 3)
    assert handle.get_result(PATIENCE) == 6
    steps = worker.ours.list_workflow_steps(handle.workflow_id)
    assert steps is not None
    fork_id = worker.ours.fork_workflow(handle.workflow_id, steps[2].function_id)
    assert worker.ours.retrieve_workflow(fork_id).get_result(PATIENCE) == 6
    copied = worker.ours.list_workflow_steps(fork_id)
    assert copied is not None
    assert [step.function_name for step in copied] == [step.function_name for step in steps]
    assert copied[0].completed_at_epoch_ms == steps[0].completed_at_epoch_ms
    assert copied[-1].completed_at_epoch_ms != steps[-1].completed_at_epoch_ms


def test_a_client_without_a_dialect_finds_the_language(worker: Worker) -> None:
    """The runs of the application tell it."""
    worker.start("echo", serialization=OWN[worker.language]).get_result(PATIENCE)
    with DBOSClient.create(worker.url) as client:
        definition: Any = {"schedule_name": f"of-{uuid.uuid4()}", "context": CONTEXT}
        client.create_schedule(workflow_name="scheduled", schedule="0 0 1 1 *", **definition)
        handle = client.trigger_schedule(definition["schedule_name"])
        assert handle.get_result(PATIENCE)["context"] == CONTEXT


VALUES = {
    "py_pickle": (list(PLAIN), ""),
    "js_superjson": (list(PLAIN_TYPESCRIPT), SHOWN_TYPESCRIPT),
    "portable_json": (PORTABLE, SHOWN_PORTABLE),
}


@pytest.mark.parametrize("portable", [False, True])
def test_a_value_is_the_same_wherever_it_is_read(worker: Worker, portable: bool) -> None:
    """As argument of ours, and as result, event and stream of the run, read by both clients."""
    format_name = "portable_json" if portable else OWN[worker.language]
    value, shown = VALUES[format_name]
    handle = worker.start("publish", value, serialization=format_name)
    workflow_id = handle.workflow_id
    assert shape(handle.get_result(PATIENCE)) == shape(value)
    assert shape(worker.ours.get_event(workflow_id, "typed")) == shape(value)
    assert shape(list(worker.ours.read_stream(workflow_id, "typed"))) == shape([value])
    inputs = handle.get_status().input
    assert isinstance(inputs, WorkflowInputs)
    assert shape(inputs.args) == shape((value,))
    official = worker.official
    if isinstance(official, TypeScriptClient):
        retrieved = (("retrieveWorkflow", workflow_id), ("getResult",))
        assert official.show(*retrieved) == shown
        assert official.show(("getEvent", workflow_id, "typed")) == shown
        assert official.show(("readStream", workflow_id, "typed")) == f"[ {shown} ]"
        assert official.show(("getWorkflow", workflow_id), ("input",)) == f"[ {shown} ]"
    else:
        assert shape(official.retrieve_workflow(workflow_id).get_result()) == shape(value)
        assert shape(official.get_event(workflow_id, "typed")) == shape(value)
        assert shape(list(official.read_stream(workflow_id, "typed"))) == shape([value])
        [theirs] = official.list_workflows(workflow_ids=[workflow_id])
        assert shape(theirs.input["args"][0]) == shape(value)


@pytest.mark.parametrize("portable", [False, True])
def test_a_message_keeps_its_types(worker: Worker, portable: bool) -> None:
    format_name = "portable_json" if portable else OWN[worker.language]
    value, _ = VALUES[format_name]
    handle = worker.start("approval", "plan", serialization=format_name)
    worker.ours.send(handle.workflow_id, value, "decision", serialization=format_name)
    assert shape(handle.get_result(PATIENCE)) == shape(value)
