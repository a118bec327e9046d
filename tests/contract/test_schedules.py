"""Schedules: the official clients and ours refuse the same, and read each other's alike."""

from typing import Any

import dbos
import pytest

from client_core import DBOSClient
from tests.contract.matrix.schedules import END, NAMES, START
from tests.contract.node import TypeScriptClient
from tests.contract.rows import Sql

pytestmark = pytest.mark.xdist_group("contract")


@pytest.fixture
def ours(sql: Sql, ours_python: DBOSClient) -> DBOSClient:
    """Our client for Python, on empty tables."""
    return ours_python


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


def test_typescript_reads_what_ours_wrote(
    sql: Sql, official_typescript: TypeScriptClient, ours_typescript: DBOSClient
) -> None:
    definition: Any = {**NAMES, "context": {"days": [30, None]}, "cron_timezone": "Europe/Berlin"}
    ours_typescript.create_schedule(**definition)
    ours_typescript.pause_schedule("nightly")
    theirs = official_typescript.getSchedule("nightly")
    assert theirs.pop("scheduleId")
    assert theirs == {
        "scheduleName": "nightly",
        "workflowName": "clean",
        "workflowClassName": "",
        "schedule": "30 2 * * *",
        "status": "PAUSED",
        "context": {"days": [30, None]},
        "lastFiredAt": None,
        "automaticBackfill": False,
        "cronTimezone": "Europe/Berlin",
        "queueName": None,
    }


def test_ours_reads_what_typescript_wrote(
    sql: Sql, official_typescript: TypeScriptClient, ours_typescript: DBOSClient
) -> None:
    names = {"scheduleName": "nightly", "workflowName": "clean", "schedule": "0 0 L * *"}
    official_typescript.createSchedule({**names, "context": {"days": [30, None]}})
    mine = ours_typescript.get_schedule("nightly")
    assert mine is not None
    assert (mine.schedule, mine.context) == ("0 0 L * *", {"days": [30, None]})


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_a_backfill_of_both_starts_each_run_once(
    sql: Sql, language: str, request: pytest.FixtureRequest
) -> None:
    sql.execute("INSERT INTO dbos.application_versions VALUES ('v', 'v7', 1, 1, NULL)")
    mine: DBOSClient = request.getfixturevalue(f"ours_{language}")
    definition: Any = {**NAMES, "cron_timezone": "Europe/Berlin"}
    mine.create_schedule(**definition)
    handles = mine.backfill_schedule("nightly", START, END)
    official = request.getfixturevalue(f"official_{language}")
    theirs = (
        official.backfillSchedule("nightly", START, END)
        if isinstance(official, TypeScriptClient)
        else [
            found.get_workflow_id() for found in official.backfill_schedule("nightly", START, END)
        ]
    )
    assert theirs == [handle.workflow_id for handle in handles]
    assert len(theirs) >= 5
    [found] = sql.execute("SELECT count(*) AS runs FROM dbos.workflow_status").fetchall()
    assert found["runs"] == len(theirs)
