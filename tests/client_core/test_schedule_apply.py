"""Apply: a list of schedules becomes what is there, as a whole."""

from collections.abc import Iterator
from typing import Any, cast

import psycopg
import pytest

from client_core import DBOSClient, InvalidOption, OutcomeUnknown
from client_core.cron import InvalidCronExpression
from client_core.records import ScheduleDifference
from client_core.resource_errors import DialectUnknown, OwnedByAnotherApplication
from client_core.schedule_rows import ScheduleDefinition
from tests.proxy import Cut, Proxy

Sql = psycopg.Connection[Any]


@pytest.fixture
def schedules(system_url: str, sql: Sql) -> Iterator[DBOSClient]:
    with DBOSClient.create(system_url, dialect="python") as client:
        yield client


def wanted(name: str, **given: Any) -> ScheduleDefinition:
    definition = {"workflow_name": "clean", "schedule": "0 3 * * *", "context": {"a": [1]}}
    return cast(ScheduleDefinition, {"schedule_name": name, **definition, **given})


def rows(sql: Sql) -> list[dict[str, Any]]:
    return sql.execute(
        "SELECT *, xmin::text FROM dbos.workflow_schedules ORDER BY schedule_name"
    ).fetchall()


def names(sql: Sql) -> list[str]:
    return [row["schedule_name"] for row in rows(sql)]


def test_the_list_becomes_what_is_there(schedules: DBOSClient, sql: Sql) -> None:
    schedules.apply_schedules([wanted("kept"), wanted("changed"), wanted("gone")])
    sql.execute("UPDATE dbos.workflow_schedules SET status = 'PAUSED', last_fired_at = 'then'")
    before = {row["schedule_name"]: row for row in rows(sql)}
    asked = [wanted("new"), wanted("kept"), wanted("changed", schedule="0 4 * * *")]
    difference = ScheduleDifference(("new",), ("changed",), ("kept",), ("gone",))
    assert schedules.apply_schedules(asked, dry_run=True) == difference
    assert {row["schedule_name"]: row for row in rows(sql)} == before
    assert schedules.apply_schedules(asked) == difference
    after = {row["schedule_name"]: row for row in rows(sql)}
    assert sorted(after) == ["changed", "kept", "new"]
    assert after["kept"] == before["kept"]
    xmin = after["changed"]["xmin"]
    assert after["changed"] == {**before["changed"], "schedule": "0 4 * * *", "xmin": xmin}
    assert (after["new"]["status"], after["new"]["last_fired_at"]) == ("ACTIVE", None)


def test_an_unchanged_apply_writes_nothing(schedules: DBOSClient, sql: Sql) -> None:
    asked = [wanted("a", cron_timezone="UTC", queue_name="q"), wanted("b", automatic_backfill=True)]
    schedules.apply_schedules(asked)
    before = rows(sql)
    assert schedules.apply_schedules(asked).unchanged == ("a", "b")
    assert rows(sql) == before


@pytest.mark.parametrize(
    "change",
    [
        {"workflow_name": "pack"},
        {"workflow_class_name": "Shop"},
        {"schedule": "1 3 * * *"},
        {"context": {"a": [2]}},
        {"automatic_backfill": True},
        {"cron_timezone": "UTC"},
        {"queue_name": "orders"},
        {"application_name": "shop"},
    ],
)
def test_every_change_is_seen(schedules: DBOSClient, sql: Sql, change: dict[str, Any]) -> None:
    schedules.apply_schedules([wanted("a")])
    [before] = rows(sql)
    assert schedules.apply_schedules([wanted("a", **change)]).updated == ("a",)
    [after] = rows(sql)
    assert {name for name in after if after[name] != before[name]} == {*change, "xmin"}
    assert schedules.apply_schedules([wanted("a", **change)]).unchanged == ("a",)


def test_only_the_own_schedules_are_pruned(
    system_url: str, schedules: DBOSClient, sql: Sql
) -> None:
    owners = [("free", None), ("shop", "shop"), ("billing", "billing")]
    schedules.apply_schedules([wanted(name, application_name=owner) for name, owner in owners])
    with DBOSClient.create(system_url, application_name="shop", dialect="python") as shop:
        assert shop.apply_schedules([], prune=False) == ScheduleDifference((), (), (), ())
        assert shop.apply_schedules([]).deleted == ("shop",)
    assert names(sql) == ["billing", "free"]
    assert schedules.apply_schedules([]).deleted == ("free",)
    assert names(sql) == ["billing"]


def test_a_conflict_changes_nothing(schedules: DBOSClient, sql: Sql) -> None:
    schedules.apply_schedules([wanted("a", application_name="shop"), wanted("gone")])
    before = rows(sql)
    asked = [wanted("a", application_name="billing"), wanted("new")]
    for dry_run in (True, False):
        with pytest.raises(OwnedByAnotherApplication) as caught:
            schedules.apply_schedules(asked, dry_run=dry_run)
        assert (caught.value.name, caught.value.owner) == ("a", "shop")
    assert rows(sql) == before


def test_one_bad_entry_changes_nothing(schedules: DBOSClient, sql: Sql) -> None:
    with pytest.raises(InvalidOption) as caught:
        schedules.apply_schedules([wanted("a"), wanted("b", queue_name="")])
    assert set(caught.value.problems) == {"1.queue_name"}
    with pytest.raises(InvalidOption, match=r"1\.schedule_name"):
        schedules.apply_schedules([wanted("a"), wanted("a")])
    with pytest.raises(InvalidOption, match=r"0\.workflow_name"):
        schedules.apply_schedules([{"schedule_name": "a"}])  # type: ignore[typeddict-item]
    with pytest.raises(InvalidCronExpression):
        schedules.apply_schedules([wanted("a"), wanted("b", schedule="x")])
    assert rows(sql) == []


def test_the_language_may_be_said_or_found(system_url: str, sql: Sql) -> None:
    with DBOSClient.create(system_url) as client:
        with pytest.raises(DialectUnknown):
            client.apply_schedules([wanted("a")])
        client.apply_schedules([wanted("a")], dialect="typescript")
        assert client.apply_schedules([wanted("a")]).unchanged == ("a",)


@pytest.mark.parametrize("when", ["before the request", "before the answer"])
def test_a_cut_connection_is_reported_and_applies_all_or_nothing(
    system_url: str, schedules: DBOSClient, sql: Sql, when: Cut
) -> None:
    schedules.apply_schedules([wanted("old")])
    with Proxy(system_url) as proxy, DBOSClient.create(proxy.url, dialect="python") as client:
        client.get_schedule("old")
        proxy.cut_next(when)
        with pytest.raises(OutcomeUnknown):
            client.apply_schedules([wanted("a"), wanted("b")])
    assert names(sql) in (["a", "b"], ["old"])
    schedules.apply_schedules([wanted("a"), wanted("b")])
    assert names(sql) == ["a", "b"]
