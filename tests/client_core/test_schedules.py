"""Schedules: what is kept, in whose spelling, and what is refused."""

import base64
import json
import pickle
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from client_core import UNDEFINED, DBOSClient, InvalidOption, RawValue, SerializationError
from client_core.cron import InvalidCronExpression
from client_core.records import WorkflowSchedule
from client_core.resource_errors import (
    DialectUnknown,
    NonExistentSchedule,
    OwnedByAnotherApplication,
    ScheduleChanged,
    ScheduleExists,
)
from tests.client_core.conftest import Submit

Sql = psycopg.Connection[Any]


@pytest.fixture
def schedules(system_url: str, sql: Sql) -> Iterator[DBOSClient]:
    with DBOSClient.create(system_url) as client:
        yield client


def create(client: DBOSClient, name: str = "nightly", **given: Any) -> WorkflowSchedule:
    definition = {"workflow_name": "clean", "schedule": "0 3 * * *", "dialect": "python"}
    return client.create_schedule(schedule_name=name, **{**definition, **given})


def row(sql: Sql, name: str = "nightly") -> dict[str, Any]:
    found: Any = sql.execute(
        "SELECT * FROM dbos.workflow_schedules WHERE schedule_name = %s", [name]
    ).fetchone()
    assert found
    return found  # type: ignore[no-any-return]


def unpickled(sql: Sql, name: str = "nightly") -> Any:
    return pickle.loads(base64.b64decode(row(sql, name)["context"]))


def test_what_is_created_is_had_back(schedules: DBOSClient) -> None:
    made = create(
        schedules,
        schedule="*/5 0 3 * * *",
        context={"days": 30},
        workflow_class_name="Shop",
        automatic_backfill=True,
        cron_timezone="Europe/Berlin",
        queue_name="orders",
        application_name="shop",
    )
    assert made == schedules.get_schedule("nightly")
    assert made == WorkflowSchedule(
        schedule_id=made.schedule_id,
        schedule_name="nightly",
        workflow_name="clean",
        workflow_class_name="Shop",
        schedule="*/5 0 3 * * *",
        status="ACTIVE",
        context={"days": 30},
        last_fired_at=None,
        automatic_backfill=True,
        cron_timezone="Europe/Berlin",
        queue_name="orders",
        application_name="shop",
        dialect="python",
    )


def test_a_context_is_written_as_the_owner_reads_it(schedules: DBOSClient, sql: Sql) -> None:
    create(schedules, context=[1, None])
    create(schedules, "ts", context=[1, None], dialect="typescript")
    assert unpickled(sql) == [1, None]
    assert json.loads(row(sql, "ts")["context"])["__dbos_serializer"] == "superjson"
    assert (row(sql)["workflow_class_name"], row(sql, "ts")["workflow_class_name"]) == (None, "")
    found = [schedule.context for schedule in schedules.list_schedules()]
    assert found == [[1, None], [1, None]]


def test_no_context_is_none_or_undefined(schedules: DBOSClient, sql: Sql) -> None:
    assert create(schedules).context is None
    assert unpickled(sql) is None
    assert create(schedules, "ts", dialect="typescript").context is UNDEFINED
    assert create(schedules, "null", context=None, dialect="typescript").context is None


class Backwards:
    """A serializer that an application brought along."""

    def name(self) -> str:
        return "backwards"

    def serialize(self, value: Any) -> str:
        return json.dumps(value)[::-1]

    def deserialize(self, text: str) -> Any:
        return json.loads(text[::-1])


def test_an_application_with_a_serializer_of_its_own(system_url: str, sql: Sql) -> None:
    with DBOSClient.create(system_url, serializer=Backwards()) as client:
        create(client, context={"days": 30})
        assert row(sql)["context"] == '}03 :"syad"{'
        found = client.get_schedule("nightly")
    assert found is not None
    assert found.context == {"days": 30}


def test_a_context_that_cannot_be_shown(schedules: DBOSClient, sql: Sql) -> None:
    create(schedules)
    sql.execute("UPDATE dbos.workflow_schedules SET context = '{\"days\":30}'")
    found = schedules.get_schedule("nightly")
    assert found is not None
    assert isinstance(found.context, RawValue)
    assert found.context.text == '{"days":30}'


def test_a_large_context_stays_in_the_database(system_url: str, sql: Sql) -> None:
    with DBOSClient.create(system_url, max_payload_bytes=1_000) as client:
        create(client, context="x" * 2_000)
        found = client.get_schedule("nightly")
        changed = client.update_schedule("nightly", queue_name="orders")
    assert found is not None
    assert isinstance(found.context, RawValue)
    assert isinstance(changed.context, RawValue)
    assert unpickled(sql) == "x" * 2_000


