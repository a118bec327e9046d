"""Failures in groups."""

import base64
import json
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from client_core import (
    DBOSClient,
    ErrorGroup,
    ErrorGroups,
    InvalidOption,
    RawValue,
    RecordedError,
    error_groups,
)
from client_core.error_groups import MAX_ERROR_BYTES, statement_of
from client_core.filters import conditions
from tests.client_core.conftest import Insert

Sql = psycopg.Connection[Any]
Fail = Callable[..., str]
START = datetime(2026, 11, 20, tzinfo=UTC)
START_MS = round(START.timestamp() * 1_000)
WEEK_BEFORE_MS = START_MS - 7 * 86_400_000


def portable(name: str, message: str) -> str:
    return json.dumps({"name": name, "message": message})


def pickled(error: Exception) -> str:
    return base64.b64encode(pickle.dumps(error)).decode()


@pytest.fixture
def fail(insert: Insert, sql: Sql) -> Fail:
    """Insert a run that failed with this stored error; returns its ID."""

    def insert_failure(error: str | None, serialization: str | None = None, **columns: Any) -> str:
        row = {"status": "ERROR", "created_at": START_MS, "serialization": serialization}
        workflow_id = insert(**{**row, **columns})
        sql.execute(
            "INSERT INTO dbos.workflow_output (workflow_uuid, error) VALUES (%s, %s)",
            [workflow_id, error],
        )
        return workflow_id

    return insert_failure


def groups(client: DBOSClient, **options: Any) -> tuple[ErrorGroup, ...]:
    return client.group_errors(since=START, **options).groups


def test_nothing_failed(client: DBOSClient, insert: Insert) -> None:
    insert(status="SUCCESS", created_at=START_MS)
    insert(status="CANCELLED", created_at=START_MS)
    assert client.group_errors(since=START) == ErrorGroups((), 0, False, WEEK_BEFORE_MS)


def test_failures_that_differ_in_values_are_one_group(client: DBOSClient, fail: Fail) -> None:
    ids = [
        fail(
            portable("NotFound", f"order {number} not found"),
            "portable_json",
            created_at=START_MS + number,
            completed_at=START_MS + 10 * number,
            application_version=f"v{number % 2}",
        )
        for number in range(3)
    ]
    fail(portable("NotFound", "order 1 is paid"), "portable_json")
    first, second = groups(client)
    assert (first.name, first.error_type, first.pattern) == (
        "job",
        "NotFound",
        "order <number> not found",
    )
    assert [failure.workflow_id for failure in first.failures] == ids[::-1]
    assert first.example.error == RecordedError("NotFound", "order 2 not found", None, None)
    assert (first.first_seen_ms, first.last_seen_ms) == (START_MS, START_MS + 20)
    assert (first.count, first.app_versions) == (3, ["v0", "v1"])
    assert (second.count, second.pattern) == (1, "order <number> is paid")


def test_languages_meet_in_one_group(client: DBOSClient, fail: Fail) -> None:
    message = "amount is not a number"
    fail(pickled(TypeError(message)), "py_pickle")
    fail(json.dumps({"name": "TypeError", "message": message, "stack": "at x"}), "js_superjson")
    fail(portable("TypeError", message), "portable_json")
    fail(json.dumps({"type": "java.lang.TypeError", "message": message}), "java_jackson")
    [group] = groups(client)
    assert group.count == 4
    assert group.dialects == ["java", "python", "typescript"]


def test_errors_of_older_sdks(client: DBOSClient, insert: Insert, fail: Fail) -> None:
    """They name no format, and those before the payload tables stand in the run's own row."""
    fail(pickled(ValueError("no 1")))
    insert(status="ERROR", created_at=START_MS, error=pickled(ValueError("no 2")))
    insert(status="ERROR", created_at=START_MS, error='{"name":"ValueError","message":"no 3"}')
    [group] = groups(client)
    assert (group.error_type, group.count) == ("ValueError", 3)


def test_what_was_given_up_is_a_group_of_its_own(client: DBOSClient, fail: Fail) -> None:
    status = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
    fail(None, status=status)
    fail(None, status=status)
    fail(None, status=status, name="other")
    fail(None)
    found = groups(client)
    assert [(group.status, group.name, group.count) for group in found[:1]] == [(status, "job", 2)]
    assert {(group.error_type, group.pattern) for group in found} == {(None, "")}
    assert len({group.fingerprint for group in found}) == 3


def test_workflows_fail_apart(client: DBOSClient, fail: Fail) -> None:
    for name in ("order", "refund"):
        fail(portable("E", "m"), "portable_json", name=name)
    assert {group.name for group in groups(client)} == {"order", "refund"}


def test_errors_that_cannot_be_read_are_told_by_the_reason(client: DBOSClient, fail: Fail) -> None:
    fail("!", "py_pickle")
    fail("?", "py_pickle")
    large = portable("E", "x" * MAX_ERROR_BYTES)
    fail(large, "portable_json")
    fail(large + " ", "portable_json")
    found = groups(client)
    assert [group.count for group in found] == [2, 2]
    assert {type(group.example.error) for group in found} == {RawValue}
    assert any("larger than 16,384 bytes" in group.pattern for group in found)


