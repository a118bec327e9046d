"""The rules for a queue's name and limits: those of the SDKs, and what the columns can hold."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from client_core.options import text_rule
from client_core.records import RateLimit

#: DBOS's own queues start with this.
RESERVED_PREFIX = "_dbos_"
#: The columns are 4-byte integers.
_MAX_LIMIT = 2**31 - 1

#: The smallest value of each: a queue with none at once is at rest, a partition must take one.
_SMALLEST = {
    "global_concurrency": 0,
    "worker_concurrency": 0,
    "partition_concurrency": 1,
    "partition_worker_concurrency": 1,
}
#: The first may not be above the second.
_ORDER = (
    ("worker_concurrency", "global_concurrency"),
    ("partition_concurrency", "global_concurrency"),
    ("partition_worker_concurrency", "partition_concurrency"),
    ("partition_worker_concurrency", "worker_concurrency"),
    ("partition_worker_concurrency", "global_concurrency"),
)


def broken_name(name: object) -> dict[str, str | None]:
    """The rule that a queue's name breaks."""
    rule = text_rule(name)
    if not rule and str(name).startswith(RESERVED_PREFIX):
        rule = f"must not start with “{RESERVED_PREFIX}”, which is reserved"
    return {"name": rule}


def broken_limits(settings: Mapping[str, Any]) -> dict[str, str | None]:
    """The rules that a queue's limits break, by field; every field must be there."""
    problems = {field: rule for field, rule in _broken_alone(settings) if rule}
    for small, large in _ORDER:
        pair = (settings[small], settings[large])
        if None not in pair and not {small, large} & problems.keys() and pair[0] > pair[1]:
            problems[small] = f"must not be above {large}, which is {pair[1]}"
    return {**problems}


def _broken_alone(settings: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    for field, smallest in _SMALLEST.items():
        yield field, _whole_rule(settings[field], smallest)
    for field in ("limiter", "partition_limiter"):
        yield field, _limiter_rule(settings[field])
    if not _is_positive(settings["polling_interval_seconds"]):
        yield "polling_interval_seconds", "must be a positive number of seconds"


def _whole_rule(value: object, smallest: int) -> str | None:
    if value is None or (type(value) is int and smallest <= value <= _MAX_LIMIT):
        return None
    return f"must be a whole number from {smallest} to {_MAX_LIMIT:,}"


def _limiter_rule(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, RateLimit):
        return "must be a RateLimit"
    if value.limit is None or _whole_rule(value.limit, 1):
        return f"must let through from 1 to {_MAX_LIMIT:,} runs"
    return None if _is_positive(value.period_seconds) else "must have a positive period"


def _is_positive(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value) and value > 0