def test_a_context_that_the_format_cannot_carry(schedules: DBOSClient, sql: Sql) -> None:
    with pytest.raises(SerializationError):
        create(schedules, context=object())
    assert schedules.list_schedules() == []


def test_the_language_comes_from_the_client_or_the_database(
    schedules: DBOSClient, sql: Sql
) -> None:
    with pytest.raises(DialectUnknown):
        create(schedules, dialect=None)
    create(schedules, "ts", dialect="typescript")
    create(schedules, "second", dialect=None, context=1)
    assert "superjson" in row(sql, "second")["context"]
    schedules._dialect = "python"
    create(schedules, "third", dialect=None, context=1)
    assert unpickled(sql, "third") == 1


@pytest.mark.parametrize(
    ("expression", "refusing"), [("0 0 L * *", "python"), ("0 0 31 2 *", "typescript")]
)
def test_an_expression_is_checked_as_its_language_does(
    schedules: DBOSClient, expression: str, refusing: str
) -> None:
    with pytest.raises(InvalidCronExpression):
        create(schedules, schedule="61 * * * *", dialect=refusing)
    if refusing == "typescript":
        with pytest.raises(InvalidCronExpression):
            create(schedules, schedule=expression, dialect=refusing)
    assert create(schedules, schedule="0 0 L * *", dialect="typescript").schedule == "0 0 L * *"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"cron_timezone": "Mars/Base"}, "cron_timezone"),
        ({"workflow_name": " "}, "workflow_name"),
        ({"workflow_name": None}, "workflow_name"),
        ({"queue_name": ""}, "queue_name"),
        ({"automatic_backfill": 1}, "automatic_backfill"),
        ({"color": "red"}, "color"),
        ({"dialect": "go"}, "dialect"),
    ],
)
def test_rules(schedules: DBOSClient, given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        create(schedules, **given)
    assert set(caught.value.problems) == {field}
    assert schedules.list_schedules() == []


def test_a_name_is_taken_once(schedules: DBOSClient, sql: Sql) -> None:
    create(schedules, application_name="shop")
    before = row(sql)
    for application in (None, "shop"):
        with pytest.raises(ScheduleExists) as caught:
            create(schedules, schedule="* * * * *", application_name=application)
        assert caught.value.name == "nightly"
    with pytest.raises(OwnedByAnotherApplication) as conflict:
        create(schedules, application_name="billing")
    assert (conflict.value.kind, conflict.value.owner) == ("schedule", "shop")
    assert row(sql) == before


def test_filters(system_url: str, schedules: DBOSClient) -> None:
    create(schedules, "a_1", application_name="shop")
    create(schedules, "a%2", workflow_name="pack", application_name="billing")
    create(schedules, "b_1", workflow_name="send")
    schedules.pause_schedule("b_1")

    def names(client: DBOSClient = schedules, **filters: Any) -> list[str]:
        return sorted(found.schedule_name for found in client.list_schedules(**filters))

    assert names() == ["a%2", "a_1", "b_1"]
    assert names(status="PAUSED") == ["b_1"]
    assert names(status=["PAUSED", "ACTIVE"]) == ["a%2", "a_1", "b_1"]
    assert names(workflow_name=["pack", "send"]) == ["a%2", "b_1"]
    assert names(schedule_name_prefix="a") == ["a%2", "a_1"]
    assert names(schedule_name_prefix=["a_", "b"]) == ["a_1", "b_1"]
    assert names(schedule_name_prefix="a%") == ["a%2"]
    assert names(application_name="shop") == ["a_1", "b_1"]
    assert names(application_name="shop", status="ACTIVE") == ["a_1"]
    with DBOSClient.create(system_url, application_name="billing") as billing:
        assert names(billing) == ["a%2", "b_1"]
        assert billing.get_schedule("a_1") is not None


def test_pause_and_resume(schedules: DBOSClient) -> None:
    create(schedules)
    for method, status in [("pause_schedule", "PAUSED"), ("resume_schedule", "ACTIVE")]:
        for _ in range(2):
            getattr(schedules, method)("nightly")
            found = schedules.get_schedule("nightly")
            assert found is not None
            assert found.status == status


def test_no_such_schedule(schedules: DBOSClient) -> None:
    assert schedules.get_schedule("nightly") is None
    schedules.delete_schedule("nightly")
    for method in ("pause_schedule", "resume_schedule", "update_schedule"):
        with pytest.raises(NonExistentSchedule) as caught:
            getattr(schedules, method)("nightly")
        assert caught.value.name == "nightly"


def test_delete(schedules: DBOSClient) -> None:
    create(schedules)
    create(schedules, "other")
    schedules.delete_schedule("nightly")
    assert [found.schedule_name for found in schedules.list_schedules()] == ["other"]


def test_an_update_leaves_what_it_does_not_name(schedules: DBOSClient, sql: Sql) -> None:
    create(schedules, context={"a": 1}, cron_timezone="Europe/Berlin", automatic_backfill=True)
    sql.execute("UPDATE dbos.workflow_schedules SET status = 'PAUSED', last_fired_at = 'then'")
    before = row(sql)
    changed = schedules.update_schedule("nightly", schedule="0 4 * * *")
    assert row(sql) == {**before, "schedule": "0 4 * * *"}
    assert changed == schedules.get_schedule("nightly")
    schedules.update_schedule("nightly", cron_timezone=None, queue_name="orders")
    after = {**before, "schedule": "0 4 * * *", "cron_timezone": None, "queue_name": "orders"}
    assert row(sql) == after


class TestTwoAtOnce:
    """Whoever comes second is told, rather than undoing what the first did."""

    def test_the_second_is_refused(self, schedules: DBOSClient, sql: Sql) -> None:
        create(schedules, context=[1])
        seen = schedules.get_schedule("nightly")
        assert seen
        schedules.update_schedule("nightly", revision=seen.revision, context=[2])
        before = row(sql)
        with pytest.raises(ScheduleChanged, match="nightly"):
            schedules.update_schedule("nightly", revision=seen.revision, queue_name="q")
        assert row(sql) == before
        schedules.update_schedule("nightly", revision=seen.revision, context=[2])
        schedules.delete_schedule("nightly")
        create(schedules, context=[1])
        with pytest.raises(ScheduleChanged):
            schedules.update_schedule("nightly", revision=seen.revision, queue_name="q")

    def test_what_fired_or_was_paused_is_the_same(self, schedules: DBOSClient, sql: Sql) -> None:
        create(schedules)
        seen = schedules.get_schedule("nightly")
        assert seen
        schedules.pause_schedule("nightly")
        sql.execute("UPDATE dbos.workflow_schedules SET last_fired_at = 'now'")
        schedules.update_schedule("nightly", revision=seen.revision, queue_name="q")
        assert row(sql)["queue_name"] == "q"

    def test_of_many_one_is_first(self, schedules: DBOSClient, sql: Sql, submit: Submit) -> None:
        create(schedules)
        seen = schedules.get_schedule("nightly")
        assert seen
        start = threading.Barrier(8)

        def change(number: int) -> bool:
            start.wait()
            queue = f"q{number}"
            try:
                schedules.update_schedule("nightly", revision=seen.revision, queue_name=queue)
            except ScheduleChanged:
                return False
            return True

        done = [task.result() for task in [submit(change, number) for number in range(8)]]
        assert sum(done) == 1
        assert row(sql)["queue_name"] == f"q{done.index(True)}"


def test_several_are_paused_and_resumed_together(schedules: DBOSClient, sql: Sql) -> None:
    for name in ("a", "b", "c"):
        create(schedules, name)
    schedules.pause_schedule("b")
    before = row(sql, "b")
    found = schedules.pause_schedules(["b", "a", "gone"])
    assert found == {"a": "ACTIVE", "b": "PAUSED"}
    assert [row(sql, name)["status"] for name in "abc"] == ["PAUSED", "PAUSED", "ACTIVE"]
    assert row(sql, "b") == before
    assert schedules.resume_schedules(["a", "b"]) == {"a": "PAUSED", "b": "PAUSED"}
    assert schedules.resume_schedules([]) == {}
    assert [row(sql, name)["status"] for name in "abc"] == ["ACTIVE"] * 3


def test_an_update_speaks_the_language_of_the_schedule(schedules: DBOSClient, sql: Sql) -> None:
    """Its own context tells it, also where the database has traces of two languages."""
    create(schedules, context=1)
    create(schedules, "ts", context=1, dialect="typescript")
    assert schedules.update_schedule("nightly", context=None).context is None
    assert unpickled(sql) is None
    assert schedules.update_schedule("ts", context={"n": 2}).context == {"n": 2}
    assert "superjson" in row(sql, "ts")["context"]
    schedules.update_schedule("ts", schedule="0 0 L * *")
    with pytest.raises(InvalidCronExpression):
        schedules.update_schedule("ts", schedule="0 0 31 2 *")


def test_an_update_of_another_kind_needs_no_language(schedules: DBOSClient, sql: Sql) -> None:
    create(schedules)
    sql.execute("UPDATE dbos.workflow_schedules SET context = 'encrypted'")
    assert schedules.update_schedule("nightly", queue_name="q").queue_name == "q"
    with pytest.raises(DialectUnknown):
        schedules.update_schedule("nightly", schedule="* * * * *")
    with pytest.raises(InvalidOption, match="schedule_name"):
        schedules.update_schedule("nightly", schedule_name="")  # type: ignore[call-arg]
