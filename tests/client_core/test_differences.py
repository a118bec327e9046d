"""Where two payloads differ."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from client_core import (
    ABSENT,
    UNDEFINED,
    OpaqueObject,
    RawValue,
    RecordedError,
    WorkflowInputs,
    differences,
)
from client_core.differences import MOST_DIFFERENCES, MOST_PARTS

NOT_FETCHED = RawValue("", "portable_json", "Not fetched: it has 1,000,000 bytes.")


@pytest.mark.parametrize(
    "value",
    [
        None,
        UNDEFINED,
        0,
        math.nan,
        "text",
        {"a": [1, {"b": None}]},
        (1, 2),
        {1, 2},
        datetime(2026, 1, 1, tzinfo=UTC),
        WorkflowInputs((1,), {"a": [2]}),
        RecordedError("E", "m", 1, {"stack": "x"}),
        OpaqueObject("shop", "Order", (1,), state={"total": 3}),
        RawValue("as it is", "unknown", "why"),
    ],
    ids=repr,
)
def test_the_same(value: Any) -> None:
    found = differences(value, value)
    assert found.equal is True
    assert found.found == ()


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (1, 2, [("", 1, 2)]),
        (1, True, [("", 1, True)]),
        (None, UNDEFINED, [("", None, UNDEFINED)]),
        ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
        ({"a": 1}, {"b": 1}, [("a", 1, ABSENT), ("b", ABSENT, 1)]),
        ([1, 2], [1, 3, 4], [("[1]", 2, 3), ("[2]", ABSENT, 4)]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, [("a[0].b", 1, 2)]),
        ({"a": {}}, {"a": []}, [("a", {}, [])]),
        ([1], (1,), [("", [1], (1,))]),
        (
            WorkflowInputs(("ann",), {"gift": True}),
            WorkflowInputs(("bob",), {}),
            [("[0]", "ann", "bob"), ("gift", True, ABSENT)],
        ),
        (
            RecordedError("E", "no 1", None, None),
            RecordedError("E", "no 2", None, {"stack": "x"}),
            [("message", "no 1", "no 2"), ("data", ABSENT, {"stack": "x"})],
        ),
        (
            OpaqueObject("shop", "Order", (1,), state={"total": 3}),
            OpaqueObject("shop", "Order", (2,), state={"total": 4}),
            [("[0]", 1, 2), ("total", 3, 4)],
        ),
        (
            OpaqueObject("shop", "Order"),
            OpaqueObject("shop", "Parcel"),
            [("", OpaqueObject("shop", "Order"), OpaqueObject("shop", "Parcel"))],
        ),
    ],
)
def test_what_differs(left: Any, right: Any, expected: list[Any]) -> None:
    found = differences(left, right)
    assert [(one.place, one.left, one.right) for one in found.found] == expected
    assert found.equal is False


@pytest.mark.parametrize("other", [1, NOT_FETCHED])
def test_what_was_not_fetched_cannot_be_compared(other: Any) -> None:
    for found in (differences(NOT_FETCHED, other), differences(other, NOT_FETCHED)):
        assert found.equal is None
        assert found.unknown == NOT_FETCHED.reason


def test_only_the_first_differences_are_looked_for() -> None:
    left, right = ([number] * (MOST_DIFFERENCES + 1) for number in (1, 2))
    found = differences(left, right)
    assert (len(found.found), found.is_cut) == (MOST_DIFFERENCES, True)
    exactly = differences(left[1:], right[1:])
    assert (len(exactly.found), exactly.is_cut) == (MOST_DIFFERENCES, False)


def test_so_many_parts_are_looked_at() -> None:
    same = [0] * MOST_PARTS
    found = differences([*same, 1], [*same, 2])
    assert (found.found, found.is_cut, found.equal) == ((), True, None)
