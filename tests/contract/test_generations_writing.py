"""The workers of old SDKs run what ours writes, and their official clients read it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from client_core import (
    AwaitedWorkflowCancelled,
    DBOSClient,
    EnqueueOptions,
    QueueDeduplicated,
    ScheduleDefinition,
    SendMessage,
    SerializationError,
    UnsupportedBySchema,
    WorkflowHandle,
)
from client_core.dialects import DEFAULT_FORMATS
from tests.contract.generations import (
    FEBRUARY,
    WRITABLE,
    Generation,
    OldWorker,
    create_generation_database,
    each,
    old_worker,
)

#: Long enough for the slowest machine; a worker looks at its queue once a second.
PATIENCE = 60
ARGS = ("ann", [1, 2.5, None, True], {"text": "grüß ✓"})


@pytest.fixture(scope="module", params=each(*WRITABLE))
def generation(request: pytest.FixtureRequest) -> Generation:
    one: Generation = request.param
    return one


@pytest.fixture(scope="module")
def url(generation: Generation, worker_id: str) -> str:
    return create_generation_database(generation, f"{generation}_writing_{worker_id}")


@pytest.fixture(scope="module")
def worker(generation: Generation, url: str) -> Iterator[OldWorker]:
    with old_worker(generation, url) as running:
        yield running


@pytest.fixture(scope="module")
def ours(generation: Generation, url: str, worker: OldWorker) -> Iterator[DBOSClient]:
    """Our client of that application; it is not told the language, which the rows tell."""
    application_name = None if generation in FEBRUARY else "contract"
    with DBOSClient.create(url, application_name=application_name) as client:
        yield client


def start(client: DBOSClient, workflow_name: str, *args: Any, **options: Any) -> WorkflowHandle:
    given = {"workflow_name": workflow_name, "queue_name": "work", **options}
    return client.enqueue(EnqueueOptions(**given), *args)


def echoed(generation: Generation, *args: Any) -> Any:
    """What the workflow `echo` returns."""
    return list(args) if generation.language == "typescript" else {"args": [*args], "kwargs": {}}


def names_serialization(client: DBOSClient) -> bool:
    """Whether rows can name their format; the own one is all that others have."""
    return not client.capabilities.lacks("workflow_status.serialization")


def test_a_run_is_executed_and_read_by_the_old_client(
    generation: Generation, ours: DBOSClient, worker: OldWorker
) -> None:
    own = DEFAULT_FORMATS[generation.language]
    for serialization in (None, own, *["portable_json"] * names_serialization(ours)):
        handle = start(ours, "echo", *ARGS, serialization=serialization)
        assert handle.get_result(PATIENCE) == echoed(generation, *ARGS)
        run = handle.get_status()
        assert (run.status, run.app_version, run.executor_id) == ("SUCCESS", "v1", "old-1")
        assert run.input is not None
        seen = worker.reads(handle.workflow_id)
        assert seen["output"] == echoed(generation, *ARGS)
        assert (seen["status"], seen["name"], seen["queue_name"]) == ("SUCCESS", "echo", "work")


def test_many_runs_are_executed(generation: Generation, ours: DBOSClient) -> None:
    options = EnqueueOptions(workflow_name="echo", queue_name="work")
    handles = ours.enqueue_many([(options, (number,), {}) for number in range(20)])
    assert [handle.is_new for handle in handles] == [True] * 20
    for number, handle in enumerate(handles):
        assert handle.get_result(PATIENCE) == echoed(generation, number)


def test_the_same_id_again_is_the_same_run(generation: Generation, ours: DBOSClient) -> None:
    first = start(ours, "echo", 1, workflow_id="once")
    again = start(ours, "echo", 2, workflow_id="once")
    [many] = ours.enqueue_many(
        [(EnqueueOptions(workflow_name="echo", queue_name="work", workflow_id="once"), (3,), {})]
    )
    assert (first.is_new, again.is_new, many.is_new) == (True, False, False)
    assert again.get_result(PATIENCE) == echoed(generation, 1)


def test_options_reach_the_old_client(ours: DBOSClient, worker: OldWorker) -> None:
    waiting = start(
        ours,
        "echo",
        *ARGS,
        queue_name="nobody",
        priority=3,
        deduplication_id="only",
        workflow_timeout_ms=60_000,
        app_version="v1",
    )
    seen = worker.reads(waiting.workflow_id)
    assert (seen["status"], seen["priority"], seen["output"]) == ("ENQUEUED", 3, None)
    given = seen["input"]["args"] if isinstance(seen["input"], dict) else seen["input"]
    assert tuple(given) == ARGS
    with pytest.raises(QueueDeduplicated):
        start(ours, "echo", queue_name="nobody", deduplication_id="only")
    ours.set_workflow_priority(waiting.workflow_id, 7)
    assert worker.reads(waiting.workflow_id)["priority"] == 7


def test_a_message_reaches_a_waiting_run(ours: DBOSClient) -> None:
    handles = [start(ours, "approval", document) for document in ("plan", "budget")]
    for handle, document in zip(handles, ("plan", "budget"), strict=True):
        question = ours.get_event(handle.workflow_id, "question", PATIENCE)
        assert question == f"approve {document}?"
    message = {"approved": True, "by": ["ann"]}
    one, other = (handle.workflow_id for handle in handles)
    ours.send(one, message, "decision", "once")
    ours.send(one, {"approved": False}, "decision", "once")
    ours.send_many([SendMessage(other, message, "decision")])
    assert [handle.get_result(PATIENCE) for handle in handles] == [message, message]


def test_cancel_and_resume(ours: DBOSClient, worker: OldWorker) -> None:
    handle = start(ours, "naps", 40)
    while handle.get_status().status != "PENDING":
        assert handle.get_status().is_active
    assert ours.cancel_workflow(handle.workflow_id).before == "PENDING"
    with pytest.raises(AwaitedWorkflowCancelled):
        handle.get_result(PATIENCE)
    assert worker.reads(handle.workflow_id)["status"] == "CANCELLED"
    assert ours.resume_workflow(handle.workflow_id, queue_name="work").changed
    assert handle.get_result(PATIENCE) == "rested"


def test_a_fork_replays_the_steps_that_it_got(ours: DBOSClient) -> None:
    """Nobody sends it a message, so it can only have the recorded one."""
    original = ours.retrieve_workflow("success")
    fork = ours.retrieve_workflow(ours.fork_workflow("success", 50))
    assert fork.get_result(PATIENCE) == original.get_result()
    run = fork.get_status()
    assert (run.forked_from, run.name) == ("success", "report")
    assert ours.get_event(fork.workflow_id, "progress") == ours.get_event("success", "progress")
    streams = [list(ours.read_stream(run, "log")) for run in ("success", fork.workflow_id)]
    assert streams[0] == streams[1]


def test_a_fork_starts_over(ours: DBOSClient, generation: Generation) -> None:
    original = start(ours, "echo", "again")
    original.get_result(PATIENCE)
    fork = ours.fork_workflow(original.workflow_id, 1, queue_name="work")
    assert ours.retrieve_workflow(fork).get_result(PATIENCE) == echoed(generation, "again")


def test_a_delayed_run_is_executed_when_its_delay_is_cut_short(
    generation: Generation, ours: DBOSClient, worker: OldWorker
) -> None:
    if ours.capabilities.lacks("workflow_status.delay_until_epoch_ms"):
        assert generation in FEBRUARY
        return
    handle = start(ours, "echo", 1, delay_seconds=3600)
    assert worker.reads(handle.workflow_id)["status"] == "DELAYED"
    assert ours.set_workflow_delay(handle.workflow_id, delay_seconds=0).changed
    assert handle.get_result(PATIENCE) == echoed(generation, 1)


def test_a_run_is_deleted_with_its_children(ours: DBOSClient) -> None:
    assert set(ours.delete_workflow("parent", delete_children=True)) == {"parent", "child"}
    assert ours.list_workflows(workflow_ids=["parent", "child"]) == []
    assert ours.list_workflow_steps("child") is None


def test_a_schedule_is_kept_and_triggered(generation: Generation, ours: DBOSClient) -> None:
    ours.create_schedule(
        schedule_name="nightly", workflow_name="tick", schedule="0 3 * * *", context={"days": [30]}
    )
    ours.pause_schedule("nightly")
    changed = ours.update_schedule("nightly", schedule="30 3 * * *", context={"days": [31]})
    assert (changed.schedule, changed.status, changed.context) == (
        "30 3 * * *",
        "PAUSED",
        {"days": [31]},
    )
    ours.resume_schedule("nightly")
    assert ours.trigger_schedule("nightly").get_result(PATIENCE)["context"] == {"days": [31]}
    handles = ours.backfill_schedule(
        "nightly", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)
    )
    times = sorted(str(handle.get_result(PATIENCE)["when"])[:16] for handle in handles)
    assert times == ["2026-01-01T03:30", "2026-01-02T03:30"]
    ours.delete_schedule("nightly")
    assert [schedule.schedule_name for schedule in ours.list_schedules()] == ["yearly"]


def test_schedules_are_applied(ours: DBOSClient) -> None:
    before = ours.get_schedule("yearly")
    assert before is not None
    yearly: ScheduleDefinition = {
        "schedule_name": "yearly",
        "workflow_name": "tick",
        "schedule": "0 0 1 1 *",
    }
    hourly: ScheduleDefinition = {**yearly, "schedule_name": "hourly", "schedule": "0 * * * *"}
    ours.apply_schedules([yearly, hourly])
    assert [schedule.schedule_name for schedule in ours.list_schedules()] == ["hourly", "yearly"]
    ours.apply_schedules([yearly])
    [left] = ours.list_schedules()
    assert (left.schedule_id, left.status) == (before.schedule_id, "ACTIVE")


@pytest.mark.parametrize(
    ("missing", "write"),
    [
        (
            "workflow_status.serialization",
            lambda ours: start(ours, "echo", serialization="portable_json"),
        ),
        ("workflow_status.attributes", lambda ours: start(ours, "echo", attributes={"a": 1})),
        ("workflow_status.delay_until_epoch_ms", lambda ours: start(ours, "echo", delay_seconds=9)),
        (
            "workflow_status.delay_until_epoch_ms",
            lambda ours: ours.set_workflow_delay("waiting", delay_seconds=9),
        ),
        (
            "workflow_status.application_name",
            lambda ours: start(ours, "echo", application_name="shop"),
        ),
        (
            "workflow_schedules.cron_timezone",
            lambda ours: ours.update_schedule("yearly", cron_timezone="Europe/Berlin"),
        ),
        (
            "workflow_schedules.automatic_backfill",
            lambda ours: ours.update_schedule("yearly", automatic_backfill=True),
        ),
        (
            "workflow_schedules.queue_name",
            lambda ours: ours.update_schedule("yearly", queue_name="work"),
        ),
        ("queues", lambda ours: ours.register_queue("made")),
        ("queues", lambda ours: ours.delete_queue("made")),
        ("application_versions", lambda ours: ours.set_latest_application_version("v1")),
    ],
)
def test_a_write_works_or_names_what_is_missing(
    generation: Generation, ours: DBOSClient, missing: str, write: Any
) -> None:
    before = ours.list_workflows()
    if not ours.capabilities.lacks(missing):
        write(ours)
        return
    assert generation in FEBRUARY
    with pytest.raises(UnsupportedBySchema) as caught:
        write(ours)
    assert caught.value.missing == missing
    assert ours.list_workflows() == before


def test_what_is_said_of_the_language_of_a_receiver_counts(ours: DBOSClient) -> None:
    """Go's own format cannot be written; where rows name theirs, the portable one is."""
    sent = start(ours, "echo", 1)
    writes: list[Callable[[], None]] = [
        lambda: ours.send(sent.workflow_id, 1, dialect="go"),
        lambda: ours.send_many([SendMessage(sent.workflow_id, 1)], dialect="go"),
    ]
    for write in writes:
        if ours.capabilities.lacks("notifications.serialization"):
            with pytest.raises(SerializationError):
                write()
        else:
            write()


def test_a_debounced_run_starts_with_the_last_arguments(
    generation: Generation, ours: DBOSClient
) -> None:
    options = EnqueueOptions(workflow_name="echo", queue_name="work")
    if ours.capabilities.lacks("workflow_status.is_debounced"):
        with pytest.raises(UnsupportedBySchema) as caught:
            ours.debounce_workflow(options, "key", 100, (1,))
        assert caught.value.missing.startswith("workflow_status.")
        return
    handles = [ours.debounce_workflow(options, "key", 500, (number,)) for number in range(3)]
    assert len({handle.workflow_id for handle in handles}) == 1
    assert handles[0].get_result(PATIENCE) == echoed(generation, 2)
