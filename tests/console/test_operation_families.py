"""Operations on runs and what these started: counted beforehand, deleted from below, told whole."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.test import Client
from django.utils import timezone

from client_core import DatabaseUnavailable, OutcomeUnknown
from console.models import AuditEntry, Operation, OperationRun
from console.operations import chunks, families
from console.operations.forms import StartForm
from console.operations.results import results
from console.systems import System, all_systems
from tests.console.conftest import Insert
from tests.console.test_operations import (
    begun,
    claimed,
    halfway,
    many,
    outcomes,
    planned,
    start,
    statuses,
    steer,
    url,
    work,
)
from tests.console.test_workflows import text

Sql = psycopg.Connection[Any]
DELETE = {"action": "workflow.delete", "children": "on"}


def family(insert: Insert, name: str = "", **parent: Any) -> None:
    """A run with a child and a grandchild that are over; one that runs, with one that is over."""
    insert(workflow_uuid=f"{name}top", status="SUCCESS", name="top", **parent)
    insert(workflow_uuid=f"{name}child", status="ERROR", parent_workflow_id=f"{name}top")
    insert(workflow_uuid=f"{name}grand", status="SUCCESS", parent_workflow_id=f"{name}child")
    insert(workflow_uuid=f"{name}runs", status="PENDING", parent_workflow_id=f"{name}top")
    insert(workflow_uuid=f"{name}below", status="SUCCESS", parent_workflow_id=f"{name}runs")


def left(sql: Sql) -> set[str]:
    return {
        row["id"] for row in sql.execute("SELECT workflow_uuid AS id FROM dbos.workflow_status")
    }


class TestDelete:
    def test_what_they_started_goes_too(
        self, administrator: Client, insert: Insert, sql: Sql
    ) -> None:
        family(insert)
        operation = planned(administrator, "name:top", **DELETE)
        page = text(administrator.get(url(operation)))
        assert "Success 1 will be deleted" in page
        assert "Below them, 3 more that they started" in page
        assert "Error 1 will be deleted" in page
        assert "Running 1 left alone: not over yet: cancel it first" in page
        assert "Delete 1 run, and what is below it, of main" in page
        assert "one that is not over stays, with all that is below it" in page
        assert len(left(sql)) == 5
        start(administrator, operation)
        work()
        assert left(sql) == {"runs", "below"}
        assert (outcomes(operation), operation.added) == ({"done": 3, "skipped": 1}, 3)
        assert operation.state == "done"
        entry = AuditEntry.objects.get(action="workflow.delete")
        assert entry.parameters["children"] is True
        assert entry.parameters["below"] == {"ERROR": 1, "SUCCESS": 1, "PENDING": 1}
        [rows] = results(operation)
        told = {row["workflow_id"]: (row["before"], row["meaning"], row["detail"]) for row in rows}
        assert told == {
            "top": ("SUCCESS", "deleted", None),
            "child": ("ERROR", "deleted", "started by top"),
            "grand": ("SUCCESS", "deleted", "started by child"),
            "runs": ("PENDING", "left alone", "started by top"),
        }

    def test_what_is_planned_has_its_own_turn(
        self, administrator: Client, insert: Insert, sql: Sql
    ) -> None:
        family(insert)
        operation = planned(administrator, "status:success,error", **DELETE)
        assert (operation.total, operation.below) == (4, {"PENDING": 1})
        start(administrator, operation)
        for _ in range(4):
            halfway(operation, 1)
        work()
        assert left(sql) == {"runs"}
        assert (outcomes(operation), operation.added) == ({"done": 4, "skipped": 1}, 1)

    def test_a_crash_in_the_middle_loses_none_from_the_results(
        self, administrator: Client, insert: Insert, sql: Sql, system: System,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(families, "BATCH", 1)
        family(insert)
        operation = planned(administrator, "name:top", **DELETE)
        start(administrator, operation)
        dies_after(operation, system, 1)
        assert left(sql) == {"top", "child", "runs", "below"}
        work()
        assert left(sql) == {"runs", "below"}
        assert outcomes(operation) == {"again": 1, "done": 2, "skipped": 1}
        assert OperationRun.objects.get(outcome="again").workflow_id == "grand"
        assert OperationRun.objects.filter(operation=operation).count() == 4

    def test_a_stop_after_a_crash_says_that_it_is_unknown(
        self, administrator: Client, insert: Insert, sql: Sql, system: System,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(families, "BATCH", 1)
        family(insert)
        operation = planned(administrator, "name:top", **DELETE)
        start(administrator, operation)
        dies_after(operation, system, 1)
        steer(administrator, operation, "stop")
        work()
        assert outcomes(operation) == {"unknown": 4}

    def test_one_below_that_comes_back_is_not_called_deleted(
        self, administrator: Client, insert: Insert, system: System
    ) -> None:
        family(insert)
        operation = planned(administrator, "name:top", **DELETE)
        start(administrator, operation)
        dies_after(operation, system, 0)
        system.client.delete_workflow("child")
        work()
        # Its child hangs on nothing any more: it is there, and nothing was done to it.
        assert outcomes(operation) == {"again": 1, "done": 1, "skipped": 1}
        assert OperationRun.objects.get(workflow_id="grand").outcome is None

    def test_a_connection_that_breaks_in_the_middle_is_an_unknown_outcome(
        self, administrator: Client, insert: Insert, system: System,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(families, "BATCH", 1)
        family(insert)
        operation = planned(administrator, "name:top", **DELETE)
        start(administrator, operation)
        mine = begun(operation, 1)
        for after, error in ((0, DatabaseUnavailable), (1, OutcomeUnknown)):
            delete = breaks(system, after, DatabaseUnavailable("gone"))
            with pytest.raises(error):
                families.delete_with_below(mine, system, {"top": "SUCCESS"}, delete)

    def test_too_many_below_one_are_refused(
        self, administrator: Client, insert: Insert, sql: Sql, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(families, "MOST_BELOW", 4)
        family(insert, "a-")
        family(insert, "b-")
        insert(status="SUCCESS", parent_workflow_id="b-top")
        operation = planned(administrator, "name:top", **DELETE)
        start(administrator, operation)
        work()
        assert left(sql) >= {"b-top", "b-child", "b-grand"}
        assert left(sql).isdisjoint({"a-top", "a-child", "a-grand"})
        assert outcomes(operation) == {"done": 3, "skipped": 1, "refused": 1}
        refused = OperationRun.objects.get(outcome="refused")
        assert refused.detail == "more than 4 runs are below it: delete these before"


class Died(Exception):
    """A runner did."""


def breaks(system: System, after: int, error: Exception) -> Any:
    """Deletes so many times, and then no more."""
    done = iter(range(after))

    def delete(some: Sequence[str]) -> Iterable[str]:
        if next(done, None) is None:
            raise error
        return system.client.delete_workflows(some)

    return delete


def dies_after(operation: Operation, system: System, deletes: int) -> None:
    mine = claimed(operation)
    chunk = chunks.begin(mine, 10)
    assert chunk
    roots = {one: status for one, (_, status) in chunk.runs.items()}
    with pytest.raises(Died):
        families.delete_with_below(mine, system, roots, breaks(system, deletes, Died()))
    Operation.objects.update(leased_until=timezone.now() - timedelta(seconds=1))


class TestCount:
    def test_it_ends_at_a_ceiling(
        self, operator: Client, insert: Insert, sql: Sql, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(families, "MOST_COUNTED", 10)
        insert(workflow_uuid="top", status="PENDING", name="top")
        many(sql, 30)
        sql.execute("UPDATE dbos.workflow_status SET parent_workflow_id = 'top' WHERE name = 'job'")
        operation = planned(operator, "name:top", children="on")
        assert (operation.below, operation.below_is_cut) == ({"ENQUEUED": 11}, True)
        assert "Below them, at least 11 more" in text(operator.get(url(operation)))
        start(operator, operation)
        work()
        assert statuses(sql) == {"CANCELLED": 31}

    def test_it_looks_below_a_part_of_a_large_plan(
        self, operator: Client, sql: Sql, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(families, "MOST_LOOKED_BELOW", 5)
        many(sql, 6)
        operation = planned(operator, children="on")
        assert (operation.below, operation.below_is_cut) == ({}, True)
        assert "No run is below them as far as was looked." in text(operator.get(url(operation)))

    def test_each_is_counted_once(self, operator: Client, insert: Insert) -> None:
        insert(workflow_uuid="top", status="PENDING", name="x")
        insert(workflow_uuid="child", status="PENDING", name="x", parent_workflow_id="top")
        insert(workflow_uuid="grand", status="SUCCESS", parent_workflow_id="child")
        operation = planned(operator, "name:x", children="on")
        assert operation.below == {"SUCCESS": 1}
        page = text(operator.get(url(operation)))
        assert "Below them, 1 more that they started Success 1 left alone: over already" in page

    def test_without_the_wish_nothing_is_counted(self, operator: Client, insert: Insert) -> None:
        insert(workflow_uuid="top", status="PENDING", name="x")
        operation = planned(operator, "name:x")
        assert operation.below is None
        assert "below" not in text(operator.get(url(operation)))

    def test_where_it_cannot_be_counted_the_plan_says_so(
        self, operator: Client, insert: Insert, settings: Any
    ) -> None:
        insert(status="PENDING")
        operation = planned(operator, children="on")
        settings.DBOS_SYSTEM_DATABASE_URL = "postgresql://127.0.0.1:1/nothing?connect_timeout=1"
        families.count_below(operation, all_systems()["main"])
        operation.save()
        assert "could not be counted" in text(operator.get(url(operation)))

    def test_few_with_many_below_need_their_number(self) -> None:
        assert not StartForm({}, runs=100, below=0, is_production=False).errors
        assert StartForm({}, runs=100, below=1, is_production=False).errors


def test_children_of_several_chunks_that_overlap_the_plan(
    operator: Client, insert: Insert, sql: Sql
) -> None:
    """What is planned already takes no place from what is not."""
    for top in ("a", "b"):
        insert(workflow_uuid=top, status="PENDING", name="x")
        for child in range(2):
            insert(workflow_uuid=f"{top}-planned-{child}", name="x", status="PENDING",
                   parent_workflow_id=top)  # fmt: skip
            insert(workflow_uuid=f"{top}-{child}", status="PENDING", parent_workflow_id=top)
    operation = planned(operator, "name:x", children="on")
    start(operator, operation)
    for _ in range(6):
        halfway(operation, 1)
    work()
    assert statuses(sql) == {"CANCELLED": 10}
    assert (operation.total, OperationRun.objects.count()) == (6, 10)
    outcomes(operation)
    assert operation.added == 4
