"""Ours reads what the workers of old SDKs left, and says what their databases lack."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest

from client_core import (
    UNDEFINED,
    DBOSClient,
    EnqueueOptions,
    ObstacleKind,
    RecordedError,
    Subject,
    SubjectKind,
    UnsupportedBySchema,
    WorkflowFailed,
    WorkflowInputs,
    WorkflowStatus,
    run_subject,
)
from client_core.schema_history import INTRODUCED, NEWEST_MIGRATION, TYPES
from tests.client_core.serialization.support import shape
from tests.contract.generations import (
    GENERATIONS,
    OLDEST,
    Generation,
    create_generation_database,
    each,
)

#: What the applications give their runs; `VALUES` in old_sdks/worker.py and worker.mjs.
VALUES: dict[str, dict[str, Any]] = {
    "python": {
        "text": "grüß ✓",
        "numbers": [3, 2.5, -1, 2**60],
        "truth": [True, False, None],
        "pair": (1, "b"),
        "tags": {"a", "b"},
        "raw": b"\x00\xff",
        "when": datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
        "price": Decimal("1.50"),
        "id": UUID(int=7),
    },
    "typescript": {
        "text": "grüß ✓",
        "numbers": [3, 2.5, -1],
        "truth": [True, False, None],
        "raw": b"\x00\xff",
        "when": datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
        "big": 2**60,
        "tags": {"a", "b"},
        "nothing": UNDEFINED,
    },
}
ORDER = EnqueueOptions(workflow_name="echo", queue_name="work")
STATUSES = {
    "success": "SUCCESS",
    "failure": "ERROR",
    "own failure": "ERROR",
    "parent": "SUCCESS",
    "child": "SUCCESS",
    "waiting": "ENQUEUED",
}

_COLUMNS = """
SELECT table_name, column_name, data_type FROM information_schema.columns
WHERE table_schema = 'dbos'
"""


def columns(url: str) -> dict[str, str]:
    """The types of all columns of a system database, by `table.column`."""
    with psycopg.connect(url) as conn:
        return {f"{table}.{name}": kind for table, name, kind in conn.execute(_COLUMNS)}


@pytest.fixture(scope="module", params=each(*GENERATIONS))
def generation(request: pytest.FixtureRequest) -> Generation:
    one: Generation = request.param
    return one


@pytest.fixture(scope="module")
def old_url(generation: Generation, worker_id: str) -> str:
    return create_generation_database(generation, f"{generation}_{worker_id}")


@pytest.fixture(scope="module")
def ours(old_url: str) -> Iterator[DBOSClient]:
    """Our client."""
    with DBOSClient.create(old_url) as client:
        yield client


def get(client: DBOSClient, workflow_id: str) -> WorkflowStatus:
    run = client.get_workflow(workflow_id)
    assert run is not None
    return run


def introduced(name: str, generation: Generation) -> bool:
    """Whether the history says that this SDK has a table or column."""
    table = name.partition(".")[0]
    return all(
        tuple(map(int, getattr(INTRODUCED[known], generation.language).split(".")))
        <= generation.release
        for known in (table, name)
        if known in INTRODUCED
    )


def test_the_history_is_that_of_the_real_migrations(
    generation: Generation, old_url: str, system_url: str
) -> None:
    today, then = columns(system_url), columns(old_url)
    assert then.keys() & today.keys() == {name for name in today if introduced(name, generation)}


def test_the_history_knows_the_types_of_all_that_came_later(system_url: str) -> None:
    today = columns(system_url)
    tables = {name.partition(".")[0] for name in today}
    assert INTRODUCED.keys() <= today.keys() | tables
    known = {
        f"{table}.{name}": kind for table, kinds in TYPES.items() for name, kind in kinds.items()
    }
    later = [name for name in today if {name, name.partition(".")[0]} & INTRODUCED.keys()]
    assert known == {name: today[name] for name in later}
    with psycopg.connect(system_url) as conn:
        assert conn.execute("SELECT version FROM dbos.dbos_migrations").fetchall() == [
            (NEWEST_MIGRATION,)
        ]


def test_the_capabilities_are_the_history(
    generation: Generation, ours: DBOSClient, old_url: str
) -> None:
    lacking = {name for name in INTRODUCED if not introduced(name, generation)}
    assert ours.capabilities.missing == lacking
    with psycopg.connect(old_url) as conn:
        [version] = conn.execute("SELECT version FROM dbos.dbos_migrations").fetchall()
    assert (ours.capabilities.migration,) == version


def test_runs_are_listed(ours: DBOSClient) -> None:
    listed = {run.workflow_id: run.status for run in ours.list_workflows()}
    # The others are of messages: older SDKs sent them by runs of their own.
    assert {run: listed[run] for run in STATUSES} == STATUSES
    assert [run.workflow_id for run in ours.list_workflows(name="report")] == ["success"]
    assert [run.workflow_id for run in ours.list_queued_workflows()] == ["waiting"]
    failed = ours.list_workflows(status="ERROR", sort_desc=True)
    assert [run.workflow_id for run in failed] == ["own failure", "failure"]
    rest = ours.list_workflows(status="ERROR", sort_desc=True, after=failed[0].cursor)
    assert [run.workflow_id for run in rest] == ["failure"]
    assert "report" in ours.recent_workflow_names()


def test_values_to_search_for_are_known(ours: DBOSClient) -> None:
    assert "report" in ours.list_known_values("name")
    assert "nobody" in ours.list_known_values("queue_name")
    assert ours.check_enqueue(EnqueueOptions(workflow_name="report", queue_name="nobody")) == {}
    for field in ("app_version", "application_name", "schedule_name", "user", "executor_id"):
        assert isinstance(ours.list_known_values(field), list)
    assert ours.list_attribute_keys() == []


def test_arguments_and_result_are_what_the_worker_gave(
    generation: Generation, ours: DBOSClient
) -> None:
    run, values = get(ours, "success"), VALUES[generation.language]
    assert isinstance(run.input, WorkflowInputs)
    kwargs = {"urgent": True} if generation.language == "python" else {}
    assert shape(run.input.args) == shape(("ann", values))
    assert run.input.kwargs == kwargs
    result = {"customer": "ann", **kwargs, "values": values, "message": values}
    assert shape(run.output) == shape(result)
    assert shape(ours.retrieve_workflow("success").get_result()) == shape(result)
    assert (run.name, run.app_version, run.error) == ("report", "v1", None)
    assert run.created_at <= run.updated_at


def test_arguments_of_a_run_that_waits(ours: DBOSClient) -> None:
    run = get(ours, "waiting")
    assert isinstance(run.input, WorkflowInputs)
    given = (*run.input.args, *run.input.kwargs.values())
    assert given == ("ann", {"text": "hello"})
    assert (run.queue_name, run.output, run.error, run.dequeued_at) == ("nobody", None, None, None)


def test_failures_are_what_was_raised(generation: Generation, ours: DBOSClient) -> None:
    expected = {
        "python": ("ValueError", "__main__.OutOfStock"),
        "typescript": ("RangeError", "OutOfStock"),
    }[generation.language]
    for workflow_id, name, message in (
        ("failure", expected[0], "no stock"),
        ("own failure", expected[1], "0 of tea left"),
    ):
        with pytest.raises(WorkflowFailed) as caught:
            ours.retrieve_workflow(workflow_id).get_result()
        assert isinstance(caught.value.error, RecordedError)
        assert (caught.value.error.name, caught.value.error.message) == (name, message)
    [step] = ours.list_workflow_steps("own failure") or []
    assert isinstance(step.error, RecordedError)
    assert (step.function_name, step.error.name) == ("take", expected[1])


def test_steps(generation: Generation, ours: DBOSClient) -> None:
    steps = ours.list_workflow_steps("success")
    assert steps is not None
    assert [step.output for step in steps if step.function_name == "add"] == [3, 6]
    [received] = [step.output for step in steps if step.function_name == "DBOS.recv"]
    assert shape(received) == shape(VALUES[generation.language])
    has_times = introduced("operation_outputs.started_at_epoch_ms", generation)
    assert all((step.started_at_epoch_ms is not None) == has_times for step in steps)


def test_a_child_and_its_parent(generation: Generation, ours: DBOSClient) -> None:
    steps = ours.list_workflow_steps("parent")
    assert steps is not None
    assert [(step.function_name, step.child_workflow_id) for step in steps] == [
        ("child", "child"),
        ("DBOS.getResult", "child"),
    ]
    assert steps[1].output == get(ours, "child").output == get(ours, "parent").output == 8
    knows = introduced("workflow_status.parent_workflow_id", generation)
    assert get(ours, "child").parent_workflow_id == ("parent" if knows else None)


def test_events_and_streams(generation: Generation, ours: DBOSClient) -> None:
    values = VALUES[generation.language]
    assert shape(ours.get_event("success", "progress")) == shape(values)
    assert shape(ours.get_all_events("success")) == shape({"progress": values})
    second = values if generation.language == "python" else ["ann", None]
    assert shape(list(ours.read_stream("success", "log"))) == shape([{"total": 6}, second])


def test_schedules(generation: Generation, ours: DBOSClient) -> None:
    if not introduced("workflow_schedules", generation):
        assert_unsupported("workflow_schedules", ours.list_schedules)
        return
    [schedule] = ours.list_schedules()
    assert ours.get_schedule("yearly") == schedule
    assert (schedule.workflow_name, schedule.schedule, schedule.status) == (
        "tick",
        "0 0 1 1 *",
        "ACTIVE",
    )
    assert shape(schedule.context) == shape(VALUES[generation.language])
    assert (schedule.cron_timezone, schedule.queue_name, schedule.last_fired_at) == (None,) * 3


def test_queues_and_versions(generation: Generation, ours: DBOSClient) -> None:
    if introduced("queues", generation):
        assert ours.list_queues() == []
    else:
        assert_unsupported("queues", ours.list_queues)
    if introduced("application_versions", generation):
        assert [version.version_name for version in ours.list_application_versions()] == ["v1"]
    else:
        assert_unsupported("application_versions", ours.list_application_versions)


@pytest.mark.parametrize(
    ("column", "filters", "found"),
    [
        ("attributes", {"attributes": {"a": 1}}, []),
        ("schedule_name", {"schedule_name": "yearly"}, []),
        ("parent_workflow_id", {"parent_workflow_id": "parent"}, ["child"]),
        ("parent_workflow_id", {"has_parent": True}, ["child"]),
        ("forked_from", {"is_fork": True}, []),
        ("was_forked_from", {"was_forked_from": True}, []),
        ("completed_at", {"completed_before": datetime(2020, 1, 1, tzinfo=UTC)}, []),
    ],
)
def test_a_filter_works_or_names_what_is_missing(
    generation: Generation, ours: DBOSClient, column: str, filters: Any, found: list[str]
) -> None:
    if introduced(f"workflow_status.{column}", generation):
        assert [run.workflow_id for run in ours.list_workflows(**filters)] == found
    else:
        name = f"workflow_status.{column}"
        assert_unsupported(name, lambda: ours.list_workflows(**filters))


@pytest.mark.parametrize("generation", each(*OLDEST), indirect=True)
@pytest.mark.parametrize(
    "write",
    [
        lambda ours: ours.enqueue(ORDER),
        lambda ours: ours.enqueue_many([(ORDER, (), {})]),
        lambda ours: ours.fork_workflow("success", 2),
        lambda ours: ours.delete_workflow("parent", delete_children=True),
        lambda ours: ours.cancel_workflow("waiting", cancel_children=True),
        lambda ours: ours.set_workflow_delay("waiting", delay_seconds=1),
        lambda ours: ours.debounce_workflow(ORDER, "key", 100),
        lambda ours: ours.create_schedule(
            schedule_name="daily", workflow_name="tick", schedule="0 0 * * *"
        ),
    ],
)
def test_a_write_that_the_oldest_do_not_know_changes_nothing(
    ours: DBOSClient, write: Callable[[DBOSClient], object]
) -> None:
    before = ours.list_workflows()
    with pytest.raises(UnsupportedBySchema) as caught:
        write(ours)
    assert caught.value.missing in INTRODUCED
    assert ours.list_workflows() == before


def assert_unsupported(name: str, call: Callable[[], object]) -> None:
    """It raises the error that names what is missing and the versions that bring it."""
    with pytest.raises(UnsupportedBySchema) as caught:
        call()
    assert caught.value.missing == name
    assert INTRODUCED[name].python in str(caught.value)
    assert INTRODUCED[name].typescript in str(caught.value)


def test_why_a_run_waits_is_told_as_far_as_the_database_knows(
    generation: Generation, ours: DBOSClient
) -> None:
    found = {obstacle.kind: obstacle.name for obstacle in ours.list_obstacles("waiting")}
    # Only runs that came from a queue have a time of their start, and none did.
    expected: dict[ObstacleKind, str | None] = {ObstacleKind.NO_EXECUTOR: None}
    if introduced("queues", generation):
        expected[ObstacleKind.QUEUE_NOT_REGISTERED] = "nobody"
    assert found == expected
    assert ours.registered_queue_names() == []


def test_a_change_is_noticed_as_far_as_the_database_knows(ours: DBOSClient, old_url: str) -> None:
    run = run_subject("waiting")
    subjects = {run, Subject(SubjectKind.RUNS), Subject(SubjectKind.FAILURES)}
    looking = ours.changes()
    assert looking.look(subjects) == frozenset()
    with psycopg.connect(old_url, autocommit=True) as conn:
        conn.execute("UPDATE dbos.workflow_status SET name = name WHERE workflow_uuid = 'waiting'")
    assert looking.look(subjects) == {run, Subject(SubjectKind.RUNS)}
