"""Apply: a list of schedules becomes what is there, as a whole."""

import threading
from collections.abc import Iterator
from typing import Any, cast

import psycopg
import pytest

from client_core import DBOSClient, DBOSClientError, InvalidOption
from client_core.cron import InvalidCronExpression
from client_core.records import ScheduleDifference
from client_core.resource_errors import DialectUnknown, OwnedByAnotherApplication
from client_core.schedule_rows import ScheduleDefinition
from tests.client_core.conftest import wait_for_lock

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


class TestOvertaken:
    """Somebody else's change becomes visible between the look at the schedules and the writing."""

    def apply_while(
        self, sql: Sql, system_url: str, change: str, asked: list[ScheduleDefinition], **given: Any
    ) -> Any:
        """What an apply answers that waits for a transaction in which this was changed."""
        answers: list[Any] = []

        def apply() -> None:
            with DBOSClient.create(system_url, dialect="python", **given) as client:
                try:
                    answers.append(client.apply_schedules(asked))
                except DBOSClientError as error:
                    answers.append(error)

        thread = threading.Thread(target=apply)
        with psycopg.connect(system_url) as other:
            other.execute(change.encode())
            thread.start()
            wait_for_lock(other)
        thread.join()
        return answers[0]

    def test_a_claimed_schedule_is_left_alone_and_told(
        self, system_url: str, schedules: DBOSClient, sql: Sql
    ) -> None:
        schedules.apply_schedules([wanted("free")])
        claim = "UPDATE dbos.workflow_schedules SET application_name = 'billing'"
        asked = [wanted("free", schedule="0 4 * * *"), wanted("new")]
        error = self.apply_while(sql, system_url, claim, asked, application_name="shop")
        assert isinstance(error, OwnedByAnotherApplication)
        assert (error.name, error.owner) == ("free", "billing")
        assert [(row["schedule_name"], row["schedule"]) for row in rows(sql)] == [
            ("free", "0 3 * * *")
        ]

    def test_a_claimed_schedule_is_not_deleted(
        self, system_url: str, schedules: DBOSClient, sql: Sql
    ) -> None:
        schedules.apply_schedules([wanted("free")])
        claim = "UPDATE dbos.workflow_schedules SET application_name = 'billing'"
        difference = self.apply_while(sql, system_url, claim, [wanted("new")])
        assert difference == ScheduleDifference(("new",), (), (), ())
        assert names(sql) == ["free", "new"]

    def test_a_name_that_another_application_takes(
        self, system_url: str, schedules: DBOSClient, sql: Sql
    ) -> None:
        take = (
            "INSERT INTO dbos.workflow_schedules (schedule_id, schedule_name, workflow_name, "
            "schedule, context, application_name) "
            "VALUES ('1', 'a', 'w', '* * * * *', '', 'billing')"
        )
        error = self.apply_while(sql, system_url, take, [wanted("a")], application_name="shop")
        assert isinstance(error, OwnedByAnotherApplication)
        assert [row["workflow_name"] for row in rows(sql)] == ["w"]

    def test_a_schedule_that_is_deleted_meanwhile_is_created(
        self, system_url: str, schedules: DBOSClient, sql: Sql
    ) -> None:
        schedules.apply_schedules([wanted("a")])
        delete = "DELETE FROM dbos.workflow_schedules"
        difference = self.apply_while(sql, system_url, delete, [wanted("a", queue_name="q")])
        assert difference == ScheduleDifference(("a",), (), (), ())
        assert names(sql) == ["a"]
