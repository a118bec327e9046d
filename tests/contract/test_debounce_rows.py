"""Debouncing through the official client and through ours leaves the same rows."""

from collections.abc import Callable
from typing import Any

import dbos
import psycopg
import pytest

from client_core import DBOSClient, QueueDeduplicated, WorkflowInputs
from client_core.debounce import DebouncerClient

pytestmark = pytest.mark.xdist_group("contract")

Sql = psycopg.Connection[Any]
HOUR = 3_600
#: Made anew at every call, by either client.
GENERATED = {
    "workflow_uuid",
    "created_at",
    "updated_at",
    "delay_until_epoch_ms",
    "debounce_deadline_epoch_ms",
    "retention_timestamp",
}


def theirs_of(client: dbos.DBOSClient, options: dict[str, Any], **given: Any) -> Any:
    names = {"workflow_name": "index", "queue_name": "orders"}
    return dbos.DebouncerClient(client, {**names, **options}, **given)  # type: ignore[typeddict-item]


def ours_of(client: DBOSClient, params: dict[str, Any], **given: Any) -> DebouncerClient:
    return DebouncerClient(
        client,
        workflow_name="index",
        start_workflow_params={"queue_name": "orders", "serialization": "py_pickle", **params},
        dialect="python",
        **given,
    )


def rows(sql: Sql) -> list[dict[str, Any]]:
    """Each run with its arguments; of what is generated, only that it is there."""
    found = sql.execute(
        "SELECT * FROM dbos.workflow_status LEFT JOIN "
        "(SELECT workflow_uuid, inputs AS arguments, retention_timestamp FROM dbos.workflow_input)"
        " i USING (workflow_uuid) ORDER BY created_at"
    ).fetchall()

    def comparable(name: str, value: Any) -> Any:
        if name == "attributes":  # The official client writes JSON null where none were given.
            return value or None
        return (value is not None) if name in GENERATED else value

    return [{name: comparable(name, value) for name, value in row.items()} for row in found]


def same(sql: Sql, theirs: Callable[[], object], ours: Callable[[], object]) -> None:
    theirs()
    expected = rows(sql)
    sql.execute("DELETE FROM dbos.workflow_status")
    sql.execute("DELETE FROM dbos.workflow_input")
    ours()
    assert expected
    assert rows(sql) == expected


OPTIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"workflow_id": "run-1"}, {"workflow_id": "run-1"}),
    ({"app_version": "v7"}, {"app_version": "v7"}),
    ({"workflow_timeout": 1.5}, {"workflow_timeout_ms": 1_500}),
    ({"attributes": {"a": [1]}}, {"attributes": {"a": [1]}}),
    ({"application_name": "shop"}, {"application_name": "shop"}),
    ({"instance_name": "eu"}, {"workflow_config_name": "eu"}),
    (
        {"serialization_type": dbos.WorkflowSerializationFormat.PORTABLE},
        {"serialization": "portable_json"},
    ),
]


@pytest.mark.parametrize(("options", "params"), OPTIONS)
@pytest.mark.parametrize("timeout", [None, 60])
@pytest.mark.parametrize("calls", [1, 2])
def test_debounce(
    sql: Sql,
    official: dbos.DBOSClient,
    ours: DBOSClient,
    options: dict[str, Any],
    params: dict[str, Any],
    timeout: int | None,
    calls: int,
) -> None:
    def theirs() -> None:
        for call in range(calls):
            theirs_of(official, options, debounce_timeout_sec=timeout).debounce(
                "ann", HOUR, call, deep=True
            )

    def mine() -> None:
        given = None if timeout is None else timeout * 1_000
        for call in range(calls):
            ours_of(ours, params, debounce_timeout_ms=given).debounce(
                "ann", HOUR * 1_000, call, deep=True
            )

    same(sql, theirs, mine)


def test_an_unclaimed_run_is_claimed(sql: Sql, official: dbos.DBOSClient, ours: DBOSClient) -> None:
    def theirs() -> None:
        theirs_of(official, {}).debounce("ann", HOUR, 1)
        theirs_of(official, {"application_name": "shop"}).debounce("ann", HOUR, 2)

    def mine() -> None:
        ours_of(ours, {}).debounce("ann", HOUR * 1_000, 1)
        ours_of(ours, {"application_name": "shop"}).debounce("ann", HOUR * 1_000, 2)

    same(sql, theirs, mine)


def test_both_debouncers_meet(sql: Sql, official: dbos.DBOSClient, ours: DBOSClient) -> None:
    first = theirs_of(official, {}).debounce("ann", HOUR, "theirs")
    second = ours_of(ours, {}).debounce("ann", HOUR * 1_000, "ours")
    assert second.workflow_id == first.get_workflow_id()
    third = theirs_of(official, {}).debounce("ann", HOUR, "theirs again")
    assert third.get_workflow_id() == second.workflow_id
    assert second.get_status().input == WorkflowInputs(("theirs again",), {})


@pytest.mark.parametrize("columns", [{"name": "other"}, {"is_debounced": False}])
def test_both_refuse_the_same_holders(
    sql: Sql, official: dbos.DBOSClient, ours: DBOSClient, columns: dict[str, Any]
) -> None:
    row = {"name": "index", "is_debounced": True, **columns}
    sql.execute(
        "INSERT INTO dbos.workflow_status (workflow_uuid, status, queue_name, deduplication_id, "
        "name, is_debounced) VALUES ('x', 'DELAYED', 'orders', 'index-ann', %(name)s, "
        "%(is_debounced)s)",
        row,
    )
    with pytest.raises(dbos.error.DBOSQueueDeduplicatedError):
        theirs_of(official, {}).debounce("ann", HOUR)
    with pytest.raises(QueueDeduplicated):
        ours_of(ours, {}).debounce("ann", HOUR * 1_000)
