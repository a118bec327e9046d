"""WorkflowFilter → WHERE, ORDER BY and keyset: the only composed SQL of the client.

It is put together from texts of this module alone; what a caller gives travels as parameters.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString, TypedDict

from psycopg.types.json import Jsonb

from client_core.errors import InvalidOption

#: One value, or several of which any may match.
Names = str | Sequence[str]


class WorkflowFilter(TypedDict, total=False):
    """Which workflows to list; what is left out does not narrow. Times must have a zone."""

    workflow_ids: Names
    workflow_id_prefix: str
    status: Names
    name: Names
    queue_name: Names
    executor_id: Names
    app_version: Names
    #: Held on a queue, so give ``queue_name`` too, by which it is found at once.
    deduplication_id: Names
    #: These applications' rows and the unclaimed ones; by default the client's own application.
    application_name: Names
    user: Names
    schedule_name: Names
    parent_workflow_id: Names
    forked_from: Names
    #: created_at between these, both included.
    start_time: datetime
    end_time: datetime
    completed_after: datetime
    completed_before: datetime
    dequeued_after: datetime
    dequeued_before: datetime
    has_parent: bool
    is_fork: bool
    was_forked_from: bool
    #: Rows whose attributes contain all of these.
    attributes: Mapping[str, Any]
    #: Only those on a queue and, unless a status is given, not yet over.
    queues_only: bool
    limit: int
    #: False, the default of the official clients, lists the oldest first.
    sort_desc: bool
    #: A :attr:`WorkflowStatus.cursor`: only those that follow it.
    after: str
    #: The same: only it and those that follow it.
    start_at: str


_NAMES: dict[str, LiteralString] = {
    "workflow_ids": "workflow_uuid",
    "status": "status",
    "name": "name",
    "queue_name": "queue_name",
    "executor_id": "executor_id",
    "app_version": "application_version",
    "deduplication_id": "deduplication_id",
    "user": "authenticated_user",
    "schedule_name": "schedule_name",
    "parent_workflow_id": "parent_workflow_id",
    "forked_from": "forked_from",
}
#: The statuses that idx_workflow_status_failed holds.
_FAILED = frozenset({"ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})
_TIMES: dict[str, LiteralString] = {
    "start_time": "created_at >=",
    "end_time": "created_at <=",
    "completed_after": "completed_at >=",
    "completed_before": "completed_at <=",
    "dequeued_after": "started_at_epoch_ms >=",
    "dequeued_before": "started_at_epoch_ms <=",
}
#: Clocks of applications differ from PostgreSQL's by less than this.
_MOST_SKEW_MS = 24 * 60 * 60 * 1000
_PRESENCE: dict[str, LiteralString] = {"has_parent": "parent_workflow_id", "is_fork": "forked_from"}
#: A database without applications has unclaimed rows only, so that filter always makes sense.
_COLUMNS = {
    **_NAMES,
    **{key: comparison.split()[0] for key, comparison in _TIMES.items()},
    **_PRESENCE,
    "was_forked_from": "was_forked_from",
    "attributes": "attributes",
}


class Conditions:
    """Collects SQL conditions and the parameters that they name."""

    def __init__(self) -> None:
        self.sql: list[LiteralString] = []
        self.params: dict[str, Any] = {}
        #: The columns that the database must have for this to mean anything.
        self.columns: set[str] = set()

    def add(self, condition: LiteralString, **params: Any) -> None:
        """One more condition, which all rows must meet."""
        self.sql.append(condition)
        self.params |= params

    def where(self) -> LiteralString:
        """The WHERE clause, or nothing."""
        return f"WHERE {' AND '.join(self.sql)}" if self.sql else ""


def conditions(filters: WorkflowFilter) -> Conditions:
    """The conditions of a filter; raises :class:`InvalidOption` for what it cannot mean."""
    unknown = filters.keys() - WorkflowFilter.__annotations__.keys()
    if unknown:
        raise TypeError(f"unknown workflow filters: {', '.join(sorted(unknown))}")
    found = Conditions()
    for key, value in filters.items():
        if value is not None:
            if key in _ADD:
                _ADD[key](found, key, value)
            if key in _COLUMNS:
                found.columns.add(_COLUMNS[key])
    if filters.get("queues_only"):
        found.add("queue_name IS NOT NULL")
        if not filters.get("status"):
            found.add("status IN ('DELAYED', 'ENQUEUED', 'PENDING')")
    for key in ("after", "start_at"):
        if (cursor := filters.get(key)) is not None:
            _keyset(found, key, cursor, descending=filters.get("sort_desc", False))  # type: ignore[arg-type]
    return found


def keeps_plan(filters: WorkflowFilter) -> bool:
    """Whether one plan is the best for all values: for runs by ID, and for pages of all runs."""
    narrowing = {key for key, value in filters.items() if value is not None}
    return narrowing <= {"workflow_ids", "after", "limit", "sort_desc"}


def has_failures_only(filters: WorkflowFilter) -> bool:
    """Whether all that can match is in one index, which is small where most runs succeed."""
    statuses = _list(filters.get("status") or ())
    return bool(statuses) and _FAILED.issuperset(statuses)


def order(filters: WorkflowFilter) -> LiteralString:
    """ORDER BY, total even among equal times, and LIMIT."""
    way: LiteralString = "DESC" if filters.get("sort_desc") else "ASC"
    ordered: LiteralString = f"ORDER BY created_at {way}, workflow_uuid {way}"
    if (limit := filters.get("limit")) is None:
        return ordered
    if limit < 0:
        raise InvalidOption({"limit": "must not be negative"})
    # Not as a parameter: a plan that is kept must be one for so few rows.
    return ordered + f" LIMIT {limit:d}"


def _names(found: Conditions, key: str, value: Names) -> None:
    found.add(f"{_NAMES[key]} = ANY(%({key})s)", **{key: _list(value)})


def _times(found: Conditions, key: str, value: datetime) -> None:
    if value.tzinfo is None:
        raise InvalidOption({key: "must have a time zone"})
    at_ms = round(value.timestamp() * 1000)
    found.add(f"{_TIMES[key]} %({key})s", **{key: at_ms})
    if key in ("completed_before", "dequeued_before"):
        # What was over by then had been created by then. Said so, the walk along created_at, which
        # PostgreSQL chooses for the order, begins there and not at the newest run.
        bound = f"{key}_created"
        found.add(f"created_at <= %({bound})s", **{bound: at_ms + _MOST_SKEW_MS})


def _presence(found: Conditions, key: str, value: bool) -> None:
    found.add(f"{_PRESENCE[key]} IS NOT NULL" if value else f"{_PRESENCE[key]} IS NULL")


def _prefix(found: Conditions, key: str, value: str) -> None:
    escaped = value.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    found.add(f"workflow_uuid LIKE %({key})s", **{key: f"{escaped}%"})


def _application(found: Conditions, key: str, value: Names) -> None:
    owned = f"(application_name = ANY(%({key})s) OR application_name IS NULL)"
    found.add(owned, **{key: _list(value)})


def _was_forked(found: Conditions, key: str, value: bool) -> None:
    found.add(f"was_forked_from = %({key})s", **{key: value})


def _attributes(found: Conditions, key: str, value: Mapping[str, Any]) -> None:
    found.add(f"attributes @> %({key})s", **{key: Jsonb(dict(value))})


_ADD: dict[str, Callable[[Conditions, str, Any], None]] = {
    **dict.fromkeys(_NAMES, _names),
    **dict.fromkeys(_TIMES, _times),
    **dict.fromkeys(_PRESENCE, _presence),
    "workflow_id_prefix": _prefix,
    "application_name": _application,
    "was_forked_from": _was_forked,
    "attributes": _attributes,
}


def _keyset(found: Conditions, key: str, cursor: str, *, descending: bool) -> None:
    created_at, _, workflow_id = cursor.partition(".")
    if not (created_at.isascii() and created_at.isdigit() and len(created_at) < 19 and workflow_id):
        raise InvalidOption({key: "is not a cursor of this list"})
    # The row comparison uses the index on created_at alone, and is exact among equal times.
    comparison = ("<" if descending else ">") + ("=" if key == "start_at" else "")
    found.add(
        f"(created_at, workflow_uuid) {comparison} (%({key}_time)s, %({key}_id)s)",
        **{f"{key}_time": int(created_at), f"{key}_id": workflow_id},
    )


def _list(value: Names) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
