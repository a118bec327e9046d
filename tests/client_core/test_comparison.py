"""Two runs side by side."""

import json
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from client_core import DBOSClient, Likeness, RecordedError, StepComparison, comparison
from tests.client_core.conftest import Insert
from tests.client_core.test_workflows import step

Sql = psycopg.Connection[Any]
Record = Callable[..., str]


@pytest.fixture
def record(insert: Insert, sql: Sql) -> Record:
    """Insert a run with these steps: names, or names with columns; returns its ID."""

    def insert_run(*steps: str | tuple[str, dict[str, Any]], first: int = 1) -> str:
        workflow_id = insert()
        for number, one in enumerate(steps, start=first):
            name, columns = (one, {}) if isinstance(one, str) else one
            step(sql, workflow_id, number, **{"function_name": name, "output": '"x"', **columns})
        return workflow_id

    return insert_run


def shown(steps: StepComparison) -> list[tuple[str | None, str | None, str]]:
    return [
        (
            pair.left.function_name if pair.left else None,
            pair.right.function_name if pair.right else None,
            pair.likeness.value,
        )
        for pair in steps.pairs
    ]


def test_the_same_way(client: DBOSClient, record: Record) -> None:
    """Python counts from 1, TypeScript from 0."""
    steps = client.compare_steps(record("a", "b"), record("a", "b", first=0))
    assert shown(steps) == [("a", "a", "same"), ("b", "b", "same")]
    assert (steps.divergence, steps.result_difference, steps.first_unknown) == (None, None, None)
    assert not steps.is_cut


def test_no_steps_at_all(client: DBOSClient, insert: Insert) -> None:
    assert client.compare_steps(insert(), "nobody").pairs == ()


def test_another_way(client: DBOSClient, record: Record) -> None:
    steps = client.compare_steps(record("a", "b", "d"), record("a", "c", "d", "e"))
    assert shown(steps) == [
        ("a", "a", "same"),
        ("b", None, "step"),
        (None, "c", "step"),
        ("d", "d", "same"),
        (None, "e", "step"),
    ]
    assert steps.divergence == 1
    assert steps.pairs[1].diverges


def test_results(client: DBOSClient, record: Record) -> None:
    error = {"output": None, "error": '{"name":"E","message":"m"}'}
    left = record("a", ("b", {"output": '"y"'}), ("c", {"output": "longer"}), ("d", error), "e")
    right = record("a", ("b", {"output": '"z"'}), "c", ("d", error), ("e", error))
    steps = client.compare_steps(left, right)
    assert [pair.likeness for pair in steps.pairs] == [
        Likeness.SAME,
        Likeness.RESULT,
        Likeness.RESULT,
        Likeness.SAME,
        Likeness.OUTCOME,
    ]
    assert (steps.result_difference, steps.divergence) == (1, 4)


@pytest.mark.parametrize(
    ("left", "right", "likeness"),
    [
        ({"output": None}, {"output": None}, Likeness.SAME),
        ({"output": None}, {"output": '"x"'}, Likeness.RESULT),
        ({"serialization": "py_pickle"}, {"serialization": "js_superjson"}, Likeness.UNKNOWN),
        ({"serialization": None}, {"serialization": None}, Likeness.SAME),
    ],
)
def test_what_can_be_compared(
    client: DBOSClient, record: Record, left: Any, right: Any, likeness: Likeness
) -> None:
    steps = client.compare_steps(record(("a", left)), record(("a", right)))
    assert [pair.likeness for pair in steps.pairs] == [likeness]


def test_results_beyond_the_budget_are_compared_by_size_alone(
    client: DBOSClient, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "MOST_BYTES", 6 + 8 + 5)
    wide = ("b", {"output": '"yy"'})
    steps = client.compare_steps(
        record("a", wide, "c", "d"), record("a", wide, "c", ("d", {"output": "longer"}))
    )
    assert [pair.likeness.value for pair in steps.pairs] == ["same", "same", "unknown", "result"]
    assert steps.first_unknown == 2


def test_only_the_first_steps_are_compared(
    client: DBOSClient, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "MOST_STEPS", 2)
    steps = client.compare_steps(record("a", "b"), record("a", "b", "c"))
    assert shown(steps) == [("a", "a", "same"), ("b", "b", "same")]
    assert steps.is_cut


@pytest.mark.parametrize(
    ("left", "right", "ratio"),
    [
        ((0, 100), (0, 350), 3.5),
        ((0, 0), (0, 5), None),
        ((0, None), (0, 5), None),
        ((5, 3), (0, 1), None),
    ],
)
def test_durations(
    client: DBOSClient, record: Record, left: Any, right: Any, ratio: float | None
) -> None:
    runs = [
        record(("a", {"started_at_epoch_ms": start, "completed_at_epoch_ms": end}))
        for start, end in (left, right)
    ]
    [pair] = client.compare_steps(*runs).pairs
    assert pair.ratio == ratio


def test_the_results_of_some_steps(client: DBOSClient, record: Record) -> None:
    error = json.dumps({"name": "E", "message": "m"})
    left = record(("a", {"output": "1"}), ("b", {"output": None, "error": error}), "only left")
    right = record(("a", {"output": "2"}), ("b", {"output": json.dumps("x" * 100)}))
    pairs = list(client.compare_steps(left, right).pairs)
    results = client.step_results(left, right, pairs, max_payload_bytes=50)
    assert results == [(1, 2), (RecordedError("E", "m", None, None), None), ("x", None)]


class TestLastSuccess:
    def test_it_is_the_one_before(self, client: DBOSClient, insert: Insert) -> None:
        for moment, status in ((1, "SUCCESS"), (2, "SUCCESS"), (3, "CANCELLED"), (9, "SUCCESS")):
            insert(workflow_uuid=f"at-{moment}", created_at=moment, status=status)
        insert(created_at=4, name="other")
        insert(created_at=4, class_name="Shop")
        insert(created_at=4, application_name="other")
        failed = client.get_workflow(insert(created_at=5, status="ERROR"))
        assert failed
        assert client.last_success_before(failed) == "at-2"

    def test_it_is_looked_for_so_far_only(
        self, client: DBOSClient, insert: Insert, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        success = insert(created_at=1)
        insert(created_at=2, status="CANCELLED")
        failed = client.get_workflow(insert(created_at=3, status="ERROR"))
        assert failed
        assert client.last_success_before(failed) == success
        monkeypatch.setattr(comparison, "MOST_RUNS", 2)
        assert client.last_success_before(failed) is None
