"""Apply: a list of schedules becomes what is there, as a whole."""

import base64
import json
import pickle
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import psycopg
import pytest

from client_core import (
    KEPT,
    DBOSClient,
    DBOSClientError,
    Dialect,
    InvalidOption,
    SchedulesChanged,
)
from client_core.records import ScheduleDifference
from client_core.resource_errors import DialectUnknown, OwnedByAnotherApplication
from client_core.schedule_rows import ScheduleDefinition
from tests.client_core.conftest import Submit, wait_for_lock

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
    wrong = [
        wanted("a", schedule="x", cron_timezone="Nowhere"),
        wanted(""),
        wanted("b"),
        wanted("b"),
    ]
    with pytest.raises(InvalidOption) as caught:
        schedules.apply_schedules([*wrong, wanted("c", application_name=["x"], context={1: {2}})])
    assert set(caught.value.problems) == {
        *("0.schedule", "0.cron_timezone", "1.schedule_name", "3.schedule_name"),
        "4.application_name",
    }
    assert "is refused: It has 1 fields" in caught.value.problems["0.schedule"]
    with pytest.raises(InvalidOption, match=r"1\.context: cannot be written"):
        schedules.apply_schedules([wanted("a"), wanted("b", context={"a": object()})])
    assert rows(sql) == []


def test_the_language_may_be_said_or_found(system_url: str, sql: Sql) -> None:
    with DBOSClient.create(system_url) as client:
        with pytest.raises(DialectUnknown):
            client.apply_schedules([wanted("a")])
        client.apply_schedules([wanted("a")], dialect="typescript")
        assert client.apply_schedules([wanted("a")]).unchanged == ("a",)


def test_every_change_is_told_field_by_field(schedules: DBOSClient, sql: Sql) -> None:
    schedules.apply_schedules([wanted("a"), wanted("b"), wanted("c")])
    schedules.pause_schedule("b")
    asked = [wanted("a"), wanted("b", schedule="0 4 * * *", context=[1]), wanted("d")]
    difference = schedules.apply_schedules(asked, dry_run=True)
    changed, deleted, created = difference.changes
    assert (changed.action, changed.fields) == ("updated", ("schedule", "context"))
    assert changed.before
    assert changed.after
    assert (changed.before.schedule, changed.after.schedule) == ("0 3 * * *", "0 4 * * *")
    assert (changed.before.context, changed.after.context) == ({"a": [1]}, [1])
    assert (changed.after.status, changed.after.dialect) == ("PAUSED", "python")
    assert deleted.schedule_name == "c"
    assert deleted.before
    assert deleted.after is None
    assert created.before is None
    assert created.after
    assert created.after.status == "ACTIVE"
    assert schedules.apply_schedules(asked) == difference
    assert schedules.get_schedule("b") == changed.after


class TestAsItWasSeen:
    """What is applied is what was shown before, or nothing."""

    ASKED = (wanted("changed", schedule="0 4 * * *"), wanted("kept"), wanted("new"))

    @pytest.mark.parametrize(
        "meanwhile",
        [
            "UPDATE dbos.workflow_schedules SET queue_name = 'q' WHERE schedule_name = 'changed'",
            "UPDATE dbos.workflow_schedules SET queue_name = 'q' WHERE schedule_name = 'kept'",
            "UPDATE dbos.workflow_schedules SET context = '' WHERE schedule_name = 'gone'",
            "DELETE FROM dbos.workflow_schedules WHERE schedule_name = 'changed'",
            "DELETE FROM dbos.workflow_schedules WHERE schedule_name = 'gone'",
            "INSERT INTO dbos.workflow_schedules (schedule_id, schedule_name, workflow_name, "
            "schedule, context) VALUES ('1', 'other', 'w', '* * * * *', '')",
        ],
    )
    def test_nothing_is_applied_after_a_change(
        self, schedules: DBOSClient, sql: Sql, meanwhile: str
    ) -> None:
        schedules.apply_schedules([wanted("changed"), wanted("kept"), wanted("gone")])
        shown = schedules.apply_schedules(self.ASKED, dry_run=True)
        sql.execute(meanwhile.encode())
        before = rows(sql)
        with pytest.raises(SchedulesChanged) as caught:
            schedules.apply_schedules(self.ASKED, revision=shown.revision)
        assert rows(sql) == before
        now = caught.value.difference
        assert now == schedules.apply_schedules(self.ASKED, dry_run=True)
        assert now.revision != shown.revision
        assert schedules.apply_schedules(self.ASKED, revision=now.revision) == now
        assert names(sql) == ["changed", "kept", "new"]

    def test_what_fired_or_was_paused_meanwhile_is_no_change(
        self, schedules: DBOSClient, sql: Sql
    ) -> None:
        schedules.apply_schedules([wanted("changed"), wanted("kept")])
        shown = schedules.apply_schedules(self.ASKED, dry_run=True)
        sql.execute("UPDATE dbos.workflow_schedules SET last_fired_at = 'now', status = 'PAUSED'")
        assert schedules.apply_schedules(self.ASKED, revision=shown.revision) == shown

    def test_another_list_is_not_what_was_shown(self, schedules: DBOSClient, sql: Sql) -> None:
        shown = schedules.apply_schedules(self.ASKED, dry_run=True)
        other = [*self.ASKED[:2], wanted("new", context=None)]
        with pytest.raises(SchedulesChanged):
            schedules.apply_schedules(other, revision=shown.revision)
        assert rows(sql) == []


