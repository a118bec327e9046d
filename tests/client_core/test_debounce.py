"""Debounce: one run a key, put off by each call, with the arguments of the last."""

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from client_core import (
    ConflictingWorkflow,
    DBOSClient,
    InvalidOption,
    QueueDeduplicated,
    WorkflowHandle,
    WorkflowInputs,
)
from client_core.debounce import DebouncerClient
from client_core.resource_errors import DialectUnknown
from tests.client_core.conftest import Insert

Sql = psycopg.Connection[Any]
HOUR_MS = 3_600_000


@pytest.fixture
def debouncing(system_url: str, sql: Sql) -> Iterator[DBOSClient]:
    with DBOSClient.create(system_url) as client:
        yield client


def debouncer(client: DBOSClient, **given: Any) -> DebouncerClient:
    return DebouncerClient(client, **{"workflow_name": "index", "dialect": "python", **given})


def row(sql: Sql, handle: WorkflowHandle) -> dict[str, Any]:
    found: Any = sql.execute(
        "SELECT * FROM dbos.workflow_status WHERE workflow_uuid = %s", [handle.workflow_id]
    ).fetchone()
    assert found
    return found  # type: ignore[no-any-return]


def count(sql: Sql) -> Any:
    found: Any = sql.execute("SELECT count(*) AS n FROM dbos.workflow_status").fetchone()
    return found["n"]


def test_the_first_call_starts_a_delayed_run(debouncing: DBOSClient, sql: Sql) -> None:
    handle = debouncer(debouncing).debounce("ann", HOUR_MS, "a.txt", deep=True)
    assert handle.is_new
    written = row(sql, handle)
    assert (written["status"], written["is_debounced"]) == ("DELAYED", True)
    assert written["deduplication_id"] == "index-ann"
    assert written["queue_name"] == "_dbos_internal_queue"
    assert written["debounce_deadline_epoch_ms"] is None
    assert written["delay_until_epoch_ms"] - written["created_at"] == pytest.approx(HOUR_MS, abs=2)
    assert handle.get_status().input == WorkflowInputs(("a.txt",), {"deep": True})


def test_the_next_call_puts_it_off_with_new_arguments(debouncing: DBOSClient, sql: Sql) -> None:
    first = debouncer(debouncing).debounce("ann", 1_000, "old")
    sql.execute("UPDATE dbos.workflow_status SET updated_at = 1")
    portable = row(sql, first)["serialization"]
    params = {"serialization": "py_pickle"}
    second = debouncer(debouncing, start_workflow_params=params).debounce("ann", HOUR_MS, "new")
    assert (second.workflow_id, second.is_new) == (first.workflow_id, False)
    written = row(sql, second)
    assert written["delay_until_epoch_ms"] - written["updated_at"] == HOUR_MS
    assert (portable, written["serialization"]) == ("portable_json", "py_pickle")
    assert second.get_status().input == WorkflowInputs(("new",), {})
    assert count(sql) == 1


def test_a_deadline_caps_the_first_delay_and_the_later_ones(
    debouncing: DBOSClient, sql: Sql
) -> None:
    capped = debouncer(debouncing, debounce_timeout_ms=60_000)
    first = row(sql, capped.debounce("ann", HOUR_MS))
    assert first["delay_until_epoch_ms"] == first["debounce_deadline_epoch_ms"]
    assert first["debounce_deadline_epoch_ms"] - first["created_at"] == pytest.approx(60_000, abs=2)
    second = row(sql, capped.debounce("ann", HOUR_MS))
    assert second["delay_until_epoch_ms"] == first["debounce_deadline_epoch_ms"]
    sooner = row(sql, capped.debounce("ann", 10))
    assert sooner["delay_until_epoch_ms"] < first["debounce_deadline_epoch_ms"]
    assert sooner["debounce_deadline_epoch_ms"] == first["debounce_deadline_epoch_ms"]


def test_other_keys_and_queues_are_apart(debouncing: DBOSClient, sql: Sql) -> None:
    orders = debouncer(debouncing, start_workflow_params={"queue_name": "orders"})
    handles = {
        debouncer(debouncing).debounce("ann", HOUR_MS).workflow_id,
        debouncer(debouncing).debounce("bob", HOUR_MS).workflow_id,
        orders.debounce("ann", HOUR_MS).workflow_id,
    }
    assert len(handles) == 3


def test_a_run_that_started_is_left_alone(debouncing: DBOSClient, sql: Sql) -> None:
    """DBOS clears the key when the delay is over."""
    first = debouncer(debouncing).debounce("ann", HOUR_MS, "old")
    sql.execute("UPDATE dbos.workflow_status SET status = 'ENQUEUED', deduplication_id = NULL")
    second = debouncer(debouncing).debounce("ann", HOUR_MS, "new")
    assert second.is_new
    assert first.get_status().input == WorkflowInputs(("old",), {})


