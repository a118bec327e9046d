"""Schedules: the official client and ours leave the same rows and read them alike."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import dbos
import psycopg
import pytest

from client_core import DBOSClient

pytestmark = pytest.mark.xdist_group("contract")

Sql = psycopg.Connection[Any]
Act = Callable[[Any], object]
#: Made anew at every call, by either client.
GENERATED = {"schedule_id"}
NAMES: Any = {"schedule_name": "nightly", "workflow_name": "clean", "schedule": "0 3 * * *"}


@pytest.fixture
def ours(system_url: str, sql: Sql) -> Iterator[DBOSClient]:
    with DBOSClient.create(system_url, dialect="python") as client:
        yield client


def rows(sql: Sql) -> list[dict[str, Any]]:
    found = sql.execute("SELECT * FROM dbos.workflow_schedules ORDER BY schedule_name").fetchall()
    return [
        {name: (value is not None) if name in GENERATED else value for name, value in row.items()}
        for row in found
    ]


def same(sql: Sql, official: Any, ours: Any, act: Act) -> None:
    """Let both do it, each on an empty table, and compare the rows that they leave."""
    left = []
    for client in (official, ours):
        sql.execute("DELETE FROM dbos.workflow_schedules")
        act(client)
        left.append(rows(sql))
    assert left[0]
    assert left[1] == left[0]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"schedule": "*/10 0 3 * * 1-5"},
        {"context": {"days": [30, None, 1.5], "ok": True}},
        {"workflow_class_name": "Shop"},
        {"automatic_backfill": True},
        {"cron_timezone": "Europe/Berlin"},
        {"queue_name": "orders"},
        {"application_name": "shop"},
    ],
)
def test_create(sql: Sql, official: Any, ours: DBOSClient, given: dict[str, Any]) -> None:
    same(sql, official, ours, lambda client: client.create_schedule(**{**NAMES, **given}))


@pytest.mark.parametrize("method", ["pause_schedule", "resume_schedule", "delete_schedule"])
def test_control(sql: Sql, official: Any, ours: DBOSClient, method: str) -> None:
    def act(client: Any) -> None:
        client.create_schedule(**NAMES)
        client.create_schedule(**{**NAMES, "schedule_name": "other"})
        client.pause_schedule("other")
        getattr(client, method)("nightly")

    same(sql, official, ours, act)


@pytest.mark.parametrize(
    "expression", ["* * * * *", "@daily", "61 * * * *", "* * *", "0 0 L * *", "0 0 * * mon#1", "x"]
)
def test_both_refuse_the_same_expressions(
    sql: Sql, official: Any, ours: DBOSClient, expression: str
) -> None:
    assert accepts(official, schedule=expression) == accepts(ours, schedule=expression)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Mars/Base", "UTC", "../etc/passwd"])
def test_both_refuse_the_same_zones(sql: Sql, official: Any, ours: DBOSClient, zone: str) -> None:
    assert accepts(official, cron_timezone=zone) == accepts(ours, cron_timezone=zone)


def accepts(client: Any, **given: str) -> bool:
    try:
        client.create_schedule(**{**NAMES, **given})
    except (ValueError, dbos.error.DBOSException):
        return False
    client.delete_schedule("nightly")
    return True


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"status": "PAUSED"},
        {"status": ["PAUSED", "ACTIVE"]},
        {"workflow_name": "pack"},
        {"workflow_name": ["pack", "clean"]},
        {"schedule_name_prefix": "a"},
        {"schedule_name_prefix": ["a", "c"]},
        {"application_name": "shop"},
    ],
)
def test_both_list_the_same(
    sql: Sql, official: Any, ours: DBOSClient, filters: dict[str, Any]
) -> None:
    for name, workflow, owner in [("a1", "clean", None), ("a2", "pack", "shop"), ("b", "x", "y")]:
        ours.create_schedule(
            schedule_name=name,
            workflow_name=workflow,
            schedule="* * * * *",
            context={"of": name},
            application_name=owner,
        )
    ours.pause_schedule("a2")
    theirs = sorted(official.list_schedules(**filters), key=lambda found: found["schedule_name"])
    mine = ours.list_schedules(**filters)
    assert mine or theirs == []
    for found, expected in zip(mine, theirs, strict=True):
        del expected["shard_key"]
        assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize("given", [{}, {"context": {"days": 3}}, {"cron_timezone": "UTC"}])
def test_apply(sql: Sql, official: Any, ours: DBOSClient, given: dict[str, Any]) -> None:
    """Both keep what is not in the list, when ours is told to."""

    def act(client: Any) -> None:
        keep = {} if client is official else {"prune": False}
        client.create_schedule(**NAMES)
        client.create_schedule(**{**NAMES, "schedule_name": "other"})
        client.pause_schedule("nightly")
        new = {**NAMES, "schedule_name": "new", "application_name": "shop"}
        client.apply_schedules([{**NAMES, **given}, new], **keep)

    same(sql, official, ours, act)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"context": {"days": 3}},
        {"cron_timezone": "Europe/Berlin"},
        {"queue_name": "orders"},
        {"workflow_class_name": "Shop"},
        {"application_name": "shop"},
    ],
)
def test_backfill(sql: Sql, official: Any, ours: DBOSClient, given: dict[str, Any]) -> None:
    """Over the end of summer time, in which a night has an hour twice."""
    start, end = datetime(2026, 10, 23, tzinfo=UTC), datetime(2026, 10, 28, tzinfo=UTC)
    sql.execute("INSERT INTO dbos.application_versions VALUES ('v', 'v7', 1, 1, NULL)")
    ours.create_schedule(**{**NAMES, "schedule": "30 2 * * *", **given})
    theirs = [
        handle.get_workflow_id() for handle in official.backfill_schedule("nightly", start, end)
    ]
    expected = runs(sql)
    for table in ("workflow_status", "workflow_input"):
        sql.execute(f"DELETE FROM dbos.{table}".encode())
    handles = ours.backfill_schedule("nightly", start, end)
    assert [handle.workflow_id for handle in handles] == theirs
    assert len(expected) == len(theirs) >= 5
    assert runs(sql) == expected


def test_trigger(sql: Sql, official: Any, ours: DBOSClient) -> None:
    """Its ID and its arguments hold the time of the call."""
    sql.execute("INSERT INTO dbos.application_versions VALUES ('v', 'v7', 1, 1, NULL)")
    ours.create_schedule(**NAMES, context={"days": 3})
    left = []
    for client in (official, ours):
        client.trigger_schedule("nightly")
        [run] = runs(sql)
        assert len(run["workflow_uuid"]) == len("sched-nightly-trigger-") + 32
        left.append({**run, "workflow_uuid": "", "arguments": len(run["arguments"])})
        for table in ("workflow_status", "workflow_input"):
            sql.execute(f"DELETE FROM dbos.{table}".encode())
    assert left[1] == left[0]


def runs(sql: Sql) -> list[dict[str, Any]]:
    """Each run with its arguments. Ours also have a token, by which a repeat knows them."""
    found = sql.execute(
        "SELECT * FROM dbos.workflow_status LEFT JOIN "
        "(SELECT workflow_uuid, inputs AS arguments FROM dbos.workflow_input) i "
        "USING (workflow_uuid) ORDER BY workflow_uuid"
    ).fetchall()
    made_anew = {"created_at", "updated_at", "creator_xid"}
    return [
        {
            name: (value or None) if name == "attributes" else value
            for name, value in row.items()
            if name not in made_anew
        }
        for row in found
    ]