def test_of_two_at_once_one_wins_whole(system_url: str, sql: Sql, submit: Submit) -> None:
    """They share no row to meet at: without a lock what both create would be there."""
    sets = [[wanted(f"{which}{number}") for number in range(20)] for which in "ab"]

    def apply(client: DBOSClient, start: threading.Barrier, asked: Any, revision: str) -> Any:
        start.wait()
        try:
            return client.apply_schedules(asked, revision=revision or None)
        except SchedulesChanged as error:
            return error

    with (
        DBOSClient.create(system_url, dialect="python") as one,
        DBOSClient.create(system_url, dialect="python") as other,
    ):
        for seen in (False, True) * 5:
            one.apply_schedules([])
            start = threading.Barrier(2)
            tasks = [
                submit(
                    apply,
                    client,
                    start,
                    asked,
                    client.apply_schedules(asked, dry_run=True).revision if seen else "",
                )
                for client, asked in zip((one, other), sets, strict=True)
            ]
            answers = [task.result() for task in tasks]
            assert names(sql) in [sorted(one["schedule_name"] for one in each) for each in sets]
            refused = [one for one in answers if isinstance(one, SchedulesChanged)]
            assert len(refused) == seen
            for error in refused:
                assert len(error.difference.deleted) == len(error.difference.created) == 20


class TestContexts:
    """A list says a context, none, or the one that is there."""

    def test_one_may_be_kept(self, schedules: DBOSClient, sql: Sql) -> None:
        schedules.apply_schedules([wanted("a", context={"when": datetime(2026, 1, 1, tzinfo=UTC)})])
        before = rows(sql)
        assert schedules.apply_schedules([wanted("a", context=KEPT)]).unchanged == ("a",)
        assert rows(sql) == before
        kept = wanted("a", context=KEPT, queue_name="q")
        assert schedules.apply_schedules([kept]).changes[0].fields == ("queue_name",)
        assert rows(sql)[0]["context"] == before[0]["context"]
        with pytest.raises(InvalidOption, match=r"1\.context: is to be the one"):
            schedules.apply_schedules([wanted("a"), wanted("b", context=KEPT)])

    @pytest.mark.parametrize("context", [None, {"b": 1, "a": [1.5, True, None, "ö"]}, [], "text"])
    def test_what_says_the_same_stays_as_the_application_wrote_it(
        self, schedules: DBOSClient, sql: Sql, context: Any
    ) -> None:
        schedules.apply_schedules([wanted("a", context=context)])
        spelled = base64.b64encode(pickle.dumps(context, protocol=3)).decode()
        sql.execute("UPDATE dbos.workflow_schedules SET context = %s", (spelled,))
        assert schedules.apply_schedules([wanted("a", context=context)]).unchanged == ("a",)
        assert schedules.apply_schedules([wanted("a", context=[context])]).updated == ("a",)

    @pytest.mark.parametrize("dialect", ["python", "typescript"])
    def test_an_export_changes_nothing_where_it_comes_from(
        self, schedules: DBOSClient, sql: Sql, dialect: Dialect
    ) -> None:
        contexts = [None, {"a": [1, 2.5, {"b": "ö"}]}, datetime(2026, 1, 1, tzinfo=UTC), {"é": ""}]
        asked = [wanted(f"s{number}", context=one) for number, one in enumerate(contexts)]
        del asked[0]["context"]
        asked[1] |= {"cron_timezone": "UTC", "queue_name": "q", "automatic_backfill": True}
        schedules.apply_schedules(asked, dialect=dialect)
        before = rows(sql)
        exported = schedules.export_schedules()
        gaps = [one.definition["schedule_name"] for one in exported if one.gap]
        assert gaps == ["s2"]
        assert "datetime" in exported[2].gap
        assert json.loads(json.dumps(exported[1].definition)) == {**asked[1]}
        listed = cast(list[ScheduleDefinition], [one.definition for one in exported])
        assert schedules.apply_schedules(listed, dialect=dialect).unchanged == tuple(names(sql))
        assert rows(sql) == before

    def test_what_json_cannot_say_is_a_gap(self, schedules: DBOSClient, sql: Sql) -> None:
        for context in ({1: 2}, (1, 2), {"a": float("nan")}, b"x", {1, 2}):
            schedules.apply_schedules([wanted("a", context=context)])
            [exported] = schedules.export_schedules()
            assert exported.gap.startswith("It holds ")
            assert exported.definition["context"] is KEPT
        sql.execute("UPDATE dbos.workflow_schedules SET context = 'what is this'")
        assert "does not tell" in schedules.export_schedules()[0].gap

    def test_only_those_of_an_application(self, schedules: DBOSClient, sql: Sql) -> None:
        schedules.apply_schedules([wanted("a", application_name="shop"), wanted("b")])
        [only] = schedules.export_schedules(application_name="shop")
        assert (only.definition["schedule_name"], only.is_paused) == ("a", False)


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