def test_the_time_and_the_filters_narrow(client: DBOSClient, fail: Fail) -> None:
    error = portable("E", "m"), "portable_json"
    wanted = {
        "name": "order",
        "queue_name": "orders",
        "application_name": "shop",
        "application_version": "v1",
    }
    fail(*error, **wanted)
    fail(*error, **{**wanted, "completed_at": START_MS - 1})
    for column in wanted:
        fail(*error, **{**wanted, column: "other"})
    [group] = groups(
        client, name="order", queue_name="orders", application_name="shop", app_version="v1"
    )
    assert group.count == 1
    assert client.group_errors(since=START).looked_at == 5


def test_it_is_the_end_of_a_run_that_counts(client: DBOSClient, fail: Fail) -> None:
    before = START_MS - 6 * 86_400_000
    fail(None, created_at=before, completed_at=START_MS, workflow_uuid="at last")
    fail(None, created_at=before, completed_at=START_MS - 1)
    fail(None, created_at=before, updated_at=START_MS, workflow_uuid="of an older SDK")
    fail(None, created_at=before, updated_at=START_MS - 1)
    fail(None, created_at=WEEK_BEFORE_MS - 1, completed_at=START_MS)
    [group] = groups(client)
    assert {one.workflow_id for one in group.failures} == {"at last", "of an older SDK"}


def test_where_too_many_failed_those_created_long_ago_are_not_looked_at(
    client: DBOSClient, fail: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(error_groups, "LOOKED_AT", 3)
    for number in range(3):
        fail(None, created_at=START_MS - number)
    fail(None, created_at=START_MS - 9, status="MAX_RECOVERY_ATTEMPTS_EXCEEDED")
    found = client.group_errors(since=START, limit=2)
    assert (found.looked_at, found.is_cut) == (2, True)
    assert found.looked_back_to_ms == START_MS - 2
    fail(None, created_at=START_MS - 3)
    assert client.group_errors(since=START, limit=2) == found


def test_only_the_newest_are_looked_at(client: DBOSClient, fail: Fail) -> None:
    """Whatever their status; and of equal times the same ones again."""
    for number in range(4):
        fail(portable("E", "m"), "portable_json", created_at=START_MS, workflow_uuid=f"e-{number}")
    fail(None, status="MAX_RECOVERY_ATTEMPTS_EXCEEDED", created_at=START_MS + 1)
    found = client.group_errors(since=START, limit=3)
    assert (found.looked_at, found.is_cut) == (3, True)
    [errors, given_up] = found.groups
    assert [failure.workflow_id for failure in errors.failures] == ["e-3", "e-2"]
    assert given_up.count == 1
    assert not client.group_errors(since=START, limit=5).is_cut


def test_a_group_is_found_again(client: DBOSClient, fail: Fail) -> None:
    fail(portable("E", "no 1"), "portable_json")
    before = client.group_errors(since=START)
    fail(portable("E", "no 2"), "portable_json")
    after = client.group_errors(since=START).find(before.groups[0].fingerprint)
    assert after
    assert after.count == 2
    assert before.find("none") is None


def test_when_they_failed(client: DBOSClient, fail: Fail) -> None:
    for at in (0, 1, 9, 10, 35, 39, 40, 99):
        fail(None, completed_at=START_MS + at)
    [group] = groups(client)
    assert group.histogram(START_MS, START_MS + 40, slots=4) == [3, 1, 0, 4]
    assert sum(group.histogram(START_MS, START_MS, slots=4)) == 8


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 0},
        {"status": "ERROR"},
        {"start_time": START},
        {"after": "1.x"},
        {"sort_desc": True},
    ],
)
def test_what_makes_no_sense_is_refused(client: DBOSClient, options: Any) -> None:
    with pytest.raises(InvalidOption):
        client.group_errors(**{"since": START, **options})


def test_the_walk_along_the_index_of_failures(sql: Sql) -> None:
    """Nothing but failures is read, however many runs succeed."""
    sql.execute(
        "INSERT INTO dbos.workflow_status (workflow_uuid, status, name, created_at) "
        "SELECT g::text, CASE mod(g, 1000) WHEN 0 THEN 'ERROR' "
        "WHEN 500 THEN 'MAX_RECOVERY_ATTEMPTS_EXCEEDED' ELSE 'SUCCESS' END, 'job', %s + g "
        "FROM generate_series(1, 20000) g",
        [START_MS],
    )
    sql.execute("ANALYZE dbos.workflow_status")
    found = conditions({"start_time": START, "name": "job"})
    statement = SQL("EXPLAIN " + statement_of(found.where())).format(schema=Identifier("dbos"))
    limits = {"limit": 100, "most_looked_at": 1_000, "max_bytes": 100, "since_ms": START_MS}
    params = {**found.params, **limits}
    plan = "\n".join(row["QUERY PLAN"] for row in sql.execute(statement, params))
    assert plan.count("idx_workflow_status_failed") == 2
    assert "Seq Scan on workflow_status" not in plan
