"""The rules for enqueue options."""

import math
from typing import Any

import pytest

from client_core import EnqueueOptions, InvalidOption


def options(**given: Any) -> EnqueueOptions:
    return EnqueueOptions(**{"workflow_name": "order", "queue_name": "orders", **given})


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("workflow_name", ""),
        ("workflow_name", "  \t"),
        ("workflow_name", None),
        ("workflow_name", "a\0b"),
        ("queue_name", ""),
        ("queue_name", 3),
        ("workflow_id", ""),
        ("workflow_id", "   "),
        ("workflow_id", "x" * 2_601),
        ("workflow_id", "\0"),
        ("workflow_class_name", ""),
        ("workflow_class_name", "x" * 256),
        ("workflow_config_name", " "),
        ("app_version", ""),
        ("workflow_timeout_ms", 0),
        ("workflow_timeout_ms", -1),
        ("workflow_timeout_ms", 1.5),
        ("workflow_timeout_ms", True),
        ("workflow_timeout_ms", 2**63),
        ("deduplication_id", ""),
        ("duplication_policy", "maybe"),
        ("workflow_id_reuse_policy", "maybe"),
        ("authenticated_user", ""),
        ("authenticated_roles", "clerk"),
        ("authenticated_roles", 3),
        ("authenticated_roles", ["clerk", ""]),
        ("duplication_policy", "return-existing"),
        ("priority", 0),
        ("priority", -1),
        ("priority", 3_000_000_000),
        ("priority", "1"),
        ("queue_partition_key", ""),
        ("delay_seconds", -0.1),
        ("delay_seconds", math.nan),
        ("delay_seconds", math.inf),
        ("delay_seconds", 1e18),
        ("delay_seconds", "soon"),
        ("attributes", {1: 2}),
        ("attributes", {"a": {1, 2}}),
        ("attributes", {"a": math.nan}),
        ("attributes", ["a"]),
        ("attributes", {"a": ["b\0"]}),
        ("attributes", {"a": {"\ud800": 1}}),
        ("attributes", {"a": nested(100)}),
        ("attributes", {"a": nested(100_000)}),
        ("authenticated_roles", ["\udfff"]),
        ("app_version", "\ud800"),
        ("application_name", ""),
        ("dialect", "rust"),
    ],
)
def test_a_broken_rule_names_its_field(field: str, value: object) -> None:
    with pytest.raises(InvalidOption) as caught:
        options(**{field: value})
    assert list(caught.value.problems) == [field]
    assert caught.value.problems[field]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("workflow_id", "x" * 2_600),
        ("workflow_id", " inner blanks and / slashes ✓ "),
        ("workflow_class_name", "x" * 255),
        ("workflow_timeout_ms", 1),
        ("priority", 1),
        ("priority", 2_147_483_647),
        ("delay_seconds", 0),
        ("delay_seconds", 0.5),
        ("attributes", {"customer": 42, "tags": ["a", None]}),
        ("attributes", {"path": "C:\\u0000", "✓": nested(99)}),
        ("authenticated_roles", ("clerk",)),
        ("authenticated_roles", []),
    ],
)
def test_a_value_at_its_bound_is_taken(field: str, value: object) -> None:
    assert getattr(options(**{field: value}), field) == value


def test_every_broken_rule_is_told_at_once() -> None:
    with pytest.raises(InvalidOption) as caught:
        options(workflow_name="", priority=0, delay_seconds=-1)
    assert set(caught.value.problems) == {"workflow_name", "priority", "delay_seconds"}


def test_partition_and_deduplication_exclude_each_other() -> None:
    with pytest.raises(InvalidOption) as caught:
        options(queue_partition_key="a", deduplication_id="b")
    assert list(caught.value.problems) == ["queue_partition_key"]
