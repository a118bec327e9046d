"""Trigger and backfill: which runs are started, under which ID and with which arguments."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from client_core import DBOSClient, InvalidOption, SerializationError, WorkflowInputs
from client_core.records import ScheduledRun
from client_core.resource_errors import NonExistentSchedule
from tests.client_core.conftest import Insert

Sql = psycopg.Connection[Any]
START = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
END = datetime(2026, 1, 4, 3, 0, tzinfo=UTC)
IDS = ["sched-nightly-2026-01-02T03:00:00+00:00", "sched-nightly-2026-01-03T03:00:00+00:00"]


@pytest.fixture
def schedules(system_url: str, sql: Sql) -> Iterator[DBOSClient]:
    with DBOSClient.create(system_url) as client:
        yield client


def create(client: DBOSClient, **given: Any) -> None:
    definition = {"schedule_name": "nightly", "workflow_name": "clean", "schedule": "0 3 * * *"}
    client.create_schedule(**{"dialect": "python", "context": {"days": 30}, **definition, **given})


def runs(sql: Sql) -> list[dict[str, Any]]:
    return sql.execute("SELECT * FROM dbos.workflow_status ORDER BY workflow_uuid").fetchall()


def test_a_backfill_starts_what_lies_between(schedules: DBOSClient, sql: Sql) -> None:
    create(schedules)
    handles = schedules.backfill_schedule("nightly", START, END)
    assert [handle.workflow_id for handle in handles] == IDS
    assert all(handle.is_new for handle in handles)
    given = handles[0].get_status()
    assert (given.status, given.name, given.schedule_name) == ("ENQUEUED", "clean", "nightly")
    assert given.queue_name == "_dbos_internal_queue"
    assert given.serialization is None
    written: Any = sql.execute(
        "SELECT inputs FROM dbos.workflow_input WHERE workflow_uuid = %s", IDS[:1]
    ).fetchone()
    assert schedules._serialization.decode_arguments(
        written["inputs"], "py_pickle"
    ) == WorkflowInputs((datetime(2026, 1, 2, 3, tzinfo=UTC), {"days": 30}), {})


def test_what_ran_already_is_left_alone(schedules: DBOSClient, sql: Sql, insert: Insert) -> None:
    create(schedules)
    insert(workflow_uuid=IDS[0], status="SUCCESS", name="clean")
    before = runs(sql)[0]
    previewed = schedules.preview_backfill("nightly", START, END)
    assert previewed == [
        ScheduledRun(IDS[0], datetime(2026, 1, 2, 3, tzinfo=UTC), exists=True),
        ScheduledRun(IDS[1], datetime(2026, 1, 3, 3, tzinfo=UTC), exists=False),
    ]
    assert len(runs(sql)) == 1
    handles = schedules.backfill_schedule("nightly", START, END)
    assert [(handle.workflow_id, handle.is_new) for handle in handles] == [
        (IDS[0], False),
        (IDS[1], True),
    ]
    assert runs(sql)[0] == before
    again = schedules.backfill_schedule("nightly", START, END)
    assert not any(handle.is_new for handle in again)


def test_a_zone_and_a_language_spell_the_ids(schedules: DBOSClient) -> None:
    create(schedules, cron_timezone="Europe/Berlin")
    create(schedules, schedule_name="ts", dialect="typescript", cron_timezone="Europe/Berlin")
    [first, *_] = schedules.preview_backfill("nightly", START, END)
    assert first.workflow_id == "sched-nightly-2026-01-02T03:00:00+01:00"
    [first, *_] = schedules.preview_backfill("ts", START, END)
    assert first.workflow_id == "sched-ts-2026-01-02T02:00:00.000Z"


def test_a_run_of_a_typescript_application(schedules: DBOSClient, sql: Sql) -> None:
    create(schedules, dialect="typescript")
    handle = schedules.trigger_schedule("nightly")
    found = handle.get_status()
    assert (found.serialization, found.class_name) == ("js_superjson", None)
    assert isinstance(found.input, WorkflowInputs)
    assert found.input.args[1] == {"days": 30}
    assert handle.workflow_id.startswith("sched-nightly-trigger-2")
    assert handle.workflow_id.endswith("Z")


def test_every_column_comes_from_the_schedule_and_its_owner(
    schedules: DBOSClient, sql: Sql
) -> None:
    create(schedules, workflow_class_name="Shop", queue_name="orders", application_name="shop")
    for name, timestamp, owner in [("v1", 5, "shop"), ("v2", 9, "shop"), ("x", 99, "billing")]:
        sql.execute(
            "INSERT INTO dbos.application_versions VALUES (%(name)s, %(name)s, %(at)s, 1, %(app)s)",
            {"name": name, "at": timestamp, "app": owner},
        )
    schedules.pause_schedule("nightly")
    handle = schedules.trigger_schedule("nightly")
    assert handle.is_new
    [written] = runs(sql)
    expected = {
        "class_name": "Shop",
        "queue_name": "orders",
        "application_name": "shop",
        "application_version": "v2",
        "schedule_name": "nightly",
        "priority": 0,
        "recovery_attempts": 0,
    }
    assert {key: written[key] for key in expected} == expected


def test_no_run_lies_between(schedules: DBOSClient, sql: Sql) -> None:
    create(schedules)
    assert schedules.backfill_schedule("nightly", END, START) == []
    assert schedules.preview_backfill("nightly", START, START) == []
    assert runs(sql) == []


def test_no_such_schedule(schedules: DBOSClient) -> None:
    for act in (
        lambda: schedules.trigger_schedule("nightly"),
        lambda: schedules.backfill_schedule("nightly", START, END),
        lambda: schedules.preview_backfill("nightly", START, END),
    ):
        with pytest.raises(NonExistentSchedule):
            act()


def test_limits(schedules: DBOSClient, sql: Sql) -> None:
    create(schedules)
    with pytest.raises(InvalidOption, match="limit"):
        schedules.backfill_schedule("nightly", START, END, limit=1)
    with pytest.raises(InvalidOption, match="zone"):
        schedules.backfill_schedule("nightly", START.replace(tzinfo=None), END)
    with pytest.raises(InvalidOption, match="dialect"):
        schedules.trigger_schedule("nightly", dialect="java")
    assert runs(sql) == []


def test_a_context_that_cannot_be_read_starts_nothing(schedules: DBOSClient, sql: Sql) -> None:
    create(schedules)
    sql.execute("UPDATE dbos.workflow_schedules SET context = 'encrypted'")
    with pytest.raises(SerializationError):
        schedules.trigger_schedule("nightly", dialect="python")
    assert runs(sql) == []