def test_every_option_finds_its_column(debouncing: DBOSClient, sql: Sql) -> None:
    given = {
        "queue_name": "orders",
        "workflow_id": "run-1",
        "workflow_config_name": "eu",
        "app_version": "v7",
        "workflow_timeout_ms": 5_000,
        "attributes": {"a": 1},
        "application_name": "shop",
    }
    handle = debouncer(
        debouncing, workflow_class_name="Shop", start_workflow_params=given
    ).debounce("ann", HOUR_MS)
    written = row(sql, handle)
    expected = {
        "workflow_uuid": "run-1",
        "class_name": "Shop",
        "config_name": "eu",
        "queue_name": "orders",
        "application_version": "v7",
        "workflow_timeout_ms": 5_000,
        "attributes": {"a": 1},
        "application_name": "shop",
        "deduplication_id": "index-ann",
    }
    assert {key: written[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("dialect", "class_name", "key"),
    [
        ("python", None, "index-ann"),
        ("python", "Shop", "index-ann"),
        ("typescript", None, ".index-ann"),
        ("typescript", "", ".index-ann"),
        ("typescript", "Shop", "Shop.index-ann"),
    ],
)
def test_the_key_is_spelled_as_the_language_does(
    debouncing: DBOSClient, sql: Sql, dialect: str, class_name: str | None, key: str
) -> None:
    bounced = debouncer(debouncing, dialect=dialect, workflow_class_name=class_name)
    first = bounced.debounce("ann", HOUR_MS)
    assert row(sql, first)["deduplication_id"] == key
    assert row(sql, first)["class_name"] == (class_name or None)
    assert not bounced.debounce("ann", HOUR_MS).is_new


@pytest.mark.parametrize(
    ("holder", "dialect"),
    [
        ({"is_debounced": False}, "python"),
        ({"name": "other"}, "python"),
        ({"status": "PENDING"}, "python"),
        ({"application_name": "billing"}, "python"),
        ({"class_name": "Other"}, "typescript"),
    ],
)
def test_a_key_that_another_run_holds(
    debouncing: DBOSClient, sql: Sql, insert: Insert, holder: dict[str, Any], dialect: str
) -> None:
    columns = {"name": "index", "status": "DELAYED", "is_debounced": True, "queue_name": "orders"}
    key = {"python": "index-ann", "typescript": ".index-ann"}[dialect]
    insert(**{**columns, "deduplication_id": key, "delay_until_epoch_ms": 7, **holder})
    before = sql.execute("SELECT * FROM dbos.workflow_status").fetchall()
    params = {"queue_name": "orders", "application_name": "shop"}
    held = debouncer(debouncing, dialect=dialect, start_workflow_params=params)
    with pytest.raises(QueueDeduplicated) as caught:
        held.debounce("ann", HOUR_MS)
    assert (caught.value.queue_name, caught.value.deduplication_id) == ("orders", key)
    assert sql.execute("SELECT * FROM dbos.workflow_status").fetchall() == before


def test_an_unclaimed_run_is_claimed(debouncing: DBOSClient, sql: Sql) -> None:
    free = debouncer(debouncing).debounce("ann", HOUR_MS)
    params = {"application_name": "shop"}
    taken = debouncer(debouncing, start_workflow_params=params).debounce("ann", HOUR_MS)
    assert taken.workflow_id == free.workflow_id
    assert row(sql, taken)["application_name"] == "shop"


def test_an_id_that_exists(debouncing: DBOSClient, sql: Sql, insert: Insert) -> None:
    insert(workflow_uuid="run-1", name="index")
    params = {"workflow_id": "run-1"}
    again = debouncer(debouncing, start_workflow_params=params).debounce("ann", HOUR_MS)
    assert (again.workflow_id, again.is_new, count(sql)) == ("run-1", False, 1)
    other = debouncer(debouncing, workflow_name="other", start_workflow_params=params)
    with pytest.raises(ConflictingWorkflow) as caught:
        other.debounce("ann", HOUR_MS)
    assert (caught.value.field, caught.value.existing) == ("workflow_name", "index")


@pytest.mark.parametrize(
    "given",
    [
        {"deduplication_id": "d"},
        {"delay_seconds": 1},
        {"workflow_id_reuse_policy": "reject"},
        {"priority": 1},
        {"queue_partition_key": "p"},
        {"color": "red"},
        {"workflow_timeout_ms": 0},
    ],
)
def test_options_that_a_debounce_refuses(debouncing: DBOSClient, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidOption) as caught:
        debouncer(debouncing, start_workflow_params=given)
    assert set(caught.value.problems) == set(given)


@pytest.mark.parametrize(("key", "period"), [("", 5), ("k", 0), ("k", -1), ("k", "5"), ("k", 1e20)])
def test_keys_and_periods(debouncing: DBOSClient, sql: Sql, key: Any, period: Any) -> None:
    with pytest.raises(InvalidOption):
        debouncer(debouncing).debounce(key, period)
    assert count(sql) == 0


def test_the_language_comes_from_the_client_or_the_database(
    debouncing: DBOSClient, sql: Sql, insert: Insert
) -> None:
    unsaid = debouncer(debouncing, dialect=None)
    with pytest.raises(DialectUnknown, match="dialect"):
        unsaid.debounce("ann", HOUR_MS)
    insert(serialization="js_superjson")
    assert row(sql, unsaid.debounce("ann", HOUR_MS))["deduplication_id"] == ".index-ann"
    debouncing._dialect = "python"
    assert row(sql, unsaid.debounce("ann", HOUR_MS))["deduplication_id"] == "index-ann"
    with pytest.raises(InvalidOption, match="go spells"):
        debouncer(debouncing, dialect="go").debounce("ann", HOUR_MS)


def test_many_at_once_start_one_run(debouncing: DBOSClient, sql: Sql) -> None:
    handles = []
    barrier = threading.Barrier(8)

    def call(number: int) -> None:
        barrier.wait()
        handles.append(debouncer(debouncing).debounce("ann", HOUR_MS, number))

    threads = [threading.Thread(target=call, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(handle.is_new for handle in handles) == [False] * 7 + [True]
    assert count(sql) == 1
